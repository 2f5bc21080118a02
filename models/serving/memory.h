#ifndef OFFING_MODELS_SERVING_MEMORY_H
#define OFFING_MODELS_SERVING_MEMORY_H

#include "base/err.h"
#include "models/cost/cost.h"
#include "models/serving/spec.h"

/**
 * How much of a device's memory holds keys and values: `kv_blocks` of them; or what is left of the
 * device, or of `memory_share` of it, by the weights and by `reserve`.
 */

/** The bytes of the device that hold neither those nor weights: cost_spec.reserve_bytes of @what.
 */
double memory_reserve_bytes(const struct instance_spec *spec, const struct cost_spec *what);

/** Bytes of a block; @draft, which may be NULL, has keys and values of the same tokens. */
double memory_block_bytes(const struct instance_spec *spec, const struct cost_spec *what,
	const struct cost_spec *draft);

/** How many blocks of @block_bytes. False, with the place in the scenario, when not even one fits.
 */
MUST_CHECK bool memory_blocks(uint64_t *out, const struct instance_spec *spec,
	const struct cost_spec *what, const struct cost_spec *draft, double block_bytes,
	struct err *err);

#endif
