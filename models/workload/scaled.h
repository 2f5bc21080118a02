#ifndef OFFING_MODELS_WORKLOAD_SCALED_H
#define OFFING_MODELS_WORKLOAD_SCALED_H

#include "base/err.h"
#include "base/mem.h"
#include "models/workload/spec.h"

/**
 * The same users, who come @scale times as often. Scales share their random numbers: from the same
 * stream the same unit draws, so that request n of scale x comes at 1/x of the time at which it
 * comes at scale 1, with the same lengths. So do the rows of a trace. A schedule keeps its hours
 * and has its rates multiplied: request n comes when the integral of the rate has reached the same.
 */

/**
 * @scale above 0 and finite. Arrays of @out are in @a or borrowed from @spec. Fails at @spec->at
 * for arrivals that answer the system's answers, which have no rate: closed and saturated.
 */
MUST_CHECK bool arrivals_scaled(struct arrival_spec *out, const struct arrival_spec *spec,
	double scale, struct arena *a, struct err *err);

/** All of @n groups, *@out in @a. */
MUST_CHECK bool groups_scaled(const struct group_spec **out, const struct group_spec *groups,
	size_t n, double scale, struct arena *a, struct err *err);

#endif
