/* What replications know only together. */
#include "tests/support/check.h"

#include <stdlib.h>

#include "study/pool.h"

/* Of M/M/1 at load 0.9, 1000 services: 900 came in 1000 s, spare capacity 0.1 /s, and what comes
 * and what is served vary by 0.9 + 1 = 1.9 a second. */
static struct world_result replication(bool random, double net)
{
	return (struct world_result){.random = random,
		.evidence = {.runs = 1,
			.time_s = 1000,
			.arrivals = 900,
			.rise_var = 400,
			.rise_spread = 400.0 * 400.0 / 30,
			.late_var = 200,
			.level_var = 400,
			.level_spread = 400.0 * 400.0 / 30,
			.spare_runs = 1,
			.places = 1,
			.net = net,
			.net_var = 1900,
			.net_spread = 1900.0 * 1900.0 / 60,
			.free_var = 1900}};
}

/* A spare capacity of 30 -+ 44 (standard error) may be anything; of thirty, 900 -+ 239 is not the
 * growth of 0.05 / 1.05 of 27 000 arrivals that an unstable system has. */
static void evidence_of_replications_adds_up_to_a_verdict(void **state)
{
	const struct run_spec run = {.replications = 10};
	struct world_result r = replication(true, -30);
	struct drift_answer a;
	struct pool p;

	(void)state;
	pool_begin(&p, &run);
	assert_false(pool_verdict(&a, &p));
	pool_add(&p, (uint32_t)p.n + 1, &r);
	assert_true(pool_verdict(&a, &p));
	assert_int_equal(a.verdict, DRIFT_UNDECIDED);
	for (int k = 0; k < 29; k++)
		pool_add(&p, (uint32_t)p.n + 1, &r);
	assert_true(pool_verdict(&a, &p));
	assert_int_equal(a.verdict, DRIFT_STABLE);
	assert_near(p.evidence.net, -900, 1e-9);
	assert_near(p.evidence.time_s, 30000, 1e-9);
	pool_finish(&p);
}

static void replications_that_are_alike_are_no_more_evidence_than_one(void **state)
{
	const struct run_spec run = {.replications = 10};
	struct world_result r = replication(false, -30);
	struct drift_answer a;
	struct pool p;

	(void)state;
	pool_begin(&p, &run);
	for (int k = 0; k < 30; k++)
		pool_add(&p, (uint32_t)p.n + 1, &r);
	assert_true(pool_verdict(&a, &p));
	assert_int_equal(a.verdict, DRIFT_UNDECIDED);
	assert_int_equal(p.evidence.runs, 1);
	pool_finish(&p);
}

static void the_error_of_the_verdict_is_the_one_that_is_asked_for(void **state)
{
	const struct precision_goal goals[] = {
		{METRIC_E2E_MEAN, 0.05}, {METRIC_LYAPUNOV_VERDICT, 0.002}};
	const struct run_spec with = {.n_goals = 2, .goals = goals},
			      without = {.n_goals = 1, .goals = goals};
	struct pool p;

	(void)state;
	pool_begin(&p, &with);
	assert_near(p.question.error, 0.002, 0);
	assert_true(p.question.sequential);
	pool_begin(&p, &without);
	assert_near(p.question.error, 0.01, 0);
	assert_false(p.question.sequential);
}

/* Slots of two replications, 3 and 1 with a backlog of 20, of 10 places: drifts -8, -6, -4 and 2,
 * so their mean is -4, where the mean of means were -2; half the squares are 1/2. */
static void the_summary_of_epsilon_is_of_all_slots_and_not_of_the_replications(void **state)
{
	static const double drifts[] = {-8, -6, -4, 2};
	const struct run_spec run = {.replications = 2};
	struct summary_row rows[] = {
		{"", METRIC_LYAPUNOV_EPSILON, 7, 7, 7, 7, 2}, {"", METRIC_E2E_MEAN, 7, 7, 7, 7, 2}};
	struct world_result r[2] = {{.random = true}, {.random = true}};
	struct pool p;

	(void)state;
	pool_begin(&p, &run);
	for (size_t i = 0; i < 4; i++)
		drift_slot(&r[i / 3].drift, &(struct drift_step){20, 1, drifts[i], 0.5});
	for (size_t i = 0; i < 2; i++) {
		r[i].drift.places = 10;
		pool_add(&p, (uint32_t)i + 1, &r[i]);
		drift_finish(&r[i].drift);
	}
	pool_rows(rows, 2, &p);
	assert_near(rows[0].mean, (0.5 + 4.0) / 20, 1e-12); /* (B - drift) / backlog */
	assert_true(rows[0].ci_low < rows[0].mean && rows[0].ci_high > rows[0].mean);
	assert_int_equal(rows[0].n, 2);
	assert_near(rows[1].mean, 7, 0);
	pool_finish(&p);
}

/* Twelve runs of 48 slots of backlog 20 to 27, whose drifts differ from slot to slot and run to
 * run. */
static void slots_of(struct world_result *r, unsigned run)
{
	unsigned x = 17 * run + 1;

	*r = replication(true, -30.0 + 5.0 * run);
	for (unsigned k = 0; k < 48; k++) {
		x = x * 1103515245 + 12345;
		drift_slot(&r->drift, &(struct drift_step){20 + (x >> 16) % 8, 1,
					      (double)((x >> 20) % 9) - 8.0, 0.5});
	}
	r->drift.places = 10;
}

/* Copies tell nothing more, so the pool of pairs is as sure as that of the first of each. The third
 * pair is not whole: its slots are left out of the first, and its evidence is not. */
static void a_pair_of_copies_is_no_more_than_one_of_them(void **state)
{
	const struct run_spec in_pairs = {.replications = 24, .antithetic = true},
			      apart = {.replications = 12};
	struct pool pairs, once, whole;
	struct stat_interval a, b;

	(void)state;
	pool_begin(&pairs, &in_pairs);
	pool_begin(&once, &apart);
	pool_begin(&whole, &apart);
	for (unsigned k = 1; k <= 12; k++) {
		struct world_result r;

		slots_of(&r, k);
		pool_add(&once, k, &r);
		if (k != 3)
			pool_add(&whole, k, &r);
		pool_add(&pairs, 2 * k - 1, &r);
		if (k != 3)
			pool_add(&pairs, 2 * k, &r);
		drift_finish(&r.drift);
	}
	assert_near(pairs.evidence.net, once.evidence.net, 1e-9);
	assert_near(pairs.evidence.net_var, once.evidence.net_var, 1e-9);
	assert_int_equal(pairs.evidence.runs, 12);
	for (enum metric_id id = 0; id < METRICS; id++) {
		if (id != METRIC_LYAPUNOV_EPSILON && id != METRIC_LYAPUNOV_B)
			continue;
		assert_true(pool_interval(&a, &pairs, id) && pool_interval(&b, &whole, id));
		assert_near(a.mean, b.mean, 1e-9);
		assert_near(a.hi, b.hi, 1e-9);
		assert_true(a.hi > a.mean && a.n == 11 && b.n == 11);
	}
	pool_finish(&pairs);
	pool_finish(&once);
	pool_finish(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_of_replications_adds_up_to_a_verdict),
		cmocka_unit_test(replications_that_are_alike_are_no_more_evidence_than_one),
		cmocka_unit_test(the_error_of_the_verdict_is_the_one_that_is_asked_for),
		cmocka_unit_test(
			the_summary_of_epsilon_is_of_all_slots_and_not_of_the_replications),
		cmocka_unit_test(a_pair_of_copies_is_no_more_than_one_of_them),
	};

	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
