#ifndef OFFING_MODELS_CHOICES_H
#define OFFING_MODELS_CHOICES_H

#include "base/mem.h"
#include "models/probe.h"
#include "sim/stat.h"

/**
 * A probe that holds what was foreseen at each choice against what came of it, of the requests of
 * the cohort that were answered.
 */
struct choice_sums {
	struct stat_mean
		bias; /* s it took longer than foreseen, from the choice to the last byte */
	struct stat_mean error;  /* the same without its sign */
	struct stat_mean margin; /* s that the best of the others was foreseen to take longer */
};

struct probe choices_create(struct arena *a, size_t n_groups, size_t n_instances);
struct choice_sums choices_of_group(const struct probe *p, size_t group);
struct choice_sums choices_of_instance(const struct probe *p, size_t instance);
void choices_merge(struct choice_sums *to, const struct choice_sums *from);

#endif
