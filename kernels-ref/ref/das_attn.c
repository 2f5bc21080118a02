/* DAS attention under a given mask, with the second stage and int8 scores. */
#include "kernels-ref/ref/das.h"
#include "kernels-ref/ref/das_row.h"
#include "kernels-ref/ref/num.h"
#include "kernels-ref/ref/online.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One head at work: its inputs, and the state of one row of blocks. */
struct head {
	const struct attn_shape *s;
	struct das_params p;
	const float *q, *k, *v;
	int8_t *q8, *k8;          /* DAS_SCORES_INT8: quantised inputs */
	float *q_scale, *k_scale; /* one a block */
	struct online *state;     /* [q_block_tok] */
	double *acc;              /* [q_block_tok][dim] */
	double *score;            /* [group_tok][k_block_tok] */
	size_t *n_seen;           /* [group_tok] keys of the block each row may see */
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Quantise @x - @off by blocks of @block tokens. */
static void quantise(int8_t *q, float *scale, const float *x, const double *off, size_t n_tok,
	size_t block, size_t dim)
{
	float *y = mem_zalloc(block * dim, sizeof(*y));

	for (size_t b = 0; b * block < n_tok; b++) {
		size_t n = least(block, n_tok - b * block), at = b * block * dim;

		for (size_t i = 0; i < n * dim; i++)
			y[i] = (float)((double)x[at + i] - off[i % dim]);
		scale[b] = q8_quantise(q + at, y, n * dim);
	}
	free(y);
}

void das_quantise_q(int8_t *q8, float *scale, const struct attn_shape *s,
	const struct das_params *p, const float *q)
{
	double *zero = mem_zalloc(s->dim, sizeof(*zero));

	quantise(q8, scale, q, zero, s->n_q_tok, p->q_block_tok, s->dim);
	free(zero);
}

void das_quantise_k(int8_t *k8, float *scale, const struct attn_shape *s,
	const struct das_params *p, const float *k)
{
	double *mean = mem_zalloc(s->dim, sizeof(*mean));

	das_mean(mean, k, s->n_k_tok, s->dim);
	quantise(k8, scale, k, mean, s->n_k_tok, p->k_block_tok, s->dim);
	free(mean);
}

/* Softmax does not see the term q . k_bar, which int8 scores leave out. */
static double score_of(const struct head *h, size_t i, size_t j)
{
	size_t dim = h->s->dim;
	int32_t sum = 0;

	if (h->p.scores == DAS_SCORES_EXACT)
		return attn_scale(h->s) * dot_f64(h->q + i * dim, h->k + j * dim, dim);
	for (size_t d = 0; d < dim; d++)
		sum += h->q8[i * dim + d] * h->k8[j * dim + d];
	return attn_scale(h->s) * (double)h->q_scale[i / h->p.q_block_tok] *
	       (double)h->k_scale[j / h->p.k_block_tok] * sum;
}

/* Scores of rows @r0.. of a group against the block of keys from @k0; returns the pairs. */
static size_t score_group(struct head *h, size_t r0, size_t rows, size_t k0, size_t keys)
{
	size_t pairs = 0;

	for (size_t i = 0; i < rows; i++) {
		size_t end = attn_visible(h->s, r0 + i);

		h->n_seen[i] = end <= k0 ? 0 : least(end - k0, keys);
		pairs += h->n_seen[i];
		for (size_t j = 0; j < h->n_seen[i]; j++)
			h->score[i * h->p.k_block_tok + j] = score_of(h, r0 + i, k0 + j);
	}
	return pairs;
}

/* Stage 2: is every row's peak in this block too far below what the row has seen? */
static bool negligible(const struct head *h, const struct online *state, size_t rows)
{
	double most = -HUGE_VAL;

	for (size_t i = 0; i < rows; i++) {
		if (h->n_seen[i] == 0)
			continue;
		most = fmax(most,
			online_peak(h->score + i * h->p.k_block_tok, h->n_seen[i]) - state[i].max);
	}
	return most < h->p.lambda_nats;
}

/* One group of rows against one block. Returns whether V was used; adds to @c. */
static bool group_block(struct head *h, size_t row0, size_t g, size_t rows, size_t k0, size_t keys,
	struct attn_count *c)
{
	struct online *state = h->state + g;
	double *acc = h->acc + g * h->s->dim;
	size_t pairs = score_group(h, row0 + g, rows, k0, keys);
	bool skip = negligible(h, state, rows);

