/* Metrics over the replications of a run. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/results/inside.h"
#include "models/measure/metric.h"
#include "sim/stat.h"

static const double LEVEL = 0.95;

static double real(sqlite3_stmt *st, int column)
{
	return sqlite3_column_type(st, column) == SQLITE_NULL ? (double)NAN
							      : sqlite3_column_double(st, column);
}

/** What all replications know together is no mean over them (docs/stability.md), and is lost with
 *  the run that did not come to say it. */
static bool is_pooled(const char *scope, const char *name)
{
	enum metric_id id;

	return !*scope && metric_find(&id, name) &&
	       (id == METRIC_LYAPUNOV_VERDICT || id == METRIC_LYAPUNOV_EPSILON ||
		       id == METRIC_LYAPUNOV_B);
}

static struct results_summary summary_of(const struct results_metric *m, bool alike)
{
	double *values = mem_zalloc(m->n, sizeof *values);
	struct stat_interval s;
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		if (!isnan(m->values[i]))
			values[n++] = m->values[i];
	stat_interval(&s, values, alike && n > 1 ? 1 : n, LEVEL);
	free(values);
	return (struct results_summary){s.mean, s.sd, s.lo, s.hi, n};
}

static bool of_replications(struct results_summary *out, struct results *r, size_t run,
	const char *scope, const char *name, struct err *err)
{
	const struct results_metric *all;
	size_t n;

	if (is_pooled(scope, name))
		return true;
	if (!results_metrics(&n, &all, r, run, scope, err))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			*out = summary_of(&all[i], r->runs[run].alike);
	return true;
}

bool results_summary(struct results_summary *out, struct results *r, size_t run, const char *scope,
	const char *name, struct err *err)
{
	static const char sql[] = "SELECT mean, sd, ci_low, ci_high, n FROM summary "
				  "WHERE run = ? AND scope = ? AND name = ?";
	const double none = (double)NAN;
	sqlite3_stmt *st;
	int rc;

	*out = (struct results_summary){none, none, none, none, 0};
	if (sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) != SQLITE_OK)
		return results_fail(r, err);
	sqlite3_bind_int64(st, 1, r->runs[run].id);
	sqlite3_bind_text(st, 2, scope, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, name, -1, SQLITE_STATIC);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*out = (struct results_summary){real(st, 0), real(st, 1), real(st, 2), real(st, 3),
			(size_t)sqlite3_column_int64(st, 4)};
	sqlite3_finalize(st);
	if (rc == SQLITE_DONE && r->runs[run].status != RUN_COMPLETE)
		return of_replications(out, r, run, scope, name, err);
	return rc == SQLITE_ROW || rc == SQLITE_DONE || results_fail(r, err);
}

bool results_measured(
	size_t *n, const struct results_measured **out, struct results *r, struct err *err)
{
	static const char sql[] =
		"SELECT scope, name, unit FROM summary UNION "
		"SELECT scope, name, unit FROM metric WHERE run IN "
		"(SELECT id FROM run WHERE status != 'complete') ORDER BY scope, name";
	struct results_measured *list = NULL, *kept;
	size_t cap = 0;
	sqlite3_stmt *st;
	int rc;

	*n = 0;
	*out = NULL;
	if (sqlite3_prepare_v2(r->db, sql, -1, &st, NULL) != SQLITE_OK)
		return results_fail(r, err);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		list = mem_grow(list, *n, &cap, sizeof *list);
		list[(*n)++] = (struct results_measured){
			results_text(r, st, 0), results_text(r, st, 1), results_text(r, st, 2)};
	}
	sqlite3_finalize(st);
	kept = arena_alloc(&r->arena, *n, sizeof *kept);
	for (size_t i = 0; i < *n; i++)
		kept[i] = list[i];
	free(list);
	*out = kept;
	return rc == SQLITE_DONE || results_fail(r, err);
}
