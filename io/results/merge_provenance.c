/* Where and when each run of a merged file was run: what is of no part of its result. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/quote.h"
#include "io/record/recorder.h"
#include "io/results/merge_inside.h"
#include "io/text/csv.h"

enum { RUN, FOLDER, HOST, STARTED, WALL, COLUMNS };

static const struct csv_column columns[COLUMNS] = {
	[RUN] = {"run", CSV_NEEDED},
	[FOLDER] = {"folder", CSV_NEEDED},
	[HOST] = {"host", CSV_NEEDED},
	[STARTED] = {"started_utc", CSV_NEEDED},
	[WALL] = {"wall_s", CSV_NEEDED},
};

static const struct line_limits limits = {.bytes = 1u << 30, .lines = 10000000};

/* Writing */

static void put_field(FILE *to, const char *text)
{
	if (strpbrk(text, ",\"") || *text == ' ')
		csv_print_quoted(to, text);
	else
		fputs(text, to);
}

/** In one line, whatever the name of a folder has in it. */
static void put(FILE *to, const char *name, char end)
{
	char *spelled = NULL;
	size_t size;
	FILE *line = open_memstream(&spelled, &size);

	quote_print(line, name);
	fclose(line);
	put_field(to, spelled);
	fputc(end, to);
	free(spelled);
}

static void write_rows(FILE *to, const struct merged *m)
{
	fputs("run,policy,folder,host,started_utc,wall_s\n", to);
	for (size_t i = 0; i < m->n; i++) {
		const struct merge_part *p = &m->parts[i];

		if (p->to == 0)
			continue;
		fprintf(to, "%lld,", (long long)p->to);
		put(to, p->policy, ',');
		put(to, p->folder, ',');
		put(to, p->host, ',');
		put(to, p->started_utc, ',');
		put(to, p->wall_s, '\n');
	}
}

bool merge_write_provenance(const struct merged *m, const char *into, struct err *err)
{
	char *path;
	FILE *to;
	bool ok;

	if (asprintf(&path, "%s/" RECORDER_PROVENANCE, into) < 0)
		return err_run(err, "%s: %s", into, strerror(errno));
	to = fopen(path, "we");
	ok = to != NULL;
	if (ok) {
		write_rows(to, m);
		ok = fflush(to) == 0 && !ferror(to) && fsync(fileno(to)) == 0;
		ok = fclose(to) == 0 && ok;
	}
	if (!ok)
		err_run(err, "%s: %s", path, strerror(errno));
	free(path);
	return ok;
}

/* Reading that of a folder which is merged itself */

/** What stands in a field, of which quotes are still doubled. */
static const char *field(struct merged *m, struct str text)
{
	char *copy = arena_alloc(&m->arena, text.n + 1, 1), *to = copy;

	for (size_t i = 0; i < text.n; i++) {
		*to++ = text.s[i];
		i += text.s[i] == '"' && i + 1 < text.n && text.s[i + 1] == '"';
	}
	return copy;
}

static void take_row(struct merged *m, size_t from, const struct str value[CSV_COLUMNS])
{
	const long long run = atoll(field(m, value[RUN]));

	for (size_t i = from; i < m->n; i++) {
		struct merge_part *p = &m->parts[i];

		if (p->id != run || *p->host)
			continue;
		p->folder = field(m, value[FOLDER]);
		p->host = field(m, value[HOST]);
		p->started_utc = field(m, value[STARTED]);
		p->wall_s = field(m, value[WALL]);
	}
}

bool merge_read_provenance(struct merged *m, const char *dir, size_t from, struct err *err)
{
	const char *path = arena_printf(&m->arena, "%s/" RECORDER_PROVENANCE, dir);
	struct str value[CSV_COLUMNS];
	struct csv_reader csv;
	int got;

	if (access(path, F_OK) != 0)
		return true;
	if (!csv_open(&csv, path, limits, columns, COLUMNS, "a merged folder", (struct src_pos){0},
		    err))
		return false;
	while ((got = csv_next(&csv, value, err)) > 0)
		take_row(m, from, value);
	csv_close(&csv);
	return got == 0;
}
