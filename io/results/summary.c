/* Metrics over the replications of a run. */
#include <math.h>
#include <stdlib.h>

#include "io/results/rows.h"
#include "models/measure/metric.h"
#include "sim/stat.h"

static const double LEVEL = 0.95;

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
	struct results_metric m;

	if (is_pooled(scope, name))
		return true;
	if (!results_sample_named(&m, r, run, scope, name, err))
		return false;
	if (m.n > 0)
		*out = summary_of(&m, r->runs[run].alike);
	return true;
}

bool results_summary(struct results_summary *out, struct results *r, size_t run, const char *scope,
	const char *name, struct err *err)
{
	static const char sql[] = "SELECT mean, sd, ci_low, ci_high, n FROM summary "
				  "WHERE run = ? AND scope = ? AND name = ?";
	const double none = (double)NAN;
	struct rows q;
	bool there;

	*out = (struct results_summary){none, none, none, none, 0};
	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	sqlite3_bind_text(q.st, 2, scope, -1, SQLITE_STATIC);
	sqlite3_bind_text(q.st, 3, name, -1, SQLITE_STATIC);
	there = rows_next(&q);
	if (there)
		*out = (struct results_summary){rows_number(&q, 0), rows_number(&q, 1),
			rows_number(&q, 2), rows_number(&q, 3),
			(size_t)sqlite3_column_int64(q.st, 4)};
	return rows_end(&q, err) && (there || r->runs[run].status == RUN_COMPLETE ||
					    of_replications(out, r, run, scope, name, err));
}

bool results_measured(
	size_t *n, const struct results_measured **out, struct results *r, struct err *err)
{
	static const char sql[] =
		"SELECT scope, name, unit FROM summary UNION "
		"SELECT scope, name, unit FROM metric WHERE run IN "
		"(SELECT id FROM run WHERE status != 'complete') ORDER BY scope, name";
	struct results_measured *all = NULL;
	size_t cap = 0;
	struct rows q;

	*n = 0;
	*out = NULL;
	if (!rows_of_all(&q, r, sql, err))
		return false;
	while (rows_next(&q)) {
		all = mem_grow(all, *n, &cap, sizeof *all);
		all[(*n)++] = (struct results_measured){
			rows_text(&q, 0), rows_text(&q, 1), rows_text(&q, 2)};
	}
	*out = rows_keep(r, all, *n, sizeof *all);
	return rows_end(&q, err);
}
