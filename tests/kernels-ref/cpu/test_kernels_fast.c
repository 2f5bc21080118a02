/* Every fast variant this machine can run, against the reference. */
#include "tests/support/check.h"

#include "kernels-ref/cpu/fast.h"
#include "kernels-ref/ref/llama.h"
#include "kernels-ref/ref/num.h"
#include "kernels-ref/ref/synth.h"

#include <stdlib.h>
#include <string.h>

static const struct fast_ops *next_variant(size_t *i)
{
	while (++*i <= fast_count()) {
		if (fast_variant(*i))
			return fast_variant(*i);
	}
	return NULL;
}

static void assert_floats_near(const float *a, const float *b, size_t n, double tolerance)
{
	for (size_t i = 0; i < n; i++)
		assert_near((double)a[i], (double)b[i], tolerance);
}

/* |v| stays below 5; scores up to about 20 nats carry 2^-24 * 20 * a few = 5e-6 of relative error
 * into the weights: 5e-5 in the output. Outputs are poisoned first. */
static void compare_attention(struct attn_shape s, struct das_params p, bool dense)
{
	size_t nq = s.n_heads * s.n_q_tok * s.dim, nk = s.n_kv_heads * s.n_k_tok * s.dim;
	float *x = calloc(3 * nq + 2 * nk, sizeof(*x));
	float *q = x, *want = x + nq, *got = x + 2 * nq, *k = x + 3 * nq, *v = k + nk;
	struct synth_params sp = synth_params_default();
	struct das_mask *m = das_mask_create(&s, &p);
	const struct fast_ops *f;

	sp.local_tok = 40.0;
	synth_qkv(q, k, v, &s, &sp, 31);
	das_predict(m, &s, &p, q, k);
	if (dense)
		attn_dense(want, &s, q, k, v, NULL);
	else
		das_attn(want, NULL, &s, &p, m, q, k, v, NULL);
	for (size_t i = 0; (f = next_variant(&i));) {
		memset(got, 0xff, nq * sizeof(*got)); /* NaN */
		f->attn(got, &s, dense ? NULL : &p, dense ? NULL : m, q, k, v);
		assert_floats_near(got, want, nq, 5e-5);
	}
	das_mask_destroy(m);
	free(x);
}

static struct attn_shape shape_of(size_t heads, size_t kv, size_t nq, size_t nk, size_t dim)
{
	return (struct attn_shape){.n_heads = heads,
		.n_kv_heads = kv,
		.n_q_tok = nq,
		.n_k_tok = nk,
		.dim = dim,
		.causal = true};
}

/* Lengths off the tile, queries at the end of longer keys, one query, odd dimensions, groups. */
static void dense_attention_agrees(void **state)
{
	struct das_params p = das_params_default();
	struct attn_shape full = shape_of(1, 1, 100, 300, 64);

	(void)state;
	compare_attention(shape_of(2, 2, 128, 128, 128), p, true);
	compare_attention(shape_of(4, 2, 333, 333, 20), p, true);
	compare_attention(shape_of(1, 1, 70, 401, 33), p, true);
	compare_attention(shape_of(2, 1, 1, 257, 128), p, true);
	full.causal = false;
	compare_attention(full, p, true);
}

static void das_attention_agrees(void **state)
{
	struct das_params p = das_params_default();

	(void)state;
	p.tau = 0.9;
	compare_attention(shape_of(2, 1, 700, 700, 64), p, false);
	compare_attention(shape_of(1, 1, 100, 100, 32), p, false); /* dense: short */
	p.q_block_tok = 64;
	p.k_block_tok = 24;
	p.group_tok = 16;
	p.lambda_nats = -5.0;
	compare_attention(shape_of(2, 2, 333, 333, 40), p, false);
	p.denominator = DAS_SUM_ALL;
	compare_attention(shape_of(2, 2, 333, 333, 40), p, false);
	p.scores = DAS_SCORES_INT8;
	compare_attention(shape_of(2, 2, 333, 333, 40), p, false);
	p.group_tok = p.q_block_tok = 192;
	compare_attention(shape_of(1, 1, 500, 500, 40), p, false);
}

/* Of the first 128 queries only keys 64 to 127 are kept: queries 0 to 63 see none and give 0. */
static void rows_without_keys_are_zero(void **state)
{
	struct attn_shape s = shape_of(1, 1, 128, 128, 16);
	struct das_params p = das_params_default();
	struct das_mask *m = das_mask_create(&s, &p);
	float *x = calloc(4 * 128 * 16, sizeof(*x)), *out = x + 3 * 128 * 16;
	const struct fast_ops *f;

	(void)state;
	p.group_tok = 128;
	synth_normal(x, x + 128 * 16, x + 2 * 128 * 16, &s, 6);
	m->why[1] = DAS_BY_MAP;
	for (size_t i = 0; (f = next_variant(&i));) {
		memset(out, 0xff, 128 * 16 * sizeof(*out));
		f->attn(out, &s, &p, m, x, x + 128 * 16, x + 2 * 128 * 16);
		for (size_t j = 0; j < 64 * 16; j++)
			assert_near((double)out[j], 0.0, 0.0);
		assert_floats_near(out + 64 * 16, x + (2 * 128 + 64) * 16, 16, 1e-6);
	}
	das_mask_destroy(m);
	free(x);
}

