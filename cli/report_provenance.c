/* Where and when the parts of a merged result were run: provenance.csv beside it. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/report.h"
#include "io/text/csv.h"

enum { RUN, HOST, STARTED, WALL, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[RUN] = {"run", CSV_NEEDED},
	[HOST] = {"host", CSV_NEEDED},
	[STARTED] = {"started_utc", CSV_NEEDED},
	[WALL] = {"wall_s", CSV_NEEDED},
};

static const char *kept(struct report *r, struct str s)
{
	return arena_printf(&r->arena, "%.*s", (int)s.n, s.n ? s.s : "");
}

static struct report_run *run_of(const struct report *r, size_t folder, int64_t id)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->runs[i].folder == folder && contender_run(&r->runs[i].as)->id == id)
			return &r->runs[i];
	return NULL;
}

static void take(struct report *r, size_t folder, const struct str value[CSV_COLUMNS])
{
	struct report_run *run = run_of(r, folder, strtoll(kept(r, value[RUN]), NULL, 10));

	if (!run || *run->known.host)
		return;
	run->known.host = kept(r, value[HOST]);
	run->known.started_utc = kept(r, value[STARTED]);
	if (value[WALL].n > 0)
		run->known.wall_s = strtod(kept(r, value[WALL]), NULL);
}

bool report_provenance(struct report *r, size_t folder, struct err *err)
{
	const char *file =
		arena_printf(&r->arena, "%s/provenance.csv", results_dir(r->results[folder - 1]));
	const struct line_limits limits = {.bytes = 1u << 30, .lines = UINT_MAX};
	struct str value[CSV_COLUMNS];
	struct csv_reader csv;
	int got;

	if (access(file, F_OK) != 0)
		return true;
	if (!csv_open(&csv, file, limits, columns, COLUMNS, "a merged result",
		    (struct src_pos){.file = file}, err))
		return false;
	while ((got = csv_next(&csv, value, err)) > 0)
		take(r, folder, value);
	csv_close(&csv);
	return got == 0;
}
