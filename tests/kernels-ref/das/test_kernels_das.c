/* Properties of DAS that must hold on any input, and small cases by hand. */
#include "tests/support/check.h"

#include "kernels-ref/das/tune.h"
#include "kernels-ref/ref/das.h"
#include "kernels-ref/ref/error.h"
#include "kernels-ref/ref/num.h"
#include "kernels-ref/ref/synth.h"

#include <stdlib.h>
#include <string.h>

/* Inputs of one case, and what DAS made of them. */
struct trial {
	struct attn_shape s;
	struct das_params p;
	float *q, *k, *v, *out, *dense;
	uint8_t *pv;
	struct das_mask *m;
	struct attn_count c;
};

static struct trial trial_make(struct attn_shape s, struct das_params p)
{
	struct trial t = {.s = s, .p = p};
	size_t groups = (s.n_q_tok + p.group_tok - 1) / p.group_tok;

	t.q = calloc(s.n_heads * s.n_q_tok * s.dim, sizeof(float));
	t.out = calloc(s.n_heads * s.n_q_tok * s.dim, sizeof(float));
	t.dense = calloc(s.n_heads * s.n_q_tok * s.dim, sizeof(float));
	t.k = calloc(s.n_kv_heads * s.n_k_tok * s.dim, sizeof(float));
	t.v = calloc(s.n_kv_heads * s.n_k_tok * s.dim, sizeof(float));
	t.m = das_mask_create(&s, &p);
	t.pv = calloc(s.n_heads * groups * t.m->n_cols, 1);
	return t;
}

static void trial_free(struct trial *t)
{
	free(t->q);
	free(t->k);
	free(t->v);
	free(t->out);
	free(t->dense);
	free(t->pv);
	das_mask_destroy(t->m);
}

static void trial_run(struct trial *t)
{
	t->c = (struct attn_count){0};
	das_predict(t->m, &t->s, &t->p, t->q, t->k);
	das_attn(t->out, t->pv, &t->s, &t->p, t->m, t->q, t->k, t->v, &t->c);
	attn_dense(t->dense, &t->s, t->q, t->k, t->v, NULL);
}

/* @heads heads on @kv, @n tokens, dimension 16, synthetic structure with short correlation so
 * that many blocks differ. */
static struct trial structured(size_t heads, size_t kv, size_t n, bool causal, struct das_params p)
{
	struct attn_shape s = {.n_heads = heads,
		.n_kv_heads = kv,
		.n_q_tok = n,
		.n_k_tok = n,
		.dim = 16,
		.causal = causal};
	struct synth_params sp = synth_params_default();
	struct trial t = trial_make(s, p);

	sp.local_tok = 60.0;
	synth_qkv(t.q, t.k, t.v, &s, &sp, 5 + n);
	return t;
}

/* Blocks of 32 x 16 make many of them out of few tokens; stage 2 off unless a test sets it. */
static struct das_params small_blocks(void)
{
	struct das_params p = das_params_default();

	p.q_block_tok = 32;
	p.k_block_tok = 16;
	p.group_tok = 8;
	p.lambda_nats = -HUGE_VAL;
	return p;
}

static size_t out_bytes(const struct trial *t)
{
	return t->s.n_heads * t->s.n_q_tok * t->s.dim * sizeof(float);
}

static void assert_all_computed_and_equal_to_dense(struct das_params p)
{
	static const size_t lengths[] = {128, 150, 192, 257, 300};

	p.lambda_nats = -HUGE_VAL;
	for (size_t i = 0; i < 2 * sizeof(lengths) / sizeof(*lengths); i++) {
		struct trial t = structured(2, 1, lengths[i / 2], i % 2, p);

		trial_run(&t);
		assert_int_equal(t.c.blocks_qk, t.c.blocks);
		assert_int_equal(t.c.pairs_pv, t.c.pairs);
		assert_memory_equal(t.out, t.dense, out_bytes(&t));
		trial_free(&t);
	}
}

/* Same key tiles of 64, same order of sums: equal to the last bit. */
static void tau_of_one_or_more_is_dense_bit_for_bit(void **state)
{
	struct das_params p = das_params_default();

	(void)state;
	p.theta = -1.0;
	p.tau = 1.0;
	assert_all_computed_and_equal_to_dense(p);
	p.tau = 1.5;
	assert_all_computed_and_equal_to_dense(p);
}

static void theta_of_one_fixes_every_block_and_is_dense(void **state)
{
	struct das_params p = das_params_default();

	(void)state;
	p.theta = 1.0;
	p.tau = 0.3;
	assert_all_computed_and_equal_to_dense(p);
}

/* Identical rows have self-similarity 1, in floating point for some vectors 1 + 2^-52: it must
 * still be at or below 1. 200 vectors, to meet such ones. */
