/* Some layers of a model: a shape with fewer layers, with or without what stands at its ends. */
#include "models/cost/stage.h"

#include <assert.h>
#include <string.h>

#include "models/cost/llm.h"
#include "models/cost/profile.h"

enum { VECTOR_BYTES = 2 };

bool stage_is_whole(const struct llm_stage *g, const struct llm_shape *s)
{
	return g->n_layers == 0 || (g->n_layers == s->layers && g->embedding && g->head);
}

bool stage_has_head(const struct llm_stage *g)
{
	return g->n_layers == 0 || g->head;
}

struct llm_shape stage_shape(const struct llm_stage *g, const struct llm_shape *s)
{
	struct llm_shape part = *s;

	assert(g->first_layer + g->n_layers <= s->layers);
	if (g->n_layers > 0)
		part.layers = g->n_layers;
	return part;
}

/* Linear layers, two norms, biases. */
static double layer_bytes(const struct llm_shape *s, enum precision p)
{
	double vectors = 2.0 * s->hidden, sum = 0.0;

	if (s->qkv_bias)
		vectors += llm_q_width(s) + 2.0 * llm_kv_width(s);
	for (int op = 0; op < LLM_LINEAR_OPS; op++)
		sum += llm_op_weights(s, (enum llm_op)op) *
		       llm_bytes_per_weight(p, (enum llm_op)op);
	return sum + vectors * VECTOR_BYTES;
}

static double head_bytes(const struct llm_shape *s, enum precision p)
{
	return llm_op_weights(s, LLM_HEAD) * llm_bytes_per_weight(p, LLM_HEAD);
}

static double embedding_bytes(
	const struct llm_stage *g, const struct llm_shape *s, enum precision p)
{
	if (!s->tied_embeddings)
		return llm_weight_bytes(s, p) - llm_step_weight_bytes(s, p);
	return g->head ? 0.0 : head_bytes(s, p);
}

double stage_weight_bytes(const struct llm_stage *g, const struct llm_shape *s, enum precision p)
{
	double sum;

	if (stage_is_whole(g, s))
		return llm_weight_bytes(s, p);
	sum = g->n_layers * layer_bytes(s, p);
	if (g->embedding)
		sum += embedding_bytes(g, s, p);
	if (g->head) /* and the norm before it */
		sum += head_bytes(s, p) + (double)s->hidden * VECTOR_BYTES;
	return sum;
}

double stage_kv_bytes_per_tok(const struct llm_stage *g, const struct llm_shape *s)
{
	struct llm_shape part = stage_shape(g, s);

	return llm_kv_bytes_per_tok(&part);
}

/* Each operation once a layer. */
static double fixed_s(const struct llm_shape *s, const struct profile_grid *rows)
{
	double sum = 0.0;

	for (size_t i = 0; i < rows->n_t0; i++)
		if (strcmp(rows->t0[i].op, llm_op_names[LLM_HEAD]) != 0)
			sum += rows->t0[i].t0_s;
	return s->layers * sum;
}

struct stage_share stage_share(const struct llm_stage *g, const struct llm_shape *s,
	enum precision p, double least_s, unsigned ranks, const struct profile_grid *rows)
{
	struct stage_share r = {
		.whole = stage_is_whole(g, s) && ranks <= 1,
		.head = stage_has_head(g),
		.ranks = ranks > 1 ? ranks : 1,
		.layers = g->n_layers == 0 ? 1.0 : (double)g->n_layers / s->layers,
	};

	r.attention = r.layers / r.ranks;
	r.head_s = least_s * head_bytes(s, p) / llm_step_weight_bytes(s, p);
	r.fixed_s = ranks > 1 ? fixed_s(s, rows) : 0.0;
	return r;
}

double stage_step_s(const struct stage_share *g, double whole_s)
{
	double layers_s, head_s;

	if (g->whole)
		return whole_s;
	layers_s = whole_s > g->head_s ? whole_s - g->head_s : 0.0;
	head_s = g->head ? (whole_s - layers_s) / g->ranks : 0.0;
	if (layers_s > g->fixed_s)
		layers_s = g->fixed_s + (layers_s - g->fixed_s) / g->ranks;
	return g->layers * layers_s + head_s;
}
