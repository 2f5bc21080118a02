/* Synthetic Q, K, V with local, sink and recall structure. */
#include "kernels-ref/ref/synth.h"
#include "kernels-ref/ref/num.h"

#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* Random streams of one head, apart from those of every other head and seed. */
enum { STREAM_PATH, STREAM_BIAS, STREAM_K, STREAM_V, STREAM_Q, STREAM_DRAW, STREAMS };

struct synth_params synth_params_default(void)
{
	return (struct synth_params){
		.local_tok = 256.0,
		.local_nats = 10.0,
		.sink_tok = 4,
		.sink_nats = 7.0,
		.recall_tok = 256,
		.recall_nats = 8.0,
		.noise = 0.3,
		.key_bias = 4.0,
		.spread = 0.3,
	};
}

static uint64_t stream(uint64_t seed, size_t head, int which)
{
	return (seed * 4096 + head) * STREAMS + (uint64_t)which;
}

/* The path u: an autoregressive walk of order 1, so that the correlation is exact. */
static void make_path(double *u, size_t n, size_t dim, double local_tok, uint64_t from)
{
	double keep = exp(-1.0 / local_tok), fresh = sqrt(1.0 - keep * keep);
	double unit = 1.0 / sqrt((double)(dim - 1));

	for (size_t i = 0; i < n * dim; i++) {
		double g = unit * rand_normal(from, i);

		u[i] = i % dim == dim - 1 ? 0.0 : i < dim ? g : keep * u[i - dim] + fresh * g;
	}
}

/* Element @d of a vector of unit mean square length; element @i of the stream. The last
 * dimension is the sink's. */
static double unit_normal(uint64_t from, size_t i, size_t d, size_t dim)
{
	return d == dim - 1 ? 0.0 : rand_normal(from, i) / sqrt((double)(dim - 1));
}

static void make_keys(float *k, float *v, const double *u, const struct attn_shape *s,
	const struct synth_params *p, uint64_t seed, size_t head)
{
	uint64_t noise = stream(seed, head, STREAM_K), bias = stream(seed, head, STREAM_BIAS);

	for (size_t i = 0; i < s->n_k_tok * s->dim; i++) {
		size_t d = i % s->dim;
		double x = u[i] + p->noise * unit_normal(noise, i, d, s->dim) +
			   p->key_bias * unit_normal(bias, d, d, s->dim);

		if (i / s->dim < p->sink_tok && d == s->dim - 1)
			x += 1.0;
		k[i] = (float)x;
		v[i] = (float)rand_normal(stream(seed, head, STREAM_V), i);
	}
}

/* The token that the query at @tok recalls: an earlier passage, followed token by token. */
static size_t recalled(const struct synth_params *p, uint64_t draws, size_t tok)
{
	size_t stretch = tok / p->recall_tok, from = stretch * p->recall_tok;

	return (size_t)((double)from * rand_uniform(draws, 2 + stretch)) + (tok - from);
}

static void make_queries(float *q, const double *u, const struct attn_shape *s,
	const struct synth_params *p, uint64_t seed, size_t head)
{
	uint64_t draws = stream(seed, head, STREAM_DRAW), noise = stream(seed, head, STREAM_Q);
	double root = sqrt((double)s->dim);
	double local = p->local_nats * (1.0 + p->spread * (2.0 * rand_uniform(draws, 0) - 1.0));
	double recall = p->recall_nats * (1.0 + p->spread * (2.0 * rand_uniform(draws, 1) - 1.0));

	for (size_t i = 0; i < s->n_q_tok * s->dim; i++) {
		size_t d = i % s->dim, tok = i / s->dim + s->n_k_tok - s->n_q_tok;
		double x = local * u[tok * s->dim + d] +
			   recall * u[recalled(p, draws, tok) * s->dim + d] +
			   p->noise * unit_normal(noise, i, d, s->dim);

		q[i] = (float)(root * (d == s->dim - 1 ? p->sink_nats : x));
	}
}

void synth_qkv(float *q, float *k, float *v, const struct attn_shape *s,
	const struct synth_params *p, uint64_t seed)
{
	size_t share = s->n_heads / s->n_kv_heads, kv_elem = s->n_k_tok * s->dim;
	double *u = mem_zalloc(kv_elem, sizeof(*u));

	assert(s->n_k_tok >= s->n_q_tok && s->n_heads <= 4096 && p->recall_tok > 0 && s->dim > 1);
	for (size_t g = 0; g < s->n_kv_heads; g++) {
		make_path(u, s->n_k_tok, s->dim, p->local_tok, stream(seed, g, STREAM_PATH));
		make_keys(k + g * kv_elem, v + g * kv_elem, u, s, p, seed, g);
		for (size_t h = g * share; h < (g + 1) * share; h++)
			make_queries(q + h * s->n_q_tok * s->dim, u, s, p, seed, h);
	}
	free(u);
}

void synth_normal(float *q, float *k, float *v, const struct attn_shape *s, uint64_t seed)
{
	for (size_t i = 0; i < s->n_heads * s->n_q_tok * s->dim; i++)
		q[i] = (float)rand_normal(stream(seed, 0, STREAM_Q), i);
	for (size_t i = 0; i < s->n_kv_heads * s->n_k_tok * s->dim; i++) {
		k[i] = (float)rand_normal(stream(seed, 0, STREAM_K), i);
		v[i] = (float)rand_normal(stream(seed, 0, STREAM_V), i);
	}
}