static void theta_of_one_fixes_blocks_of_identical_rows_too(void **state)
{
	struct attn_shape s = {
		.n_heads = 200, .n_kv_heads = 200, .n_q_tok = 192, .n_k_tok = 192, .dim = 7};
	struct das_params p = das_params_default();
	struct trial t;

	(void)state;
	p.theta = 1.0;
	p.tau = 0.3;
	t = trial_make(s, p);
	for (size_t i = 0; i < 200 * 192 * 7; i++) {
		float x = (float)rand_normal(40 + i / (192 * 7), i % 7);

		t.q[i] = x;
		t.k[i] = i / 7 % 192 < 64 ? 0.3f * x : -0.1f * x;
	}
	das_predict(t.m, &t.s, &t.p, t.q, t.k);
	for (size_t h = 0; h < 200; h++) {
		assert_near(das_block_sparsity(&t.s, t.m, h), 0.0, 0.0);
		for (size_t i = 0; i < 2; i++) {
			assert_near(t.m->sim_q[2 * h + i], 1.0, 1e-12);
			assert_true(t.m->sim_q[2 * h + i] <= 1.0);
		}
	}
	trial_free(&t);
}

/* One block has all the mass but e^-500 or so: sums reach 1 with it, yet tau 1 means all. */
static void tau_of_one_keeps_blocks_too_light_to_count(void **state)
{
	struct das_params p = das_params_default();
	struct trial t;

	(void)state;
	p.theta = -1.0;
	p.tau = 1.0;
	t = structured(1, 1, 400, false, p);
	for (size_t i = 0; i < 400 * 16; i++)
		t.q[i] *= 100.0f;
	das_predict(t.m, &t.s, &t.p, t.q, t.k);
	assert_near(das_block_sparsity(&t.s, t.m, 0), 0.0, 0.0);
	t.p.tau = 0.999999;
	das_predict(t.m, &t.s, &t.p, t.q, t.k);
	assert_true(das_block_sparsity(&t.s, t.m, 0) > 0.5);
	trial_free(&t);
}

static void below_128_tokens_it_is_dense(void **state)
{
	struct das_params p = das_params_default();

	(void)state;
	p.theta = -1.0;
	p.tau = 0.01;
	p.lambda_nats = -1e-3;
	p.scores = DAS_SCORES_INT8;
	for (size_t n = 65; n <= 127; n += 31) {
		struct trial t = structured(2, 2, n, false, p);

		trial_run(&t);
		assert_memory_equal(t.out, t.dense, out_bytes(&t));
		assert_int_equal(t.c.pairs_pv, t.c.pairs);
		assert_int_equal(t.m->why[0] & DAS_BY_LENGTH, DAS_BY_LENGTH);
		trial_free(&t);
	}
}

static void kept_mass_reaches_tau_in_every_row(void **state)
{
	static const double taus[] = {0.2, 0.5, 0.9, 0.98, 0.999};
	size_t skipped = 0;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		struct das_params p = small_blocks();
		struct trial t;

		p.theta = 0.3;
		p.tau = taus[i / 2];
		t = structured(3, 3, 333, i % 2, p);
		trial_run(&t);
		for (size_t h = 0; h < 3; h++) {
			for (size_t r = 0; r < t.m->n_rows; r++)
				assert_true(das_kept_mass(t.m, h, r) >= p.tau - 1e-12);
		}
		skipped += t.c.blocks - t.c.blocks_qk;
		trial_free(&t);
	}
	assert_true(skipped > 1000); /* else the property above would be empty */
}

/* Rounding: outputs are stored in float, |O| <= max|v| < 10, so 2^-24 * 10 * sqrt(16) = 2.4e-6. */
static void error_stays_below_twice_the_lost_mass(void **state)
{
	double most_lost = 0.0;

	(void)state;
	for (size_t i = 0; i < 24; i++) {
		struct das_params p = small_blocks();
		struct das_error e;
		struct trial t;

		p.theta = i % 2 ? -1.0 : 0.2;
		p.tau = i % 3 == 0 ? 0.4 : i % 3 == 1 ? 0.8 : 0.95;
		p.lambda_nats = i % 4 < 2 ? -3.0 : -HUGE_VAL;
		p.denominator = i % 4 ? DAS_SUM_KEPT : DAS_SUM_ALL;
		t = structured(2, 1, 200 + 7 * i, i % 5 != 0, p);
		trial_run(&t);
		das_error_measure(&e, &t.s, &t.p, t.m, t.pv, t.q, t.k, t.v, t.out);
		assert_true(e.over_bound <= 2.4e-6);
		assert_true(e.lost_max <= 1.0 + 1e-12);
		most_lost = fmax(most_lost, e.lost_max);
		trial_free(&t);
	}
	assert_true(most_lost > 0.1);
}

/* Two keys, q.k = 0 and -ln 9: probabilities .9 and .1, values 2 and -2, |v| = 2. Skipping the
 * second block loses delta = .1 and gives 2 instead of 1.6: error .4 = 2 * .1 * 2, the bound. */
