/* A batch is made: who forms its steps, what runs them, and within which limits. */

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/serving/batch.h"
#include "models/serving/prefix.h"
#include "models/serving/speculative.h"

static const struct batching_ops *const batchings[] = {
	[BATCHING_CONTINUOUS] = &batching_continuous,
	[BATCHING_CHUNKED] = &batching_chunked,
	[BATCHING_STATIC] = &batching_static,
};

/** What the scenario says of its steps and its memory. */
static void limit(struct batch *b, const struct instance_spec *spec, const struct cost_spec *what)
{
	const struct batch_limits *l = &spec->limits;
	uint32_t context_tok = l->max_len_tok > 0 ? l->max_len_tok : what->shape->context;
	uint32_t cap_tok = context_tok > l->least_batched_tok ? context_tok : l->least_batched_tok;
	bool is_static = spec->batching == BATCHING_STATIC;
	double pcie = what->gpu->pcie_bytes_per_s;

	if (spec->kv.pcie_bytes_per_s > 0.0)
		pcie = fmin(pcie, spec->kv.pcie_bytes_per_s);

	b->max_batch = spec->max_batch;
	b->chunk_tok = spec->chunk_tok;
	b->prefill_cap_tok = is_static ? UINT64_MAX : cap_tok;
	if (l->max_batched_tok > 0) {
		b->prefill_cap_tok = l->max_batched_tok;
		b->chunk_tok =
			b->chunk_tok < l->max_batched_tok ? b->chunk_tok : l->max_batched_tok;
	}
	b->prefill_limit = l->prefill_limit > 0 ? l->prefill_limit : UINT32_MAX;
	b->together.wait_ns = is_static ? ns_of_s(l->batch_wait_s) : 0;
	b->together.as_one = is_static && l->returns == STATIC_RETURN_BATCH;
	b->most_tok = fmin((double)b->kv.total * (double)b->kv.block_tok, context_tok);
	b->watermark_blocks = (uint64_t)(spec->kv.watermark * (double)b->kv.total);
	if (spec->kv.preemption == PREEMPTION_SWAP)
		b->swap.room_blocks = (uint64_t)fmin(spec->kv.swap_bytes / b->block_bytes, 1e15);
	b->swap.s_per_block = b->block_bytes / pcie;
}

void batch_prepare(
	struct batch *b, struct instance *i, const struct instance_build *build, uint64_t kv_blocks)
{
	const struct instance_spec *spec = build->spec;

	b->i = i;
	b->batching = batchings[spec->batching];
	b->cost = build->cost;
	b->offload = build->offload;
	b->executor = b->offload ? &executor_stream : &executor_device;
	b->decoder = &decoder_autoregressive;
	b->places = i->places;
	kvcache_init(&b->kv, kv_blocks, spec->block_tok);
	limit(b, spec, build->cost_spec);
	/* what leaves all at once is not told token by token */
	b->tells = i->tells = build->tells && !b->together.as_one;
	b->step_by_step = build->step_by_step || b->tells;
	waitline_init(&b->line);
	waitline_init(&b->claims);
	b->overlaps = spec->kv_overlap && spec->role != ROLE_DECODE;
	b->n_layers = build->cost_spec->shape->layers;
	b->running.heap = mem_zalloc(b->max_batch, sizeof *b->running.heap);
	b->prefill = mem_zalloc(b->max_batch, sizeof *b->prefill);
	if (spec->draft.on)
		speculation_init(b, build);
}

void batch_drop(struct batch *b)
{
	waitline_finish(&b->line);
	waitline_finish(&b->claims);
	free(b->running.heap);
	free(b->prefill);
	kvcache_finish(&b->kv);
	prefix_finish(b);
	speculation_finish(b);
}
