/* Stage 1 of DAS: self-similarity, pooled map, selection. */
#include "kernels-ref/ref/das.h"
#include "kernels-ref/ref/das_row.h"
#include "kernels-ref/ref/online.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct das_params das_params_default(void)
{
	return (struct das_params){
		.q_block_tok = 128,
		.k_block_tok = 64,
		.group_tok = 32,
		.dense_below_tok = 128,
		.theta = 0.6,
		.tau = 0.98,
		.topk_share = 0.5,
		.lambda_nats = -34.657359, /* -50 ln 2 */
		.rule = DAS_TOP_CDF,
		.denominator = DAS_SUM_KEPT,
		.scores = DAS_SCORES_EXACT,
	};
}

struct das_mask *das_mask_create(const struct attn_shape *s, const struct das_params *p)
{
	struct das_mask *m = mem_zalloc(1, sizeof(*m));

	m->n_heads = s->n_heads;
	m->q_block_tok = p->q_block_tok;
	m->k_block_tok = p->k_block_tok;
	m->n_rows = (s->n_q_tok + p->q_block_tok - 1) / p->q_block_tok;
	m->n_cols = (s->n_k_tok + p->k_block_tok - 1) / p->k_block_tok;
	m->why = mem_zalloc(m->n_heads * m->n_rows * m->n_cols, sizeof(*m->why));
	m->map = mem_zalloc(m->n_heads * m->n_rows * m->n_cols, sizeof(*m->map));
	m->sim_q = mem_zalloc(m->n_heads * m->n_rows, sizeof(*m->sim_q));
	m->sim_k = mem_zalloc(m->n_heads * m->n_cols, sizeof(*m->sim_k));
	return m;
}

void das_mask_destroy(struct das_mask *m)
{
	if (!m)
		return;
	free(m->why);
	free(m->map);
	free(m->sim_q);
	free(m->sim_k);
	free(m);
}

bool das_visible(const struct attn_shape *s, const struct das_mask *m, size_t row, size_t col)
{
	size_t end = (row + 1) * m->q_block_tok;

	return col * m->k_block_tok < attn_visible(s, (end < s->n_q_tok ? end : s->n_q_tok) - 1);
}

/* A block with a visible pair that does not lie wholly on or below the diagonal, or that holds
 * the own key of one of its rows. */
static bool on_diagonal(
	const struct attn_shape *s, const struct das_mask *m, size_t row, size_t col)
{
	size_t first_own = row * m->q_block_tok + s->n_k_tok - s->n_q_tok;

	return s->causal && das_visible(s, m, row, col) && (col + 1) * m->k_block_tok > first_own;
}

void das_mean(double *mean, const float *x, size_t n, size_t dim)
{
	memset(mean, 0, dim * sizeof(*mean));
	for (size_t i = 0; i < n; i++) {
		for (size_t d = 0; d < dim; d++)
			mean[d] += (double)x[i * dim + d];
	}
	for (size_t d = 0; d < dim; d++)
		mean[d] /= (double)n;
}

/* One block of @n rows, @off taken from each: pooled mean, and the mean pairwise cosine by the
 * identity  sum_ab <u_a, u_b> / n^2 = |sum_a u_a / n|^2,  u = x/|x|. Room: @unit [dim]. */
static double pool_block(
	double *mean, double *unit, const float *x, const double *off, size_t n, size_t dim)
{
	double sim = 0.0;

	memset(mean, 0, dim * sizeof(*mean));
	memset(unit, 0, dim * sizeof(*unit));
	for (size_t i = 0; i < n; i++) {
		double norm2 = 0.0, inv;

		for (size_t d = 0; d < dim; d++) {
			double y = (double)x[i * dim + d] - off[d];

			mean[d] += y / (double)n;
			norm2 += y * y;
		}
		inv = norm2 > 0.0 ? 1.0 / sqrt(norm2) : 0.0;
		for (size_t d = 0; d < dim; d++)
			unit[d] += ((double)x[i * dim + d] - off[d]) * inv;
	}
	for (size_t d = 0; d < dim; d++)
		sim += unit[d] / (double)n * (unit[d] / (double)n);
	return fmin(sim, 1.0); /* rounding must not lift a block above theta = 1 */
}

static void pool(double *mean, double *sim, const float *x, const double *off, size_t n_tok,
	size_t block_tok, size_t dim)
{
	double *unit = mem_zalloc(dim, sizeof(*unit));

	for (size_t b = 0; b * block_tok < n_tok; b++) {
		size_t left = n_tok - b * block_tok, n = left < block_tok ? left : block_tok;

		sim[b] = pool_block(mean + b * dim, unit, x + b * block_tok * dim, off, n, dim);
	}
	free(unit);
}

struct candidate {
	double mass;
	size_t col;
};

static int by_mass(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->mass != y->mass)
		return x->mass > y->mass ? -1 : 1;
	return x->col < y->col ? -1 : x->col > y->col;
}