static void the_bound_is_tight(void **state)
{
	struct attn_shape s = {.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 1, .n_k_tok = 2, .dim = 1};
	struct das_params p = das_params_default();
	struct das_error e;
	struct trial t;

	(void)state;
	p.q_block_tok = p.group_tok = p.k_block_tok = 1;
	p.dense_below_tok = 0;
	p.theta = -1.0;
	p.tau = 0.5;
	t = trial_make(s, p);
	t.q[0] = 1.0f;
	t.k[1] = -2.1972246f;
	t.v[0] = 2.0f;
	t.v[1] = -2.0f;
	trial_run(&t);
	assert_near((double)t.dense[0], 1.6, 1e-6);
	assert_near((double)t.out[0], 2.0, 0.0);
	das_error_measure(&e, &t.s, &t.p, t.m, t.pv, t.q, t.k, t.v, t.out);
	assert_near(e.lost_max, 0.1, 1e-7);
	assert_near(e.worst_row, 0.4, 1e-6);
	assert_near(e.over_bound, 0.0, 1e-6);
	assert_near(e.rel_l1, 0.25, 1e-6);
	trial_free(&t);
}

/* A query of zeros sees 4 blocks with .25 each. tau .6: .25 + .25 = .5 < .6 <= .75, so three
 * blocks reach it, pruned mass .25 <= 1 - .6 (Eq. 15). Stopping before tau is exceeded keeps
 * two: pruned .5 > .4, and Eq. 15 is false. */
static void eq_15_holds_with_the_crossing_block_and_fails_without(void **state)
{
	struct attn_shape s = {
		.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 32, .n_k_tok = 64, .dim = 2};
	struct das_params p = small_blocks();
	struct das_paper_bound b;
	struct trial t;

	(void)state;
	p.dense_below_tok = 0;
	p.theta = -1.0;
	p.tau = 0.6;
	t = trial_make(s, p);
	for (size_t i = 0; i < 64 * 2; i++)
		t.k[i] = (float)rand_normal(1, i);
	trial_run(&t);
	das_paper_bound_eval(&b, &t.s, &t.p, t.m, t.pv, 0, t.q, t.k, t.v);
	assert_int_equal(b.n_g, 1);
	assert_near(b.eq15_row, 0.25, 1e-12);
	assert_near(b.eq15_right, 0.4, 1e-12);
	t.p.rule = DAS_TOP_CDF_BEFORE;
	trial_run(&t);
	das_paper_bound_eval(&b, &t.s, &t.p, t.m, t.pv, 0, t.q, t.k, t.v);
	assert_int_equal(b.n_g, 2);
	assert_near(b.eq15_row, 0.5, 1e-12);
	assert_true(b.eq15_row > b.eq15_right);
	trial_free(&t);
}

/* As printed, Eq. 15 sums over the whole map, whose rows sum to 1 each: the two rows of blocks of
 * this case prune .25 each, in sum .5 > .4, though each row obeys. */
static void eq_15_is_a_statement_about_one_row(void **state)
{
	struct attn_shape s = {
		.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 64, .n_k_tok = 64, .dim = 2};
	struct das_params p = small_blocks();
	struct das_paper_bound b;
	struct trial t;

	(void)state;
	p.dense_below_tok = 0;
	p.theta = -1.0;
	p.tau = 0.6;
	t = trial_make(s, p);
	trial_run(&t);
	das_paper_bound_eval(&b, &t.s, &t.p, t.m, t.pv, 0, t.q, t.k, t.v);
	assert_near(b.eq15_row, 0.25, 1e-12);
	assert_near(b.eq15_left, 0.5, 1e-12);
	trial_free(&t);
}

/* The case above in numbers: q = 0, so every p = 1/64; v = 3 in both dimensions. One block pruned
 * of 32 rows x 16 keys: |P|_F = sqrt(512)/64 = .353553, P^ = .25, C = 1.414214;
 * |V_j|_F = sqrt(32 * 9) = 16.970563. P_ij V_j = 16/64 * 3 = .75 in 64 places: |.|_F = 6 = E_g.
 * Eq. 16: 6 <= 1.414214 * 16.970563 * .4 = 9.6. One row only, so 14 and 16 agree. */
static void eq_14_to_16_are_evaluated(void **state)
{
	struct attn_shape s = {
		.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 32, .n_k_tok = 64, .dim = 2};
	struct das_params p = small_blocks();
	struct das_paper_bound b;
	struct trial t;

	(void)state;
	p.dense_below_tok = 0;
	p.theta = -1.0;
	p.tau = 0.6;
	t = trial_make(s, p);
	for (size_t i = 0; i < 64 * 2; i++)
		t.v[i] = 3.0f;
	trial_run(&t);
	das_paper_bound_eval(&b, &t.s, &t.p, t.m, t.pv, 0, t.q, t.k, t.v);
	assert_near(b.c, 1.414214, 1e-6);
	assert_near(b.v_max, 16.970563, 1e-6);
	assert_near(b.eq14_left, 6.0, 1e-9);
	assert_near(b.eq14_right, 6.0, 1e-9);
	assert_near(b.eq16_left, 6.0, 1e-9);
	assert_near(b.eq16_right, 9.6, 1e-6);
	assert_near(b.eq19_right, 9.6, 1e-6);
	trial_free(&t);
}

/* One query, two keys, one to a block: scores 0 and -5, values 1 and 101, e^-5 = .0067379.
 * Dense: (1 + 101 * .0067379)/1.0067379 = 1.669285. lambda -4 skips the second block:
 * renormalised 1; with the paper's denominator 1/1.0067379 = .993307. Eq. 17: the pruned
 * probability .0067379/1.0067379 = .0066929 < e^-4 = .0183156. lambda -6 skips nothing. */
