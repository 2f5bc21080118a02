/* A Llama2 layer and step in int8, counted while it runs. */
#include "kernels-ref/ref/llama.h"
#include "kernels-ref/ref/num.h"
#include "kernels-ref/ref/online.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What a layer works with, for @n tokens after @first cached ones. */
struct layer_job {
	const struct llama_shape *s;
	const struct llama_run *run;
	struct llama_count *count;
	uint16_t *k, *v; /* this layer's cache, [n_kv_heads][cap][dim] */
	size_t n, first, cap;
};

static void linear(float *y, const struct q8_matrix *w, const float *x, const struct layer_job *j)
{
	static const struct llama_linear reference = {.gemv = q8_gemv, .gemm = q8_gemm};
	const struct llama_linear *by = j->run->linear ? j->run->linear : &reference;

	if (j->run->path == LLAMA_W8A8) {
		by->gemm(y, w, x, j->n);
	} else {
		for (size_t t = 0; t < j->n; t++)
			by->gemv(y + t * w->rows, w, x + t * w->cols);
	}
	j->count->flop_linear += 2 * j->n * w->rows * w->cols;
	j->count->bytes_weight += w->rows * w->cols + sizeof(float) * w->rows;
}

static void norm(float *y, const float *x, const uint16_t *gain, const struct layer_job *j)
{
	for (size_t t = 0; t < j->n; t++)
		rmsnorm(y + t * j->s->hidden, x + t * j->s->hidden, gain, j->s->hidden,
			j->s->norm_eps);
	j->count->bytes_weight += sizeof(uint16_t) * j->s->hidden;
}

/* Split [token][q, k, v heads] into q [head][token][dim], rotated, and the half cache. */
static void split_qkv(float *q, float *qkv, const struct layer_job *j)
{
	const struct llama_shape *s = j->s;
	size_t width = (s->n_heads + 2 * s->n_kv_heads) * s->dim;

	for (size_t t = 0; t < j->n; t++) {
		float *row = qkv + t * width;

		for (size_t h = 0; h < s->n_heads + s->n_kv_heads; h++)
			rope(row + h * s->dim, s->dim, j->first + t, s->rope_base);
		for (size_t h = 0; h < s->n_heads; h++)
			memcpy(q + (h * j->n + t) * s->dim, row + h * s->dim, s->dim * sizeof(*q));
		for (size_t i = 0; i < s->n_kv_heads * s->dim; i++) {
			size_t at = (i / s->dim * j->cap + j->first + t) * s->dim + i % s->dim;

			j->k[at] = half_from_float(row[s->n_heads * s->dim + i]);
			j->v[at] = half_from_float(row[(s->n_heads + s->n_kv_heads) * s->dim + i]);
		}
	}
}

/* The first @n_tok tokens of a half cache as float [n_kv_heads][n_tok][dim]. */
static float *unpack(const uint16_t *cache, const struct layer_job *j, size_t n_tok)
{
	size_t dim = j->s->dim, per_head = n_tok * dim;
	float *x = mem_zalloc(j->s->n_kv_heads * per_head, sizeof(*x));

	for (size_t h = 0; h < j->s->n_kv_heads; h++) {
		for (size_t i = 0; i < per_head; i++)
			x[h * per_head + i] = half_to_float(cache[h * j->cap * dim + i]);
	}
	return x;
}

static void attn_masked(float *out, const struct attn_shape *a, const struct das_params *p,
	const float *q, const float *k, const float *v, struct attn_count *c)
{
	struct das_mask *m = das_mask_create(a, p);

	das_predict(m, a, p, q, k);
	das_attn(out, NULL, a, p, m, q, k, v, c);
	das_mask_destroy(m);
}

/* Adds the cache bytes read, in half precision: pooled keys and the blocks chosen. */
static uint64_t attn_one(float *out, const struct attn_shape *a, const struct das_params *p,
	const float *q, const float *k, const float *v, struct attn_count *c)
{
	size_t n = (a->n_k_tok + p->k_block_tok - 1) / p->k_block_tok;
	float *pooled = mem_zalloc(a->n_kv_heads * n * a->dim, sizeof(*pooled));
	uint8_t *keep = mem_zalloc(a->n_heads * n, sizeof(*keep));

	das_pool_keys(pooled, a, p->k_block_tok, k);
	das_decode_select(keep, a, p, q, pooled);
	das_decode_attn(out, a, p, keep, q, k, v, c);
	free(pooled);
	free(keep);
	return (c->bytes - 4 * 2 * a->n_heads * a->dim) / 2;
}

