/* Which layers a GPU and its host hold, and what they take there. */
#include "models/cost/holding.h"

#include <assert.h>

bool offload_any(const struct offload_spec *o)
{
	return o && (o->cpu_layers > 0 || o->streamed_layers > 0);
}

struct llm_stage offload_cpu_stage(const struct offload_spec *o)
{
	return (struct llm_stage){.n_layers = o->cpu_layers, .embedding = true};
}

struct llm_stage offload_stage(const struct cost_spec *spec)
{
	const struct offload_spec *o = spec->offload;

	if (!offload_any(o) || o->cpu_layers == 0)
		return spec->stage;
	assert(stage_is_whole(&spec->stage, spec->shape) && o->cpu_layers < spec->shape->layers);
	return (struct llm_stage){
		.first_layer = o->cpu_layers,
		.n_layers = spec->shape->layers - o->cpu_layers,
		.head = true,
	};
}

double offload_layer_bytes(const struct cost_spec *spec)
{
	const struct llm_stage one = {.n_layers = 1};

	return stage_weight_bytes(&one, spec->shape, spec->precision);
}

double offload_absent_bytes(const struct cost_spec *spec)
{
	if (!offload_any(spec->offload) || spec->offload->streamed_layers <= OFFLOAD_BUFFERS)
		return 0.0;
	return (spec->offload->streamed_layers - OFFLOAD_BUFFERS) * offload_layer_bytes(spec);
}

double offload_host_weight_bytes(const struct cost_spec *spec)
{
	struct llm_stage cpu;
	double sum;

	if (!offload_any(spec->offload))
		return 0.0;
	sum = spec->offload->streamed_layers * offload_layer_bytes(spec);
	if (spec->offload->cpu_layers == 0)
		return sum;
	cpu = offload_cpu_stage(spec->offload);
	return sum + stage_weight_bytes(&cpu, spec->shape, spec->precision);
}

double offload_host_kv_bytes_per_tok(const struct cost_spec *spec)
{
	struct llm_stage cpu;

	if (!offload_any(spec->offload) || spec->offload->cpu_layers == 0)
		return 0.0;
	cpu = offload_cpu_stage(spec->offload);
	return stage_kv_bytes_per_tok(&cpu, spec->shape);
}
