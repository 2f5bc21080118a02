/* The dense reference: closed forms of attention, half precision, int8. */
#include "tests/support/check.h"

#include "kernels-ref/ref/attn.h"
#include "kernels-ref/ref/num.h"

#include <stdlib.h>

/* Two keys of one dimension, scores 0 and ln 3: weights 1/4 and 3/4; values 8 and 4 give
 * 0.25 * 8 + 0.75 * 4 = 5. The second query, -ln 3: weights 3/4 and 1/4: 7. */
static void two_keys_are_weighed_by_hand(void **state)
{
	const float q[] = {1.0986123f, -1.0986123f}, k[] = {0.0f, 1.0f}, v[] = {8.0f, 4.0f};
	struct attn_shape s = {.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 2, .n_k_tok = 2, .dim = 1};
	float o[2];

	(void)state;
	attn_dense(o, &s, q, k, v, NULL);
	assert_near((double)o[0], 5.0, 1e-6);
	assert_near((double)o[1], 7.0, 1e-6);
	s.causal = true; /* the first query sees the first key only */
	attn_dense(o, &s, q, k, v, NULL);
	assert_near((double)o[0], 8.0, 0.0);
	assert_near((double)o[1], 7.0, 1e-6);
}

/* Dimension 4: scale 1/2, so a score product of 2 ln 3 weighs 3 to 1: (1 * 2 + 3 * 6)/4 = 5.
 * With scale 1 given it weighs 9 to 1: (2 + 54)/10 = 5.6. */
static void scores_are_scaled_by_the_root_of_the_dimension(void **state)
{
	const float q[] = {2.1972246f, 0.0f, 0.0f, 0.0f};
	const float k[] = {0, 0, 0, 0, 1, 0, 0, 0}, v[] = {2, 2, 2, 2, 6, 6, 6, 6};
	struct attn_shape s = {.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 1, .n_k_tok = 2, .dim = 4};
	float o[4];

	(void)state;
	attn_dense(o, &s, q, k, v, NULL);
	assert_near((double)o[2], 5.0, 1e-5);
	s.scale = 1.0;
	attn_dense(o, &s, q, k, v, NULL);
	assert_near((double)o[2], 5.6, 1e-5);
}

/* Equal keys: every visible value weighs the same. Values 0..199 in one dimension, causal:
 * row i is the mean of 0..i = i/2; and 200 keys cross three tiles. */
static void equal_keys_give_the_mean_of_the_values_seen(void **state)
{
	enum { N = 200 };
	struct attn_shape s = {.n_heads = 1,
		.n_kv_heads = 1,
		.n_q_tok = N,
		.n_k_tok = N,
		.dim = 1,
		.causal = true};
	float q[N], k[N], v[N], o[N];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		q[i] = (float)rand_normal(3, i);
		k[i] = 0.7f;
		v[i] = (float)i;
	}
	attn_dense(o, &s, q, k, v, NULL);
	for (size_t i = 0; i < N; i++)
		assert_near((double)o[i], 0.5 * (double)i, 1e-5);
}

/* Key 150 of 200 scores 90 above the others: the output is its value to e^-90. The large score
 * comes after two tiles, so the running maximum must be raised there. */
static void one_dominant_key_hands_over_its_value(void **state)
{
	enum { N = 200 };
	struct attn_shape s = {.n_heads = 1, .n_kv_heads = 1, .n_q_tok = 1, .n_k_tok = N, .dim = 1};
	float q = 9.0f, k[N], v[N], o;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		k[i] = i == 150 ? 10.0f : 0.0f;
		v[i] = (float)i + 0.25f;
	}
	attn_dense(&o, &s, &q, k, v, NULL);
	assert_near((double)o, 150.25, 0.0);
}

/* Four query heads on two kv heads: heads 0, 1 read the values of the first, 2, 3 the second. */
static void query_heads_share_keys_in_groups(void **state)
{
	struct attn_shape s = {.n_heads = 4, .n_kv_heads = 2, .n_q_tok = 1, .n_k_tok = 2, .dim = 1};
	const float q[] = {3, 3, 3, 3}, k[] = {5, 5, 2, 2}, v[] = {4, 6, 10, 30};
	const double want[] = {5.0, 5.0, 20.0, 20.0};
	float o[4];

	(void)state;
	attn_dense(o, &s, q, k, v, NULL);
	for (size_t h = 0; h < 4; h++)
		assert_near((double)o[h], want[h], 1e-6);
}

