/* Differences of paired and of independent replications. */
#include "tests/support/check.h"

#include "study/compare.h"

static const uint32_t first_four[] = {1, 2, 3, 4};

/* Differences 1, 3, 2, 2: mean 2, variance (1 + 1) / 3 = 2/3; t of three degrees at 97.5 % is
 * 3.182446, so the half-width is 3.182446 sqrt(2 / 3 / 4) = 1.299228. a has deviations -3 -1 1 3,
 * sum of squares 20; b = 2 6 7 9 has -4 0 1 3, 26; products 12 + 0 + 1 + 9 = 22. */
static void pairs_are_compared_by_their_differences(void **state)
{
	const double a[] = {1, 3, 5, 7}, b[] = {2, 6, 7, 9};
	const struct compare_side of_a = {4, first_four, a}, of_b = {4, first_four, b};
	struct comparison c = compare(&of_a, &of_b, true);

	(void)state;
	assert_int_equal(c.n, 4);
	assert_near(c.a, 4, 1e-12);
	assert_near(c.b, 6, 1e-12);
	assert_near(c.less.mean, 2, 1e-12);
	assert_near(c.less.hi - 2, 1.299228, 1e-6);
	assert_near(c.correlation, 22 / sqrt(20 * 26), 1e-12);
	assert_near(c.saved, (20.0 / 3 + 26.0 / 3) / (2.0 / 3), 1e-9);
}

/* Of 1 2 4 and 2 3 4 9 the pairs are 2 and 4; that of 4 has no value in a. */
static void what_one_lacks_is_no_pair(void **state)
{
	const uint32_t in_a[] = {1, 2, 3, 4}, in_b[] = {2, 3, 4, 9};
	const double a[] = {100, 3, 8, (double)NAN}, b[] = {5, 6, 7, 100};
	const struct compare_side of_a = {4, in_a, a}, of_b = {4, in_b, b};
	struct comparison c = compare(&of_a, &of_b, true);

	(void)state;
	assert_int_equal(c.n, 2);
	assert_near(c.a, 5.5, 1e-12);
	assert_near(c.b, 5.5, 1e-12);
	assert_near(c.less.mean, 0, 1e-12);
}

static void one_pair_has_a_difference_and_no_interval(void **state)
{
	const double a[] = {3}, b[] = {5};
	const struct compare_side of_a = {1, first_four, a}, of_b = {1, first_four, b},
				  none = {0, NULL, NULL};
	struct comparison c = compare(&of_a, &of_b, true);

	(void)state;
	assert_near(c.less.mean, 2, 0);
	assert_true(isnan(c.less.lo) && isnan(c.less.hi) && isnan(c.saved));
	c = compare(&of_a, &none, true);
	assert_true(c.n == 0 && isnan(c.less.mean) && isnan(c.a));
	c = compare(&of_a, &none, false);
	assert_true(c.n == 0 && isnan(c.less.mean) && isnan(c.less.lo));
}

static void a_constant_apart_saves_without_end(void **state)
{
	const double a[] = {1, 4, 2, 8}, b[] = {3, 6, 4, 10}, same[] = {5, 5, 5, 5};
	const struct compare_side of_a = {4, first_four, a}, of_b = {4, first_four, b},
				  of_same = {4, first_four, same};
	struct comparison c = compare(&of_a, &of_b, true);

	(void)state;
	assert_near(c.less.lo, 2, 1e-12);
	assert_true(c.saved > 1e20);
	assert_near(c.correlation, 1, 1e-12);
	c = compare(&of_same, &of_same, true);
	assert_true(isnan(c.saved) && isnan(c.correlation) && c.less.hi == 0.0);
}

/* a = 1 2 3: mean 2, variance 1, error 1/3; b = 4 8 12 16: mean 10, variance 80/3, error 20/3.
 * Degrees 49 / (1/9/2 + 400/9/3) = 49 / (1/18 + 400/27) = 3.29512; 2.6458 is sqrt(7), and t of
 * that many degrees at 97.5 % lies between those of 3 (3.18245) and 4 (2.77645). */
static void independent_ones_are_compared_as_welch_does(void **state)
{
	const double a[] = {1, 2, 3}, b[] = {4, 8, 12, 16};
	const struct compare_side of_a = {3, first_four, a}, of_b = {4, first_four, b};
	struct comparison c = compare(&of_a, &of_b, false);
	double t = (c.less.hi - c.less.mean) / sqrt(7.0);

	(void)state;
	assert_near(c.less.mean, 8, 1e-12);
	assert_true(t > 2.77645 && t < 3.18245);
	/* by linear interpolation in 1 / degrees, which Student's t follows closely */
	assert_near(
		t, 2.77645 + (3.18245 - 2.77645) * (1 / 3.29512 - 0.25) / (1.0 / 3 - 0.25), 0.01);
	assert_true(isnan(c.saved) && !c.paired);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_are_compared_by_their_differences),
		cmocka_unit_test(what_one_lacks_is_no_pair),
		cmocka_unit_test(one_pair_has_a_difference_and_no_interval),
		cmocka_unit_test(a_constant_apart_saves_without_end),
		cmocka_unit_test(independent_ones_are_compared_as_welch_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
