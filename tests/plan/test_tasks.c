/* The tasks of a scenario are those that a run makes, and what a run of any policy does with them
 * is a solution of Eq. 1 with no less network time: so nobody is beyond the front. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/scenario/scenario.h"
#include "models/world/world.h"
#include "plan/replay.h"
#include "plan/tasks.h"
#include "tests/plan/made_scenario.h"
#include "tests/support/check.h"
#include "tests/support/seeds.h"

/* The bound */

static double least_trans_s(const struct optimum_problem *p, const uint32_t *server_of)
{
	double sum = 0.0;

	for (size_t i = 0; i < p->n_tasks; i++)
		if (server_of[i] != UINT32_MAX)
			sum += p->pairs[i * p->n_servers + server_of[i]].trans_s;
	return sum;
}

static void check_policy(struct tasks *t, const struct optimum_problem *p,
	const struct optimum_front *f, const struct policy_spec *policy, uint64_t seed)
{
	struct err err = {0};
	struct replay run;

	if (!replay(&run, t, policy, 1, NULL, &err))
		fail_msg("seed %ju: %s", (uintmax_t)seed, err.msg);
	if (run.failed)
		fail_msg("seed %ju: %s", (uintmax_t)seed, run.failure);
	assert_int_equal(run.apart, 0);
	if (!optimum_holds(p, run.server_of))
		fail_msg("seed %ju: %s does what is no solution", (uintmax_t)seed, policy->label);
	if (run.trans_s < least_trans_s(p, run.server_of))
		fail_msg("seed %ju: %s has %.9g s of network time, not %.9g s", (uintmax_t)seed,
			policy->label, run.trans_s, least_trans_s(p, run.server_of));
	if (optimum_place(f, run.in_time, run.trans_s).beyond)
		fail_msg("seed %ju: %s is beyond the front", (uintmax_t)seed, policy->label);
	replay_finish(&run);
}

/** False: the scenario cannot be run. */
static bool check_bound(uint64_t seed)
{
	struct scenario *sc = made_scenario(seed);
	const struct scenario_spec *s = &sc->spec;
	const struct optimum_limits limits = {.gap = 0.05, .seconds = 0.2};
	struct optimum_problem p;
	struct optimum_front f;
	struct err err = {0};
	struct tasks t;

	if (!world_check(s, &err)) {
		scenario_destroy(sc);
		return false;
	}
	if (!tasks_draw(&t, s, &(struct tasks_wanted){.n = 30, .replication = 1}, &err) ||
		!tasks_problem(&p, &t, &err) || !optimum_solve(&f, &p, &limits, &err))
		fail_msg("seed %ju: %s", (uintmax_t)seed, err.msg);
	for (size_t k = 0; k < s->n_policies; k++)
		check_policy(&t, &p, &f, &s->policies[k], seed);
	optimum_front_finish(&f);
	tasks_finish(&t);
	scenario_destroy(sc);
	return true;
}

static void no_run_of_a_policy_is_beyond_the_front(void **state)
{
	const struct seeds *seeds = *state;
	uint64_t n = 0;

	for (uint64_t seed = seeds->first; seed <= seeds->last; seed++)
		n += check_bound(seed);
	assert_true(2 * n > seeds->last - seeds->first); /* most can be run */
}

/* The tasks */

enum { MOST_SEEN = 4000 };

/** The requests of a run, in order. */
struct probe_state {
	size_t n;
	struct seen {
		uint32_t group, prompt_tok, output_tok;
		int64_t at_ns, deadline_ns;
	} at[MOST_SEEN];
};

static void see(struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	(void)m;
	if (p->n < MOST_SEEN)
		p->at[p->n++] = (struct seen){
			r->group, r->prompt_tok, r->output_tok, at_ns, r->deadline_ns};
}

