#include "io/results/details.h"

#include "io/results/rows.h"

/* A run */

static bool read_run(struct results_details *d, struct results *r, size_t run, struct err *err)
{
	static const char sql[] =
		"SELECT scenario, host, wall_s, (SELECT count(*) FROM replication WHERE run = id "
		"AND status = 'complete'), warmup_s, horizon_s FROM run LEFT JOIN replication ON "
		"run = id AND replication.status = 'complete' AND number = (SELECT min(number) "
		"FROM replication WHERE run = id AND status = 'complete') WHERE id = ?";
	struct rows q;

	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		d->scenario = rows_text(&q, 0);
		d->host = rows_text(&q, 1);
		d->started_utc = r->runs[run].started_utc;
		d->wall_s = rows_number(&q, 2);
		d->complete = (uint32_t)sqlite3_column_int64(q.st, 3);
		d->warmup_s = rows_number(&q, 4);
		d->horizon_s = rows_number(&q, 5);
	}
	return rows_end(&q, err);
}

static bool read_warnings(struct results_details *d, struct results *r, size_t run, struct err *err)
{
	static const char sql[] = "SELECT kind, scope, text, count(*) FROM warning WHERE run = ? "
				  "GROUP BY kind, scope, text ORDER BY min(rowid)";
	struct results_warning *all = NULL;
	size_t cap = 0;
	struct rows q;

	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, d->n_warnings, &cap, sizeof *all);
		all[d->n_warnings++] = (struct results_warning){rows_text(&q, 0), rows_text(&q, 1),
			rows_text(&q, 2), (uint32_t)sqlite3_column_int64(q.st, 3)};
	}
	d->warnings = rows_keep(r, all, d->n_warnings, sizeof *all);
	return rows_end(&q, err);
}

static bool read_inputs(struct results_details *d, struct results *r, size_t run, struct err *err)
{
	static const char sql[] =
		"SELECT key, path, sha256, bytes FROM input WHERE run = ? ORDER BY key";
	struct results_input *all = NULL;
	size_t cap = 0;
	struct rows q;

	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, d->n_inputs, &cap, sizeof *all);
		all[d->n_inputs++] = (struct results_input){rows_text(&q, 0), rows_text(&q, 1),
			rows_text(&q, 2), sqlite3_column_int64(q.st, 3)};
	}
	d->inputs = rows_keep(r, all, d->n_inputs, sizeof *all);
	return rows_end(&q, err);
}

static bool read_profiles(struct results_details *d, struct results *r, size_t run, struct err *err)
{
	static const char sql[] =
		"SELECT instance, profile, provenance, method, date, sigma_decode, sigma_prefill, "
		"sigma_attention FROM profile WHERE run = ? ORDER BY instance, profile";
	struct results_profile *all = NULL;
	size_t cap = 0;
	struct rows q;

	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, d->n_profiles, &cap, sizeof *all);
		all[d->n_profiles++] = (struct results_profile){rows_text(&q, 0), rows_text(&q, 1),
			rows_text(&q, 2), rows_text(&q, 3), rows_text(&q, 4), rows_number(&q, 5),
			rows_number(&q, 6), rows_number(&q, 7)};
	}
	d->profiles = rows_keep(r, all, d->n_profiles, sizeof *all);
	return rows_end(&q, err);
}

bool results_details(struct results_details *out, struct results *r, size_t run, struct err *err)
{
	*out = (struct results_details){0};
	return read_run(out, r, run, err) && read_warnings(out, r, run, err) &&
	       read_inputs(out, r, run, err) && read_profiles(out, r, run, err);
}

bool results_leaves(
	size_t *n, const struct results_leaf **out, struct results *r, size_t run, struct err *err)
{
	struct results_leaf *all = NULL;
	size_t cap = 0;
	struct rows q;

	*n = 0;
	if (!rows_of_run(
		    &q, r, run, "SELECT key, value FROM setting WHERE run = ? ORDER BY key", err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, *n, &cap, sizeof *all);
		all[(*n)++] = (struct results_leaf){rows_text(&q, 0), rows_text(&q, 1)};
	}
	*out = rows_keep(r, all, *n, sizeof *all);
	return rows_end(&q, err);
}