static struct q8_matrix random_matrix(size_t rows, size_t cols, uint64_t seed)
{
	struct q8_matrix m = {.rows = rows, .cols = cols};

	m.w = calloc(rows * cols, 1);
	m.scale = calloc(rows, sizeof(float));
	for (size_t i = 0; i < rows * cols; i++)
		m.w[i] = (int8_t)((int)(rand_bits(seed, i) % 255) - 127);
	for (size_t r = 0; r < rows; r++)
		m.scale[r] = (float)rand_uniform(seed + 1, r) * 0.01f;
	return m;
}

/* Outputs are sums of up to 1100 products of about 73 * .01 * 1: root-sum 24, and float sums
 * carry 2^-24 of the partial sums a few dozen times over: 1e-4. */
static void gemv_agrees(void **state)
{
	static const size_t sizes[][2] = {{64, 1024}, {7, 1100}, {5, 3}, {13, 129}};
	const struct fast_ops *f;

	(void)state;
	for (size_t c = 0; c < 4; c++) {
		struct q8_matrix m = random_matrix(sizes[c][0], sizes[c][1], c + 50);
		float x[1100], want[64], got[64];

		for (size_t i = 0; i < 1100; i++)
			x[i] = (float)rand_normal(3, i);
		q8_gemv(want, &m, x);
		for (size_t i = 0; (f = next_variant(&i));) {
			memset(got, 0xff, sizeof(got));
			f->linear.gemv(got, &m, x);
			assert_floats_near(got, want, m.rows, 1e-4);
		}
		free(m.w);
		free(m.scale);
	}
}

static void gemm_agrees_to_the_last_bit(void **state)
{
	static const size_t sizes[][3] = {{33, 256, 5}, {7, 1100, 3}, {5, 3, 9}, {64, 129, 1}};
	const struct fast_ops *f;

	(void)state;
	for (size_t c = 0; c < 4; c++) {
		struct q8_matrix m = random_matrix(sizes[c][0], sizes[c][1], c + 70);
		size_t n = sizes[c][2];
		float *x = calloc(n * m.cols + 2 * n * m.rows, sizeof(*x));
		float *want = x + n * m.cols, *got = want + n * m.rows;

		for (size_t i = 0; i < n * m.cols; i++)
			x[i] = (float)rand_normal(4, i);
		q8_gemm(want, &m, x, n);
		for (size_t i = 0; (f = next_variant(&i));) {
			memset(got, 0xff, n * m.rows * sizeof(*got));
			f->linear.gemm(got, &m, x, n);
			assert_memory_equal(got, want, n * m.rows * sizeof(*got));
		}
		free(x);
		free(m.w);
		free(m.scale);
	}
}

/* 127 * 127 * 4096 = 66 million per row: far beyond 16 bits, and both signs. */
static void gemm_sums_do_not_overflow(void **state)
{
	struct q8_matrix m = {.rows = 2, .cols = 4096};
	float scale[] = {1.0f, 1.0f}, *x = calloc(4096, sizeof(*x)), y[2];
	const struct fast_ops *f;

	(void)state;
	m.w = calloc(2 * 4096, 1);
	m.scale = scale;
	memset(m.w, 127, 4096);
	memset(m.w + 4096, -127, 4096);
	for (size_t i = 0; i < 4096; i++)
		x[i] = 127.0f;
	for (size_t i = 0; (f = next_variant(&i));) {
		f->linear.gemm(y, &m, x, 1);
		assert_near((double)y[0], 127.0 * 127.0 * 4096.0, 0.0);
		assert_near((double)y[1], -127.0 * 127.0 * 4096.0, 0.0);
	}
	free(m.w);
	free(x);
}

static void the_pick_is_the_last_that_runs(void **state)
{
	const struct fast_ops *f, *last = NULL;

	(void)state;
	for (size_t i = 0; (f = next_variant(&i));)
		last = f;
	assert_non_null(last);
	assert_ptr_equal(fast_ops(), last);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dense_attention_agrees),
		cmocka_unit_test(das_attention_agrees),
		cmocka_unit_test(rows_without_keys_are_zero),
		cmocka_unit_test(gemv_agrees),
		cmocka_unit_test(gemm_agrees_to_the_last_bit),
		cmocka_unit_test(gemm_sums_do_not_overflow),
		cmocka_unit_test(the_pick_is_the_last_that_runs),
	};
	return cmocka_run_group_tests_name("kernels_fast", tests, NULL, NULL);
}
