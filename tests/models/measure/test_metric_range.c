/* What a metric can be. */
#include "tests/support/check.h"

#include <string.h>

#include "models/measure/metric.h"

static bool can_be(enum metric_id id, double value)
{
	const struct metric_row row = {.scope = "link:wan", .id = id, .value = value};
	struct err err = {0};
	bool ok = metric_rows_check(&row, 1, &err);

	assert_true(ok == (err.kind == ERR_NONE));
	return ok;
}

static void a_share_is_from_0_to_1(void **state)
{
	(void)state;
	assert_true(can_be(METRIC_BUSY_SHARE, 0.0));
	assert_true(can_be(METRIC_BUSY_SHARE, 1.0));
	assert_true(can_be(METRIC_BUSY_SHARE, 1.0 + 1e-12)); /* a rounding */
	assert_false(can_be(METRIC_BUSY_SHARE, 1.01));
	assert_false(can_be(METRIC_BUSY_SHARE, -0.01));
	assert_false(can_be(METRIC_QOS_SHARE, 1.01));
}

static void a_time_or_a_count_is_not_negative(void **state)
{
	(void)state;
	assert_true(can_be(METRIC_WAIT_MEAN, 1e12));
	assert_false(can_be(METRIC_WAIT_MEAN, -1e-3));
	assert_false(can_be(METRIC_REQUESTS_IN_SYSTEM, -1.0));
}

static void some_numbers_go_below_0(void **state)
{
	(void)state;
	assert_true(can_be(METRIC_OBJECTIVE_S, -3.0));
	assert_true(can_be(METRIC_LYAPUNOV_DRIFT, -3.0));
}

static void nothing_measured_is_no_fault_and_infinity_is(void **state)
{
	(void)state;
	for (enum metric_id m = 0; m < METRICS; m++) {
		assert_true(can_be(m, (double)NAN));
		assert_false(can_be(m, HUGE_VAL));
		assert_false(can_be(m, -HUGE_VAL));
	}
}

static void the_first_that_cannot_be_is_named(void **state)
{
	const struct metric_row rows[] = {{"", METRIC_E2E_MEAN, 0.5},
		{"link:access/u-a/up", METRIC_BUSY_SHARE, 1.25}, {"", METRIC_WAIT_MEAN, -2.0}};
	struct err err = {0};

	(void)state;
	assert_false(metric_rows_check(rows, 3, &err));
	assert_int_equal(err.kind, ERR_RUN);
	assert_non_null(strstr(err.msg, "busy.share of 'link:access/u-a/up' is 1.25"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_share_is_from_0_to_1),
		cmocka_unit_test(a_time_or_a_count_is_not_negative),
		cmocka_unit_test(some_numbers_go_below_0),
		cmocka_unit_test(nothing_measured_is_no_fault_and_infinity_is),
		cmocka_unit_test(the_first_that_cannot_be_is_named),
	};

	return cmocka_run_group_tests_name("metric_range", tests, NULL, NULL);
}
