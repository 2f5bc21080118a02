#ifndef OFFING_MODELS_ARRIVALS_H
#define OFFING_MODELS_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "models/workload/spec.h"
#include "sim/rng.h"

/**
 * When requests come, for the processes that need no answer of the system:
 * poisson, deterministic, gamma, weibull, mmpp, schedule. Gaps are neither
 * cut nor rescaled. Each is rounded to the nanosecond once and added up in
 * 64-bit integers. docs/workloads.md defines the processes; a Poisson arrival
 * costs about 10 ns.
 */
struct arrivals;

/** Above this a gap is less than the clock's tick. */
#define ARRIVAL_RATE_MAX_PER_S 1e9

/** Times past this (146 years) never come. */
#define ARRIVAL_LAST_NS (INT64_C(1) << 62)

/**
 * Check @spec, copy what it borrows, draw the first state from @r where there
 * is one. Fails at @spec->at when a parameter is out of range or no request
 * could ever come. Not for ARRIVAL_CLOSED, _SATURATED and _TRACE. On false
 * *@out is NULL; free it with arrivals_destroy().
 */
MUST_CHECK bool arrivals_create(
	struct arrivals **out, const struct arrival_spec *spec, struct rng *r, struct err *err);
void arrivals_destroy(struct arrivals *a); /* NULL is taken */

/** The next arrival, not before the last; false: no more will come, now or later. */
bool arrivals_next(struct arrivals *a, struct rng *r, int64_t *at_ns);

/** Requests per second in the long run; of a schedule without repetition that ends at
 *  rate 0, over its steps. */
double arrivals_rate_per_s(const struct arrivals *a);

#endif
