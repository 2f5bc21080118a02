#ifndef OFFING_MODELS_RATE_CURVE_H
#define OFFING_MODELS_RATE_CURVE_H

#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

/**
 * What a link can carry over time, as plain data made once and read by any
 * number of worlds: either rates that hold from one instant to the next, or
 * chances to send one frame (a mahimahi trace: one line = the millisecond at which one
 * 1500-byte packet may pass, counted here with its Ethernet header; a chance nobody
 * waits for is lost; the file repeats). A rate of 0 is an outage.
 */
enum curve_kind { CURVE_STEPS, CURVE_CHANCES };

struct rate_step {
	double at_s, bytes_per_s;
};

struct rate_curve {
	enum curve_kind kind;
	double period_s; /* repeats so; 0: the last rate stays */
	size_t n;
	const double *at_s;         /* ascending, from 0 for steps */
	const double *bytes_per_s;  /* steps: from at_s[i] on */
	const double *before_bytes; /* steps: carried in [0, at_s[i]) */
	double cycle_bytes;         /* carried in a period */
};

enum { CHANCE_BYTES = 1514 };

/** @steps[0..@n) in order of time, the first at 0, all rates >= 0 and, with a period, all
 *  times before it. Lives in @arena. */
const struct rate_curve *rate_curve_of_steps(
	struct arena *arena, const struct rate_step *steps, size_t n, double period_s);

/** @at_ms[0..@n), ascending, the last above 0, which is the period. */
const struct rate_curve *rate_curve_of_chances(struct arena *arena, const double *at_s, size_t n);

/** Bytes it can carry in [0, @t_s]. O(log n). */
double rate_curve_bytes(const struct rate_curve *c, double t_s);

/** The first time by which it can have carried @bytes; HUGE_VAL: never. O(log n). */
double rate_curve_when_s(const struct rate_curve *c, double bytes);

/** The rate at @t_s: of chances, the mean over the tenth of a second around it. */
double rate_curve_now_bytes_per_s(const struct rate_curve *c, double t_s);

/** When that rate changes next, strictly after @t_s; HUGE_VAL: never. */
double rate_curve_change_s(const struct rate_curve *c, double t_s);

/** Mean rate in the long run. */
double rate_curve_mean_bytes_per_s(const struct rate_curve *c);

#endif
