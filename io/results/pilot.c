#include "io/results/pilot.h"

#include <math.h>
#include <stdlib.h>

#include "io/results/inside.h"

static bool prepare(
	sqlite3_stmt **st, struct results *r, size_t run, const char *sql, struct err *err)
{
	if (sqlite3_prepare_v2(r->db, sql, -1, st, NULL) != SQLITE_OK)
		return err_input(err, "%s: %s: it was written by an earlier version", r->path,
			sqlite3_errmsg(r->db));
	sqlite3_bind_int64(*st, 1, r->runs[run].id);
	return true;
}

static bool read_warmup(struct results_pilot *out, struct results *r, size_t run, struct err *err)
{
	sqlite3_stmt *st;
	int rc;

	if (!prepare(&st, r, run,
		    "SELECT warmup_s FROM replication WHERE run = ? AND status = 'complete' "
		    "ORDER BY number LIMIT 1",
		    err))
		return false;
	rc = sqlite3_step(st);
	out->warmup_s = rc == SQLITE_ROW ? sqlite3_column_double(st, 0) : (double)NAN;
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE || results_fail(r, err);
}

static bool gather(struct results_pilot *out, struct results *r, sqlite3_stmt *st, struct err *err)
{
	size_t cap_t = 0, cap_n = 0;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		out->t_s = mem_grow(out->t_s, out->n, &cap_t, sizeof *out->t_s);
		out->in_system = mem_grow(out->in_system, out->n, &cap_n, sizeof *out->in_system);
		out->t_s[out->n] = sqlite3_column_double(st, 0);
		out->in_system[out->n++] = sqlite3_column_double(st, 1);
		if (sqlite3_column_type(st, 2) == SQLITE_NULL)
			out->cut_s = (double)NAN;
		else if (sqlite3_column_int(st, 2) == 0)
			out->cut_s = sqlite3_column_double(st, 0);
	}
	return rc == SQLITE_DONE || results_fail(r, err);
}

static bool read_levels(struct results_pilot *out, struct results *r, size_t run, struct err *err)
{
	sqlite3_stmt *st;
	bool ok;

	if (!prepare(&st, r, run,
		    "SELECT t_s, in_system, kept FROM pilot WHERE run = ? ORDER BY t_s", err))
		return false;
	ok = gather(out, r, st, err);
	sqlite3_finalize(st);
	return ok &&
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
