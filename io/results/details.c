#include "io/results/details.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/results/inside.h"

/* Rows of a question about one run */

struct rows {
	struct results *r;
	sqlite3_stmt *st;
	int rc;
};

static bool rows_begin(
	struct rows *q, struct results *r, size_t run, const char *sql, struct err *err)
{
	*q = (struct rows){.r = r, .rc = SQLITE_ROW};
	if (sqlite3_prepare_v2(r->db, sql, -1, &q->st, NULL) != SQLITE_OK)
		return results_fail(r, err);
	sqlite3_bind_int64(q->st, 1, r->runs[run].id);
	return true;
}

static bool rows_next(struct rows *q)
{
	q->rc = sqlite3_step(q->st);
	return q->rc == SQLITE_ROW;
}

static bool rows_end(struct rows *q, struct err *err)
{
	sqlite3_finalize(q->st);
	return q->rc == SQLITE_DONE || results_fail(q->r, err);
}

static const char *word(const struct rows *q, int column)
{
	return results_text(q->r, q->st, column);
}

static double number(const struct rows *q, int column)
{
	return sqlite3_column_type(q->st, column) == SQLITE_NULL
		       ? (double)NAN
		       : sqlite3_column_double(q->st, column);
}

/** A copy of a list that grew. */
static void *kept(struct results *r, void *list, size_t n, size_t size)
{
	void *copy = arena_alloc(&r->arena, n, size);

	if (n > 0)
		memcpy(copy, list, n * size);
	free(list);
	return copy;
}

/* A run */

static bool read_run(struct results_details *d, struct results *r, size_t run, struct err *err)
{
	static const char sql[] =
		"SELECT scenario, host, wall_s, (SELECT count(*) FROM replication WHERE run = id "
		"AND status = 'complete'), warmup_s, horizon_s FROM run LEFT JOIN replication ON "
		"run = id AND replication.status = 'complete' AND number = (SELECT min(number) "
		"FROM replication WHERE run = id AND status = 'complete') WHERE id = ?";
	struct rows q;

	if (!rows_begin(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		d->scenario = word(&q, 0);
		d->host = word(&q, 1);
		d->started_utc = r->runs[run].started_utc;
		d->wall_s = number(&q, 2);
		d->complete = (uint32_t)sqlite3_column_int64(q.st, 3);
		d->warmup_s = number(&q, 4);
		d->horizon_s = number(&q, 5);
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

	if (!rows_begin(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, d->n_warnings, &cap, sizeof *all);
		all[d->n_warnings++] = (struct results_warning){word(&q, 0), word(&q, 1),
			word(&q, 2), (uint32_t)sqlite3_column_int64(q.st, 3)};
	}
	d->warnings = kept(r, all, d->n_warnings, sizeof *all);
	return rows_end(&q, err);
}

static bool read_inputs(struct results_details *d, struct results *r, size_t run, struct err *err)
{
	static const char sql[] =
		"SELECT key, path, sha256, bytes FROM input WHERE run = ? ORDER BY key";
	struct results_input *all = NULL;
	size_t cap = 0;
	struct rows q;

	if (!rows_begin(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, d->n_inputs, &cap, sizeof *all);
		all[d->n_inputs++] = (struct results_input){
			word(&q, 0), word(&q, 1), word(&q, 2), sqlite3_column_int64(q.st, 3)};
	}
	d->inputs = kept(r, all, d->n_inputs, sizeof *all);
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

	if (!rows_begin(&q, r, run, sql, err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, d->n_profiles, &cap, sizeof *all);
		all[d->n_profiles++] =
			(struct results_profile){word(&q, 0), word(&q, 1), word(&q, 2), word(&q, 3),
				word(&q, 4), number(&q, 5), number(&q, 6), number(&q, 7)};
	}
	d->profiles = kept(r, all, d->n_profiles, sizeof *all);
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
	if (!rows_begin(
		    &q, r, run, "SELECT key, value FROM setting WHERE run = ? ORDER BY key", err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, *n, &cap, sizeof *all);
		all[(*n)++] = (struct results_leaf){word(&q, 0), word(&q, 1)};
	}
	*out = kept(r, all, *n, sizeof *all);
	return rows_end(&q, err);
}

/* Metrics */

bool results_metric_named(struct results_metric *out, struct results *r, size_t run,
	const char *name, struct err *err)
{
	static const char sql[] =
		"SELECT number, value, unit FROM replication JOIN metric ON metric.run = "
		"replication.run AND replication = number AND scope = '' AND name = ?2 "
		"WHERE replication.run = ?1 AND status = 'complete' ORDER BY number";
	struct at {
		uint32_t number;
		double value;
	} *all = NULL;
	size_t cap = 0, n = 0;
	uint32_t *numbers;
	double *values;
	struct rows q;

	*out = (struct results_metric){.scope = "", .name = name, .unit = ""};
	if (!rows_begin(&q, r, run, sql, err))
		return false;
	sqlite3_bind_text(q.st, 2, name, -1, SQLITE_STATIC);
	while (rows_next(&q)) {
		all = mem_grow(all, n, &cap, sizeof *all);
		all[n++] = (struct at){(uint32_t)sqlite3_column_int64(q.st, 0), number(&q, 1)};
		if (n == 1)
			out->unit = word(&q, 2);
	}
	numbers = arena_alloc(&r->arena, n, sizeof *numbers);
	values = arena_alloc(&r->arena, n, sizeof *values);
	for (size_t i = 0; i < n; i++) {
		numbers[i] = all[i].number;
		values[i] = all[i].value;
	}
	free(all);
	out->n = n;
	out->numbers = numbers;
	out->values = values;
	return rows_end(&q, err);
}