	c->groups += pairs > 0;
	c->groups_pv += pairs > 0 && !skip;
	c->pairs_qk += pairs;
	c->pairs_pv += skip ? 0 : pairs;
	for (size_t i = 0; i < rows; i++) {
		const double *score = h->score + i * h->p.k_block_tok;

		if (!skip)
			online_add(&state[i], acc + i * h->s->dim, score, h->n_seen[i],
				h->v + k0 * h->s->dim, h->s->dim);
		else if (h->p.denominator == DAS_SUM_ALL)
			online_add_sum(&state[i], score, h->n_seen[i]);
	}
	return pairs > 0 && !skip;
}

static uint64_t pairs_of(const struct attn_shape *s, size_t r0, size_t rows)
{
	uint64_t pairs = 0;

	for (size_t i = 0; i < rows; i++)
		pairs += attn_visible(s, r0 + i);
	return pairs;
}

/* One row of blocks: @why [n_cols] of the mask, @pv from its first group on, or NULL. */
static void block_row(struct head *h, float *out, uint8_t *pv, const struct das_mask *m, size_t row,
	const uint8_t *why, struct attn_count *c)
{
	const struct attn_shape *s = h->s;
	size_t r0 = row * h->p.q_block_tok, rows = least(h->p.q_block_tok, s->n_q_tok - r0);
	uint64_t qk_elem = 0, v_elem = 0;

	for (size_t i = 0; i < rows; i++)
		h->state[i] = (struct online){.max = -HUGE_VAL};
	memset(h->acc, 0, rows * s->dim * sizeof(*h->acc));
	for (size_t col = 0; col < m->n_cols && das_visible(s, m, row, col); col++) {
		size_t k0 = col * h->p.k_block_tok, keys = least(h->p.k_block_tok, s->n_k_tok - k0);
		bool used = false;

		c->blocks++;
		if (why[col] == DAS_SKIP)
			continue;
		c->blocks_qk++;
		qk_elem += keys * s->dim;
		for (size_t g = 0; g < rows; g += h->p.group_tok) {
			bool did =
				group_block(h, r0, g, least(h->p.group_tok, rows - g), k0, keys, c);

			used |= did;
			if (pv)
				pv[g / h->p.group_tok * m->n_cols + col] = did;
		}
		v_elem += used ? keys * s->dim : 0;
	}
	for (size_t i = 0; i < rows; i++)
		online_finish(out + i * s->dim, &h->state[i], h->acc + i * s->dim, s->dim);
	c->pairs += pairs_of(s, r0, rows);
	c->bytes += (qk_elem + rows * s->dim) * (h->p.scores == DAS_SCORES_INT8 ? 1 : 4) +
		    (v_elem + rows * s->dim) * 4;
}

static void head_init(struct head *h, const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m)
{
	*h = (struct head){.s = s, .p = *p};
	if (s->n_k_tok < p->dense_below_tok) {
		h->p.lambda_nats = -HUGE_VAL;
		h->p.scores = DAS_SCORES_EXACT;
	}
	h->state = mem_zalloc(p->q_block_tok, sizeof(*h->state));
	h->acc = mem_zalloc(p->q_block_tok * s->dim, sizeof(*h->acc));
	h->score = mem_zalloc(p->group_tok * p->k_block_tok, sizeof(*h->score));
	h->n_seen = mem_zalloc(p->group_tok, sizeof(*h->n_seen));
	h->q8 = mem_zalloc(s->n_q_tok * s->dim, 1);
	h->k8 = mem_zalloc(s->n_k_tok * s->dim, 1);
	h->q_scale = mem_zalloc(m->n_rows, sizeof(*h->q_scale));
	h->k_scale = mem_zalloc(m->n_cols, sizeof(*h->k_scale));
}

static void head_finish(struct head *h)
{
	free(h->state);
	free(h->acc);
	free(h->score);
	free(h->n_seen);
	free(h->q8);
	free(h->k8);
	free(h->q_scale);
	free(h->k_scale);
}

void das_attn(float *out, uint8_t *pv, const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const float *q, const float *k, const float *v,
	struct attn_count *count)
{
	size_t groups = (s->n_q_tok + p->group_tok - 1) / p->group_tok;
	struct attn_count c = {0};
	struct head h;

	assert(p->q_block_tok % p->group_tok == 0 && p->lambda_nats < 0.0);
	assert(m->n_heads == s->n_heads && m->q_block_tok == p->q_block_tok);
	head_init(&h, s, p, m);
	if (pv)
		memset(pv, 0, s->n_heads * groups * m->n_cols);
	for (size_t i = 0; i < s->n_heads; i++) {
		size_t kv = i / (s->n_heads / s->n_kv_heads) * s->n_k_tok * s->dim;

		h.q = q + i * s->n_q_tok * s->dim;
		h.k = k + kv;
		h.v = v + kv;
		if (h.p.scores == DAS_SCORES_INT8) {
			das_quantise_q(h.q8, h.q_scale, s, p, h.q);
			das_quantise_k(h.k8, h.k_scale, s, p, h.k);
		}
		for (size_t r = 0; r < m->n_rows; r++) {
			size_t g0 = i * groups + r * (p->q_block_tok / p->group_tok);

			block_row(&h, out + (i * s->n_q_tok + r * p->q_block_tok) * s->dim,
				pv ? pv + g0 * m->n_cols : NULL, m, r,
				m->why + (i * m->n_rows + r) * m->n_cols, &c);
		}
	}
	c.flop = 2 * s->dim * (c.pairs_qk + c.pairs_pv);
	head_finish(&h);
	if (count)
		attn_count_add(count, &c);
}
