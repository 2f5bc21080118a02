/* Dense and DAS attention in float, tile by tile; built once per instruction set. */
#include "kernels-ref/cpu/fast_vec.h"
#include "kernels-ref/ref/das.h"
#include "kernels-ref/ref/das_row.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

void FAST(sparse_attn)(float *out, const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const float *q, const float *k, const float *v);

enum { ROWS = 4, STRIP = 2 * VEC_LEN };

/* One head at work. Keys lie transposed, block by block, so that both products of attention
 * are C += A B with B read along its rows; columns are padded to whole strips. */
struct work {
	const struct attn_shape *s;
	const struct das_params *p;
	size_t qb, kb, kb_pad, dim_pad;
	float *q;         /* [n_q][dim] */
	float *kt;        /* [n_cols][dim][kb_pad] */
	float *v;         /* [n_k][dim_pad] */
	float *q_scale;   /* [n_rows] and */
	float *k_scale;   /* [n_cols]: 1, or those of the int8 blocks */
	float *max, *sum; /* [q_block] */
	float *acc;       /* [q_block][dim_pad] */
	float *score;     /* [group][kb_pad] */
	float *peak;      /* [group] largest score of each row in the block at hand */
	size_t *n_seen;   /* [group] its keys there that the row may see */
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* C[rows][STRIP] += A[rows][k] B[k][STRIP]; @rows is a constant where it is called. */
static inline __attribute__((always_inline)) void strip(float *c, size_t ldc, const float *a,
	size_t lda, const float *b, size_t ldb, size_t k, size_t rows)
{
	vec_f sum[ROWS][2];

	for (size_t i = 0; i < rows; i++) {
		sum[i][0] = vec_load(c + i * ldc);
		sum[i][1] = vec_load(c + i * ldc + VEC_LEN);
	}
	for (size_t t = 0; t < k; t++) {
		vec_f b0 = vec_load(b + t * ldb), b1 = vec_load(b + t * ldb + VEC_LEN);

		for (size_t i = 0; i < rows; i++) {
			vec_f x = vec_all(a[i * lda + t]);

			sum[i][0] += x * b0;
			sum[i][1] += x * b1;
		}
	}
	for (size_t i = 0; i < rows; i++) {
		vec_store(c + i * ldc, sum[i][0]);
		vec_store(c + i * ldc + VEC_LEN, sum[i][1]);
	}
}

/* C[rows][cols] += A[rows][k] B[k][cols], cols in whole strips. */
static void product(float *c, size_t ldc, const float *a, size_t lda, const float *b, size_t rows,
	size_t k, size_t cols)
{
	for (size_t j = 0; j < cols; j += STRIP) {
		size_t i = 0;

		for (; i + ROWS <= rows; i += ROWS)
			strip(c + i * ldc + j, ldc, a + i * lda, lda, b + j, cols, k, ROWS);
		for (; i < rows; i++)
			strip(c + i * ldc + j, ldc, a + i * lda, lda, b + j, cols, k, 1);
	}
}

static float row_peak(const float *score, size_t n)
{
	vec_f most = vec_all(-1e30f);
	float peak = -1e30f;

	for (size_t j = 0; j < n; j += VEC_LEN)
		most = vec_max(most, vec_load(score + j));
	for (size_t j = 0; j < VEC_LEN; j++)
		peak = fmaxf(peak, most[j]);
	return peak;
}

/* Scores of a group against a block, scaled; hidden ones -1e30. Sets n_seen and peak. */
static void score_group(struct work *w, size_t r0, size_t rows, size_t col, size_t keys)
{
	size_t dim = w->s->dim, k0 = col * w->kb;
	float scale = (float)attn_scale(w->s) * w->k_scale[col];

	memset(w->score, 0, rows * w->kb_pad * sizeof(*w->score));
	product(w->score, w->kb_pad, w->q + r0 * dim, dim, w->kt + col * dim * w->kb_pad, rows, dim,
		w->kb_pad);
	for (size_t i = 0; i < rows; i++) {
		float *score = w->score + i * w->kb_pad, f = scale * w->q_scale[(r0 + i) / w->qb];
		size_t end = attn_visible(w->s, r0 + i);

		w->n_seen[i] = end <= k0 ? 0 : least(end - k0, keys);
		for (size_t j = 0; j < w->kb_pad; j += VEC_LEN)
			vec_store(score + j, vec_load(score + j) * f);
		for (size_t j = w->n_seen[i]; j < w->kb_pad; j++)
			score[j] = -1e30f;
		w->peak[i] = row_peak(score, w->kb_pad);
	}
}

static bool negligible(const struct work *w, const float *max, size_t rows)
{
	float most = -HUGE_VALF;

	for (size_t i = 0; i < rows; i++) {
		if (w->n_seen[i] > 0)
			most = fmaxf(most, w->peak[i] - max[i]);
	}
	return (double)most < w->p->lambda_nats;
}

/* Turn scores into e^(score - @max), in place; their sum. */
static float weigh(float *score, size_t n, float max)
{
	vec_f sum = vec_all(0.0f);

	for (size_t j = 0; j < n; j += VEC_LEN) {
		vec_f x = vec_exp(vec_load(score + j) - max);

		vec_store(score + j, x);
		sum += x;
	}
	return vec_sum(sum);
}

/* Rows of a group take a block in: new maximum, shrunk sums, weights in place of scores. */
static void take_in(struct work *w, size_t g, size_t rows)
{
	for (size_t i = 0; i < rows; i++) {
		float *score = w->score + i * w->kb_pad, *acc = w->acc + (g + i) * w->dim_pad;
		float max = fmaxf(w->max[g + i], w->peak[i]), shrink = expf(w->max[g + i] - max);

		if (w->n_seen[i] == 0) {
			memset(score, 0, w->kb_pad * sizeof(*score));
			continue;
		}
		w->max[g + i] = max;
		w->sum[g + i] = w->sum[g + i] * shrink + weigh(score, w->kb_pad, max);
		for (size_t d = 0; shrink < 1.0f && d < w->dim_pad; d += VEC_LEN)
			vec_store(acc + d, vec_load(acc + d) * shrink);
	}
}

static void group_block(struct work *w, size_t r0, size_t g, size_t rows, size_t col)
{
	size_t k0 = col * w->kb, keys = least(w->kb, w->s->n_k_tok - k0);

	if (attn_visible(w->s, r0 + g + rows - 1) <= k0)
		return;
	score_group(w, r0 + g, rows, col, keys);
	if (w->p && negligible(w, w->max + g, rows)) {
		for (size_t i = 0; w->p->denominator == DAS_SUM_ALL && i < rows; i++) {
			if (w->n_seen[i] > 0)
				w->sum[g + i] +=
					weigh(w->score + i * w->kb_pad, w->kb_pad, w->max[g + i]);
		}
		return;
	}
	take_in(w, g, rows);
	product(w->acc + g * w->dim_pad, w->dim_pad, w->score, w->kb_pad, w->v + k0 * w->dim_pad,
		rows, keys, w->dim_pad);
}

/* One row of blocks; @why of the mask or NULL. */
static void block_row(
	struct work *w, float *out, const uint8_t *why, size_t r0, size_t rows, size_t group)
{
	size_t dim = w->s->dim, end = attn_visible(w->s, r0 + rows - 1);

