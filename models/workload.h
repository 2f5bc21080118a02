#ifndef OFFING_MODELS_WORKLOAD_H
#define OFFING_MODELS_WORKLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "models/spec.h"
#include "sim/rng.h"

/** A distribution ready to draw from. */
struct dist;

MUST_CHECK bool dist_create(struct dist **out, const struct dist_spec *spec, struct err *err);
void dist_destroy(struct dist *d);
double dist_draw(const struct dist *d, struct rng *r);
/** Rounded to the nearest whole number, at least 1. */
uint32_t dist_draw_tok(const struct dist *d, struct rng *r);
/** Of the law as drawn from, truncation included. */
double dist_mean(const struct dist *d);

/**
 * The requests of one user group in one replication: when they arrive and how
 * long they are. Streams "arrivals" and "lengths" of the group: nothing else
 * in the scenario shifts them.
 */
struct workload;

struct request_draw {
	uint32_t prompt_tok, output_tok; /* 0 for WORKLOAD_NONE */
};

/** The caller owns *@out. Opens the trace, if there is one. */
MUST_CHECK bool workload_create(struct workload **out, const struct group_spec *group,
	uint64_t seed, uint32_t replication, struct err *err);
void workload_destroy(struct workload *w);

/**
 * Open-loop processes: the next arrival, in nanoseconds of simulated time, not
 * before the last one. 1: *@at_ns and *@draw are set; 0: no more will come
 * (a trace ended); -1: the trace is malformed, see @err.
 */
int workload_next(struct workload *w, int64_t *at_ns, struct request_draw *draw, struct err *err);

/** Closed and saturated processes: the lengths of the next request, and a think time. */
struct request_draw workload_draw(struct workload *w);
double workload_think_s(struct workload *w);

/** Expected arrivals per second over [0, horizon]; 0 where the system decides (closed, saturated).
 */
double workload_rate_per_s(const struct workload *w);

/** Output tokens: mean and 90 % quantile of the law (10 000 draws of a stream of their own
 *  where no closed form exists); 0 for WORKLOAD_NONE. */
double workload_output_mean_tok(const struct workload *w);
double workload_output_q90_tok(const struct workload *w);

#endif