/* How many of the sorted candidates to take. */
static size_t prefix(const struct candidate *c, size_t n, const struct das_params *p)
{
	double total = 0.0, sum = 0.0;
	size_t take = 0;

	if (p->rule == DAS_TOP_K) {
		take = (size_t)ceil(p->topk_share * (double)n);
		return take < 1 ? 1 : take > n ? n : take;
	}
	if (p->tau >= 1.0) /* rounding must not end the sum before the last block */
		return n;
	for (size_t i = 0; i < n; i++)
		total += c[i].mass;
	while (take < n && sum < p->tau * total) {
		if (p->rule == DAS_TOP_CDF_BEFORE && take > 0 &&
			sum + c[take].mass > p->tau * total)
			break;
		sum += c[take++].mass;
	}
	return take < 1 ? 1 : take;
}

void das_select_row(uint8_t *why, double *map, size_t n, const struct das_params *p)
{
	struct candidate *cand = mem_zalloc(n, sizeof(*cand));
	double peak = online_peak(map, n), sum = 0.0;
	size_t n_cand = 0, take;

	for (size_t j = 0; j < n; j++) {
		if (map[j] > -HUGE_VAL)
			cand[n_cand++].col = j;
		sum += map[j] = map[j] > -HUGE_VAL ? exp(map[j] - peak) : 0.0;
	}
	for (size_t j = 0; j < n && n_cand > 0; j++)
		map[j] /= sum;
	for (size_t i = 0; i < n_cand; i++)
		cand[i].mass = map[cand[i].col];
	qsort(cand, n_cand, sizeof(*cand), by_mass);
	take = n_cand > 0 ? prefix(cand, n_cand, p) : 0;
	for (size_t i = 0; i < take; i++)
		why[cand[i].col] |= DAS_BY_MAP;
	free(cand);
}

/* One row of blocks of one head; @q and @k are the pooled means. */
static void predict_row(struct das_mask *m, const struct attn_shape *s, const struct das_params *p,
	size_t head, size_t row, const double *q, const double *k)
{
	size_t at = (head * m->n_rows + row) * m->n_cols;
	const double *sim_k = m->sim_k + head * m->n_cols;
	double sim_q = m->sim_q[head * m->n_rows + row];

	for (size_t j = 0; j < m->n_cols; j++) {
		bool fixed = sim_k[j] <= p->theta, visible = das_visible(s, m, row, j);
		double dot = 0.0;

		for (size_t d = 0; d < s->dim; d++)
			dot += q[d] * k[j * s->dim + d];
		m->map[at + j] = visible && !fixed ? attn_scale(s) * dot : -HUGE_VAL;
		m->why[at + j] =
			(uint8_t)(visible *
				  ((sim_q <= p->theta ? DAS_BY_SIM_Q : 0) |
					  (fixed ? DAS_BY_SIM_K : 0) |
					  (on_diagonal(s, m, row, j) ? DAS_BY_DIAGONAL : 0) |
					  (s->n_k_tok < p->dense_below_tok ? DAS_BY_LENGTH : 0)));
	}
	das_select_row(m->why + at, m->map + at, m->n_cols, p);
}

void das_predict(struct das_mask *m, const struct attn_shape *s, const struct das_params *p,
	const float *q, const float *k)
{
	double *q_mean = mem_zalloc(m->n_rows * s->dim, sizeof(*q_mean));
	double *k_mean = mem_zalloc(m->n_cols * s->dim, sizeof(*k_mean));
	double *k_bar = mem_zalloc(s->dim, sizeof(*k_bar));
	double *zero = mem_zalloc(s->dim, sizeof(*zero));

	assert(m->n_heads == s->n_heads && m->q_block_tok == p->q_block_tok);
	for (size_t h = 0; h < s->n_heads; h++) {
		const float *kh = k + h / (s->n_heads / s->n_kv_heads) * s->n_k_tok * s->dim;

		das_mean(k_bar, kh, s->n_k_tok, s->dim);
		pool(k_mean, m->sim_k + h * m->n_cols, kh, k_bar, s->n_k_tok, p->k_block_tok,
			s->dim);
		pool(q_mean, m->sim_q + h * m->n_rows, q + h * s->n_q_tok * s->dim, zero,
			s->n_q_tok, p->q_block_tok, s->dim);
		for (size_t i = 0; i < m->n_rows; i++)
			predict_row(m, s, p, h, i, q_mean + i * s->dim, k_mean);
	}
	free(q_mean);
	free(k_mean);
	free(k_bar);
	free(zero);
}

double das_block_sparsity(const struct attn_shape *s, const struct das_mask *m, size_t head)
{
	size_t visible = 0, kept = 0;

	for (size_t i = 0; i < m->n_rows; i++) {
		for (size_t j = 0; j < m->n_cols; j++) {
			if (!das_visible(s, m, i, j))
				continue;
			visible++;
			kept += m->why[(head * m->n_rows + i) * m->n_cols + j] != DAS_SKIP;
		}
	}
	return 1.0 - (double)kept / (double)visible;
}

double das_kept_mass(const struct das_mask *m, size_t head, size_t row)
{
	size_t at = (head * m->n_rows + row) * m->n_cols;
	double kept = 0.0, all = 0.0;

	for (size_t j = 0; j < m->n_cols; j++) {
		all += m->map[at + j];
		kept += m->why[at + j] != DAS_SKIP ? m->map[at + j] : 0.0;
	}
	return all > 0.0 ? kept : 1.0;
}
