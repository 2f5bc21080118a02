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

/** Of those of the cohort that were answered, of a group or of the instance that answered. */
struct cause_sums {
	uint64_t n;
	unsigned __int128 ns[CAUSES];
};
struct cause_sums causes_of_group(const struct probe *p, size_t group);
struct cause_sums causes_of_instance(const struct probe *p, size_t instance);
void causes_merge(struct cause_sums *to, const struct cause_sums *from);

/** In a run of @spec, can time go there at all? */
bool cause_possible(enum cause c, const struct scenario_spec *spec);

#endif
