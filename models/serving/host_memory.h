#ifndef OFFING_MODELS_SERVING_HOST_MEMORY_H
#define OFFING_MODELS_SERVING_HOST_MEMORY_H

#include "base/err.h"
#include "models/cost/cost.h"
#include "models/serving/spec.h"

/**
 * What the host holds for a GPU that has not all of the model: CPU layers and streamed ones, the
 * keys and values of the former, and those of sequences swapped out.
 */

/** Cut *@blocks, of which the GPU has room, to those that the host has room for. False, with the
 * place in the scenario, when that is none, or when @blocks were given. */
MUST_CHECK bool host_memory_limit(uint64_t *blocks, const struct instance_spec *spec,
	const struct cost_spec *what, struct err *err);

#endif
