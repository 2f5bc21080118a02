#include "models/serving/memory.h"

#include <math.h>
#include <stdio.h>

/* More than any memory has: sums of blocks stay far below 2^64. */
static const double KV_MOST_BLOCKS = 1e15;

double memory_reserve_bytes(const struct instance_spec *spec, const struct cost_spec *what)
{
	double mem = what->gpu->mem_bytes;

	if (spec->kv.blocks > 0)
		return mem - cost_weight_bytes(what) -
		       (double)spec->kv.blocks * spec->block_tok * cost_kv_bytes_per_tok(what);
	if (spec->kv.share > 0.0)
		return spec->reserve_bytes + (1.0 - spec->kv.share) * mem;
	return spec->reserve_bytes;
}

/** Where the weights are, if not all on one device. */
enum { WHERE_SIZE = 60 };

static const char *where(char *to, const struct instance_spec *spec, const struct cost_spec *what)
{
	const struct offload_spec *o = &spec->offload;
	unsigned here = what->shape->layers - o->cpu_layers - o->streamed_layers;

	to[0] = '\0';
	if (instance_devices(spec) > 1)
		snprintf(to, WHERE_SIZE, " on each of %u gpus", instance_devices(spec));
	else if (o->streamed_layers > 0)
		snprintf(to, WHERE_SIZE, " on the gpu (%u of %u layers, and buffers)", here,
			what->shape->layers);
	else if (o->cpu_layers > 0)
		snprintf(
			to, WHERE_SIZE, " on the gpu (%u of %u layers)", here, what->shape->layers);
	return to;
}

double memory_block_bytes(const struct instance_spec *spec, const struct cost_spec *what,
	const struct cost_spec *draft)
{
	double per_tok = cost_kv_bytes_per_tok(what);

	if (draft)
		per_tok += cost_kv_bytes_per_tok(draft);
	return per_tok * spec->block_tok;
}

/** What is there beside the blocks. */
struct weights {
	char name[120];
	double bytes;
};

static struct weights weights_of(const struct cost_spec *what, const struct cost_spec *draft)
{
	struct weights w = {.bytes = cost_weight_bytes(what)};

	snprintf(w.name, sizeof w.name, "%s%s%s", what->shape->name,
		draft ? " with its draft " : "", draft ? draft->shape->name : "");
	if (draft)
		w.bytes += cost_weight_bytes(draft);
	return w;
}

static bool refuse_given(const struct instance_spec *spec, const struct cost_spec *what,
	const struct weights *w, double block_bytes, struct err *err)
{
	char on[WHERE_SIZE];

	return err_at(err, spec->kv.blocks_at,
		"instance '%s': %u KV blocks take %.2f GB and the weights of %s %.2f GB%s, '%s' "
		"has %.2f GB",
		spec->name, spec->kv.blocks, spec->kv.blocks * block_bytes / 1e9, w->name,
		w->bytes / 1e9, where(on, spec, what), what->gpu->name, what->gpu->mem_bytes / 1e9);
}

static bool refuse_share(const struct instance_spec *spec, const struct cost_spec *what,
	const struct weights *w, struct err *err)
{
	char on[WHERE_SIZE];

	return err_at(err, spec->kv.share_at.line > 0 ? spec->kv.share_at : spec->at,
		"instance '%s': %s needs %.2f GB for its weights%s and %.2f GB in reserve, "
		"memory_share %g of '%s' is %.2f GB: no room for a KV cache",
		spec->name, w->name, w->bytes / 1e9, where(on, spec, what),
		spec->reserve_bytes / 1e9, spec->kv.share, what->gpu->name,
		spec->kv.share * what->gpu->mem_bytes / 1e9);
}

bool memory_blocks(uint64_t *out, const struct instance_spec *spec, const struct cost_spec *what,
	const struct cost_spec *draft, double block_bytes, struct err *err)
{
	struct weights w = weights_of(what, draft);
	double room = what->gpu->mem_bytes - w.bytes - memory_reserve_bytes(spec, what);
	char on[WHERE_SIZE];

	*out = spec->kv.blocks;
	if (spec->kv.blocks > 0)
		return spec->kv.blocks * block_bytes <= what->gpu->mem_bytes - w.bytes ||
		       refuse_given(spec, what, &w, block_bytes, err);
	*out = (uint64_t)fmax(fmin(room / block_bytes, KV_MOST_BLOCKS), 0.0);
	if (room >= block_bytes)
		return true;
	if (spec->kv.share > 0.0)
		return refuse_share(spec, what, &w, err);
	return err_at(err, spec->at,
		"instance '%s': %s needs %.2f GB for its weights%s and %.2f GB in reserve, "
		"'%s' has %.2f GB: no room for a KV cache",
		spec->name, w.name, w.bytes / 1e9, where(on, spec, what), spec->reserve_bytes / 1e9,
		what->gpu->name, what->gpu->mem_bytes / 1e9);
}
