#include "tests/support/check.h"

#include <math.h>
#include <string.h>

#include "sim/drift_test.h"
#include "sim/drift_watch.h"
#include "sim/rng.h"

static const struct drift_question once = {DRIFT_ERROR, DRIFT_INDIFFERENCE, false};
static const struct drift_question again = {DRIFT_ERROR, DRIFT_INDIFFERENCE, true};

/** A run of 4000 s and as many arrivals, sigma^2 = 2 a second, whose servers are told of: @net is
 *  what the free walk rose by, @rise what the real one did, half of it late. */
static struct drift_evidence run_of(double net, double rise)
{
	return (struct drift_evidence){
		.runs = 1,
		.time_s = 4000.0,
		.arrivals = 4000.0,
		.rise = rise,
		.late_rise = rise / 2.0,
		.left = rise,
		.rise_var = 8000.0,
		.late_var = 4000.0,
		.rise_spread = 8000.0 * 8000.0 / 255.0,
		.level_var = 8000.0,
		.level_spread = 8000.0 * 8000.0 / 31.0,
		.spare_runs = 1,
		.places = 1,
		.net = net,
		.net_var = 8000.0,
		.net_spread = 8000.0 * 8000.0 / 255.0,
		.unused = rise - net,
		.unused_var = 10.0,
		.free_var = 8000.0,
	};
}

/* h = sigma^2 ln(99) / (2 d), d = lambda delta / (1 - delta^2) = .050125: 2 x 4.595120 / .100251 =
 * 91.672. */
static void the_threshold_is_walds(void **state)
{
	struct drift_evidence e = run_of(-200.0, 12.0);
	struct drift_answer a = drift_judge(&e, &again);

	(void)state;
	assert_int_equal(a.verdict, DRIFT_STABLE);
	assert_int_equal(a.reason, DRIFT_BY_SPARE);
	assert_near(a.h, 91.672, 1e-3);
	assert_near(a.drift_per_s, -0.05, 1e-12);
	assert_near(a.low_per_s, -0.05 / 0.95, 1e-12);
	assert_near(a.high_per_s, 0.05 / 1.05, 1e-12);
	assert_near(a.load, 4000.0 / 4200.0, 1e-12);
	/* 8 sigma^2 / d^2 = 8 x 2 / .050125^2 */
	assert_near(a.enough_s, 6368.0, 1.0);
}

/* The log likelihood ratio is 2 d (x - m) / sigma^2, m = -lambda delta^2 / (1 - delta^2) T =
 * -10.03: it passes ln 99 where x is 91.67 from m. */
static void a_sequential_test_stops_where_wald_says(void **state)
{
	struct drift_evidence e = run_of(-10.03 - 91.0, 12.0);

	(void)state;
	assert_int_equal(drift_judge(&e, &again).verdict, DRIFT_UNDECIDED);
	e = run_of(-10.03 - 92.0, 12.0);
	assert_int_equal(drift_judge(&e, &again).verdict, DRIFT_STABLE);
	e = run_of(-10.03 + 91.0, 91.0);
	assert_int_equal(drift_judge(&e, &again).verdict, DRIFT_UNDECIDED);
	e = run_of(-10.03 + 92.0, 92.0);
	assert_int_equal(drift_judge(&e, &again).verdict, DRIFT_UNSTABLE);
}

static void evidence_of_runs_adds_up(void **state)
{
	struct drift_evidence sum = run_of(-60.0, 12.0), one = sum;

	(void)state;
	assert_int_equal(drift_judge(&sum, &again).verdict, DRIFT_UNDECIDED);
	for (int k = 0; k < 3; k++)
		drift_evidence_add(&sum, &one);
	assert_int_equal(sum.runs, 4);
	assert_near(sum.net, -240.0, 1e-9);
	assert_near(drift_judge(&sum, &again).h, 91.672, 1e-3);
	/* 4 runs: (240 - 4 x 10.03) against 91.67 */
	assert_int_equal(drift_judge(&sum, &again).verdict, DRIFT_STABLE);
}

