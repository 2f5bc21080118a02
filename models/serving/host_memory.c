#include "models/serving/host_memory.h"

#include <math.h>
#include <stdio.h>

#include "models/cost/holding.h"

static bool refuse(const struct instance_spec *spec, const struct cost_spec *what, double weights,
	double swap, double blocks_bytes, struct err *err)
{
	const struct offload_spec *o = &spec->offload;
	char swapped[60] = "", kv[60] = "";

	if (swap > 0.0)
		snprintf(swapped, sizeof swapped, ", those swapped out %.2f GB", swap / 1e9);
	if (blocks_bytes > 0.0)
		snprintf(kv, sizeof kv, ", keys and values %.2f GB", blocks_bytes / 1e9);
	return err_at(err, o->at,
		"instance '%s': %u of the %u layers of %s take %.2f GB of the host's memory%s%s; "
		"it has %.2f GB",
		spec->name, o->cpu_layers + o->streamed_layers, what->shape->layers,
		what->shape->name, weights / 1e9, swapped, kv, o->host.mem_bytes / 1e9);
}

bool host_memory_limit(uint64_t *blocks, const struct instance_spec *spec,
	const struct cost_spec *what, struct err *err)
{
	double weights = offload_host_weight_bytes(what);
	double block_bytes = offload_host_kv_bytes_per_tok(what) * spec->block_tok;
	double swap = spec->kv.preemption == PREEMPTION_SWAP ? spec->kv.swap_bytes : 0.0;
	double room = spec->offload.host.mem_bytes - weights - swap;
	double least = spec->kv.blocks > 0 ? spec->kv.blocks : 1.0;

	if (!(weights > 0.0))
		return true;
	if (room < least * block_bytes)
		return refuse(
			spec, what, weights, swap, room < 0.0 ? 0.0 : least * block_bytes, err);
	if (block_bytes > 0.0)
		*blocks = (uint64_t)fmin((double)*blocks, room / block_bytes);
	return true;
}
