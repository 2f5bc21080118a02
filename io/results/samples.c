/* Metrics by replication, and the samples that they are. */
#include <stdlib.h>
#include <string.h>

#include "io/results/rows.h"
#include "sim/antithetic.h"

/* Rows come in order of scope, name and number; while they are read, a metric's numbers and values
 * are places in the two arrays, which move. */
struct gathered {
	size_t n_metrics, metrics_cap, n, numbers_cap, values_cap;
	struct results_metric *metrics;
	uint32_t *numbers;
	double *values;
};

static void gather(struct gathered *g, const struct rows *q)
{
	const char *scope = (const char *)sqlite3_column_text(q->st, 0);
	const char *name = (const char *)sqlite3_column_text(q->st, 1);
	const struct results_metric *last = g->n_metrics ? &g->metrics[g->n_metrics - 1] : NULL;

	if (!last || strcmp(last->scope, scope) != 0 || strcmp(last->name, name) != 0) {
		g->metrics =
			mem_grow(g->metrics, g->n_metrics, &g->metrics_cap, sizeof *g->metrics);
		g->metrics[g->n_metrics++] = (struct results_metric){
			.scope = rows_text(q, 0), .name = rows_text(q, 1), .unit = rows_text(q, 2)};
	}
	g->numbers = mem_grow(g->numbers, g->n, &g->numbers_cap, sizeof *g->numbers);
	g->values = mem_grow(g->values, g->n, &g->values_cap, sizeof *g->values);
	g->numbers[g->n] = (uint32_t)sqlite3_column_int64(q->st, 3);
	g->values[g->n++] = rows_number(q, 4);
	g->metrics[g->n_metrics - 1].n++;
}

/** The replications of a metric become the pairs that they are. */
static void make_pairs(struct results_metric *m, double *values, uint32_t *numbers)
{
	const size_t n = antithetic_means(values, numbers, m->n);

	m->alone = m->n - 2 * n;
	m->n = n;
}

static const struct results_metric *keep(struct results *r, struct gathered *g, bool pairs)
{
	struct results_metric *metrics = arena_alloc(&r->arena, g->n_metrics, sizeof *metrics);
	uint32_t *numbers = arena_alloc(&r->arena, g->n, sizeof *numbers);
	double *values = arena_alloc(&r->arena, g->n, sizeof *values);
	size_t from = 0;

	for (size_t i = 0; i < g->n; i++) {
		numbers[i] = g->numbers[i];
		values[i] = g->values[i];
	}
	for (size_t m = 0; m < g->n_metrics; from += g->metrics[m++].n) {
		metrics[m] = g->metrics[m];
		metrics[m].numbers = numbers + from;
		metrics[m].values = values + from;
		if (pairs)
			make_pairs(&metrics[m], values + from, numbers + from);
	}
	return metrics;
}

static bool gather_all(
	size_t *n, const struct results_metric **out, struct rows *q, bool pairs, struct err *err)
{
	struct gathered g = {0};
	bool ok;

	while (rows_next(q))
		gather(&g, q);
	ok = rows_end(q, err);
	*n = g.n_metrics;
	*out = ok ? keep(q->r, &g, pairs) : NULL;
	free(g.metrics);
	free(g.numbers);
	free(g.values);
	return ok;
}

static bool all_of(size_t *n, const struct results_metric **out, struct results *r, size_t run,
	const char *scope, bool pairs, struct err *err)
{
	static const char sql[] =
		"SELECT scope, name, unit, replication, value FROM metric "
		"JOIN replication ON replication.run = metric.run AND number = replication "
		"WHERE metric.run = ?1 AND status = 'complete' AND (?2 IS NULL OR scope = ?2) "
		"ORDER BY scope, name, replication";
	struct rows q;

	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	sqlite3_bind_text(q.st, 2, scope, -1, SQLITE_STATIC);
	return gather_all(n, out, &q, pairs, err);
}

/* By replication, of which each is looked up: the others are not read. */
static bool one_of(struct results_metric *out, struct results *r, size_t run, const char *scope,
	const char *name, bool pairs, struct err *err)
{
	static const char sql[] =
		"SELECT scope, name, unit, number, value FROM replication JOIN metric ON "
		"metric.run = replication.run AND replication = number AND scope = ?2 AND "
		"name = ?3 WHERE replication.run = ?1 AND status = 'complete' ORDER BY number";
	const struct results_metric *one;
	struct rows q;
	size_t n;

	*out = (struct results_metric){.scope = scope, .name = name, .unit = ""};
	if (!rows_of_run(&q, r, run, sql, err))
		return false;
	sqlite3_bind_text(q.st, 2, scope, -1, SQLITE_STATIC);
	sqlite3_bind_text(q.st, 3, name, -1, SQLITE_STATIC);
	if (!gather_all(&n, &one, &q, pairs, err))
		return false;
	if (n > 0)
		*out = *one;
	return true;
}

bool results_samples(size_t *n, const struct results_metric **out, struct results *r, size_t run,
	const char *scope, struct err *err)
{
	return all_of(n, out, r, run, scope, r->runs[run].antithetic, err);
}

bool results_sample_named(struct results_metric *out, struct results *r, size_t run,
	const char *scope, const char *name, struct err *err)
{
	return one_of(out, r, run, scope, name, r->runs[run].antithetic, err);
}

bool results_by_replication(size_t *n, const struct results_metric **out, struct results *r,
	size_t run, const char *scope, struct err *err)
{
	return all_of(n, out, r, run, scope, false, err);
}

bool results_by_replication_named(struct results_metric *out, struct results *r, size_t run,
	const char *scope, const char *name, struct err *err)
{
	return one_of(out, r, run, scope, name, false, err);
}
