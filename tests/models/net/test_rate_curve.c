/* What a link can carry over time. */
#include "tests/support/check.h"

#include <math.h>

#include "models/net/rate_curve.h"

/* 100 bytes/s, from 2 s on nothing, from 5 s on 400: carried 200 at 2 s and at 5 s, 600 at 6 s. */
static void steps_carry_rate_times_time(void **state)
{
	const struct rate_step steps[] = {{0.0, 100.0}, {2.0, 0.0}, {5.0, 400.0}};
	struct arena arena;
	const struct rate_curve *c;

	(void)state;
	arena_init(&arena);
	c = rate_curve_of_steps(&arena, steps, 3, 0.0);
	assert_near(rate_curve_bytes(c, 1.5), 150.0, 1e-12);
	assert_near(rate_curve_bytes(c, 3.7), 200.0, 1e-12);
	assert_near(rate_curve_bytes(c, 6.0), 600.0, 1e-12);
	assert_near(rate_curve_when_s(c, 150.0), 1.5, 1e-12);
	assert_near(rate_curve_when_s(c, 200.0), 2.0, 1e-12);
	assert_near(rate_curve_when_s(c, 201.0), 5.0025, 1e-12);
	assert_near(rate_curve_when_s(c, -3.0), 0.0, 0.0);
	assert_near(rate_curve_now_bytes_per_s(c, 4.0), 0.0, 0.0);
	assert_near(rate_curve_change_s(c, 0.5), 2.0, 0.0);
	assert_near(rate_curve_change_s(c, 2.0), 5.0, 0.0);
	assert_true(rate_curve_change_s(c, 5.0) > 1e300);
	arena_finish(&arena);
}

/* The same every 8 s: 1400 bytes a round. 3.5 rounds and 50: 4200 + 150 are carried at
 * 24 + 1.5 s. An outage at the end of each round, and for ever. */
static void steps_repeat(void **state)
{
	const struct rate_step steps[] = {{0.0, 100.0}, {2.0, 0.0}, {5.0, 400.0}};
	const struct rate_step ends[] = {{0.0, 100.0}, {2.0, 0.0}};
	struct arena arena;
	const struct rate_curve *c;

	(void)state;
	arena_init(&arena);
	c = rate_curve_of_steps(&arena, steps, 3, 8.0);
	assert_near(rate_curve_bytes(c, 25.5), 4350.0, 1e-9);
	assert_near(rate_curve_when_s(c, 4350.0), 25.5, 1e-9);
	assert_near(rate_curve_when_s(c, 4200.0), 24.0, 1e-9);
	assert_near(rate_curve_change_s(c, 24.5), 26.0, 1e-9);
	assert_near(rate_curve_change_s(c, 29.0), 32.0, 1e-9);
	assert_near(rate_curve_mean_bytes_per_s(c), 175.0, 1e-12);
	c = rate_curve_of_steps(&arena, ends, 2, 6.0);
	assert_near(rate_curve_when_s(c, 250.0), 6.5, 1e-9);
	c = rate_curve_of_steps(&arena, ends, 2, 0.0);
	assert_true(rate_curve_when_s(c, 250.0) > 1e300);
	arena_finish(&arena);
}

/* Chances at 10, 10, 40 ms, every 40 ms: a frame of 1514 needs one, 1515 two. After 40 ms three
 * have been, the fourth comes at 50. 3 frames in 0.04 s: 113550 bytes/s. */
static void chances_pass_one_frame_each(void **state)
{
	const double at_s[] = {0.010, 0.010, 0.040};
	struct arena arena;
	const struct rate_curve *c;

	(void)state;
	arena_init(&arena);
	c = rate_curve_of_chances(&arena, at_s, 3);
	assert_near(rate_curve_when_s(c, 1514.0), 0.010, 0.0);
	assert_near(rate_curve_when_s(c, 3029.0), 0.040, 0.0);
	assert_near(rate_curve_when_s(c, 4543.0), 0.050, 1e-15);
	assert_near(rate_curve_bytes(c, 0.030), 3028.0, 0.0);
	assert_near(rate_curve_bytes(c, 0.055), 5.0 * 1514.0, 0.0);
	assert_near(rate_curve_mean_bytes_per_s(c), 113550.0, 1e-6);
	assert_near(rate_curve_change_s(c, 0.25), 0.3, 1e-12);
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_carry_rate_times_time),
		cmocka_unit_test(steps_repeat),
		cmocka_unit_test(chances_pass_one_frame_each),
	};

	return cmocka_run_group_tests_name("rate_curve", tests, NULL, NULL);
}
