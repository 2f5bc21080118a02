#ifndef OFFING_MODELS_RATE_CURVE_H
#define OFFING_MODELS_RATE_CURVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/event.h" /* ns_of_s(), s_of_ns(): for those who make curves, too */

/**
 * What a link can carry over time, as plain data made once and read by any
 * number of worlds: either rates that hold from one instant to the next, or
 * chances to send one frame (a mahimahi trace: one line = the millisecond at which one
 * 1500-byte packet may pass, counted here with its Ethernet header; a chance nobody
 * waits for is lost; the file repeats). A rate of 0 is an outage.
 *
 * Times are whole nanoseconds, as the clock's: where a period ends the next begins, and
 * nothing lies between.
 */
enum curve_kind { CURVE_STEPS, CURVE_CHANCES };

struct rate_step {
	int64_t at_ns;
	double bytes_per_s;
};

struct rate_curve {
	enum curve_kind kind;
	int64_t period_ns; /* repeats so; 0: the last rate stays */
	size_t n;
	const int64_t *at_ns;        /* ascending, from 0 for steps */
	const double *bytes_per_s;   /* steps: from at_ns[i] on */
	const double *before_bytes;  /* steps: carried in [0, at_ns[i]) */
	const int64_t *before_up_ns; /* steps: of that time, without outages */
	double cycle_bytes;          /* carried in a period */
	int64_t cycle_up_ns;
	bool outages; /* steps: some rate is 0 */
};

enum { CHANCE_BYTES = 1514 };
#define CURVE_NEVER INT64_MAX

/** @steps[0..@n) in order of time, no two at once, the first at 0, all rates from 0 to 1e15 and,
 *  with a period, all times before it. Lives in @arena. */
const struct rate_curve *rate_curve_of_steps(
	struct arena *arena, const struct rate_step *steps, size_t n, int64_t period_ns);

/** @at_ns[0..@n), ascending, the last above 0, which is the period. */
const struct rate_curve *rate_curve_of_chances(struct arena *arena, const int64_t *at_ns, size_t n);

/** Bytes it can carry in [0, @t_ns], @t_ns >= 0: a chance of that very instant is gone, as in
 *  mahimahi. O(log n). */
double rate_curve_bytes(const struct rate_curve *c, int64_t t_ns);

/** The first time by which it can have carried @bytes, to the nearest tick; CURVE_NEVER: beyond
 *  the clock. O(log n). */
int64_t rate_curve_when_ns(const struct rate_curve *c, double bytes);

/** The rate at @t_ns: of chances, the mean over the tenth of a second around it. */
double rate_curve_now_bytes_per_s(const struct rate_curve *c, int64_t t_ns);

/** When that rate changes next, strictly after @t_ns; CURVE_NEVER. */
int64_t rate_curve_change_ns(const struct rate_curve *c, int64_t t_ns);

/** How much of [0, @t_ns] was no outage. */
int64_t rate_curve_up_ns(const struct rate_curve *c, int64_t t_ns);

/** Mean rate in the long run. */
double rate_curve_mean_bytes_per_s(const struct rate_curve *c);

#endif