/* Servers could do more than comes, and yet the backlog grows: some line is short of them. */
static void growth_overrules_spare_capacity(void **state)
{
	struct drift_evidence e = run_of(-3000.0, 2000.0);

	(void)state;
	assert_int_equal(drift_judge(&e, &once).verdict, DRIFT_UNSTABLE);
	assert_int_equal(drift_judge(&e, &once).reason, DRIFT_BY_GROWTH);
}

/* More comes than is served, and nothing grows: they are turned away. */
static void what_is_turned_away_does_not_make_a_system_unstable(void **state)
{
	struct drift_evidence e = run_of(3000.0, 20.0);

	(void)state;
	e.rise_var = 40.0;
	e.late_var = 20.0;
	e.rise_spread = 40.0 * 40.0 / 255.0;
	e.level_var = 40.0;
	e.level_spread = 40.0 * 40.0 / 31.0;
	assert_int_equal(drift_judge(&e, &once).verdict, DRIFT_STABLE);
	assert_int_equal(drift_judge(&e, &once).reason, DRIFT_BY_LEVEL);
}

static void a_hundred_arrivals_are_wanted(void **state)
{
	struct drift_evidence e = run_of(-3000.0, 3.0);

	(void)state;
	e.arrivals = 99.0;
	assert_int_equal(drift_judge(&e, &once).reason, DRIFT_NO_ARRIVALS);
	assert_int_equal(drift_judge(&e, &once).verdict, DRIFT_UNDECIDED);
}

/* Runs of M/M/1 from a cold start. */

struct queue {
	double load;
	uint64_t arrivals; /* then no more come, and it drains */
	uint64_t backlog;
	bool drains, told; /* told: of its server being full */
};

static int64_t ns(double s)
{
	return (int64_t)(1e9 * s);
}

static void simulate(const struct queue *q, uint32_t number, struct drift_evidence *out)
{
	struct drift_watch *w = drift_watch_create(q->told);
	double arrives_s, served_s = HUGE_VAL, last_s = 0.0, now_s = 0.0;
	struct rng arrivals, services;
	uint64_t n = 0, k = 0;

	while (n < q->backlog)
		drift_watch_level(w, 0, ++n);
	drift_watch_restart(w, 0);
	if (n > 0) {
		served_s = 0.5;
		drift_watch_full(w, 0, 0, true);
	}
	rng_init(&arrivals, 1, number, "arrivals", "");
	rng_init(&services, 1, number, "service", "");
	arrives_s = rng_exponential(&arrivals, 1.0 / q->load);
	while (k < q->arrivals || (q->drains && n > 0)) {
		if (k < q->arrivals && arrives_s < served_s) {
			now_s = last_s = arrives_s;
			drift_watch_level(w, ns(now_s), ++n);
			if (n == 1) {
				served_s = now_s + rng_exponential(&services, 1.0);
				if (q->told)
					drift_watch_full(w, 0, ns(now_s), true);
			}
			arrives_s += rng_exponential(&arrivals, 1.0 / q->load);
			k++;
			continue;
		}
		now_s = served_s;
		if (q->told)
			drift_watch_served(w, 0, ns(now_s));
		drift_watch_level(w, ns(now_s), --n);
		served_s += n > 0 ? rng_exponential(&services, 1.0) : HUGE_VAL;
		if (n == 0 && q->told)
			drift_watch_full(w, 0, ns(now_s), false);
	}
	drift_watch_evidence(w, ns(now_s), ns(last_s), out);
	drift_watch_destroy(w);
}

static void expect(const struct queue *q, enum drift_verdict v, int most_wrong, int most_undecided)
{
	int wrong = 0, undecided = 0;

	for (uint32_t k = 1; k <= 200; k++) {
		struct drift_evidence e;
		enum drift_verdict got;

		simulate(q, k, &e);
		got = drift_judge(&e, &once).verdict;
		wrong += got != v && got != DRIFT_UNDECIDED;
		undecided += got == DRIFT_UNDECIDED;
	}
	assert_in_range(wrong, 0, most_wrong);
	assert_in_range(undecided, 0, most_undecided);
}

