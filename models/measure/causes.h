#ifndef OFFING_MODELS_MEASURE_CAUSES_H
#define OFFING_MODELS_MEASURE_CAUSES_H

#include "base/err.h"
#include "base/mem.h"
#include "models/probe.h"
#include "models/scenario.h"

/**
 * A probe that sums where the time of the cohort went, and that holds every run to this: the causes
 * of a request are none below 0 and their sum is its time in the system, in whole nanoseconds. As
 * with Little's law it must hear of every request at its end.
 */
struct probe causes_create(struct arena *a, size_t n_groups, size_t n_instances);

/** False, and @err names the first request of which that was not so. */
MUST_CHECK bool causes_check(const struct probe *p, struct err *err);

/** Of those of the cohort that were answered. */
struct cause_sums {
	uint64_t n;
	unsigned __int128 ns[CAUSES];
};

/** What was summed by group, and by the instance that answered. */
struct cause_view {
	size_t n_groups, n_instances;
	const struct cause_sums *groups, *instances;
};
struct cause_view causes_of(const struct probe *p);

/** In a run of @spec, can time go there at all? */
bool cause_possible(enum cause c, const struct scenario_spec *spec);

#endif