static void stage_two_skips_by_lambda_in_nats(void **state)
{
	struct attn_shape s = {.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 1, .n_k_tok = 2, .dim = 1};
	struct das_params p = das_params_default();
	struct das_paper_bound b;
	struct trial t;

	(void)state;
	p.q_block_tok = p.group_tok = p.k_block_tok = 1;
	p.dense_below_tok = 0;
	p.tau = 1.0;
	p.lambda_nats = -4.0;
	t = trial_make(s, p);
	t.q[0] = 1.0f;
	t.k[1] = -5.0f;
	t.v[0] = 1.0f;
	t.v[1] = 101.0f;
	trial_run(&t);
	assert_near((double)t.dense[0], 1.669285, 1e-6);
	assert_near((double)t.out[0], 1.0, 0.0);
	assert_int_equal(t.c.groups, 2);
	assert_int_equal(t.c.groups_pv, 1);
	das_paper_bound_eval(&b, &t.s, &t.p, t.m, t.pv, 0, t.q, t.k, t.v);
	assert_near(b.eq17_left, 0.0066929, 1e-7);
	assert_near(b.eq17_right, 0.0183156, 1e-7);
	assert_near(b.eq18_right, 101.0 * 0.0183156, 1e-4); /* |S_pv| = 1, b = 1 */
	t.p.denominator = DAS_SUM_ALL;
	trial_run(&t);
	assert_near((double)t.out[0], 0.993307, 1e-6);
	t.p.lambda_nats = -6.0;
	trial_run(&t);
	assert_near((double)t.out[0], 1.669285, 1e-6);
	trial_free(&t);
}

/* A group decides together: rows with scores (0, -5) and (0, -1) have peaks -5 and -1 below
 * what they saw. In one group lambda -4 skips nothing, since -1 > -4; apart, the first is. */
static void a_group_skips_only_when_all_its_rows_agree(void **state)
{
	struct attn_shape s = {.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 2, .n_k_tok = 2, .dim = 1};
	struct das_params p = das_params_default();
	struct trial t;

	(void)state;
	p.q_block_tok = p.group_tok = 2;
	p.k_block_tok = 1;
	p.dense_below_tok = 0;
	p.tau = 1.0;
	p.lambda_nats = -4.0;
	t = trial_make(s, p);
	t.q[0] = 5.0f;
	t.q[1] = 1.0f;
	t.k[1] = -1.0f;
	trial_run(&t);
	assert_int_equal(t.c.groups_pv, 2);
	assert_int_equal(t.c.pairs_pv, 4);
	trial_free(&t);
	p.group_tok = 1;
	t = trial_make(s, p);
	t.q[0] = 5.0f;
	t.q[1] = 1.0f;
	t.k[1] = -1.0f;
	trial_run(&t);
	assert_int_equal(t.c.groups, 4);
	assert_int_equal(t.c.groups_pv, 3);
	assert_int_equal(t.c.pairs_pv, 3);
	trial_free(&t);
}

/* Keys on a grid of 1/64 plus a constant on the grid: exact in float, so only the mean moves. */
static void the_mask_does_not_see_a_constant_added_to_the_keys(void **state)
{
	struct das_params p = small_blocks();

	(void)state;
	p.theta = 0.3;
	p.tau = 0.8;
	for (size_t c = 0; c < 2; c++) {
		struct trial t = structured(2, 2, 301, c, p);
		size_t n = t.m->n_heads * t.m->n_rows * t.m->n_cols;
		uint8_t *before = calloc(n, 1);

		for (size_t i = 0; i < 2 * 301 * 16; i++)
			t.k[i] = roundf(t.k[i] * 64.0f) / 64.0f;
		trial_run(&t);
		memcpy(before, t.m->why, n);
		for (size_t i = 0; i < 2 * 301 * 16; i++)
			t.k[i] += 3.0f + (float)(i % 16) / 4.0f;
		trial_run(&t);
		assert_memory_equal(before, t.m->why, n);
		assert_true(das_block_sparsity(&t.s, t.m, 0) > 0.1);
		free(before);
		trial_free(&t);
	}
}

/* Heads 0, 1, 2 become 2, 0, 1: so do masks and outputs, bit for bit. */
static void permuting_heads_permutes_results(void **state)
{
	static const size_t to[] = {2, 0, 1};
	struct das_params p = small_blocks();
	struct trial a, b;
	size_t head, blocks;

	(void)state;
	p.lambda_nats = -4.0;
	p.scores = DAS_SCORES_INT8;
	a = structured(3, 3, 210, true, p);
	b = structured(3, 3, 210, true, p);
	head = 210 * 16;
	blocks = a.m->n_rows * a.m->n_cols;
	for (size_t h = 0; h < 3; h++) {
		memcpy(b.q + to[h] * head, a.q + h * head, head * sizeof(float));
		memcpy(b.k + to[h] * head, a.k + h * head, head * sizeof(float));
		memcpy(b.v + to[h] * head, a.v + h * head, head * sizeof(float));
	}
	trial_run(&a);
	trial_run(&b);
	for (size_t h = 0; h < 3; h++) {
		assert_memory_equal(b.out + to[h] * head, a.out + h * head, head * sizeof(float));
		assert_memory_equal(b.m->why + to[h] * blocks, a.m->why + h * blocks, blocks);
	}
	assert_memory_not_equal(a.out, b.out, head * sizeof(float));
	trial_free(&a);
	trial_free(&b);
}

