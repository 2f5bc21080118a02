#ifndef OFFING_MODELS_SERVING_ALIKE_H
#define OFFING_MODELS_SERVING_ALIKE_H

#include <stdbool.h>

#include "models/cost/spec.h"
#include "models/serving/spec.h"

/** Do they have the same figures? */
bool gpus_alike(const struct gpu_spec *a, const struct gpu_spec *b);

/**
 * The one answer to "are these two instances the same machine": do they cost, hold and predict
 * alike, wherever they stand? Those may share a cost, and are ranked together where the paths to
 * them are alike too.
 */
bool instances_alike(const struct instance_spec *a, const struct gpu_spec *gpu_a,
	const struct instance_spec *b, const struct gpu_spec *gpu_b);

#endif
