/*
 * Eq. 2, repaired, on clusters as scenarios have them: the heuristic and another solver beside the
 * dynamic program.
 *
 *	test_placement_methods [CLUSTERS [CASES OF CBC]]
 */
#include "tests/support/check.h"

#include <stdlib.h>

#include "plan/milp.h"
#include "tests/plan/draw.h"
#include "tests/plan/made_placement.h"
#include "tests/plan/made_printed.h"

static unsigned long n_clusters = 12, n_cbc = 10;
static const double rooms[] = {1.05, 1.2, 1.5, 2.0, 3.0};

/* False where there is none. */
static bool solve(
	struct placement_answer *a, const struct made_placement *m, struct placement_limits limits)
{
	struct err err = {0};
	bool ok = placement_solve(a, &m->p, &limits, &err);

	if (!ok && err.kind != ERR_INPUT)
		fail_msg("%s", err.msg);
	return ok;
}

/* 32 layers, an embedding and a head on 5 to 9 executors. */
static void the_heuristic_is_within_two_percent_of_the_optimum(void **state)
{
	unsigned long possible = 0;

	(void)state;
	for (unsigned long i = 0; i < n_clusters; i++) {
		uint64_t seed = i;
		struct placement_answer best, fast;
		struct made_placement m;

		made_cluster(&m, &seed, 32, 5 + (int)(i % 5), rooms[i / 5 % 5]);
		if (solve(&best, &m, (struct placement_limits){.method = PLACEMENT_DYNAMIC})) {
			possible++;
			assert_int_equal(best.status, PLACEMENT_OPTIMAL);
			assert_true(solve(&fast, &m,
				(struct placement_limits){.method = PLACEMENT_HEURISTIC}));
			if (!(fast.objective <= 1.02 * best.objective))
				fail_msg("cluster %lu: %.9g, the optimum is %.9g", i,
					fast.objective, best.objective);
			assert_true(fast.objective >= best.objective * (1.0 - 1e-9));
			assert_true(fast.bound <= best.objective * (1.0 + 1e-9));
			placement_answer_finish(&fast);
		}
		placement_answer_finish(&best);
		made_finish(&m);
	}
	assert_true(possible > n_clusters / 2);
}

/* A gap that is allowed is not exceeded, and its bound holds. */
static void a_gap_ends_the_search_early_and_in_bounds(void **state)
{
	(void)state;
	for (unsigned long i = 0; i < n_clusters; i++) {
		uint64_t seed = i;
		struct placement_answer best, near;
		struct made_placement m;

		made_cluster(&m, &seed, 16, 6, rooms[i % 5]);
		if (solve(&best, &m, (struct placement_limits){.method = PLACEMENT_DYNAMIC})) {
			assert_true(solve(&near, &m,
				(struct placement_limits){
					.method = PLACEMENT_DYNAMIC, .gap = 0.05}));
			assert_true(near.gap <= 0.05);
			assert_true(near.bound <= best.objective * (1.0 + 1e-9));
			assert_true(near.objective <= best.objective / 0.95);
			placement_answer_finish(&near);
		}
		placement_answer_finish(&best);
		made_finish(&m);
	}
}

/* Through MPS, to another solver and back: a chain of 4 to 8 layers on 3 to 5 executors. */
static void cbc_agrees_on_chains(void **state)
{
	unsigned long possible = 0;

	(void)state;
	if (!milp_has_cbc()) {
		print_message("cbc is not installed: nothing to compare with\n");
		skip();
	}
	for (unsigned long i = 0; i < n_cbc; i++) {
		uint64_t seed = i;
		struct placement_answer best, other;
		struct made_placement m;

		made_cluster(&m, &seed, 4 + (int)(i % 5), 3 + (int)(i % 3), rooms[i % 4 + 1]);
		if (solve(&best, &m, (struct placement_limits){.method = PLACEMENT_DYNAMIC})) {
			possible++;
			assert_true(solve(&other, &m,
				(struct placement_limits){
					.method = PLACEMENT_MILP, .use_cbc = true}));
			assert_ratio(other.objective, best.objective, 1e-6);
			placement_answer_finish(&other);
		}
		placement_answer_finish(&best);
		made_finish(&m);
	}
	assert_true(possible > n_cbc / 3);
}

static bool solve_printed(
	struct placement_answer *a, const struct made_printed *m, struct placement_limits limits)
{
	struct err err = {0};
	bool ok = printed_solve(a, &m->p, &limits, &err);

	if (!ok && err.kind != ERR_INPUT)
		fail_msg("%s", err.msg);
	return ok;
}

/* 20 tensors of few kinds on 5 devices. */
static void cbc_agrees_on_tensors(void **state)
{
	(void)state;
	if (!milp_has_cbc())
		skip();
	for (unsigned long i = 0; i < n_cbc; i++) {
		uint64_t seed = i;
		struct placement_answer best, other;
		struct made_printed m;

		made_printed_wild(&m, &seed, 20, 5);
		if (solve_printed(&best, &m, (struct placement_limits){.method = PLACEMENT_MILP})) {
			assert_int_equal(best.status, PLACEMENT_OPTIMAL);
			assert_true(solve_printed(&other, &m,
				(struct placement_limits){
					.method = PLACEMENT_MILP, .use_cbc = true}));
			assert_near(other.objective, best.objective, 1e-6 * best.objective);
			placement_answer_finish(&other);
		}
		placement_answer_finish(&best);
		made_printed_finish(&m);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_heuristic_is_within_two_percent_of_the_optimum),
		cmocka_unit_test(a_gap_ends_the_search_early_and_in_bounds),
		cmocka_unit_test(cbc_agrees_on_chains),
		cmocka_unit_test(cbc_agrees_on_tensors),
	};
	if (argc > 1)
		n_clusters = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		n_cbc = strtoul(argv[2], NULL, 10);
	return cmocka_run_group_tests_name("placement_methods", tests, NULL, NULL);
}