/* The definition: mean over all pairs (a, b), a = b included, of the cosine; blocks of 32 and 16
 * rows with tails of 13 and 13 out of 333 = 10 * 32 + 13 = 20 * 16 + 13. K has its mean off. */
static double mean_cosine(const float *x, const double *off, size_t n, size_t dim)
{
	double sum = 0.0;

	for (size_t a = 0; a < n; a++) {
		for (size_t b = 0; b < n; b++) {
			double ab = 0.0, aa = 0.0, bb = 0.0;

			for (size_t d = 0; d < dim; d++) {
				double x_a = (double)x[a * dim + d] - off[d];
				double x_b = (double)x[b * dim + d] - off[d];

				ab += x_a * x_b;
				aa += x_a * x_a;
				bb += x_b * x_b;
			}
			sum += ab / sqrt(aa * bb);
		}
	}
	return sum / (double)(n * n);
}

static void self_similarity_is_the_mean_pairwise_cosine(void **state)
{
	struct trial t = structured(1, 1, 333, false, small_blocks());
	double off[16] = {0}, mean[16] = {0};

	(void)state;
	trial_run(&t);
	for (size_t i = 0; i < 333 * 16; i++)
		mean[i % 16] += (double)t.k[i] / 333.0;
	for (size_t b = 0; b < 21; b++)
		assert_near(t.m->sim_k[b], mean_cosine(t.k + b * 256, mean, b == 20 ? 13 : 16, 16),
			1e-12);
	for (size_t b = 0; b < 11; b++)
		assert_near(t.m->sim_q[b], mean_cosine(t.q + b * 512, off, b == 10 ? 13 : 32, 16),
			1e-12);
	trial_free(&t);
}

/* Pooled map by hand. Blocks of 2; queries (1), (3) pool to 2; the tail query (4) to itself. Keys
 * 1, 3 | 5, 7 | 9 : mean 5; less it -4, -2 | 0, 2 | 4: pooled -3, 1, 4. Row 0: scores -6, 2, 8,
 * row 1: -12, 4, 16. P[0] = softmax: e^-14, e^-6, 1 over their sum 1.0024796. */
static void the_compressed_map_pools_what_exists(void **state)
{
	struct attn_shape s = {.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 3, .n_k_tok = 5, .dim = 1};
	struct das_params p = das_params_default();
	struct trial t;

	(void)state;
	p.q_block_tok = p.group_tok = p.k_block_tok = 2;
	p.dense_below_tok = 0;
	p.theta = -1.0;
	p.tau = 0.9;
	t = trial_make(s, p);
	for (size_t i = 0; i < 5; i++)
		t.k[i] = (float)(2 * i + 1);
	t.q[0] = 1.0f;
	t.q[1] = 3.0f;
	t.q[2] = 4.0f;
	trial_run(&t);
	assert_int_equal(t.m->n_rows, 2);
	assert_int_equal(t.m->n_cols, 3);
	assert_near(t.m->map[2], 1.0 / 1.0024796, 1e-7);
	assert_near(t.m->map[1], 0.0024788 / 1.0024796, 1e-7);
	assert_near(t.m->map[3 + 1], 6.1442e-6, 1e-9); /* e^-12 */
	assert_int_equal(t.m->why[2], DAS_BY_MAP);
	assert_int_equal(t.m->why[0], DAS_SKIP);
	assert_int_equal(t.m->why[1], DAS_SKIP);
	assert_int_equal(t.c.blocks, 6);
	assert_int_equal(t.c.blocks_qk, 2);
	assert_int_equal(t.c.pairs, 15);
	assert_int_equal(t.c.pairs_qk, 3); /* three queries, the one key of the tail */
	assert_int_equal(t.c.flop, 2 * (3 + 3));
	/* Q, O: 3 rows each; K, V: 1 key for each of 2 rows of blocks; 4 bytes */
	assert_int_equal(t.c.bytes, 4 * (3 + 3 + 2 + 2));
	assert_near(attn_sparsity(&t.c), 0.8, 1e-12);
	trial_free(&t);
}

/* sim(K): after the mean (0) is off, keys 3, 3 have 1; -5, -1 have 1; keys 4, -4 have 0. With
 * theta 0 that column is fixed and leaves the map; the others share it. */
