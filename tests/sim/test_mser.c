#include "tests/support/check.h"

#include <stdbool.h>

#include "sim/mser.h"
#include "sim/rng.h"

enum { N = 1000 };

/* 50 at 90, then 900 that swing between 4 and 6 with every batch: nothing is gained by dropping
 * more, and dropping less keeps a batch at 90. */
static void a_plain_transient_is_cut_where_it_ends(void **state)
{
	double x[950];
	size_t i, cut;

	(void)state;
	for (i = 0; i < 950; i++)
		x[i] = i < 50 ? 90.0 : (i / 5) % 2 ? 4.0 : 6.0;
	assert_true(mser5_cut(x, 950, &cut));
	assert_int_equal(cut, 50);
}

static void a_steady_run_is_not_cut(void **state)
{
	double x[N];
	size_t i, cut = 77;

	(void)state;
	for (i = 0; i < N; i++)
		x[i] = 3.25;
	assert_true(mser5_cut(x, N, &cut));
	assert_int_equal(cut, 0);
}

/* On a straight line m batches have a sum of squares that grows with m^3, so fewer are always
 * better: the minimum lies at the end. */
static void a_run_that_never_settles_is_refused(void **state)
{
	double x[N];
	size_t i, cut;

	(void)state;
	for (i = 0; i < N; i++)
		x[i] = 2.0 * (double)i;
	assert_false(mser5_cut(x, N, &cut));
	assert_true(cut > N / 2);
}

static void a_short_run_is_refused(void **state)
{
	const double x[49] = {3.0};
	size_t cut = 5;

	(void)state;
	assert_false(mser5_cut(x, 49, &cut)); /* nine batches */
	assert_int_equal(cut, 0);
}

/** The definition, written out: the first least value over all d but the last five. */
static size_t by_definition(const double *x, size_t n)
{
	const size_t k = n / 5;
	double mean, sum, mser, least = HUGE_VAL;
	size_t d, i, best = 0;
	double z[N / 5];

	for (i = 0; i < k; i++)
		z[i] = (x[5 * i] + x[5 * i + 1] + x[5 * i + 2] + x[5 * i + 3] + x[5 * i + 4]) / 5;
	for (d = 0; d + 5 < k; d++) {
		for (i = d, mean = 0.0; i < k; i++)
			mean += z[i] / (double)(k - d);
		for (i = d, sum = 0.0; i < k; i++)
			sum += (z[i] - mean) * (z[i] - mean);
		mser = sum / ((double)(k - d) * (double)(k - d));
		if (mser < least) {
			least = mser;
			best = d;
		}
	}
	return 5 * best;
}

/* Autoregressive noise (as a queue's length is) from a start far off, at all speeds. */
static void the_pass_from_the_end_is_the_definition(void **state)
{
	double x[N], level;
	struct rng r;
	size_t i, cut, expected;
	uint32_t run;
	bool ok;

	(void)state;
	for (run = 0; run < 60; run++) {
		rng_init(&r, 4, run, "mser", "test");
		level = 100.0 * rng_uniform(&r);
		for (i = 0; i < N; i++)
			x[i] = level = (0.9 + 0.0016 * run) * level + rng_exponential(&r, 1.0);
		expected = by_definition(x, N - 3);
		ok = mser5_cut(x, N - 3, &cut); /* the last batch is incomplete */
		assert_int_equal(cut, expected);
		assert_int_equal(ok, expected / 5 <= (N - 3) / 5 / 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_transient_is_cut_where_it_ends),
		cmocka_unit_test(a_steady_run_is_not_cut),
		cmocka_unit_test(a_run_that_never_settles_is_refused),
		cmocka_unit_test(a_short_run_is_refused),
		cmocka_unit_test(the_pass_from_the_end_is_the_definition),
	};
	return cmocka_run_group_tests_name("mser", tests, NULL, NULL);
}
