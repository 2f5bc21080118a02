#include "io/results/pilot.h"

#include <math.h>
#include <stdlib.h>

#include "io/results/rows.h"

static bool read_warmup(struct results_pilot *out, struct results *r, size_t run, struct err *err)
{
	static const char sql[] = "SELECT warmup_s FROM replication WHERE run = ? AND status = "
				  "'complete' ORDER BY number LIMIT 1";
	struct rows q;

	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	out->warmup_s = rows_next(&q) ? rows_number(&q, 0) : (double)NAN;
	return rows_end(&q, err);
}

static bool read_levels(struct results_pilot *out, struct results *r, size_t run, struct err *err)
{
	static const char sql[] =
		"SELECT t_s, in_system, kept FROM pilot WHERE run = ? ORDER BY t_s";
	size_t cap_t = 0, cap_n = 0;
	struct rows q;

	if (!rows_of_newer_run(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		out->t_s = mem_grow(out->t_s, out->n, &cap_t, sizeof *out->t_s);
		out->in_system = mem_grow(out->in_system, out->n, &cap_n, sizeof *out->in_system);
		out->t_s[out->n] = sqlite3_column_double(q.st, 0);
		out->in_system[out->n++] = sqlite3_column_double(q.st, 1);
		if (sqlite3_column_type(q.st, 2) == SQLITE_NULL)
			out->cut_s = (double)NAN;
		else if (sqlite3_column_int(q.st, 2) == 0)
			out->cut_s = sqlite3_column_double(q.st, 0);
	}
	return rows_end(&q, err) &&
	       (out->n > 0 || err_input(err,
				      "'%s' has no pilot run of policy '%s': its run.warmup is not "
				      "auto",
				      r->dir, r->runs[run].policy));
}

bool results_pilot(struct results_pilot *out, struct results *r, size_t run, struct err *err)
{
	*out = (struct results_pilot){0};
	if (read_levels(out, r, run, err) && read_warmup(out, r, run, err))
		return true;
	results_pilot_finish(out);
	return false;
}

void results_pilot_finish(struct results_pilot *p)
{
	free(p->t_s);
	free(p->in_system);
	*p = (struct results_pilot){0};
}
