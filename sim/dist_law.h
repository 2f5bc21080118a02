#ifndef OFFING_SIM_DIST_LAW_H
#define OFFING_SIM_DIST_LAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/dist.h"

/** What dist.c and dist_law.c share; everybody else uses sim/dist.h. */

/** @a, @b, @p by kind: uniform [a, b]; gamma, erlang, weibull shape a, scale b; lognormal
 *  mu a, sigma b; hyperexponential mean a with probability p, else b; geometric on 1, 2, ...
 *  with success p, drawn as 1 + floor(exponential of mean a). */
struct dist {
	enum dist_kind kind;
	bool truncated;
	double mean; /* untruncated */
	double a, b, p;
	double min, max; /* of the draws */
	double below;    /* P(X < min) */
	double within;   /* P(min <= X <= max) */
	double mean_drawn;
	uint32_t fixed_count; /* constant: as tokens; else 0 */
	size_t n;             /* empirical */
	double *q;
};

/** P(X <= @x), or P(X < @x) when @strict, of the untruncated law. */
double law_cdf(const struct dist *d, double x, bool strict);

/** E[X; X <= @x], or E[X; X < @x] when @strict, of the untruncated law. */
double law_partial_mean(const struct dist *d, double x, bool strict);

#endif