	for (size_t i = 0; i < rows; i++) {
		w->max[i] = -HUGE_VALF;
		w->sum[i] = 0.0f;
	}
	memset(w->acc, 0, rows * w->dim_pad * sizeof(*w->acc));
	for (size_t col = 0; col * w->kb < end; col++) {
		for (size_t g = 0; (!why || why[col] != DAS_SKIP) && g < rows; g += group)
			group_block(w, r0, g, least(group, rows - g), col);
	}
	for (size_t i = 0; i < rows * dim; i++) {
		float sum = w->sum[i / dim];

		out[i] = sum > 0.0f ? w->acc[i / dim * w->dim_pad + i % dim] / sum : 0.0f;
	}
}

static void transpose_keys(struct work *w, const float *k)
{
	size_t dim = w->s->dim;

	for (size_t j = 0; j < w->s->n_k_tok; j++) {
		float *to = w->kt + j / w->kb * dim * w->kb_pad + j % w->kb;

		for (size_t d = 0; d < dim; d++)
			to[d * w->kb_pad] = k[j * dim + d];
	}
}

/* Integers of int8 blocks held in float: sums up to 127^2 dim stay exact below 2^24. */
static void load_int8(struct work *w, const float *q, const float *k)
{
	const struct attn_shape *s = w->s;
	size_t nq = s->n_q_tok * s->dim, nk = s->n_k_tok * s->dim;
	int8_t *x = mem_zalloc(nq > nk ? nq : nk, 1);
	float *kf = mem_zalloc(nk, sizeof(*kf));

	das_quantise_q(x, w->q_scale, s, w->p, q);
	for (size_t i = 0; i < nq; i++)
		w->q[i] = x[i];
	das_quantise_k(x, w->k_scale, s, w->p, k);
	for (size_t i = 0; i < nk; i++)
		kf[i] = x[i];
	transpose_keys(w, kf);
	free(x);
	free(kf);
}

static void load_head(struct work *w, const float *q, const float *k, const float *v, bool int8)
{
	const struct attn_shape *s = w->s;

	for (size_t j = 0; j < s->n_k_tok; j++)
		memcpy(w->v + j * w->dim_pad, v + j * s->dim, s->dim * sizeof(*v));
	if (int8) {
		load_int8(w, q, k);
		return;
	}
	memcpy(w->q, q, s->n_q_tok * s->dim * sizeof(*q));
	transpose_keys(w, k);
	for (size_t i = 0; i < s->n_q_tok; i++)
		w->q_scale[i] = 1.0f;
	for (size_t j = 0; j < s->n_k_tok; j++)
		w->k_scale[j] = 1.0f;
}

static void work_init(struct work *w, const struct attn_shape *s, const struct das_params *p,
	size_t qb, size_t kb, size_t group)
{
	size_t cols = (s->n_k_tok + kb - 1) / kb;

	*w = (struct work){.s = s, .p = p, .qb = qb, .kb = kb, .kb_pad = round_up(kb, STRIP)};
	w->dim_pad = round_up(s->dim, STRIP);
	w->q = mem_zalloc(s->n_q_tok * s->dim, sizeof(float));
	w->kt = mem_zalloc(cols * s->dim * w->kb_pad, sizeof(float));
	w->v = mem_zalloc(s->n_k_tok * w->dim_pad, sizeof(float));
	w->q_scale = mem_zalloc(s->n_q_tok, sizeof(float));
	w->k_scale = mem_zalloc(s->n_k_tok, sizeof(float));
	w->max = mem_zalloc(qb, sizeof(float));
	w->sum = mem_zalloc(qb, sizeof(float));
	w->acc = mem_zalloc(qb * w->dim_pad, sizeof(float));
	w->score = mem_zalloc(group * w->kb_pad, sizeof(float));
	w->peak = mem_zalloc(group, sizeof(float));
	w->n_seen = mem_zalloc(group, sizeof(size_t));
}

static void work_finish(struct work *w)
{
	free(w->q);
	free(w->kt);
	free(w->v);
	free(w->q_scale);
	free(w->k_scale);
	free(w->max);
	free(w->sum);
	free(w->acc);
	free(w->score);
	free(w->peak);
	free(w->n_seen);
}

void FAST(sparse_attn)(float *out, const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const float *q, const float *k, const float *v)
{
	bool dense = !m || s->n_k_tok < p->dense_below_tok;
	size_t qb = dense ? 128 : p->q_block_tok, kb = dense ? 64 : p->k_block_tok;
	size_t group = dense ? 128 : p->group_tok;
	struct work w;

	work_init(&w, s, dense ? NULL : p, qb, kb, group);
	for (size_t h = 0; h < s->n_heads; h++) {
		size_t kv = h / (s->n_heads / s->n_kv_heads) * s->n_k_tok * s->dim;
		size_t at = h * s->n_q_tok * s->dim;

		load_head(&w, q + at, k + kv, v + kv, !dense && p->scores == DAS_SCORES_INT8);
		for (size_t r = 0; r * qb < s->n_q_tok; r++)
			block_row(&w, out + at + r * qb * s->dim,
				dense ? NULL : m->why + (h * m->n_rows + r) * m->n_cols, r * qb,
				least(qb, s->n_q_tok - r * qb), group);
	}
	work_finish(&w);
}