static void blocks_at_theta_are_fixed_and_leave_the_map(void **state)
{
	struct attn_shape s = {.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 2, .n_k_tok = 6, .dim = 1};
	const float k[] = {3, 3, 4, -4, -5, -1};
	struct das_params p = das_params_default();
	struct trial t;

	(void)state;
	p.q_block_tok = p.group_tok = p.k_block_tok = 2;
	p.dense_below_tok = 0;
	p.theta = 0.0;
	p.tau = 0.5;
	t = trial_make(s, p);
	memcpy(t.k, k, sizeof(k));
	t.q[0] = t.q[1] = 0.1f;
	trial_run(&t);
	assert_near(t.m->sim_k[1], 0.0, 0.0);
	assert_int_equal(t.m->why[0], DAS_BY_MAP);
	assert_int_equal(t.m->why[1], DAS_BY_SIM_K);
	assert_int_equal(t.m->why[2], DAS_SKIP);
	assert_near(t.m->map[1], 0.0, 0.0);
	assert_near(t.m->map[0], 1.0 / (1.0 + exp(-0.6)), 1e-7); /* scores .3 and -.3 */
	t.q[1] = -0.1f; /* rows that cancel: sim 0, the whole row is fixed */
	trial_run(&t);
	for (size_t j = 0; j < 3; j++)
		assert_int_equal(t.m->why[j] & DAS_BY_SIM_Q, DAS_BY_SIM_Q);
	trial_free(&t);
}

/* 10 equal candidates, share .25: ceil(2.5) = 3, ties to the lower columns. */
static void top_k_takes_a_share_of_the_candidates(void **state)
{
	struct attn_shape s = {
		.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 32, .n_k_tok = 160, .dim = 2};
	struct das_params p = small_blocks();
	struct trial t;

	(void)state;
	p.rule = DAS_TOP_K;
	p.topk_share = 0.25;
	p.theta = -1.0;
	t = trial_make(s, p);
	trial_run(&t);
	for (size_t j = 0; j < 10; j++)
		assert_int_equal(t.m->why[j], j < 3 ? DAS_BY_MAP : DAS_SKIP);
	t.p.topk_share = 1e-9;
	trial_run(&t);
	assert_int_equal(t.c.blocks_qk, 1);
	trial_free(&t);
}

/* With next to no mass to keep, what stays is the largest block and the diagonal. 150 queries; and
 * 40 queries behind 63 keys, the first of which owns key 63, the last of its block of 16. */
static void causal_rows_always_keep_their_own_key(void **state)
{
	static const size_t cases[][2] = {{150, 150}, {40, 103}};

	(void)state;
	for (size_t c = 0; c < 2; c++) {
		size_t nq = cases[c][0], nk = cases[c][1];
		struct das_params p = small_blocks();
		struct attn_shape s = {.n_heads = 1,
			.n_kv_heads = 1,
			.n_q_tok = nq,
			.n_k_tok = nk,
			.dim = 16,
			.causal = true};
		struct trial t;

		p.theta = -1.0;
		p.tau = 1e-6;
		p.dense_below_tok = 0;
		t = trial_make(s, p);
		synth_normal(t.q, t.k, t.v, &s, 3);
		trial_run(&t);
		for (size_t i = 0; i < nq; i++) {
			size_t own = i + nk - nq;
			uint8_t why = t.m->why[i / 32 * t.m->n_cols + own / 16];

			assert_int_equal(why & DAS_BY_DIAGONAL, DAS_BY_DIAGONAL);
		}
		for (size_t i = 0; i < t.m->n_rows * t.m->n_cols; i++) {
			size_t end = (i / t.m->n_cols + 1) * 32; /* queries up to here */
			size_t keys = (end < nq ? end : nq) + nk - nq;

			if (i % t.m->n_cols * 16 >= keys)
				assert_int_equal(t.m->why[i], DAS_SKIP);
		}
		trial_free(&t);
	}
}

/* A mask by hand that keeps, of the first 32 queries, only keys 16 to 31: queries 0 to 15 see none
 * of them and give 0, query 16 sees key 16 alone. */
static void a_row_without_keys_is_zero(void **state)
{
	struct trial t = structured(1, 1, 150, true, small_blocks());

	(void)state;
	t.m->why[1] = DAS_BY_MAP;
	das_attn(t.out, t.pv, &t.s, &t.p, t.m, t.q, t.k, t.v, NULL);
	for (size_t i = 0; i < 16 * 16; i++)
		assert_near((double)t.out[i], 0.0, 0.0);
	for (size_t d = 0; d < 16; d++)
		assert_near((double)t.out[16 * 16 + d], (double)t.v[16 * 16 + d], 1e-6);
	trial_free(&t);
}

/* One block each of q = (127, 50.5), k = +-(127, 25.4): dimension 2, two keys, mean 0. Scales are
 * 1: 50.5 rounds away to 51, 25.4 to 25. Integer sum 127^2 + 51 * 25 = 17404, score
 * 17404/sqrt 2 * scale; scale 1e-4 given: +-1.7404, so p = 1/(1 + e^-3.4808) = .970143 and
 * o = 2p - 1 = .940286. Exact: 127^2 + 50.5 * 25.4 = 17411.7, o = tanh 1.74117 = .940375. */