static void a_cold_run_is_judged_right_on_both_sides(void **state)
{
	(void)state;
	expect(&(struct queue){.load = 0.95, .arrivals = 5000, .told = true}, DRIFT_STABLE, 2, 40);
	expect(&(struct queue){.load = 1.05, .arrivals = 5000, .told = true}, DRIFT_UNSTABLE, 2,
		40);
	expect(&(struct queue){.load = 0.5, .arrivals = 1000, .told = true}, DRIFT_STABLE, 2, 10);
	expect(&(struct queue){.load = 1.5, .arrivals = 1000, .told = true}, DRIFT_UNSTABLE, 2, 10);
}

static void so_it_is_by_the_number_in_system_alone_but_later(void **state)
{
	(void)state;
	expect(&(struct queue){.load = 0.95, .arrivals = 12000}, DRIFT_STABLE, 2, 20);
	expect(&(struct queue){.load = 0.5, .arrivals = 3000}, DRIFT_STABLE, 2, 20);
	expect(&(struct queue){.load = 1.5, .arrivals = 3000}, DRIFT_UNSTABLE, 2, 20);
}

/* From a backlog its server is full all the time, and there is nothing that it could have done
 * beside that. */
static void who_never_lacks_work_is_judged_too(void **state)
{
	(void)state;
	expect(&(struct queue){.load = 1.05, .arrivals = 6400, .told = true, .backlog = 300},
		DRIFT_UNSTABLE, 2, 40);
	expect(&(struct queue){.load = 0.95, .arrivals = 6400, .told = true, .backlog = 600},
		DRIFT_STABLE, 2, 40);
}

/* It is empty when the run ends, and was overloaded while anything came. */
static void draining_is_not_taken_for_stability(void **state)
{
	(void)state;
	expect(&(struct queue){.load = 1.05, .arrivals = 5000, .told = true, .drains = true},
		DRIFT_UNSTABLE, 2, 40);
	expect(&(struct queue){.load = 1.5, .arrivals = 3000, .drains = true}, DRIFT_UNSTABLE, 2,
		20);
}

static void a_short_run_is_undecided(void **state)
{
	const struct queue q = {.load = 0.95, .arrivals = 200, .told = true};
	int decided = 0;

	(void)state;
	for (uint32_t k = 1; k <= 200; k++) {
		struct drift_evidence e;

		simulate(&q, k, &e);
		decided += drift_judge(&e, &once).verdict != DRIFT_UNDECIDED;
	}
	assert_in_range(decided, 0, 40);
}

static void verdicts_and_reasons_have_words(void **state)
{
	(void)state;
	assert_string_equal(drift_verdict_name(DRIFT_STABLE), "stable");
	assert_string_equal(drift_verdict_name(DRIFT_UNDECIDED), "undecided");
	assert_string_equal(drift_verdict_name(DRIFT_UNSTABLE), "unstable");
	for (int r = DRIFT_BY_SPARE; r <= DRIFT_NO_ARRIVALS; r++)
		assert_true(strlen(drift_reason_text((enum drift_reason)r)) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_threshold_is_walds),
		cmocka_unit_test(a_sequential_test_stops_where_wald_says),
		cmocka_unit_test(evidence_of_runs_adds_up),
		cmocka_unit_test(growth_overrules_spare_capacity),
		cmocka_unit_test(what_is_turned_away_does_not_make_a_system_unstable),
		cmocka_unit_test(a_hundred_arrivals_are_wanted),
		cmocka_unit_test(a_cold_run_is_judged_right_on_both_sides),
		cmocka_unit_test(so_it_is_by_the_number_in_system_alone_but_later),
		cmocka_unit_test(who_never_lacks_work_is_judged_too),
		cmocka_unit_test(draining_is_not_taken_for_stability),
		cmocka_unit_test(a_short_run_is_undecided),
		cmocka_unit_test(verdicts_and_reasons_have_words),
	};
	return cmocka_run_group_tests_name("drift_test", tests, NULL, NULL);
}
