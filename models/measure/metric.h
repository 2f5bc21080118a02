#ifndef OFFING_MODELS_MEASURE_METRIC_H
#define OFFING_MODELS_MEASURE_METRIC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "models/cause.h"

/**
 * Every metric once. The rows of a replication, their summary, the table at the
 * end of a run, `offing list metrics`, run.precision_of and the check of
 * docs/results.md read this. To add one: an id, a row in metric_table.c, a line in
 * docs/results.md, and whoever measures it.
 */
enum metric_id {
	METRIC_REQUESTS_CREATED,
	METRIC_REQUESTS_DONE,
	METRIC_REQUESTS_REJECTED,
	METRIC_REQUESTS_DROPPED,
	METRIC_REQUESTS_IN_SYSTEM,
	METRIC_LATENCY_PER_TOKEN,
	METRIC_E2E_MEAN, /* the six of a span follow each other, as SPAN_* says */
	METRIC_E2E_SD,
	METRIC_E2E_P50,
	METRIC_E2E_P90,
	METRIC_E2E_P95,
	METRIC_E2E_P99,
	METRIC_TTFT_MEAN,
	METRIC_TTFT_SD,
	METRIC_TTFT_P50,
	METRIC_TTFT_P90,
	METRIC_TTFT_P95,
	METRIC_TTFT_P99,
	METRIC_TPOT_MEAN,
	METRIC_TPOT_SD,
	METRIC_TPOT_P50,
	METRIC_TPOT_P90,
	METRIC_TPOT_P95,
	METRIC_TPOT_P99,
	METRIC_WAIT_MEAN,
	METRIC_WAIT_SD,
	METRIC_WAIT_P50,
	METRIC_WAIT_P90,
	METRIC_WAIT_P95,
	METRIC_WAIT_P99,
	METRIC_NETWORK_MEAN,
	METRIC_TIME, /* by cause from here on, in their order, and the shares */
	METRIC_TIME_SHARE = METRIC_TIME + CAUSES,
	METRIC_THROUGHPUT_TOKENS = METRIC_TIME_SHARE + CAUSES,
	METRIC_THROUGHPUT_REQUESTS,
	METRIC_GOODPUT,
	METRIC_QOS_SHARE,
	METRIC_OBJECTIVE_S,
	METRIC_OBJECTIVE_T,
	METRIC_QUEUE_MEAN,
	METRIC_QUEUE_MAX,
	METRIC_LYAPUNOV_L,
	METRIC_LYAPUNOV_DRIFT,
	METRIC_LYAPUNOV_EPSILON,
	METRIC_LYAPUNOV_B,
	METRIC_LYAPUNOV_VERDICT,
	METRIC_VIOLATION,
	METRIC_PREDICTION_BIAS,
	METRIC_PREDICTION_ERROR,
	METRIC_CHOICE_MARGIN,
	METRIC_POLICY_REGRET,
	METRIC_POLICY_LATE,
	METRIC_BUSY_SHARE,
	METRIC_BUSY_PER_REQUEST,
	METRIC_BUBBLE_SHARE,
	METRIC_LAYERS,
	METRIC_HOPS_MEAN,
	METRIC_BATCH_MEAN,
	METRIC_KV_PEAK,
	METRIC_PREEMPTIONS,
	METRIC_SWAP_BYTES,
	METRIC_KV_WAIT,
	METRIC_KV_BYTES,
	METRIC_PREFIX_HIT_SHARE,
	METRIC_PREFIX_EVICTED,
	METRIC_SPEC_ACCEPTANCE,
	METRIC_SPEC_TOKENS,
	METRIC_SPEC_ROUNDS,
	METRIC_SPEC_DRAFTED,
	METRIC_SPEC_WASTED,
	METRIC_SPEC_BYTES,
	METRIC_ENERGY,
	METRIC_COST,
	METRIC_EDGE_SHARE,
	METRIC_CLOUD_SHARE,
	METRIC_ROWS_SKIPPED,
	METRIC_SESSIONS_BEGUN,
	METRIC_SESSIONS_CUT,
	METRIC_BYTES_WIRE,
	METRIC_BYTES_PROMPT, /* by kind of transfer from here on, in their order */
	METRIC_BYTES_ANSWER,
	METRIC_BYTES_HIDDEN,
	METRIC_BYTES_KV,
	METRIC_BYTES_DRAFT,
	METRIC_PACKETS_DROPPED,
	METRIC_PACKETS_RESENT,
	METRICS,
};

/** What a span of time is summarised by. */
enum { SPAN_MEAN, SPAN_SD, SPAN_P50, SPAN_P90, SPAN_P95, SPAN_P99, SPAN_ROWS };

/** What it may be measured of; bits. */
enum metric_scope {
	SCOPE_SYSTEM = 1,
	SCOPE_GROUP = 2,
	SCOPE_SITE = 4,
	SCOPE_INSTANCE = 8,
	SCOPE_LINK = 16,
	SCOPE_STAGE = 32,
	SCOPES = 6,
};

/** The words, by bit: "system", "group", ... */
extern const char *const metric_scope_words[SCOPES];

enum metric_better { BETTER_NONE, BETTER_LESS, BETTER_MORE };

/** What the table at the end of a run does with it. */
enum metric_show {
	SHOW_NOT,   /* in the files only */
	SHOW_SMALL, /* a line of the table */
	SHOW_LARGE, /* and what run.precision is about by default */
};

struct metric {
	const char *name, *unit; /* as in results.sqlite: "e2e.p95_s", "s" */
	unsigned scopes;
	enum metric_better better;
	enum metric_show show; /* of the system */
	const char *section;   /* for people: "end to end" ... */
	const char *label;     /* ... "p95" */
	const char *meaning;   /* one line */
	double lo, hi;         /* what it can be; hi 0: no upper bound */
};

/** By id. */
extern const struct metric metrics[METRICS];

/** False when there is none of that name. */
bool metric_find(enum metric_id *out, const char *name);

/** One measured value of one replication. The scope lives as long as the run. */
struct metric_row {
	const char *scope; /* "", "group:NAME", "site:NAME", "instance:NAME", "link:NAME",
			       "stage:INSTANCE/K", K from 1 */
	enum metric_id id;
	double value; /* NaN: nothing to measure, or not known */
};

/** False, with the first value that cannot be in @err: outside of its range, or infinite. As
 *  with Little's law, the fault is then the simulator's. */
MUST_CHECK bool metric_rows_check(const struct metric_row *rows, size_t n, struct err *err);

/** One metric of one policy over its replications; what `--json` and the table show. */
struct summary_row {
	const char *scope;
	enum metric_id id;
	double mean;            /* NaN: no replication had a value */
	double sd;              /* NaN where n < 2, as are the limits */
	double ci_low, ci_high; /* 95 %, Student t */
	size_t n;               /* replications that had a value */
};

#endif