static void run_and_see(struct probe_state *p, const struct scenario_spec *s)
{
	static const struct probe_ops ops = {
		.name = "seen", .moments = 1u << MOMENT_CREATED, .request = see};
	const struct world_setup setup = {
		.spec = s, .policy = &s->policies[2], .seed = s->run.seed, .replication = 2};
	struct world_result result;
	struct err err = {0};
	struct world *w;

	p->n = 0;
	assert_true(world_create(&w, &setup, &err));
	world_attach(w, &(struct probe){&ops, p});
	assert_true(world_run(w, &result, &err));
	world_result_finish(&result);
	world_destroy(w);
}

static void check_task(const struct task *x, const struct seen *y)
{
	assert_int_equal(x->group, y->group);
	assert_int_equal(x->at_ns, y->at_ns);
	assert_int_equal(x->prompt_tok, y->prompt_tok);
	assert_int_equal(x->output_tok, y->output_tok);
	assert_int_equal(
		x->deadline_ns, y->deadline_ns == TIME_NONE ? OPTIMUM_NEVER_NS : y->deadline_ns);
}

/** Those of the first 60 s, and of a window in it. */
static void check_tasks(const struct scenario_spec *s, struct probe_state *seen)
{
	struct tasks_wanted first = {.n = 40, .replication = 2};
	struct tasks_wanted window = {.from_s = 4.5, .to_s = 20.0, .replication = 2};
	struct err err = {0};
	struct tasks t;
	size_t k = 0;

	run_and_see(seen, s);
	first.n = seen->n < 40 ? seen->n : 40;
	assert_true(tasks_draw(&t, s, &first, &err));
	assert_int_equal(t.n, first.n);
	for (size_t i = 0; i < t.n; i++)
		check_task(&t.at[i], &seen->at[i]);
	tasks_finish(&t);
	assert_true(tasks_draw(&t, s, &window, &err));
	while (seen->at[k].at_ns < 4500000000)
		k++;
	for (size_t i = 0; i < t.n; i++)
		check_task(&t.at[i], &seen->at[k++]);
	assert_true(k == seen->n || seen->at[k].at_ns >= 20000000000);
	tasks_finish(&t);
}

static void tasks_are_the_requests_of_a_run(void **state)
{
	struct probe_state *seen = malloc(sizeof *seen);
	size_t n = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct scenario *sc = made_scenario(seed);
		struct err err = {0};

		if (world_check(&sc->spec, &err)) {
			check_tasks(&sc->spec, seen);
			n++;
		}
		scenario_destroy(sc);
	}
	assert_true(n > 15);
	free(seen);
}

/** Run again as a scenario of their own they are the same requests. */
static void tasks_make_the_same_requests_again(void **state)
{
	struct probe_state *seen = malloc(sizeof *seen);
	struct tasks_wanted wanted = {.from_s = 3.0, .to_s = 25.0, .replication = 1};

	(void)state;
	for (uint64_t seed = 1; seed <= 30; seed++) {
		struct scenario *sc = made_scenario(seed);
		struct scenario_spec alone;
		struct err err = {0};
		struct tasks t;

		if (world_check(&sc->spec, &err)) {
			assert_true(tasks_draw(&t, &sc->spec, &wanted, &err));
			tasks_scenario(&alone, &t);
			run_and_see(seen, &alone);
			assert_int_equal(seen->n, t.n);
			for (size_t i = 0; i < t.n; i++)
				check_task(&t.at[i], &seen->at[i]);
			tasks_finish(&t);
		}
		scenario_destroy(sc);
	}
	free(seen);
}

int main(int argc, char **argv)
{
	struct seeds seeds = seeds_of(argc, argv, 60);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tasks_are_the_requests_of_a_run),
		cmocka_unit_test(tasks_make_the_same_requests_again),
		cmocka_unit_test_prestate(no_run_of_a_policy_is_beyond_the_front, &seeds),
	};

	return cmocka_run_group_tests_name("tasks", tests, NULL, NULL);
}
