#include "tests/support/check.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sim/rng.h"
#include "sim/stat.h"

/* 2 4 4 4 5 5 7 9: mean 40/8 = 5; squared deviations 9 1 1 1 0 0 4 16 = 32, sd sqrt(32/7). */
static const double eight[] = {2, 4, 4, 4, 5, 5, 7, 9};

static struct stat_mean mean_of(const double *x, size_t n)
{
	struct stat_mean s = {0};

	while (n-- > 0)
		stat_mean_add(&s, *x++);
	return s;
}

static void mean_and_deviation_of_eight(void **state)
{
	const struct stat_mean s = mean_of(eight, 8);

	(void)state;
	assert_int_equal(s.n, 8);
	assert_near(s.mean, 5.0, 1e-14);
	assert_near(stat_mean_sd(&s), 2.1380899352993950, 1e-14);
}

static void merged_parts_equal_the_whole(void **state)
{
	struct stat_mean a = mean_of(eight, 3), b = mean_of(eight + 3, 5), none = {0};

	(void)state;
	stat_mean_merge(&a, &b);
	stat_mean_merge(&a, &none);
	stat_mean_merge(&none, &a);
	assert_int_equal(none.n, 8);
	assert_near(none.mean, 5.0, 1e-14);
	assert_near(none.m2, 32.0, 1e-13);
}

static void one_sample_has_no_deviation(void **state)
{
	const struct stat_mean one = mean_of(eight, 1), none = {0};

	(void)state;
	assert_true(isnan(stat_mean_sd(&one)));
	assert_true(isnan(stat_mean_sd(&none)));
}

