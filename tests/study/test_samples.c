/* Values over replications: intervals, and which replications several policies have. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "base/mem.h"
#include "study/samples.h"

static void add(struct samples *s, uint32_t number, double a, double b, bool random)
{
	struct world_result r = {.n_metrics = 2, .random = random};

	r.metrics = mem_zalloc(2, sizeof *r.metrics);
	r.metrics[0] = (struct metric_row){"", METRIC_E2E_MEAN, a};
	r.metrics[1] = (struct metric_row){"group:x", METRIC_E2E_MEAN, b};
	samples_add(s, number, &r);
	world_result_finish(&r);
}

/* 2, 4, 9: mean 5, variance (9 + 1 + 16) / 2 = 13; t of two degrees at 97.5 % is 4.302653, so the
 * half-width is 4.302653 sqrt(13 / 3) = 8.956686. The other metric has one value, 7. */
static void rows_summarise_what_has_a_value(void **state)
{
	struct samples s = {0};
	struct summary_row *rows;

	(void)state;
	add(&s, 1, 2, (double)NAN, true);
	add(&s, 2, 4, 7, false);
	add(&s, 5, 9, (double)NAN, false);
	rows = samples_rows(&s, NULL, 0);
	assert_near(rows[0].mean, 5, 1e-12);
	assert_near(rows[0].sd, sqrt(13), 1e-12);
	assert_near(rows[0].ci_high - 5, 8.956686, 1e-5);
	assert_int_equal(rows[0].n, 3);
	assert_near(rows[1].mean, 7, 0);
	assert_true(isnan(rows[1].sd) && rows[1].n == 1);
	assert_near(samples_relative_half(&s, 0), 8.956686 / 5, 1e-5);
	assert_true(samples_relative_half(&s, 1) == HUGE_VAL);
	free(rows);
	samples_finish(&s);
}

/* Pairs (1, 2), (5, 6) and (7, 8) of 3, 5 and 10; 3 and 9 have no other one. Mean 6, variance (9 +
 * 1
 * + 16) / 2 = 13. The correlation of 2, 4, 9 with 4, 6, 11 is 1, and with 8, 6, 1 it is -1. */
static void of_antithetic_replications_pairs_are_the_values(void **state)
{
	static const uint32_t numbers[] = {1, 2, 3, 5, 6, 7, 8, 9};
	static const double alike[] = {2, 4, 70, 4, 6, 9, 11, 80},
			    opposite[] = {2, 8, 70, 4, 6, 9, 1, 80};
	struct samples s = {.paired = true};
	struct stat_interval c;
	double *values;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 8; i++)
		add(&s, numbers[i], alike[i], opposite[i], true);
	c = samples_interval(&s, 0);
	assert_int_equal(c.n, 3);
	assert_near(c.mean, 6, 1e-12);
	assert_near(c.sd, sqrt(13), 1e-12);
	assert_near(samples_pair_correlation(&n, &s, 0), 1, 1e-12);
	assert_int_equal(n, 3);
	assert_near(samples_pair_correlation(&n, &s, 1), -1, 1e-12);
	c = samples_interval(&s, 1);
	assert_near(c.mean, 5, 1e-12);
	assert_near(c.hi, c.lo, 1e-12);
	assert_int_equal(samples_alone(&s), 2);
	values = samples_values(&n, &s, 0);
	assert_true(n == 3 && values[0] == 3 && values[1] == 5 && values[2] == 10);
	free(values);
	assert_near(samples_least(&s, 1), 1, 0);
	samples_finish(&s);
}

static void what_is_not_random_has_no_interval(void **state)
{
	struct samples s = {0};
	struct summary_row *rows;

	(void)state;
	add(&s, 1, 6.9, 3, false);
	add(&s, 2, 6.9, 3, false);
	rows = samples_rows(&s, NULL, 0);
	assert_near(rows[0].mean, 6.9, 0);
	assert_true(isnan(rows[0].sd) && isnan(rows[0].ci_low) && isnan(rows[0].ci_high));
	assert_near(samples_relative_half(&s, 0), 0, 0);
	free(rows);
	samples_finish(&s);
}

/* The third has none at all, and takes nothing from the others. */
static void common_are_those_that_all_have(void **state)
{
	static const uint32_t a_has[] = {1, 2, 4, 5, 9}, b_has[] = {2, 3, 4, 9, 11, 12};
	struct samples a = {0}, b = {0}, none = {0};
	const struct samples *all[] = {&a, &b, &none};
	struct summary_row *rows;
	uint32_t *common;
	size_t n, i;

	(void)state;
	for (i = 0; i < 5; i++)
		add(&a, a_has[i], a_has[i], 0, true);
	for (i = 0; i < 6; i++)
		add(&b, b_has[i], 10 * b_has[i], 0, true);
	samples_trim(&a);
	assert_int_equal(a.cap, 5);
	common = samples_common(&n, all, 3);
	assert_int_equal(n, 3);
	assert_int_equal(common[0], 2);
	assert_int_equal(common[1], 4);
	assert_int_equal(common[2], 9);
	rows = samples_rows(&a, common, n);
	assert_near(rows[0].mean, 5, 0);
	assert_int_equal(rows[0].n, 3);
	free(rows);
	rows = samples_rows(&b, common, n);
	assert_near(rows[0].mean, 50, 0);
	free(rows);
	free(common);
	assert_null(samples_common(&n, &all[2], 1));
	assert_int_equal(n, 0);
	samples_finish(&a);
	samples_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_antithetic_replications_pairs_are_the_values),
		cmocka_unit_test(rows_summarise_what_has_a_value),
		cmocka_unit_test(what_is_not_random_has_no_interval),
		cmocka_unit_test(common_are_those_that_all_have),
	};

	return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
