#ifndef OFFING_MODELS_WORKLOAD_H
#define OFFING_MODELS_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "models/content.h"
#include "sim/dist.h"
#include "models/workload/spec.h"

/**
 * The requests of one user group in one replication: when they arrive and how
 * long they are. Streams "arrivals" and "lengths" of the group: nothing else
 * in the scenario shifts them.
 */
struct workload;

/** Rows kept in memory to draw from (8 bytes each); a longer window is refused. */
#define WORKLOAD_ROWS_MAX (1u << 20)

struct request_draw {
	uint32_t prompt_tok, output_tok; /* 0 for WORKLOAD_NONE */
	/** What its prompt shares with others; `own` is left to the caller, and so is `ids`, to
	 *  free. */
	struct content content;
};

/**
 * The caller owns *@out. Opens the trace, if there is one, and reads its first
 * 10 000 rows (WORKLOAD_ROWS: all of the window, at most WORKLOAD_ROWS_MAX).
 * Strings and arrays of @group must stay while the workload lives. Fails, at
 * the place in the scenario or in the trace, on anything out of range.
 */
MUST_CHECK bool workload_create(struct workload **out, const struct group_spec *group,
	uint64_t seed, uint32_t replication, struct err *err);
void workload_destroy(struct workload *w);

/**
 * Open-loop processes: the next arrival, in nanoseconds of simulated time, not
 * before the last one. 1: *@at_ns and *@draw are set; 0: no more will come
 * (a trace ended); -1: the trace is malformed, see @err.
 */
int workload_next(struct workload *w, int64_t *at_ns, struct request_draw *draw, struct err *err);

/**
 * Sessions. workload_turns() draws how many turns session number @n has; workload_turn() what is
 * new in its turn @k, from 2 on (what is new in the first comes with the arrival), and how long
 * its user thinks before that: each from a numbered stream of its own, so that
 * nothing in a session depends on when its answers come.
 */
uint32_t workload_turns(const struct workload *w, uint64_t n);
struct request_draw workload_turn(
	const struct workload *w, uint64_t n, uint32_t k, double *think_s);

/** Closed and saturated processes: the lengths of the next request, and a think time. */
struct request_draw workload_draw(struct workload *w);
double workload_think_s(struct workload *w);

/**
 * Expected arrivals per second in the long run; 0 where the system decides
 * (closed, saturated). A schedule: over its period, or its last rate when it
 * does not repeat (over its steps when that is 0). A trace: over its first
 * 10 000 rows, 0 when they come at one instant.
 */
double workload_rate_per_s(const struct workload *w);

/** How many requests will ever come, when that is known: of a trace that ends within its first 10
 * 000 rows. UINT64_MAX: more, or nobody knows. */
uint64_t workload_most(const struct workload *w);

/** When the first request of a trace comes, in ns of the run; 0 for other processes. */
int64_t workload_first_ns(const struct workload *w);

/** Output tokens: mean and 90 % quantile of the law; of a trace that gives the lengths too,
 *  over its first 10 000 rows; 0 for WORKLOAD_NONE. */
double workload_output_mean_tok(const struct workload *w);
double workload_output_q90_tok(const struct workload *w);

/** Has it drawn from a random stream? */
bool workload_drew(const struct workload *w);

/** Rows of the traces left out so far because they have no output tokens. */
uint64_t workload_rows_skipped(const struct workload *w);

#endif