static void int8_scores_follow_the_rounding_by_hand(void **state)
{
	struct attn_shape s = {
		.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 1, .n_k_tok = 2, .dim = 2, .scale = 1e-4};
	struct das_params p = das_params_default();
	struct trial t;

	(void)state;
	p.dense_below_tok = 0;
	p.scores = DAS_SCORES_INT8;
	t = trial_make(s, p);
	t.q[0] = 127.0f;
	t.q[1] = 50.5f;
	t.k[0] = 127.0f;
	t.k[1] = 25.4f;
	t.k[2] = -127.0f;
	t.k[3] = -25.4f;
	t.v[0] = t.v[1] = 1.0f;
	t.v[2] = t.v[3] = -1.0f;
	trial_run(&t);
	assert_near((double)t.out[0], tanh(1.7404), 1e-6);
	assert_near((double)t.dense[0], tanh(1.74117), 1e-6);
	trial_free(&t);
}

/* Smoothing: keys far from the origin would lose all detail to one scale; with the token mean off
 * the result is that of keys around the origin, to the rounding of the mean. */
static void smoothing_makes_int8_blind_to_a_constant_in_the_keys(void **state)
{
	struct das_params p = small_blocks();
	struct trial t;
	float *before;

	(void)state;
	p.theta = 1.0;
	p.scores = DAS_SCORES_INT8;
	t = structured(1, 1, 256, true, p); /* 256: the mean of grid points is a grid point */
	before = calloc(1, out_bytes(&t));
	for (size_t i = 0; i < 256 * 16; i++)
		t.k[i] = roundf(t.k[i] * 64.0f) / 64.0f;
	trial_run(&t);
	memcpy(before, t.out, out_bytes(&t));
	for (size_t i = 0; i < 256 * 16; i++)
		t.k[i] += 1000.0f;
	trial_run(&t);
	assert_memory_equal(before, t.out, out_bytes(&t));
	free(before);
	trial_free(&t);
}

/* 4 blocks of 2 keys, scores of the pooled keys ln 1, ln 2, ln 6, ln 1: P = .1 .2 .6 .1. tau .7
 * needs .6 + .2; the last block is read besides: blocks 1, 2, 3. Each pair of keys is equal, so
 * the output is the mean of the values with weights 2, 6, 1: (2 * 20 + 6 * 30 + 40)/9 = 28.889.
 * Bytes: K, V of 6 tokens, 4 pooled keys, q, o, of 4 bytes: 72. */
static void das_decode_reads_the_blocks_that_matter(void **state)
{
	struct attn_shape s = {.n_heads = 1,
		.n_kv_heads = 1,
		.n_q_tok = 1,
		.n_k_tok = 8,
		.dim = 1,
		.causal = true};
	struct das_params p = das_params_default();
	struct attn_count c = {0};
	float q = 1.0f, k[8], v[8], pooled[4], out;
	uint8_t keep[4];

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		k[i] = logf(i / 2 == 1 ? 2.0f : i / 2 == 2 ? 6.0f : 1.0f);
		v[i] = (float)(10 * (i / 2) + 10);
	}
	p.k_block_tok = 2;
	p.dense_below_tok = 0;
	p.tau = 0.7;
	das_pool_keys(pooled, &s, 2, k);
	assert_near((double)pooled[2], log(6.0), 1e-6);
	das_decode_select(keep, &s, &p, &q, pooled);
	assert_int_equal(keep[0], DAS_SKIP);
	assert_int_equal(keep[1], DAS_BY_MAP);
	assert_int_equal(keep[2], DAS_BY_MAP);
	assert_int_equal(keep[3], DAS_BY_DIAGONAL);
	das_decode_attn(&out, &s, &p, keep, &q, k, v, &c);
	assert_near((double)out, 260.0 / 9.0, 1e-5);
	assert_int_equal(c.bytes, 72);
	assert_int_equal(c.pairs_qk, 6);
	assert_int_equal(c.flop, 4 * 6);
}

/* tau 1 reads all; 70 tokens in blocks of 16 leave a tail of 6. */
static void das_decode_at_tau_one_is_dense(void **state)
{
	struct attn_shape s = {.n_heads = 4,
		.n_kv_heads = 2,
		.n_q_tok = 1,
		.n_k_tok = 70,
		.dim = 16,
		.causal = true};
	struct das_params p = small_blocks();
	struct trial t = trial_make(s, p);
	float pooled[2 * 5 * 16];
	uint8_t keep[4 * 5];

	(void)state;
	t.p.tau = 1.0;
	t.p.dense_below_tok = 0;
	synth_normal(t.q, t.k, t.v, &s, 8);
	das_pool_keys(pooled, &s, 16, t.k);
	das_decode_select(keep, &s, &t.p, t.q, pooled);
	das_decode_attn(t.out, &s, &t.p, keep, t.q, t.k, t.v, NULL);
	attn_dense(t.dense, &s, t.q, t.k, t.v, NULL);
	for (size_t i = 0; i < 4 * 16; i++)
		assert_near((double)t.out[i], (double)t.dense[i], 1e-6);
	trial_free(&t);
}

/* The generator's stated structure: E[k_i . k_j] less the bias is e^(-|i-j|/L) between distant
 * sinks; measured over 64 heads of 512 tokens at distances 0 (plus noise^2 = .09), 64 and 128.
 * Standard error: about sqrt(2 L/(N dim heads)) = .02 at most. */
