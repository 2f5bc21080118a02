/* CPU layers and streamed layers: what they take beside the GPU's own, and how long it waits. */
#include "models/cost/offload.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/cost/profile.h"

static bool cpu_create(struct cost **out, const struct cost_spec *spec, struct err *err)
{
	struct cost_spec part = *spec;

	part.offload = NULL;
	part.stage = offload_cpu_stage(spec->offload);
	part.gpu = &spec->offload->host;
	part.profile = spec->offload->cpu;
	part.attention = ATTENTION_FULL; /* there are no sparse kernels for it */
	part.decode_keep = 0.0;
	return cost_create(out, &part, err);
}

/* One layer, with room for as many tokens as the GPU has beside all of them. */
static bool layer_create(struct cost **out, const struct cost_spec *spec, struct err *err)
{
	double mem = spec->gpu->mem_bytes,
	       room = mem - spec->reserve_bytes - cost_weight_bytes(spec);
	double kv_tok = room / cost_kv_bytes_per_tok(spec);
	struct cost_spec part = *spec;

	part.offload = NULL;
	part.stage = (struct llm_stage){.n_layers = 1};
	part.reserve_bytes = mem - cost_weight_bytes(&part) - kv_tok * cost_kv_bytes_per_tok(&part);
	return cost_create(out, &part, err);
}

bool offload_create(struct offload **out, const struct cost_spec *spec, struct err *err)
{
	const struct offload_spec *from = spec->offload;
	double rate = spec->gpu->pcie_bytes_per_s;
	struct offload *o;

	*out = NULL;
	if (!offload_any(from))
		return true;
	if (from->host.pcie_bytes_per_s > 0.0)
		rate = fmin(rate, from->host.pcie_bytes_per_s);
	o = mem_zalloc(1, sizeof *o);
	o->streamed = from->streamed_layers;
	o->fetch_s = offload_layer_bytes(spec) / rate;
	o->handover_s_row = llm_hidden_bytes(spec->shape) / rate;
	if ((from->cpu_layers == 0 || cpu_create(&o->cpu, spec, err)) &&
		(o->streamed == 0 || layer_create(&o->layer, spec, err))) {
		*out = o;
		return true;
	}
	offload_destroy(o);
	return false;
}

void offload_destroy(struct offload *o)
{
	if (!o)
		return;
	cost_destroy(o->cpu);
	cost_destroy(o->layer);
	free(o);
}

static double positive(double x)
{
	return x > 0.0 ? x : 0.0;
}

double offload_wait_s(const struct offload *o, const struct offload_step *s, double hidden_s)
{
	if (o->streamed == 0)
		return 0.0;
	return (o->streamed - 1) * positive(o->fetch_s - s->layer_s) +
	       positive(o->fetch_s - hidden_s - s->before_s);
}

double offload_tail_s(const struct offload *o, const struct offload_step *s)
{
	return o->streamed == 0 ? 0.0 : s->gpu_s - (o->streamed - 1) * s->layer_s;
}

static void add(struct cost_affine *to, double factor, struct cost_affine a)
{
	to->base_s += factor * a.base_s;
	to->per_tok_s += factor * a.per_tok_s;
	to->from_tok = to->from_tok > a.from_tok ? to->from_tok : a.from_tok;
	to->until_tok = to->until_tok < a.until_tok ? to->until_tok : a.until_tok;
}

/** Add @factor times what is left of @left, which falls with context, while that is above 0;
 *  from the next whole token on it is nothing. */
static void add_positive(
	struct cost_affine *to, double factor, struct cost_affine left, double context_tok)
{
	double last = left.per_tok_s < 0.0 ? floor(left.base_s / -left.per_tok_s)
		      : left.base_s > 0.0  ? HUGE_VAL
					   : -1.0;

	if (context_tok <= last) {
		left.from_tok = 0;
		left.until_tok = last < 0x1p63 ? (uint64_t)last : UINT64_MAX;
		add(to, factor, left);
	} else if (last >= 0.0 && to->from_tok < (uint64_t)last + 1) {
		to->from_tok = (uint64_t)last + 1;
	}
}

static struct cost_affine less(struct cost_affine a, double factor, struct cost_affine b)
{
	a.base_s -= factor * b.base_s;
	a.per_tok_s -= factor * b.per_tok_s;
	return a;
}

struct cost_affine offload_decode(
	const struct offload *o, const struct cost *gpu, size_t batch, double context_tok)
{
	uint64_t tok = (uint64_t)context_tok;
	struct cost_affine step = cost_decode(gpu, batch, tok), whole = step, before = {0}, layer;
	struct cost_affine wait = {.base_s = o->fetch_s}, tail;

	if (o->cpu) {
		before = cost_decode(o->cpu, batch, tok);
		before.base_s += (double)batch * o->handover_s_row;
		add(&step, 1.0, before);
	}
	if (o->streamed == 0)
		return step;
	layer = cost_decode(o->layer, batch, tok);
	step.from_tok = step.from_tok > layer.from_tok ? step.from_tok : layer.from_tok;
	step.until_tok = step.until_tok < layer.until_tok ? step.until_tok : layer.until_tok;
	add_positive(&step, o->streamed - 1.0, less(wait, 1.0, layer), context_tok);
	tail = less(whole, o->streamed - 1.0, layer);
	tail.base_s -= tail.per_tok_s * (double)batch; /* of the step before */
	add_positive(&step, 1.0, less(less(wait, 1.0, tail), 1.0, before), context_tok);
	return step;
}