/* 300 causal tokens, dimension 8, one head. Rows of blocks end at 128, 256, 300 and see
 * 2, 4, 5 tiles of 64: 11 blocks. Groups of 32 rows: tiles seen at rows 32, 64 (1, 1), 96, 128
 * (2, 2), 3, 3, 4, 4, then 288 and 300 (5, 5): 30. Pairs 300 * 301/2 = 45150, FLOPs 4 * 8 each.
 * Bytes: (128 + 256 + 300 keys) twice and 300 rows twice, of 32 bytes. */
static void dense_work_is_counted_exactly(void **state)
{
	enum { N = 300, D = 8 };
	struct attn_shape s = {.n_heads = 1,
		.n_kv_heads = 1,
		.n_q_tok = N,
		.n_k_tok = N,
		.dim = D,
		.causal = true};
	float *x = calloc(N * D, sizeof(*x)), *o = calloc(N * D, sizeof(*o));
	struct attn_count c = {0};

	(void)state;
	attn_dense(o, &s, x, x, x, &c);
	assert_int_equal(c.blocks, 11);
	assert_int_equal(c.blocks_qk, 11);
	assert_int_equal(c.groups, 30);
	assert_int_equal(c.groups_pv, 30);
	assert_int_equal(c.pairs, 45150);
	assert_int_equal(c.flop, 45150 * 32);
	assert_int_equal(c.bytes, (2 * (128 + 256 + 300) + 2 * 300) * 32);
	assert_near(attn_sparsity(&c), 0.0, 0.0);
	free(x);
	free(o);
}

/* Bit patterns from IEEE 754: 1 = 0x3c00, 65504 = 0x7bff the largest, 2^-24 = 0x0001 the least,
 * 2^-14 = 0x0400 the least normal. 1 + 2^-11 lies half-way and goes to the even 1; 1 + 3 * 2^-11
 * half-way up to 1 + 2^-9 = 0x3c02; 65520 half-way to 65536, which is infinity. */
static void halves_have_the_bits_of_ieee_754(void **state)
{
	const struct {
		float x;
		uint16_t h;
	} cases[] = {{1.0f, 0x3c00}, {-2.0f, 0xc000}, {65504.0f, 0x7bff}, {0x1p-24f, 0x0001},
		{0x1p-14f, 0x0400}, {0x1.002p0f, 0x3c00}, {0x1.006p0f, 0x3c02}, {65520.0f, 0x7c00},
		{65519.0f, 0x7bff}, {0x1p-25f, 0x0000}, {0x1.8p-25f, 0x0001}, {0.1f, 0x2e66}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(half_from_float(cases[i].x), cases[i].h);
	for (uint32_t h = 0; h < 0x10000; h++) {
		if ((h & 0x7c00) != 0x7c00) /* all finite ones come back as they were */
			assert_int_equal(half_from_float(half_to_float((uint16_t)h)), h);
	}
}

/* max 254: scale 2. 5/2 = 2.5 goes away from zero to 3, -5/2 to -3, 2.9/2 = 1.45 to 1. */
static void int8_rounds_halves_away_from_zero(void **state)
{
	const float x[] = {254.0f, 5.0f, -5.0f, 2.9f, -254.0f}, zero[] = {0.0f, 0.0f};
	int8_t q[5];

	(void)state;
	assert_near((double)q8_quantise(q, x, 5), 2.0, 0.0);
	assert_int_equal(q[0], 127);
	assert_int_equal(q[1], 3);
	assert_int_equal(q[2], -3);
	assert_int_equal(q[3], 1);
	assert_int_equal(q[4], -127);
	assert_near((double)q8_quantise(q, zero, 2), 0.0, 0.0);
	assert_int_equal(q[0], 0);
}

/* Mean 0, variance 1: standard errors 1/316 and 1.41/316 at 100 000 draws; four of them. */
static void normals_have_unit_variance(void **state)
{
	double sum = 0.0, squares = 0.0;

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		double x = rand_normal(11, i);

		sum += x;
		squares += x * x;
	}
	assert_near(sum / 1e5, 0.0, 4.0 / 316.0);
	assert_near(squares / 1e5, 1.0, 4.0 * 1.41 / 316.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_keys_are_weighed_by_hand),
		cmocka_unit_test(scores_are_scaled_by_the_root_of_the_dimension),
		cmocka_unit_test(equal_keys_give_the_mean_of_the_values_seen),
		cmocka_unit_test(one_dominant_key_hands_over_its_value),
		cmocka_unit_test(query_heads_share_keys_in_groups),
		cmocka_unit_test(dense_work_is_counted_exactly),
		cmocka_unit_test(halves_have_the_bits_of_ieee_754),
		cmocka_unit_test(int8_rounds_halves_away_from_zero),
		cmocka_unit_test(normals_have_unit_variance),
	};
	return cmocka_run_group_tests_name("kernels_attn", tests, NULL, NULL);
}
