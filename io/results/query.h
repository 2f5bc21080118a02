#ifndef OFFING_IO_RESULTS_QUERY_H
#define OFFING_IO_RESULTS_QUERY_H

#include "io/results/results.h"
#include "models/measure/metric.h"

/**
 * A question to results: which runs, laid out by which keys, and what metrics came to in each
 * cell. Tables, figures and pages ask it.
 *
 * A key is a leaf of the resolved scenario ("links.wan.rate", "run.seed"), or one of
 *
 *	policy   the label
 *	folder   as the results were opened
 *	version  of offing
 *
 * A cell is of one run. Two in one cell are refused with the keys in which they differ, unless they
 * are the same run (scenario, policy and version), of which the first is taken.
 *
 *	struct query_spec spec = {.n_rows = 1, .rows = rows, .n_cols = 1, .cols = cols, ...};
 *
 *	if (!query_ask(&q, results, n, &spec, err)) ...
 *	for each row, col, m: const struct query_cell *c = query_cell(q, row, col, m);
 *	query_finish(q);
 */
struct query;

struct query_spec {
	/** "KEY=VALUE". Of several of one key one must hold, of several keys all. A value may be
	 *  written in any unit: "10 Mbps" is "10000 kbps". */
	size_t n_where;
	const char *const *where;
	/** Keys; none: one row, one column. */
	size_t n_rows, n_cols;
	const char *const *rows, *const *cols;
	/** Names; none: of the main ones those that were measured. */
	size_t n_metrics;
	const char *const *metrics;
	/** What they are of: "" or "system", "group:campus", "instance:*". None: the system. The
	 *  metrics of the query are each of those with each of these that has it; one that is of
	 *  none, or one of these that has none, is refused. */
	size_t n_scopes;
	const char *const *scopes;
};

struct query_key {
	const char *name;
	bool numeric;     /* all values are numbers of one dimension */
	const char *unit; /* of these: "s", "B", "bit/s", "B/s", "1/s", ..., "" */
};

struct query_value {
	const char *text; /* as the scenario has it; NULL: the run has no such key */
	double number;    /* in the unit of the key; NaN: there is none */
};

/** What rows, or columns, are for: combinations of values that occur, in order of the first key,
 *  then of the next. Numbers in their order, words as they first came up, runs without last. */
struct query_axis {
	size_t n_keys;
	const struct query_key *keys;
	size_t n;                         /* at least 1 */
	const struct query_value *values; /* [n][n_keys] */
};

struct query_metric {
	const char *name, *scope, *unit;
	enum metric_id id; /* METRICS: one that this version has not */
};

struct query_cell {
	struct results *of; /* NULL: there is no such run; all else is then 0 or NaN */
	size_t run;         /* of those */
	enum run_status status;
	bool antithetic;        /* replications are pairs */
	size_t asked, n;        /* replications; independent values of complete ones */
	double mean, sd;        /* NaN: nothing was measured; sd NaN where n < 2 */
	double ci_low, ci_high; /* 95 %; NaN where there is none */
};

/** What @spec asks of @results, which are borrowed. ERR_INPUT where a key, a value, a metric or a
 *  scope is in none of them, with the nearest that is, or two runs meet in a cell. On false *@out
 *  is NULL. */
MUST_CHECK bool query_ask(struct query **out, struct results *const *results, size_t n,
	const struct query_spec *spec, struct err *err);
void query_finish(struct query *q); /* NULL is taken */

/** The keys, beside those of @spec's rows and columns, that tell the runs apart that it asks about:
 *  of the policy and the keys that differ, each that parts what those before it left together.
 *  *@n of them, to be freed by the caller; the names are borrowed from @results. None where two
 *  runs could not meet in a cell. */
MUST_CHECK bool query_keys_apart(size_t *n, const char ***out, struct results *const *results,
	size_t n_results, const struct query_spec *spec, struct err *err);

const struct query_axis *query_rows(const struct query *q);
const struct query_axis *query_cols(const struct query *q);
size_t query_n_metrics(const struct query *q);
const struct query_metric *query_metric(const struct query *q, size_t metric);

/** Never NULL: a cell of no run has @of NULL. */
const struct query_cell *query_cell(const struct query *q, size_t row, size_t col, size_t metric);

/** The runs that were asked about, and how many of them were there twice. */
size_t query_n_runs(const struct query *q);
size_t query_n_again(const struct query *q);

#endif
