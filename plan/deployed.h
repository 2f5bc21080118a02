#ifndef OFFING_PLAN_DEPLOYED_H
#define OFFING_PLAN_DEPLOYED_H

#include "models/serving/spec.h"
#include "plan/units.h"

/** @dep as an instance of @t's subject, called @name; its arrays are in @a, what it points to else
 *  is the scenario's. */
struct instance_spec deployed_instance(struct arena *a, const struct units *t,
	const struct devices *d, const struct deployment *dep, const char *name);

/**
 * Layers for the stages of @dep, a pipeline whose sites are known: so that the sum over the stages
 * is least, and among those as even as can be. And micro-batches: as many as stages, but no more
 * than can each hold the tokens that there is to be room for. False: it has not got the memory.
 */
MUST_CHECK bool deployed_split(
	struct deployment *dep, const struct units *t, const struct devices *d);

#endif