/* From rotated q to @out [head][token][dim]. */
static void attention(float *out, const float *q, const struct layer_job *j)
{
	const struct llama_shape *s = j->s;
	struct attn_shape a = {.n_heads = s->n_heads,
		.n_kv_heads = s->n_kv_heads,
		.n_q_tok = j->n,
		.n_k_tok = j->first + j->n,
		.dim = s->dim,
		.causal = true};
	float *k = unpack(j->k, j, a.n_k_tok), *v = unpack(j->v, j, a.n_k_tok);
	uint64_t per_tok = 2 * 2 * s->n_kv_heads * s->dim, read = per_tok * a.n_k_tok;
	struct attn_count c = {0};

	if (j->run->das && j->n > 1)
		attn_masked(out, &a, j->run->das, q, k, v, &c);
	else if (j->run->das && j->run->das_decode)
		read = attn_one(out, &a, j->run->das, q, k, v, &c);
	else
		attn_dense(out, &a, q, k, v, &c);
	j->count->flop_attn += c.flop;
	j->count->bytes_kv_read += read;
	j->count->bytes_kv_write += per_tok * j->n;
	free(k);
	free(v);
}

static void add(float *x, const float *y, size_t n)
{
	for (size_t i = 0; i < n; i++)
		x[i] += y[i];
}

static void attn_half(float *x, const struct llama_layer *layer, const struct layer_job *j)
{
	const struct llama_shape *s = j->s;
	size_t q_elem = j->n * s->n_heads * s->dim;
	float *y = mem_zalloc(j->n * s->hidden, sizeof(*y));
	float *qkv = mem_zalloc(j->n * layer->qkv.rows, sizeof(*qkv));
	float *q = mem_zalloc(q_elem, sizeof(*q)), *o = mem_zalloc(q_elem, sizeof(*o));

	norm(y, x, layer->norm_attn, j);
	linear(qkv, &layer->qkv, y, j);
	split_qkv(q, qkv, j);
	attention(o, q, j);
	for (size_t i = 0; i < q_elem / s->dim; i++) /* [head][token] to [token][head] */
		memcpy(q + (i % j->n * s->n_heads + i / j->n) * s->dim, o + i * s->dim,
			s->dim * sizeof(*q));
	linear(y, &layer->o, q, j);
	add(x, y, j->n * s->hidden);
	free(y);
	free(qkv);
	free(q);
	free(o);
}

static void ffn_half(float *x, const struct llama_layer *layer, const struct layer_job *j)
{
	size_t ffn = j->s->ffn;
	float *y = mem_zalloc(j->n * j->s->hidden, sizeof(*y));
	float *gu = mem_zalloc(j->n * 2 * ffn, sizeof(*gu));
	float *act = mem_zalloc(j->n * ffn, sizeof(*act));

	norm(y, x, layer->norm_ffn, j);
	linear(gu, &layer->gu, y, j);
	for (size_t t = 0; t < j->n; t++)
		swiglu(act + t * ffn, gu + t * 2 * ffn, gu + t * 2 * ffn + ffn, ffn);
	linear(y, &layer->down, act, j);
	add(x, y, j->n * j->s->hidden);
	free(y);
	free(gu);
	free(act);
}

void llama_layer_forward(float *x, size_t n, const struct llama_shape *shape,
	const struct llama_layer *layer, size_t layer_index, struct llama_kv *kv,
	const struct llama_run *run, struct llama_count *count)
{
	size_t at = layer_index * shape->n_kv_heads * kv->cap_tok * shape->dim;
	struct llama_count own = {0};
	struct layer_job j = {.s = shape,
		.run = run,
		.count = count ? count : &own,
		.k = kv->k + at,
		.v = kv->v + at,
		.n = n,
		.first = kv->n_tok,
		.cap = kv->cap_tok};

	assert(n > 0 && kv->n_tok + n <= kv->cap_tok);
	attn_half(x, layer, &j);
	ffn_half(x, layer, &j);
}

static void head_logits(
	float *logits, const struct llama_model *m, float *x, struct llama_count *count)
{
	const struct llama_shape *s = &m->shape;
	float *row = mem_zalloc(s->hidden, sizeof(*row));

	rmsnorm(x, x, m->norm_out, s->hidden, s->norm_eps);
	for (size_t r = 0; r < s->vocab; r++) {
		for (size_t i = 0; i < s->hidden; i++)
			row[i] = half_to_float(m->head[r * s->hidden + i]);
		logits[r] = (float)dot_f64(row, x, s->hidden);
	}
	count->flop_head += 2 * s->hidden * s->vocab;
	count->bytes_weight += sizeof(uint16_t) * (s->hidden + s->hidden * s->vocab);
	free(row);
}

void llama_step(float *logits, const struct llama_model *m, struct llama_kv *kv,
	const uint32_t *tokens, size_t n, const struct llama_run *run, struct llama_count *count)
{
	const struct llama_shape *s = &m->shape;
	float *x = mem_zalloc(n * s->hidden, sizeof(*x));
	struct llama_count own = {0}, *c = count ? count : &own;

	for (size_t t = 0; t < n; t++) {
		assert(tokens[t] < s->vocab);
		for (size_t i = 0; i < s->hidden; i++)
			x[t * s->hidden + i] = half_to_float(m->embed[tokens[t] * s->hidden + i]);
	}
	for (size_t l = 0; l < s->n_layers; l++)
		llama_layer_forward(x, n, s, &m->layers[l], l, kv, run, c);
	kv->n_tok += n;
	head_logits(logits, m, x + (n - 1) * s->hidden, c);
	free(x);
}
