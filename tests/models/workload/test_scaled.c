/* Arrivals that come more often, from the same draws. */
#include "tests/support/check.h"

#include <string.h>

#include "models/workload/arrivals.h"
#include "models/workload/scaled.h"
#include "models/workload/workload.h"
#include "tests/support/arena_bed.h"

enum { N = 20000 };

static const double rates_per_s[] = {8.0, 0.0, 0.5}, sojourns_s[] = {3.0, 1.0, 20.0};
static const double steps_s[] = {0.0, 10.0, 25.0}, steps_per_s[] = {2.0, 0.0, 6.0};

static struct group_spec group(struct arrival_spec a)
{
	a.at = (struct src_pos){"users.yaml", 7, 13};
	return (struct group_spec){
		.name = "campus", .count = 1, .arrivals = a, .workload.kind = WORKLOAD_NONE};
}

static struct workload *make(const struct group_spec *g)
{
	struct err err = {0};
	struct workload *w;

	if (!workload_create(&w, g, 5, 2, &err))
		fail_msg("%s", err.msg);
	return w;
}

static struct workload *make_scaled(const struct group_spec *g, double scale)
{
	const struct group_spec *scaled;
	struct err err = {0};

	if (!groups_scaled(&scaled, g, 1, scale, &arena, &err))
		fail_msg("%s", err.msg);
	return make(scaled);
}

static double next_s(struct workload *w)
{
	struct request_draw draw;
	struct err err = {0};
	int64_t at_ns;

	assert_int_equal(workload_next(w, &at_ns, &draw, &err), 1);
	return 1e-9 * (double)at_ns;
}

/* Each gap is rounded to a nanosecond: half a one a request on either side. */
static void check_time_is_divided(struct arrival_spec a, double scale)
{
	const struct group_spec g = group(a);
	struct workload *one = make(&g), *many = make_scaled(&g, scale);

	assert_ratio(workload_rate_per_s(many), scale * workload_rate_per_s(one), 1e-12);
	for (int n = 1; n <= N; n++)
		assert_near(next_s(many), next_s(one) / scale, 1e-9 * n * (1.0 + 1.0 / scale));
	workload_destroy(one);
	workload_destroy(many);
}

static void request_n_comes_at_the_time_divided_by_the_scale(void **state)
{
	const double scales[] = {0.3, 1.7, 40.0};

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		check_time_is_divided(
			(struct arrival_spec){ARRIVAL_POISSON, .rate_per_s = 2.5}, scales[k]);
		check_time_is_divided(
			(struct arrival_spec){ARRIVAL_DETERMINISTIC, .rate_per_s = 2.5}, scales[k]);
		check_time_is_divided(
			(struct arrival_spec){ARRIVAL_GAMMA, .rate_per_s = 2.5, .cv = 2.0},
			scales[k]);
		check_time_is_divided(
			(struct arrival_spec){ARRIVAL_WEIBULL, .rate_per_s = 2.5, .cv = 0.5},
			scales[k]);
		check_time_is_divided((struct arrival_spec){ARRIVAL_MMPP, .n_states = 3,
					      .rates_per_s = rates_per_s, .sojourns_s = sojourns_s},
			scales[k]);
	}
}

/* Requests expected until @t_s, in a period of 30 s: 20 by 10 s, none until 25 s, 50 by 30 s. */
static double expected(double t_s)
{
	double in_s = fmod(t_s, 30.0), of_period = 2.0 * fmin(in_s, 10.0);

	return 50.0 * floor(t_s / 30.0) + of_period + 6.0 * fmax(in_s - 25.0, 0.0);
}

static void a_schedule_keeps_its_hours_and_multiplies_its_rates(void **state)
{
	const struct group_spec g = group((struct arrival_spec){ARRIVAL_SCHEDULE, .n_steps = 3,
		.steps_s = steps_s, .steps_per_s = steps_per_s, .repeat_s = 30.0});
	struct workload *one = make(&g), *many = make_scaled(&g, 3.5);

	(void)state;
	assert_ratio(workload_rate_per_s(many), 3.5 * 50.0 / 30.0, 1e-12);
	for (int n = 1; n <= N; n++) /* a nanosecond of rounding, at 21 a second */
		assert_near(3.5 * expected(next_s(many)), expected(next_s(one)), 1e-6);
	workload_destroy(one);
	workload_destroy(many);
}

static void a_trace_is_replayed_by_so_much_faster(void **state)
{
	const struct arrival_spec a = {ARRIVAL_TRACE, .trace = {.rate_scale = 1.5, .clock_s = 3.0}};
	struct arrival_spec out;
	struct err err = {0};

	(void)state;
	assert_true(arrivals_scaled(&out, &a, 2.5, &arena, &err));
	assert_near(out.trace.rate_scale, 3.75, 1e-15);
	assert_near(out.trace.clock_s, 3.0, 0.0); /* of the file, before it is scaled */
}

static void what_answers_the_system_is_refused_where_it_stands(void **state)
{
	const enum arrival_process process[] = {ARRIVAL_CLOSED, ARRIVAL_SATURATED};
	const char *word[] = {"closed", "saturated"};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		const struct group_spec two[] = {
			group((struct arrival_spec){ARRIVAL_POISSON, .rate_per_s = 2.0}),
			group((struct arrival_spec){process[k], .outstanding = 4}),
		};
		const struct group_spec *scaled;
		struct err err = {0};

		assert_false(groups_scaled(&scaled, two, 2, 2.0, &arena, &err));
		assert_int_equal(err.kind, ERR_INPUT);
		assert_int_equal(err.at.line, 7);
		assert_int_equal(err.at.col, 13);
		assert_non_null(strstr(err.msg, word[k]));
	}
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, arena_begin, arena_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(request_n_comes_at_the_time_divided_by_the_scale),
		TEST(a_schedule_keeps_its_hours_and_multiplies_its_rates),
		TEST(a_trace_is_replayed_by_so_much_faster),
		TEST(what_answers_the_system_is_refused_where_it_stands),
	};

	return cmocka_run_group_tests_name("scaled", tests, NULL, NULL);
}
