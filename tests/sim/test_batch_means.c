#include "tests/support/check.h"

#include <math.h>

#include "sim/batch_means.h"
#include "sim/rng.h"

enum { N = 4096 };

/* 0, 2, 0, 2, ...: 64 of them have variance 64/63 about their mean of 1, and neighbours that differ
 * are no reason to take larger batches; the sum of all varies by 64 x 64/63. */
static void increments_that_swing_are_taken_as_they_are(void **state)
{
	double x[64];
	struct batch_means m;

	(void)state;
	for (int i = 0; i < 64; i++)
		x[i] = 2.0 * (i % 2);
	m = batch_means_of(x, 64, 0);
	assert_int_equal(m.batch, 1);
	assert_false(m.correlated);
	assert_near(m.df, 63.0, 1e-12);
	assert_near(m.var, 64.0 * 64.0 / 63.0, 1e-9);
}

/* Of what swings about a level nothing adds up: pairs of it are all the same. */
static void fewer_batches_can_be_asked_for(void **state)
{
	double x[64];
	struct batch_means m;

	(void)state;
	for (int i = 0; i < 64; i++)
		x[i] = 2.0 * (i % 2);
	m = batch_means_of(x, 64, 32);
	assert_int_equal(m.batch, 2);
	assert_near(m.df, 31.0, 1e-12);
	assert_near(m.var, 0.0, 1e-12);
}

static void too_few_increments_have_no_variance(void **state)
{
	const double x[BATCH_MEANS_LEAST - 1] = {3.0};

	(void)state;
	assert_true(isnan(batch_means_of(x, BATCH_MEANS_LEAST - 1, 0).var));
}

/* Increments of a straight line upward: whatever the batch, the next is larger. */
static void a_trend_is_correlated_beyond_all_batches(void **state)
{
	double x[256];

	(void)state;
	for (int i = 0; i < 256; i++)
		x[i] = 0.5 * i;
	assert_true(batch_means_of(x, 256, 0).correlated);
}

/* x = r x + e, e uniform of variance 1/12: the sum of n varies by n / (12 (1 - r)^2). The mean of
 * 200 estimates is not below that, and above it by what is allowed for correlation that chance
 * shows in few large batches. */
static void estimate_is_right(double r)
{
	struct rng g;
	double x[N], sum = 0.0, was = 0.0;

	rng_init(&g, 7, 1, "batch means", "");
	for (int k = 0; k < 200; k++) {
		for (int i = 0; i < N; i++)
			x[i] = was = r * was + rng_uniform(&g);
		sum += batch_means_of(x, N, 0).var / 200.0;
	}
	assert_near(sum / (N / (12.0 * (1.0 - r) * (1.0 - r))), 1.2, 0.2);
}

static void the_variance_of_a_sum_is_not_underestimated(void **state)
{
	(void)state;
	estimate_is_right(0.0);
	estimate_is_right(0.5);
	estimate_is_right(0.9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(increments_that_swing_are_taken_as_they_are),
		cmocka_unit_test(fewer_batches_can_be_asked_for),
		cmocka_unit_test(too_few_increments_have_no_variance),
		cmocka_unit_test(a_trend_is_correlated_beyond_all_batches),
		cmocka_unit_test(the_variance_of_a_sum_is_not_underestimated),
	};
	return cmocka_run_group_tests_name("batch_means", tests, NULL, NULL);
}