static void generated_keys_correlate_as_stated(void **state)
{
	enum { H = 64, N = 512, D = 32 };
	static const size_t gaps[] = {0, 64, 128};
	static const double want[] = {1.09, 0.60653, 0.36788};
	struct attn_shape s = {.n_heads = H, .n_kv_heads = H, .n_q_tok = 1, .n_k_tok = N, .dim = D};
	struct synth_params sp = synth_params_default();
	struct trial t = trial_make(s, das_params_default());

	(void)state;
	sp.local_tok = 128.0;
	sp.sink_tok = 0;
	sp.key_bias = 0.0;
	synth_qkv(t.q, t.k, t.v, &s, &sp, 77);
	for (size_t g = 0; g < 3; g++) {
		double sum = 0.0;
		size_t n = 0;

		for (size_t i = 0; i < (size_t)H * N; i++) {
			if (i % N + gaps[g] >= N)
				continue;
			for (size_t d = 0; d < D; d++)
				sum += (double)t.k[i * D + d] * (double)t.k[(i + gaps[g]) * D + d];
			n++;
		}
		assert_near(sum / (double)n, want[g], 0.06);
	}
	trial_free(&t);
}

/* Tuned thresholds hold the errors they were tuned for, measured anew by the reference, whose
 * rounding differs: .1 %. Queries that see all keys alike lose .1 of the mass with .1 of the
 * blocks, an error of order sqrt(.1/.9) = .33 on independent values: such a head stays dense. */
static void tuning_holds_the_error_or_leaves_the_head_dense(void **state)
{
	struct das_tune_spec spec = {.l1 = 0.05, .l2 = 0.07, .n_theta = 4, .n_bisect = 7};
	struct trial t = structured(1, 1, 700, true, small_blocks());
	struct das_tuned got;
	struct das_error e;

	(void)state;
	das_tune_head(&got, &spec, &t.s, &t.p, t.q, t.k, t.v);
	assert_false(got.dense);
	t.p.theta = got.theta;
	t.p.tau = got.tau;
	t.p.lambda_nats = got.lambda_nats;
	trial_run(&t);
	das_error_measure(&e, &t.s, &t.p, t.m, t.pv, t.q, t.k, t.v, t.out);
	assert_ratio(e.rel_l1, got.rel_l1, 1e-3);
	assert_true(e.rel_l1 > 0.02 && e.rel_l1 <= 0.0701);
	assert_near(attn_sparsity(&t.c), got.sparsity, 1e-3);
	assert_true(got.sparsity > 0.2);
	synth_normal(t.q, t.k, t.v, &t.s, 4);
	for (size_t i = 0; i < 700 * 16; i++)
		t.q[i] *= 1e-3f;
	das_tune_head(&got, &spec, &t.s, &t.p, t.q, t.k, t.v);
	assert_true(got.dense);
	assert_near(got.sparsity, 0.0, 0.0);
	trial_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tau_of_one_or_more_is_dense_bit_for_bit),
		cmocka_unit_test(theta_of_one_fixes_every_block_and_is_dense),
		cmocka_unit_test(theta_of_one_fixes_blocks_of_identical_rows_too),
		cmocka_unit_test(tau_of_one_keeps_blocks_too_light_to_count),
		cmocka_unit_test(below_128_tokens_it_is_dense),
		cmocka_unit_test(kept_mass_reaches_tau_in_every_row),
		cmocka_unit_test(error_stays_below_twice_the_lost_mass),
		cmocka_unit_test(the_bound_is_tight),
		cmocka_unit_test(eq_15_holds_with_the_crossing_block_and_fails_without),
		cmocka_unit_test(eq_15_is_a_statement_about_one_row),
		cmocka_unit_test(eq_14_to_16_are_evaluated),
		cmocka_unit_test(stage_two_skips_by_lambda_in_nats),
		cmocka_unit_test(a_group_skips_only_when_all_its_rows_agree),
		cmocka_unit_test(the_mask_does_not_see_a_constant_added_to_the_keys),
		cmocka_unit_test(permuting_heads_permutes_results),
		cmocka_unit_test(self_similarity_is_the_mean_pairwise_cosine),
		cmocka_unit_test(the_compressed_map_pools_what_exists),
		cmocka_unit_test(blocks_at_theta_are_fixed_and_leave_the_map),
		cmocka_unit_test(top_k_takes_a_share_of_the_candidates),
		cmocka_unit_test(causal_rows_always_keep_their_own_key),
		cmocka_unit_test(a_row_without_keys_is_zero),
		cmocka_unit_test(int8_scores_follow_the_rounding_by_hand),
		cmocka_unit_test(smoothing_makes_int8_blind_to_a_constant_in_the_keys),
		cmocka_unit_test(das_decode_reads_the_blocks_that_matter),
		cmocka_unit_test(das_decode_at_tau_one_is_dense),
		cmocka_unit_test(generated_keys_correlate_as_stated),
		cmocka_unit_test(tuning_holds_the_error_or_leaves_the_head_dense),
	};
	return cmocka_run_group_tests_name("kernels_das", tests, NULL, NULL);
}
