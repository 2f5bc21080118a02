/* What a link can carry over time. */
#include "tests/support/check.h"

#include <math.h>
#include <stdint.h>

#include "models/net/rate_curve.h"
#include "sim/event.h"
#include "sim/rng.h"

enum { S = 1000000000, MS = 1000000 };

static const struct rate_step three[] = {
	{0, 100.0}, {2 * (int64_t)S, 0.0}, {5 * (int64_t)S, 400.0}};

static int64_t at(double s)
{
	return ns_of_s(s);
}

/* 100 bytes/s, from 2 s on nothing, from 5 s on 400: carried 200 at 2 s and at 5 s, 600 at 6 s. */
static void steps_carry_rate_times_time(void **state)
{
	struct arena arena;
	const struct rate_curve *c;

	(void)state;
	arena_init(&arena);
	c = rate_curve_of_steps(&arena, three, 3, 0);
	assert_near(rate_curve_bytes(c, at(1.5)), 150.0, 1e-12);
	assert_near(rate_curve_bytes(c, at(3.7)), 200.0, 1e-12);
	assert_near(rate_curve_bytes(c, at(6.0)), 600.0, 1e-12);
	assert_int_equal(rate_curve_when_ns(c, 150.0), at(1.5));
	assert_int_equal(rate_curve_when_ns(c, 200.0), at(2.0));
	assert_int_equal(rate_curve_when_ns(c, 201.0), at(5.0025));
	assert_int_equal(rate_curve_when_ns(c, -3.0), 0);
	assert_near(rate_curve_now_bytes_per_s(c, at(4.0)), 0.0, 0.0);
	assert_int_equal(rate_curve_change_ns(c, at(0.5)), at(2.0));
	assert_int_equal(rate_curve_change_ns(c, at(2.0)), at(5.0));
	assert_true(rate_curve_change_ns(c, at(5.0)) == CURVE_NEVER);
	assert_int_equal(rate_curve_up_ns(c, at(4.0)), at(2.0));
	assert_int_equal(rate_curve_up_ns(c, at(5.5)), at(2.5));
	arena_finish(&arena);
}

/* The same every 8 s: 1400 bytes a round. 3.5 rounds and 50: 4200 + 150 are carried at
 * 24 + 1.5 s. An outage at the end of each round, and for ever. */
static void steps_repeat(void **state)
{
	const struct rate_step ends[] = {{0, 100.0}, {2 * (int64_t)S, 0.0}};
	struct arena arena;
	const struct rate_curve *c;

	(void)state;
	arena_init(&arena);
	c = rate_curve_of_steps(&arena, three, 3, at(8.0));
	assert_near(rate_curve_bytes(c, at(25.5)), 4350.0, 1e-9);
	assert_int_equal(rate_curve_when_ns(c, 4350.0), at(25.5));
	assert_int_equal(rate_curve_when_ns(c, 4200.0), at(24.0));
	assert_int_equal(rate_curve_change_ns(c, at(24.5)), at(26.0));
	assert_int_equal(rate_curve_change_ns(c, at(29.0)), at(32.0));
	assert_int_equal(rate_curve_up_ns(c, at(28.0)), at(3 * 5.0 + 2.0));
	assert_near(rate_curve_mean_bytes_per_s(c), 175.0, 1e-12);
	c = rate_curve_of_steps(&arena, ends, 2, at(6.0));
	assert_int_equal(rate_curve_when_ns(c, 250.0), at(6.5));
	c = rate_curve_of_steps(&arena, ends, 2, 0);
	assert_true(rate_curve_when_ns(c, 250.0) == CURVE_NEVER);
	arena_finish(&arena);
}

/* Chances at 10, 10, 40 ms, every 40 ms: a frame of 1514 needs one, 1515 two. After 40 ms three
 * have been, the fourth comes at 50. 3 frames in 0.04 s: 113550 bytes/s. */
