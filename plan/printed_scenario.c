#include "plan/printed_scenario.h"

#include <math.h>

#include "models/cost/llm.h"

enum { VECTOR_BYTES = 2, PARTS_MOST = 9 };

/* Tensors */

struct part {
	const char *name;
	double bytes;
};

/** Those of one layer. */
static size_t layer_parts(struct part *out, const struct model_spec *m)
{
	const struct llm_shape *s = &m->shape;
	double hidden = s->hidden, bias = s->qkv_bias ? VECTOR_BYTES : 0.0;
	double qkv = llm_bytes_per_weight(m->precision, LLM_QKV) * hidden + bias;
	double q = llm_q_width(s) * qkv, kv = llm_kv_width(s) * qkv;
	double up = 0.5 * llm_op_weights(s, LLM_GATE_UP) *
		    llm_bytes_per_weight(m->precision, LLM_GATE_UP);
	const struct part all[PARTS_MOST] = {{"norm", hidden * VECTOR_BYTES}, {"q", q}, {"k", kv},
		{"v", kv},
		{"o", llm_op_weights(s, LLM_ATTN_OUT) *
				llm_bytes_per_weight(m->precision, LLM_ATTN_OUT)},
		{"norm 2", hidden * VECTOR_BYTES}, {"gate", up}, {"up", up},
		{"down", llm_op_weights(s, LLM_DOWN) *
				 llm_bytes_per_weight(m->precision, LLM_DOWN)}};

	for (size_t k = 0; k < PARTS_MOST; k++)
		out[k] = all[k];
	return PARTS_MOST;
}

/** Behind @n tensors those of @m; what is left over for the embedding is all that is not in a
 *  layer, the last norm or the head. */
static size_t add_model(struct placement_unit *to, size_t n, struct arena *a,
	const struct model_spec *m, const char *of)
{
	struct part parts[PARTS_MOST];
	size_t n_parts = layer_parts(parts, m);
	double norm = (double)m->shape.hidden * VECTOR_BYTES, rest;
	double head =
		llm_op_weights(&m->shape, LLM_HEAD) * llm_bytes_per_weight(m->precision, LLM_HEAD);

	rest = llm_weight_bytes(&m->shape, m->precision) - norm;
	for (unsigned layer = 1; layer <= m->shape.layers; layer++)
		for (size_t k = 0; k < n_parts; k++) {
			to[n++] = (struct placement_unit){
				.name = arena_printf(a, "%slayer %u %s", of, layer, parts[k].name),
				.bytes = ceil(parts[k].bytes)};
			rest -= parts[k].bytes;
		}
	to[n++] = (struct placement_unit){
		.name = arena_printf(a, "%slast norm", of), .bytes = ceil(norm)};
	if (!m->shape.tied_embeddings) {
		rest -= head;
		to[n++] = (struct placement_unit){
			.name = arena_printf(a, "%shead", of), .bytes = ceil(head)};
	}
	to[n++] = (struct placement_unit){
		.name = arena_printf(a, "%sembedding", of), .bytes = ceil(fmax(rest, 0.0))};
	return n;
}

static void put_tensors(struct printed_scene *s, const struct units *t, bool drafted)
{
	const struct model_spec *m = subject_model(t->u);
	size_t most = PARTS_MOST * (size_t)m->shape.layers + 3, n, of_model;
	struct placement_unit *tensors;
	double *accesses;

	if (drafted)
		most += PARTS_MOST * (size_t)m->draft->shape.layers + 3;
	tensors = arena_alloc(&s->arena, most, sizeof *tensors);
	accesses = arena_alloc(&s->arena, most, sizeof *accesses);
	n = of_model = add_model(tensors, 0, &s->arena, m, "");
	if (drafted)
		n = add_model(tensors, n, &s->arena, m->draft, "draft ");
	for (size_t p = 0; p < n; p++)
		accesses[p] = (p < of_model ? 1.0 : t->u->k) / (drafted ? t->round_tok : 1.0);
	s->problem.n_tensors = n;
	s->problem.tensors = tensors;
	s->problem.accesses = accesses;
}

/* Devices */

/** A gpu, or a host. */
struct place {
	size_t device;
	bool is_host;
};

static double rate(const struct units *t, const struct devices *d, struct place a, struct place b)
{
	double rate;

	if (a.device == b.device)
		return t->kinds[d->at[a.device].kind].pcie_bytes_per_s;
	rate = devices_bytes_per_s(d, a.device, b.device);
	return rate > 0.0 ? rate : PRINTED_NO_WAY_BYTES_PER_S;
}

static void put_devices(struct printed_scene *s, const struct units *t, const struct devices *d,
	const size_t *devices, size_t n)
{
	struct placement_memory *m = arena_alloc(&s->arena, 2 * n, sizeof *m);
	struct place *of = arena_alloc(&s->arena, 2 * n, sizeof *of);
	size_t all = 0;
	double *rates;

	for (int hosts = 0; hosts < 2; hosts++)
		for (size_t i = 0; i < n; i++) {
			const struct device *x = &d->at[devices[i]];
			const struct kind_price *price = &t->kinds[x->kind];

			if (hosts && !x->host)
				continue;
			m[all] = hosts ? (struct placement_memory){x->host, price->host_bytes}
				       : (struct placement_memory){x->name, price->mem_bytes};
			of[all++] = (struct place){devices[i], hosts};
		}
	rates = arena_alloc(&s->arena, all * all, sizeof *rates);
	for (size_t a = 0; a < all; a++)
		for (size_t b = 0; b < all; b++)
			rates[a * all + b] = a == b ? HUGE_VAL : rate(t, d, of[a], of[b]);
	s->problem.n_devices = all;
	s->problem.devices = m;
	s->problem.bytes_per_s = rates;
}

void printed_scene_init(struct printed_scene *to, const struct units *t, const struct devices *d,
	const size_t *devices, size_t n, bool drafted)
{
	*to = (struct printed_scene){.problem.name = subject_model(t->u)->name};
	arena_init(&to->arena);
	put_tensors(to, t, drafted);
	put_devices(to, t, d, devices, n);
}

void printed_scene_finish(struct printed_scene *s)
{
	arena_finish(&s->arena);
}
