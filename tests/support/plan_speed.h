#ifndef OFFING_TESTS_PLAN_SPEED_H
#define OFFING_TESTS_PLAN_SPEED_H

#include "tests/support/check.h"

#include <time.h>

#include "models/serving/planner.h"

/** CPU time of plans of new batches of 32, over several systems. */
struct plan_speed {
	unsigned n;
	double most_s, sum_s;
};

enum { PLAN_SPEED_N = 32 };

/** The fastest of three that are new to @p counts, if it has a plan for them. */
static inline void plan_speed_add(struct plan_speed *speed, struct planner *p)
{
	const struct plan_answer *answer;
	double least_s = HUGE_VAL;

	for (uint32_t i = 0; i < 3; i++) {
		struct err err = {0};
		clock_t from = clock();

		if (planner_best(&answer, p, PLAN_SPEED_N, 90 + i, 512, &err))
			least_s = fmin(least_s, (double)(clock() - from) / CLOCKS_PER_SEC);
	}
	if (least_s == HUGE_VAL)
		return;
	speed->n++;
	speed->most_s = fmax(speed->most_s, least_s);
	speed->sum_s += least_s;
}

/** 5 ms on average, and 10 at most. */
static inline void plan_speed_judge(const struct plan_speed *speed)
{
	double mean_s = speed->sum_s / speed->n;

	print_message("%.2f ms a new batch of %d, %.2f at most\n", 1e3 * mean_s, PLAN_SPEED_N,
		1e3 * speed->most_s);
	assert_true(mean_s < 5e-3);
	assert_true(speed->most_s < 10e-3);
}

#endif
