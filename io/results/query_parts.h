#ifndef OFFING_IO_RESULTS_QUERY_PARTS_H
#define OFFING_IO_RESULTS_QUERY_PARTS_H

#include "base/mem.h"
#include "io/results/query.h"

/** What the files of a query share. */

/** A run that is asked about. */
struct picked {
	struct results *of;
	size_t run;
};

struct query {
	struct arena arena;
	size_t n_results;
	struct results *const *results;
	size_t n_runs, runs_cap, n_again;
	struct picked *runs;
	struct query_axis rows, cols;
	size_t *grid; /* [row][col]: 1 + the run there; 0: none */
	size_t n_metrics, metrics_cap;
	struct query_metric *metrics;
	struct query_cell *cells, none; /* [run][metric] */
};

static inline const struct results_run *picked_run(const struct picked *p)
{
	return results_run(p->of, p->run);
}

/** query_value.c: what @run has for @key; NULL: no such key. */
MUST_CHECK bool query_value_of(
	const char **out, struct results *r, size_t run, const char *key, struct err *err);
/** @key is in none of @q's runs: say which would be. False. */
bool query_no_key(const struct query *q, const char *key, struct err *err);

/** query_where.c: the runs that all of @where holds for. */
MUST_CHECK bool query_pick(struct query *q, const char *const *where, size_t n, struct err *err);

/** query_metrics.c: what is asked of them. */
MUST_CHECK bool query_choose(struct query *q, const struct query_spec *spec, struct err *err);

#endif
