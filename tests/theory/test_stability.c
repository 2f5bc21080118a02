/* Verdicts on systems whose capacity is known, in few runs; docs/stability.md has the rates of
 * many, measured by stability_table. */
#include "tests/support/check.h"

#include "study/stability.h"
#include "tests/theory/stability_cases.h"

enum { RUNS = 60, DECISIONS = 20 };

/* With the 1 % that are allowed, 4 wrong of 60 have a probability of .3 %; of the 20 % that may be
 * undecided 24 have. */
static void runs_from_a_cold_start(void **state)
{
	(void)state;
	for (int c = 0; c < CASES; c++) {
		double capacity = stability_capacity((enum stability_case)c);

		for (int side = -1; side <= 1; side += 2) {
			struct stability_tally t = stability_cold((enum stability_case)c,
				(1.0 + 0.05 * side) * capacity, stability_systems[c].requests, RUNS,
				side < 0 ? DRIFT_STABLE : DRIFT_UNSTABLE);

			print_message("%s %+d: %u wrong, %u undecided\n", stability_systems[c].name,
				side, t.wrong, t.undecided);
			assert_in_range(t.wrong, 0, 3);
			assert_in_range(t.undecided, 0, 23);
		}
	}
}

static void decisions_from_a_backlog(void **state)
{
	(void)state;
	for (int c = 0; c < CASES; c++) {
		double capacity = stability_capacity((enum stability_case)c);

		for (int side = -1; side <= 1; side += 2) {
			struct stability_tally t = stability_decided((enum stability_case)c,
				(1.0 + 0.05 * side) * capacity, DECISIONS,
				side < 0 ? DRIFT_STABLE : DRIFT_UNSTABLE);

			print_message("%s %+d: %u wrong, %u undecided, %.0f requests\n",
				stability_systems[c].name, side, t.wrong, t.undecided, t.requests);
			assert_in_range(t.wrong, 0, 2);
			assert_int_equal(t.undecided, 0);
		}
	}
}

static struct stability_result decide(struct fixture *f, size_t n_threads)
{
	struct stability_result r;
	struct err err = {0};

	if (!stability_decide(&r,
		    &(struct stability_question){.spec = &f->spec,
			    .policy = &f->policy,
			    .scale = 1.0,
			    .error = DRIFT_ERROR,
			    .indifference = DRIFT_INDIFFERENCE,
			    .n_threads = n_threads},
		    &err))
		fail_msg("%s", err.msg);
	return r;
}

static void threads_change_nothing(void **state)
{
	struct stability_result one, three;
	struct fixture f;

	(void)state;
	stability_make(&f, CASE_MG1_HYPER, 0.97);
	one = decide(&f, 1);
	three = decide(&f, 3);
	assert_memory_equal(&one.evidence, &three.evidence, sizeof one.evidence);
	assert_int_equal(one.replications, three.replications);
	fixture_finish(&f);
}

/* 'random' on a fast server and a slow one: both lines are long at first, so that the total falls,
 * and then the slow one's grows. Rates 3 and 1, half of 2.4 /s each: 1.2 a second come to the slow
 * one. */
static void what_falls_before_it_grows_is_unstable(void **state)
{
	struct stability_result r;
	struct fixture f;

	(void)state;
	stability_make(&f, CASE_RANDOM, 2.4);
	f.spec.n_instances = 2;
	f.instances[0].service = dist_exponential(1.0 / 3.0);
	r = decide(&f, 1);
	assert_int_equal(r.answer.verdict, DRIFT_UNSTABLE);
	assert_true(r.doubled > 0);
	/* and at 1.8 /s it is stable: .9 for 1 */
	f.groups[0].arrivals.rate_per_s = 1.8;
	r = decide(&f, 1);
	assert_int_equal(r.answer.verdict, DRIFT_STABLE);
	fixture_finish(&f);
}

static void users_who_wait_are_refused(void **state)
{
	struct stability_result r;
	struct fixture f;
	struct err err = {0};

	(void)state;
	stability_make(&f, CASE_MM1, 0.5);
	f.groups[0].arrivals =
		(struct arrival_spec){.process = ARRIVAL_CLOSED, .think = dist_constant(1.0)};
	assert_false(stability_decide(&r,
		&(struct stability_question){.spec = &f.spec,
			.policy = &f.policy,
			.scale = 1.0,
			.error = DRIFT_ERROR,
			.indifference = DRIFT_INDIFFERENCE},
		&err));
	assert_int_equal(err.kind, ERR_INPUT);
	fixture_finish(&f);
}

static void who_interrupts_it_gets_no_verdict(void **state)
{
	const atomic_bool stop = true;
	struct stability_result r;
	struct fixture f;
	struct err err = {0};

	(void)state;
	stability_make(&f, CASE_MM1, 0.5);
	assert_false(stability_decide(&r,
		&(struct stability_question){.spec = &f.spec,
			.policy = &f.policy,
			.scale = 1.0,
			.error = DRIFT_ERROR,
			.indifference = DRIFT_INDIFFERENCE,
			.stop = &stop},
		&err));
	assert_int_equal(err.kind, ERR_STOP);
	fixture_finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_from_a_cold_start),
		cmocka_unit_test(decisions_from_a_backlog),
		cmocka_unit_test(threads_change_nothing),
		cmocka_unit_test(what_falls_before_it_grows_is_unstable),
		cmocka_unit_test(users_who_wait_are_refused),
		cmocka_unit_test(who_interrupts_it_gets_no_verdict),
	};
	return cmocka_run_group_tests_name("stability", tests, NULL, NULL);
}
