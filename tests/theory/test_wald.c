/* The lengths and the errors of the sequential test beside Wald's theory, and what a fitted line
 * says of systems that are stable. Few runs here; docs/stability.md has the figures of many. */
#include "tests/support/check.h"

#include "tests/support/wald_queue.h"

enum { RUNS = 400 };

/* Theory: 1801 services on average over both sides (h = 92, drift 5 %); looks every 50 s and a
 * variance that is estimated cost up to a fifth. 1 % of 400 is 4; 11 or more wrong have a
 * probability of .3 %. */
static void wald_is_right_and_as_quick_as_he_says(void **state)
{
	double sum = 0.0, s;

	(void)state;
	for (int side = -1; side <= 1; side += 2) {
		int wrong = 0;

		for (uint32_t k = 1; k <= RUNS; k++) {
			struct wald_queue q = {1.0 + 0.05 * side, 1, k, 400};

			wrong += wald_queue_run(&q, &s) !=
				 (side > 0 ? DRIFT_UNSTABLE : DRIFT_STABLE);
			sum += s;
		}
		assert_in_range(wrong, 0, 10);
	}
	assert_near(sum / (2 * RUNS) / 1801.0, 1.1, 0.15);
}

/* 24 to 47 % where 2.5 % are meant. */
static void a_fitted_line_calls_stable_queues_growing(void **state)
{
	static const double loads[] = {0.5, 0.8, 0.95};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		int growing = 0;

		for (uint32_t k = 1; k <= RUNS; k++)
			growing += slope_says_growing(loads[i], 1000, 1, k);
		assert_near((double)growing / RUNS, 0.36, 0.17);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wald_is_right_and_as_quick_as_he_says),
		cmocka_unit_test(a_fitted_line_calls_stable_queues_growing),
	};
	return cmocka_run_group_tests_name("wald", tests, NULL, NULL);
}
