#include "tests/support/check.h"

#include <stdbool.h>
#include <string.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "sim/rng.h"
#include "sim/ziggurat.h"

/* Known answers of Random123 1.14, tests/kat_vectors: philox4x64 10. */
static void philox_gives_the_known_answers(void **state)
{
	static const uint64_t in[3][6] = {
		{0, 0, 0, 0, 0, 0},
		{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
		{0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0, 0x082efa98ec4e6c89,
			0x452821e638d01377, 0xbe5466cf34e90c6c},
	};
	static const uint64_t out[3][4] = {
		{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b},
		{0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0},
		{0xa528f45403e61d95, 0x38c72dbd566e9788, 0xa5a1610e72fd18b5, 0x57bd43b5e52b7fe6},
	};
	struct rng r;
	size_t k, i;

	(void)state;
	for (k = 0; k < 3; k++) {
		rng_init(&r, 1, 1, "", "");
		memcpy(r.ctr, in[k], sizeof r.ctr);
		memcpy(r.key, in[k] + 4, sizeof r.key);
		for (i = 0; i < 4; i++)
			assert_true(rng_next(&r) == out[k][i]);
	}
}

/* One has u where the other has 1 - u, draw for draw, whatever is drawn by inversion; the stream is
 * that of the number alone. */
static void antithetic_streams_are_mirror_images(void **state)
{
	struct rng plain, first, second, a, b;
	double sum = 0.0;

	(void)state;
	rng_init(&plain, 7, 3, "service", "q");
	rng_init(&first, 7, 3 | RNG_INVERSE, "service", "q");
	rng_init(&second, 7, 3 | RNG_INVERSE | RNG_MIRROR, "service", "q");
	a = rng_numbered(&first, 5);
	b = rng_numbered(&second, 5);
	for (size_t i = 0; i < 1000; i++) {
		double u = rng_uniform_pos(&plain);

		assert_near(rng_uniform_pos(&first), u, 0);
		assert_near(rng_uniform_pos(&second), 1.0 - u, 0);
		assert_near(rng_uniform_pos(&a), 1.0 - rng_uniform_pos(&b), 0);
	}
	/* E[log u log(1 - u)] = 2 - pi^2 / 6, of which the mean of 40 000 is within 0.01 */
	for (size_t i = 0; i < 40000; i++)
		sum += rng_exponential(&first, 2.0) * rng_exponential(&second, 0.5);
	assert_near(sum / 40000.0, 2.0 - 1.6449340668482264, 0.01);
}

/* Seed 0 without names is key 0, counter 0; the second block is counter 1, so starting there
 * gives the words from the fifth on. */
static void blocks_follow_each_other(void **state)
{
	struct rng a, b;
	size_t i;

	(void)state;
	gsl_rng_set((rng_init(&a, 5, 5, "x", "y"), rng_gsl(&a)), 0);
	assert_true(rng_next(&a) == 0x16554d9eca36314c);
	gsl_rng_set((rng_init(&b, 5, 5, "x", "y"), rng_gsl(&b)), 0);
	b.ctr[0] = 1;
	for (i = 1; i < 4; i++)
		rng_next(&a);
	for (i = 0; i < 40; i++)
		assert_true(rng_next(&a) == rng_next(&b));
}

static uint64_t first(uint64_t seed, uint32_t replication, const char *purpose, const char *entity)
{
	struct rng r;

	rng_init(&r, seed, replication, purpose, entity);
	return rng_next(&r);
}

static void a_stream_is_its_seed_replication_purpose_and_entity(void **state)
{
	const uint64_t x = first(17, 3, "arrivals", "user17");

	(void)state;
	assert_true(x == first(17, 3, "arrivals", "user17"));
	assert_true(x != first(18, 3, "arrivals", "user17"));
	assert_true(x != first(17, 4, "arrivals", "user17"));
	assert_true(x != first(17, 3, "lengths", "user17"));
	assert_true(x != first(17, 3, "arrivals", "user18"));
	assert_true(x != first(17, 3, "user17", "arrivals"));
}

static void a_copied_stream_replays_and_a_moved_one_goes_on(void **state)
{
	struct rng a, b, moved;
	gsl_rng *g;

	(void)state;
	rng_init(&a, 9, 2, "copy", "me");
	rng_next(&a);
	rng_gsl(&a);
	b = a;
	moved = a;
	memset(&a, 0, sizeof a);
	g = rng_gsl(&moved);
	assert_true(gsl_rng_get(g) == rng_next(&b));
	assert_true(rng_next(&moved) == rng_next(&b));
	assert_true(gsl_rng_uniform(g) == rng_uniform(&b));
}

/** Fail unless the chi-square of @n counts against @expected each is unremarkable. */
static void assert_even(const uint64_t *count, size_t n, double expected)
{
	double chi2 = 0.0, p;
	size_t i;

	for (i = 0; i < n; i++)
		chi2 += ((double)count[i] - expected) * ((double)count[i] - expected) / expected;
	p = gsl_cdf_chisq_Q(chi2, (double)(n - 1));
	if (p < 1e-4 || p > 1.0 - 1e-4)
		fail_msg("chi-square %g on %zu cells: p = %g", chi2, n, p);
}

enum { CELLS = 1000, DRAWS = 4000000 };

static void uniforms_fill_their_interval(void **state)
{
	static uint64_t count[CELLS];
	struct rng r;
	double x;
	size_t i;

	(void)state;
	rng_init(&r, 11, 0, "uniform", "test");
	for (i = 0; i < DRAWS; i++) {
		x = i % 2 ? rng_uniform(&r) : rng_uniform_pos(&r);
		assert_true(x >= 0.0 && x < 1.0);
		count[(size_t)(x * CELLS)]++;
	}
	assert_even(count, CELLS, (double)DRAWS / CELLS);
}

/* All bits 0 and all bits 1: the ends of each interval. */
static void uniforms_keep_off_the_ends(void **state)
{
	struct rng r = {.next = 0};

	(void)state;
	assert_true(rng_uniform(&r) == 0.0);
	assert_true(rng_uniform_pos(&r) == 0x1p-53);
	memset(r.word, 0xff, sizeof r.word);
	assert_true(rng_uniform(&r) == 1.0 - 0x1p-53);
	assert_true(rng_uniform_pos(&r) == 1.0 - 0x1p-53);
}

/* Under 1 - exp(-x / mean) draws are uniform: 1000 equal cells, so the tail beyond the last
 * layer of the ziggurat (at 7.7 means, 1816 of 4e6 draws) is looked at as well. */
static void exponentials_follow_their_law(void **state)
{
	static uint64_t count[CELLS];
	struct rng r;
	double x;
	size_t i, tail = 0;

	(void)state;
	rng_init(&r, 12, 0, "exponential", "test");
	for (i = 0; i < DRAWS; i++) {
		x = rng_exponential(&r, 2.5);
		count[(size_t)(-expm1(-x / 2.5) * CELLS)]++;
		tail += x > 2.5 * ZIG_EXP_R;
	}
	assert_even(count, CELLS, (double)DRAWS / CELLS);
	assert_near((double)tail, DRAWS * exp(-ZIG_EXP_R), 4.0 * sqrt(DRAWS * exp(-ZIG_EXP_R)));
}

/* Below r, each layer's wedge is cut at a different height: moments of order 1 to 4 are 1, 2, 6,
 * 24; their standard errors are sqrt(((2k)! - k!^2) / n). */
static void exponential_moments_are_factorials(void **state)
{
	static const double sd[] = {1.0, 4.472136, 26.15339, 199.3590};
	static const double moment[] = {1.0, 2.0, 6.0, 24.0};
	double sum[4] = {0}, x, power;
	struct rng r;
	size_t i, k;

	(void)state;
	rng_init(&r, 13, 0, "exponential", "moments");
	for (i = 0; i < DRAWS; i++) {
		x = rng_exponential(&r, 1.0);
		for (k = 0, power = x; k < 4; k++, power *= x)
			sum[k] += power;
	}
	for (k = 0; k < 4; k++)
		assert_near(sum[k] / DRAWS, moment[k], 4.0 * sd[k] / sqrt((double)DRAWS));
}

/* The recurrence of Marsaglia and Tsang, in long double. */
static void the_ziggurat_is_the_recurrence(void **state)
{
	const long double r = 7.69711747013104971404462804801541552L, area = (r + 1) * expl(-r);
	long double x[ZIG_LAYERS];
	size_t i;

	(void)state;
	assert_true(ZIG_EXP_R == (double)r);
	x[ZIG_LAYERS - 1] = r;
	for (i = ZIG_LAYERS - 1; i > 0; i--)
		x[i - 1] = i > 1 ? -logl(area / x[i] + expl(-x[i])) : 0.0L;
	assert_near((double)(area / x[1] + expl(-x[1])), 1.0, 1e-15); /* it closes */
	for (i = 1; i < ZIG_LAYERS; i++) {
		assert_ratio(zig_exp_w[i] * 0x1p53, (double)x[i], 4e-16);
		assert_ratio(zig_exp_f[i], (double)expl(-x[i]), 4e-16);
		assert_near((double)zig_exp_k[i], (double)(x[i - 1] / x[i] * 0x1p53L), 4.0);
	}
	assert_ratio(zig_exp_w[0] * 0x1p53, (double)(r + 1), 4e-16);
	assert_near((double)zig_exp_k[0], (double)(r / (r + 1) * 0x1p53L), 4.0);
	assert_true(zig_exp_f[0] == 1.0);
}

/* 3 does not divide 2^64, nor does 2^63 + 2^62 (where plain scaling would give the lower half
 * of the values twice the weight of the upper third). */
static void integers_below_n_have_no_bias(void **state)
{
	const uint64_t wide = UINT64_C(3) << 62;
	uint64_t small[3] = {0}, third[3] = {0};
	struct rng r;
	size_t i;

	(void)state;
	rng_init(&r, 14, 0, "below", "test");
	for (i = 0; i < 300000; i++) {
		small[rng_below(&r, 3)]++;
		third[rng_below(&r, wide) >> 62]++;
	}
	assert_even(small, 3, 100000.0);
	assert_even(third, 3, 100000.0);
}

/* 200 streams of 5000 draws that differ by their entity alone: the correlation of neighbours has
 * standard error 1/sqrt(n) = 0.0141 each; over 199 pairs the mean square of corr x sqrt(n) is 1
 * with standard error sqrt(2/199) = 0.1. */
static void neighbouring_streams_are_uncorrelated(void **state)
{
	enum { STREAMS = 200, N = 5000 };
	static double draw[STREAMS][N];
	char name[16];
	struct rng r;
	double dot, sum2 = 0.0;
	size_t i, k;

	(void)state;
	for (k = 0; k < STREAMS; k++) {
		snprintf(name, sizeof name, "user%zu", k);
		rng_init(&r, 1, 0, "arrivals", name);
		for (i = 0; i < N; i++)
			draw[k][i] = (rng_uniform(&r) - 0.5) * sqrt(12.0);
	}
	for (k = 1; k < STREAMS; k++) {
		for (i = 0, dot = 0.0; i < N; i++)
			dot += draw[k - 1][i] * draw[k][i];
		sum2 += dot * dot / N;
	}
	assert_near(sum2 / (STREAMS - 1), 1.0, 0.4);
}

/* GSL's own samplers over the stream: the normal's mean 0, variance 1, P(|x| > 1.96) = .05. */
static void gsl_draws_from_the_stream(void **state)
{
	enum { N = 1000000 };
	double x, sum = 0.0, sum2 = 0.0;
	size_t i, beyond = 0;
	struct rng r;

	(void)state;
	rng_init(&r, 15, 0, "gsl", "test");
	for (i = 0; i < N; i++) {
		x = gsl_ran_gaussian_ziggurat(rng_gsl(&r), 1.0);
		sum += x;
		sum2 += x * x;
		beyond += fabs(x) > 1.959964;
	}
	assert_near(sum / N, 0.0, 4e-3);
	assert_near(sum2 / N, 1.0, 4 * 1.414e-3);
	assert_near((double)beyond / N, 0.05, 4 * 2.18e-4);
	assert_true(gsl_rng_max(rng_gsl(&r)) == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(antithetic_streams_are_mirror_images),
		cmocka_unit_test(philox_gives_the_known_answers),
		cmocka_unit_test(blocks_follow_each_other),
		cmocka_unit_test(a_stream_is_its_seed_replication_purpose_and_entity),
		cmocka_unit_test(a_copied_stream_replays_and_a_moved_one_goes_on),
		cmocka_unit_test(uniforms_fill_their_interval),
		cmocka_unit_test(uniforms_keep_off_the_ends),
		cmocka_unit_test(exponentials_follow_their_law),
		cmocka_unit_test(exponential_moments_are_factorials),
		cmocka_unit_test(the_ziggurat_is_the_recurrence),
		cmocka_unit_test(integers_below_n_have_no_bias),
		cmocka_unit_test(neighbouring_streams_are_uncorrelated),
		cmocka_unit_test(gsl_draws_from_the_stream),
	};
	return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
