/* Shapes, random weights, caches and closed-form costs of Llama2. */
#include "kernels-ref/ref/llama.h"
#include "kernels-ref/ref/num.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

const struct llama_shape llama_7b = {.name = "llama2-7b",
	.hidden = 4096,
	.ffn = 11008,
	.n_layers = 32,
	.n_heads = 32,
	.n_kv_heads = 32,
	.dim = 128,
	.vocab = 32000,
	.rope_base = 1e4,
	.norm_eps = 1e-5};
const struct llama_shape llama_13b = {.name = "llama2-13b",
	.hidden = 5120,
	.ffn = 13824,
	.n_layers = 40,
	.n_heads = 40,
	.n_kv_heads = 40,
	.dim = 128,
	.vocab = 32000,
	.rope_base = 1e4,
	.norm_eps = 1e-5};
const struct llama_shape llama_68m = {.name = "llama-68m",
	.hidden = 768,
	.ffn = 3072,
	.n_layers = 2,
	.n_heads = 6,
	.n_kv_heads = 6,
	.dim = 128,
	.vocab = 32000,
	.rope_base = 1e4,
	.norm_eps = 1e-6};
const struct llama_shape llama_small = {.name = "small",
	.hidden = 64,
	.ffn = 176,
	.n_layers = 2,
	.n_heads = 4,
	.n_kv_heads = 2,
	.dim = 16,
	.vocab = 96,
	.rope_base = 1e4,
	.norm_eps = 1e-5};

/* Outputs of the four matrices of a layer; inputs beside them. */
static size_t qkv_rows(const struct llama_shape *s)
{
	return (s->n_heads + 2 * s->n_kv_heads) * s->dim;
}

static uint64_t layer_weights(const struct llama_shape *s)
{
	return s->hidden * qkv_rows(s) + s->n_heads * s->dim * s->hidden + 3 * s->ffn * s->hidden;
}

static struct q8_matrix random_matrix(size_t rows, size_t cols, uint64_t stream)
{
	struct q8_matrix m = {.rows = rows, .cols = cols};
	double c = 1.0 / (73.6 * sqrt((double)cols));

	m.w = mem_zalloc(rows * cols, sizeof(*m.w));
	m.scale = mem_zalloc(rows, sizeof(*m.scale));
	for (size_t i = 0; i < rows * cols; i++)
		m.w[i] = (int8_t)((int)(rand_bits(stream, i) % 255) - 127);
	for (size_t r = 0; r < rows; r++)
		m.scale[r] = (float)(c * (0.5 + rand_uniform(stream + 1, r)));
	return m;
}

static uint16_t *random_half(size_t n, double mean, double sd, uint64_t stream)
{
	uint16_t *x = mem_zalloc(n, sizeof(*x));

	for (size_t i = 0; i < n; i++)
		x[i] = half_from_float((float)(mean + sd * rand_normal(stream, i)));
	return x;
}

static struct llama_layer random_layer(const struct llama_shape *s, uint64_t stream)
{
	return (struct llama_layer){
		.qkv = random_matrix(qkv_rows(s), s->hidden, stream),
		.o = random_matrix(s->hidden, s->n_heads * s->dim, stream + 2),
		.gu = random_matrix(2 * s->ffn, s->hidden, stream + 4),
		.down = random_matrix(s->hidden, s->ffn, stream + 6),
		.norm_attn = random_half(s->hidden, 1.0, 0.1, stream + 8),
		.norm_ffn = random_half(s->hidden, 1.0, 0.1, stream + 9),
	};
}

struct llama_model *llama_create_random(
	const struct llama_shape *shape, uint64_t seed, size_t n_own)
{
	struct llama_model *m = mem_zalloc(1, sizeof(*m));
	uint64_t last = seed * 1000 + 20 * shape->n_layers;

	assert(n_own > 0 && n_own <= shape->n_layers);
	m->shape = *shape;
	m->n_own = n_own;
	m->layers = mem_zalloc(shape->n_layers, sizeof(*m->layers));
	for (size_t i = 0; i < shape->n_layers; i++)
		m->layers[i] = i < n_own ? random_layer(shape, seed * 1000 + 20 * i)
					 : m->layers[i % n_own];
	m->embed = random_half(shape->vocab * shape->hidden, 0.0, 0.02, last);
	m->head = random_half(shape->vocab * shape->hidden, 0.0, 0.02, last + 1);
	m->norm_out = random_half(shape->hidden, 1.0, 0.1, last + 2);
	return m;
}

static void matrix_finish(struct q8_matrix *m)
{
	free(m->w);
	free(m->scale);
}

void llama_destroy(struct llama_model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n_own; i++) {
		matrix_finish(&m->layers[i].qkv);
		matrix_finish(&m->layers[i].o);
		matrix_finish(&m->layers[i].gu);
		matrix_finish(&m->layers[i].down);
		free(m->layers[i].norm_attn);
		free(m->layers[i].norm_ffn);
	}
	free(m->layers);
	free(m->embed);
	free(m->head);
	free(m->norm_out);
	free(m);
}

struct llama_kv *llama_kv_create(const struct llama_shape *shape, size_t cap_tok)
{
	struct llama_kv *kv = mem_zalloc(1, sizeof(*kv));
	size_t n = shape->n_layers * shape->n_kv_heads * cap_tok * shape->dim;

	kv->cap_tok = cap_tok;
	kv->k = mem_zalloc(n, sizeof(*kv->k));
	kv->v = mem_zalloc(n, sizeof(*kv->v));
	return kv;
}

void llama_kv_destroy(struct llama_kv *kv)
{
	if (!kv)
		return;
	free(kv->k);
	free(kv->v);
	free(kv);
}

struct llama_count llama_cost(const struct llama_shape *s, size_t n, size_t context)
{
	uint64_t w = layer_weights(s), norms = 2 * s->hidden * s->n_layers + s->hidden;
	uint64_t scales = (qkv_rows(s) + 2 * s->hidden + 2 * s->ffn) * s->n_layers;
	uint64_t pairs = n * context + n * (n + 1) / 2, kv = llama_kv_bytes_per_tok(s);

	return (struct llama_count){
		.flop_linear = 2 * n * w * s->n_layers,
		.flop_attn = 4 * s->dim * s->n_heads * pairs * s->n_layers,
		.flop_head = 2 * s->hidden * s->vocab,
		.bytes_weight = w * s->n_layers + 4 * scales + 2 * norms + 2 * s->hidden * s->vocab,
		.bytes_kv_read = kv * (context + n),
		.bytes_kv_write = kv * n,
	};
}

uint64_t llama_param_count(const struct llama_shape *s)
{
	return 2 * s->vocab * s->hidden + (layer_weights(s) + 2 * s->hidden) * s->n_layers +
	       s->hidden;
}

uint64_t llama_weight_bytes(const struct llama_shape *s)
{
	uint64_t int8 = layer_weights(s) * s->n_layers;

	return int8 + 2 * (llama_param_count(s) - int8);
}

uint64_t llama_kv_bytes_per_tok(const struct llama_shape *s)
{
	return 2 * 2 * s->n_layers * s->n_kv_heads * s->dim;
}
