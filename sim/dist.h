#ifndef OFFING_SIM_DIST_H
#define OFFING_SIM_DIST_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "sim/rng.h"

/** One form for lengths, service times, think times. */
enum dist_kind {
	DIST_CONSTANT,         /* mean */
	DIST_EXPONENTIAL,      /* mean */
	DIST_UNIFORM,          /* min, max */
	DIST_ERLANG,           /* mean, k */
	DIST_GAMMA,            /* mean, cv */
	DIST_WEIBULL,          /* mean, shape */
	DIST_LOGNORMAL,        /* mean, cv */
	DIST_HYPEREXPONENTIAL, /* mean, cv > 1: two phases, balanced means */
	DIST_GEOMETRIC,        /* mean >= 1, on 1, 2, ... */
	DIST_EMPIRICAL,        /* quantiles at equal steps of probability from 0 to 1 */
};

/** @min and @max truncate by redraw; @mean is that of the untruncated law. */
struct dist_spec {
	enum dist_kind kind;
	double mean; /* s or tokens */
	double cv, shape;
	unsigned k;
	double min, max; /* -HUGE_VAL, HUGE_VAL when not given */
	const double *quantiles;
	size_t n_quantiles;
	struct src_pos at;
};

/**
 * A distribution ready to draw from: lengths, service times, think times.
 * None gives a negative number. docs/workloads.md has the laws; a draw costs
 * at most one libm call (gamma and erlang: about 1.1 and one more below shape 1;
 * truncated laws: as many draws as it takes).
 */
struct dist;

/** Bounds on the shape parameters of any law, arrivals included. */
#define DIST_CV_MIN 1e-3
#define DIST_CV_MAX 100.0
/** The most that dist_draw_count() gives: the sum of two still fits 32 bits. */
#define DIST_COUNT_MAX 1000000000u

/**
 * Check @spec and make the distribution; the caller frees *@out with
 * dist_destroy(). Fails at @spec->at when a parameter is missing, out of range
 * or not a number, or when less than 1e-3 of the law lies in [min, max].
 * On false, *@out is NULL.
 */
MUST_CHECK bool dist_create(struct dist **out, const struct dist_spec *spec, struct err *err);
void dist_destroy(struct dist *d); /* NULL is taken */

/** In [min, max] of the spec, both included; in its unit. */
double dist_draw(const struct dist *d, struct rng *r);

/** Rounded to the nearest whole number, from 1 to DIST_COUNT_MAX. */
uint32_t dist_draw_count(const struct dist *d, struct rng *r);

/** Of the law as drawn from, truncation included, before any rounding. */
double dist_mean(const struct dist *d);

/** The smallest x with P(X <= x) >= @u, truncation included; 0 < @u < 1. By
 *  bisection: some 50 evaluations of the law, not for a hot path. */
double dist_quantile(const struct dist *d, double u);

/** The shape c of the Weibull law with this coefficient of variation, from
 *  cv^2 + 1 = G(1 + 2/c) / G(1 + 1/c)^2, G the gamma function. */
double weibull_shape_of_cv(double cv);

#endif