static void chances_pass_one_frame_each(void **state)
{
	const int64_t at_ns[] = {10 * MS, 10 * MS, 40 * MS};
	struct arena arena;
	const struct rate_curve *c;

	(void)state;
	arena_init(&arena);
	c = rate_curve_of_chances(&arena, at_ns, 3);
	assert_int_equal(rate_curve_when_ns(c, 1514.0), 10 * MS);
	assert_int_equal(rate_curve_when_ns(c, 3029.0), 40 * MS);
	assert_int_equal(rate_curve_when_ns(c, 4543.0), 50 * MS);
	assert_near(rate_curve_bytes(c, 30 * MS), 3028.0, 0.0);
	assert_near(rate_curve_bytes(c, 55 * MS), 5.0 * 1514.0, 0.0);
	assert_near(rate_curve_mean_bytes_per_s(c), 113550.0, 1e-6);
	assert_int_equal(rate_curve_change_ns(c, 250 * MS), 300 * MS);
	arena_finish(&arena);
}

/* A trace of 5 ms: whatever millisecond a packet comes at, the chance of that very instant is
 * used up, for ever and not for some of the multiples of 5 ms. */
static void a_chance_of_the_very_instant_is_gone(void **state)
{
	const int64_t every[] = {5 * MS};
	struct arena arena;
	const struct rate_curve *c;

	(void)state;
	arena_init(&arena);
	c = rate_curve_of_chances(&arena, every, 1);
	for (int64_t k = 1; k < 100000; k++) {
		double before = rate_curve_bytes(c, k * 5 * MS);

		assert_near(before, 1514.0 * (double)k, 0.0);
		assert_int_equal(rate_curve_when_ns(c, before + 1.0), (k + 1) * 5 * MS);
	}
	arena_finish(&arena);
}

/* Any period, whole seconds or not: the walk from change to change never stands still, meets
 * every step of every round at its own nanosecond, and the sums along it are what the curve says
 * it carried, how long it was up, and when. */
static void any_period_is_walked_step_by_step(void **state)
{
	struct arena arena;
	struct rng rng;

	(void)state;
	arena_init(&arena);
	rng_init(&rng, 3, 0, "test", "periods");
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + (size_t)rng_below(&rng, 6);
		struct rate_step steps[6];
		int64_t period_ns = 0, walked_ns = 0, up_ns = 0;
		const struct rate_curve *c;
		double bytes = 0.0;

		for (size_t i = 0; i < n; i++) {
			steps[i].at_ns = period_ns;
			steps[i].bytes_per_s = i > 0 && rng_below(&rng, 4) == 0
						       ? 0.0
						       : 1e3 + 1e7 * rng_uniform(&rng);
			/* tenths of a second, as people write them, or any nanosecond */
			period_ns += round & 1 ? (1 + (int64_t)rng_below(&rng, 30)) * 100 * MS
					       : 1 + (int64_t)rng_below(&rng, 3 * (uint64_t)S);
		}
		c = rate_curve_of_steps(&arena, steps, n, period_ns);
		for (size_t k = 0; k < 40 * n; k++) {
			int64_t from_ns = (int64_t)(k / n) * period_ns + steps[k % n].at_ns;
			int64_t to_ns = k % n + 1 < n ? (int64_t)(k / n) * period_ns +
								steps[k % n + 1].at_ns
						      : (int64_t)(k / n + 1) * period_ns;
			double rate = steps[k % n].bytes_per_s;

			assert_int_equal(walked_ns, from_ns);
			assert_near(rate_curve_now_bytes_per_s(c, from_ns), rate, 0.0);
			assert_near(rate_curve_bytes(c, from_ns), bytes, 1e-9 + 1e-12 * bytes);
			assert_int_equal(rate_curve_up_ns(c, from_ns), up_ns);
			if (rate > 0.0 && to_ns - from_ns > 10) {
				double half = bytes + rate * s_of_ns((to_ns - from_ns) / 2);
				int64_t when_ns = rate_curve_when_ns(c, half);

				assert_true(
					llabs(when_ns - (from_ns + (to_ns - from_ns) / 2)) <= 2);
			}
			bytes += rate * s_of_ns(to_ns - from_ns);
			up_ns += rate > 0.0 ? to_ns - from_ns : 0;
			walked_ns = rate_curve_change_ns(c, walked_ns);
		}
	}
	arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_carry_rate_times_time),
		cmocka_unit_test(steps_repeat),
		cmocka_unit_test(chances_pass_one_frame_each),
		cmocka_unit_test(a_chance_of_the_very_instant_is_gone),
		cmocka_unit_test(any_period_is_walked_step_by_step),
	};

	return cmocka_run_group_tests_name("rate_curve", tests, NULL, NULL);
}
