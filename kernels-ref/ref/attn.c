/* Dense attention by the online softmax, in double. */
#include "kernels-ref/ref/attn.h"
#include "kernels-ref/ref/online.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { TILE_TOK = 64, Q_BLOCK_TOK = 128, GROUP_TOK = 32 };

double dot_f64(const float *a, const float *b, size_t n)
{
	double s[4] = {0.0, 0.0, 0.0, 0.0};
	size_t i;

	for (i = 0; i + 4 <= n; i += 4) {
		for (size_t j = 0; j < 4; j++)
			s[j] += (double)a[i + j] * (double)b[i + j];
	}
	for (; i < n; i++)
		s[0] += (double)a[i] * (double)b[i];
	return (s[0] + s[1]) + (s[2] + s[3]);
}

double online_peak(const double *score, size_t n)
{
	double peak = -HUGE_VAL;

	for (size_t i = 0; i < n; i++)
		peak = fmax(peak, score[i]);
	return peak;
}

void online_add(
	struct online *o, double *acc, const double *score, size_t n, const float *v, size_t dim)
{
	double max = fmax(o->max, online_peak(score, n)), shrink;

	if (n == 0)
		return;
	shrink = exp(o->max - max);
	o->max = max;
	o->sum *= shrink;
	for (size_t d = 0; d < dim; d++)
		acc[d] *= shrink;
	for (size_t j = 0; j < n; j++) {
		double p = exp(score[j] - max);

		o->sum += p;
		for (size_t d = 0; d < dim; d++)
			acc[d] += p * (double)v[j * dim + d];
	}
}

void online_add_sum(struct online *o, const double *score, size_t n)
{
	for (size_t j = 0; j < n; j++)
		o->sum += exp(score[j] - o->max);
}

void online_finish(float *out, const struct online *o, const double *acc, size_t dim)
{
	for (size_t d = 0; d < dim; d++)
		out[d] = o->sum > 0.0 ? (float)(acc[d] / o->sum) : 0.0f;
}

size_t attn_visible(const struct attn_shape *s, size_t i)
{
	return s->causal ? i + 1 + s->n_k_tok - s->n_q_tok : s->n_k_tok;
}

double attn_scale(const struct attn_shape *s)
{
	return s->scale != 0.0 ? s->scale : 1.0 / sqrt((double)s->dim);
}

double attn_sparsity(const struct attn_count *c)
{
	return 1.0 - 0.5 * (double)(c->pairs_qk + c->pairs_pv) / (double)c->pairs;
}

void attn_count_add(struct attn_count *to, const struct attn_count *c)
{
	to->blocks += c->blocks;
	to->blocks_qk += c->blocks_qk;
	to->groups += c->groups;
	to->groups_pv += c->groups_pv;
	to->pairs += c->pairs;
	to->pairs_qk += c->pairs_qk;
	to->pairs_pv += c->pairs_pv;
	to->flop += c->flop;
	to->bytes += c->bytes;
}

static void check_shape(const struct attn_shape *s)
{
	assert(s->n_heads > 0 && s->n_kv_heads > 0 && s->n_heads % s->n_kv_heads == 0);
	assert(s->n_q_tok > 0 && s->n_k_tok > 0 && s->dim > 0);
	assert(!s->causal || s->n_k_tok >= s->n_q_tok);
}

/* Keys of 0..n that row @i sees in the tile of @n keys from @k0 on. */
static size_t seen(const struct attn_shape *s, size_t i, size_t k0, size_t n)
{
	size_t end = attn_visible(s, i);

	return end <= k0 ? 0 : end - k0 < n ? end - k0 : n;
}

static void dense_row(float *out, double *acc, const struct attn_shape *s, const float *q,
	const float *k, const float *v, size_t i)
{
	struct online o = {.max = -HUGE_VAL};
	double score[TILE_TOK], scale = attn_scale(s);

	memset(acc, 0, s->dim * sizeof(*acc));
	for (size_t k0 = 0; k0 < attn_visible(s, i); k0 += TILE_TOK) {
		size_t left = s->n_k_tok - k0;
		size_t n = seen(s, i, k0, left < TILE_TOK ? left : TILE_TOK);

		for (size_t j = 0; j < n; j++)
			score[j] = scale * dot_f64(q, k + (k0 + j) * s->dim, s->dim);
		online_add(&o, acc, score, n, v + k0 * s->dim, s->dim);
	}
	online_finish(out, &o, acc, s->dim);
}

/* One row of 128 query tokens of one head: its tiles, groups, pairs and bytes. */
static void count_rows(struct attn_count *c, const struct attn_shape *s, size_t r0)
{
	size_t rows = s->n_q_tok - r0 < Q_BLOCK_TOK ? s->n_q_tok - r0 : Q_BLOCK_TOK;
	size_t keys = attn_visible(s, r0 + rows - 1), blocks = (keys + TILE_TOK - 1) / TILE_TOK;
	size_t end = blocks * TILE_TOK < s->n_k_tok ? blocks * TILE_TOK : s->n_k_tok;
	uint64_t pairs = 0;

	for (size_t g = 0; g < rows; g += GROUP_TOK) {
		size_t last = g + GROUP_TOK < rows ? g + GROUP_TOK : rows;
		size_t see = attn_visible(s, r0 + last - 1);

		c->groups += (see + TILE_TOK - 1) / TILE_TOK;
		c->groups_pv += (see + TILE_TOK - 1) / TILE_TOK;
	}
	for (size_t i = 0; i < rows; i++)
		pairs += attn_visible(s, r0 + i);
	c->blocks += blocks;
	c->blocks_qk += blocks;
	c->pairs += pairs;
	c->pairs_qk += pairs;
	c->pairs_pv += pairs;
	c->flop += 4 * s->dim * pairs;
	c->bytes += 4 * s->dim * (2 * rows + 2 * end);
}

void attn_dense(float *out, const struct attn_shape *s, const float *q, const float *k,
	const float *v, struct attn_count *count)
{
	double *acc = mem_zalloc(s->dim, sizeof(*acc));

	check_shape(s);
	for (size_t h = 0; h < s->n_heads; h++) {
		size_t kv = h / (s->n_heads / s->n_kv_heads) * s->n_k_tok * s->dim;

		for (size_t i = 0; i < s->n_q_tok; i++) {
			size_t row = (h * s->n_q_tok + i) * s->dim;

			dense_row(out + row, acc, s, q + row, k + kv, v + kv, i);
		}
		for (size_t r0 = 0; count && r0 < s->n_q_tok; r0 += Q_BLOCK_TOK)
			count_rows(count, s, r0);
	}
	free(acc);
}

void attn_row_probs(double *p, const struct attn_shape *s, const float *q, const float *k,
	size_t head, size_t row)
{
	const float *qr = q + (head * s->n_q_tok + row) * s->dim;
	const float *kh = k + head / (s->n_heads / s->n_kv_heads) * s->n_k_tok * s->dim;
	size_t n = attn_visible(s, row);
	double peak, sum = 0.0;

	memset(p, 0, s->n_k_tok * sizeof(*p));
	for (size_t j = 0; j < n; j++)
		p[j] = attn_scale(s) * dot_f64(qr, kh + j * s->dim, s->dim);
	peak = online_peak(p, n);
	for (size_t j = 0; j < n; j++)
		sum += p[j] = exp(p[j] - peak);
	for (size_t j = 0; j < n; j++)
		p[j] /= sum;
}