/* Small differences on a large offset: 1e9 + {4, 7, 13, 16}, variance 90/3 = 30. */
static void an_offset_does_not_eat_the_variance(void **state)
{
	const double x[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
	const struct stat_mean s = mean_of(x, 4);

	(void)state;
	assert_near(stat_mean_sd(&s), sqrt(30.0), 1e-9);
}

/* 2 for 3 s, 5 for 1 s, 4 for 6 s: 6 + 5 + 24 = 35 over 10 s. */
static void a_level_is_averaged_over_time(void **state)
{
	struct stat_level l;

	(void)state;
	level_init(&l, 7000000000, 2.0);
	level_set(&l, 10000000000, 5.0);
	level_add(&l, 11000000000, -1.0);
	assert_near(level_integral(&l, 17000000000), 35.0, 1e-12);
	assert_near(level_mean(&l, 17000000000), 3.5, 1e-12);
	assert_true(level_max(&l) == 5.0);
	assert_true(l.value == 4.0);
	level_restart(&l, 17000000000);
	assert_true(level_mean(&l, 17000000000) == 4.0); /* no time has passed: the value */
	assert_true(level_max(&l) == 4.0);
	level_set(&l, 19000000000, 10.0); /* 4 for 2 s, 10 for 1 s: 18 over 3 s */
	assert_near(level_mean(&l, 20000000000), 6.0, 1e-12);
}

static int ascending(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/** @n draws over twelve decades, every 50th of them 0. */
static double *wide_sample(size_t n, uint64_t seed)
{
	double *x = mem_zalloc(n, sizeof *x);
	struct rng r;
	size_t i;

	rng_init(&r, seed, 0, "hist", "test");
	for (i = 0; i < n; i++)
		x[i] = i % 50 == 0 ? 0.0 : pow(10.0, 12.0 * rng_uniform(&r) - 9.0);
	return x;
}

static void quantiles_are_right_to_half_a_percent(void **state)
{
	enum { N = 20000 };
	double *x = wide_sample(N, 1);
	struct stat_hist h;
	size_t i;

	(void)state;
	hist_init(&h);
	for (i = 0; i < N; i++)
		hist_add(&h, x[i]);
	qsort(x, N, sizeof *x, ascending);
	for (i = 0; i < N; i++) { /* q = (i + 1/2) / n has rank i + 1 */
		const double q = ((double)i + 0.5) / N;

		assert_near(hist_quantile(&h, q), x[i], 0.005 * x[i]);
	}
	assert_true(hist_quantile(&h, 0.0) == x[0]);
	assert_true(hist_quantile(&h, 1.0) == x[N - 1]);
	assert_int_equal(hist_count(&h), N);
	hist_finish(&h);
	free(x);
}

static void merged_histograms_equal_one(void **state)
{
	enum { N = 3000 };
	double *x = wide_sample(N, 2);
	struct stat_hist all, a, b, none;
	size_t i;

	(void)state;
	hist_init(&all);
	hist_init(&a);
	hist_init(&b);
	hist_init(&none);
	for (i = 0; i < N; i++) {
		hist_add(&all, x[i]);
		hist_add(i < N / 3 ? &a : &b, x[i]);
	}
	hist_merge(&a, &b);
	hist_merge(&a, &none);
	hist_merge(&none, &a);
	for (i = 0; i <= 100; i++)
		assert_true(hist_quantile(&none, (double)i / 100) ==
			    hist_quantile(&all, (double)i / 100));
	assert_int_equal(hist_count(&none), N);
	hist_finish(&all);
	hist_finish(&a);
	hist_finish(&b);
	hist_finish(&none);
	free(x);
}

static void a_cleared_histogram_starts_anew(void **state)
{
	struct stat_hist h;

	(void)state;
	hist_init(&h);
	assert_true(isnan(hist_quantile(&h, 0.5)));
	hist_add(&h, 1000.0);
	hist_add(&h, 0.0);
	hist_clear(&h);
	assert_true(isnan(hist_quantile(&h, 0.5)));
	hist_add(&h, 3.0);
	assert_true(hist_quantile(&h, 0.5) == 3.0); /* one sample: exact */
	hist_finish(&h);
}

/* The ends of the range: subnormal, below and at 2^-64, just below 2^64. */
static void extreme_samples_are_kept(void **state)
{
	struct stat_hist h;

	(void)state;
	hist_init(&h);
	hist_add(&h, 5e-324);
	hist_add(&h, 0x1p-65);
	hist_add(&h, 0x1p-64);
	hist_add(&h, 1.8e19);
	assert_true(hist_quantile(&h, 0.0) == 5e-324);
	assert_near(hist_quantile(&h, 0.5), 0.0, 1e-300 + 5e-324);
	assert_ratio(hist_quantile(&h, 0.75), 0x1p-64, 0.005);
	assert_true(hist_quantile(&h, 1.0) == 1.8e19);
	hist_finish(&h);
}

/* 1..10: mean 5.5, sd sqrt(82.5/9) = 3.0276504, t(.975, 9) = 2.2621572 (tables), half-width
 * 2.2621572 * 3.0276504 / sqrt(10) = 2.1658506. At 99 %: t(.995, 9) = 3.2498355, 3.1114806. */
static void the_interval_is_students(void **state)
{
	const double x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct stat_interval i;

	(void)state;
	stat_interval(&i, x, 10, 0.95);
	assert_int_equal(i.n, 10);
	assert_near(i.mean, 5.5, 1e-14);
	assert_near(i.sd, 3.0276504, 1e-7);
	assert_near(i.lo, 5.5 - 2.1658506, 2e-7);
	assert_near(i.hi, 5.5 + 2.1658506, 2e-7);
	stat_interval(&i, x, 10, 0.99);
	assert_near(i.hi, 5.5 + 3.1114806, 3e-7);
}

static void few_replications_have_no_interval(void **state)
{
	struct stat_interval i;

	(void)state;
	stat_interval(&i, eight, 1, 0.95);
	assert_true(i.mean == 2.0 && isnan(i.sd) && isnan(i.lo) && isnan(i.hi));
	stat_interval(&i, eight, 0, 0.95);
	assert_true(isnan(i.mean) && i.n == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mean_and_deviation_of_eight),
		cmocka_unit_test(merged_parts_equal_the_whole),
		cmocka_unit_test(one_sample_has_no_deviation),
		cmocka_unit_test(an_offset_does_not_eat_the_variance),
		cmocka_unit_test(a_level_is_averaged_over_time),
		cmocka_unit_test(quantiles_are_right_to_half_a_percent),
		cmocka_unit_test(merged_histograms_equal_one),
		cmocka_unit_test(a_cleared_histogram_starts_anew),
		cmocka_unit_test(extreme_samples_are_kept),
		cmocka_unit_test(the_interval_is_students),
		cmocka_unit_test(few_replications_have_no_interval),
	};
	return cmocka_run_group_tests_name("stat", tests, NULL, NULL);
}
