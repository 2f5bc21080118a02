/*
 * Eq. 2, repaired, against all assignments of small problems, and its methods against each other.
 *
 *	test_placement [FIRST LAST [UNITS EXECUTORS]]
 */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/plan/draw.h"
#include "tests/plan/made_placement.h"

static unsigned long first_case = 1, last_case = 2000;
static int most_units = 4, most_executors = 4;

/* The objective found, or HUGE_VAL where it is said that there is none; and what is said of it
 * holds together. */
static double solved(const struct made_placement *m, struct placement_limits limits, double least)
{
	struct placement_answer a;
	struct placement_terms terms;
	struct err err = {0};
	double objective = HUGE_VAL;

	if (placement_solve(&a, &m->p, &limits, &err)) {
		objective = a.objective;
		if (!placement_price(&terms, &m->p, a.homes, &err))
			fail_msg("%s", err.msg);
		assert_true(terms.token_s == a.objective && a.bound <= a.objective);
		assert_true(a.bound <= least * (1.0 + 1e-9));
		assert_int_equal(a.status == PLACEMENT_OPTIMAL, a.gap == 0.0);
		assert_int_not_equal(a.method, PLACEMENT_AUTO);
	} else if (err.kind != ERR_INPUT && limits.method != PLACEMENT_HEURISTIC) {
		fail_msg("%s", err.msg);
	}
	placement_answer_finish(&a);
	return objective;
}

static void same(double found, double least, unsigned long i, const char *by)
{
	if (found == least || fabs(found - least) <= 1e-9 * least)
		return;
	fail_msg("case %lu: %s finds %.17g, the least of all is %.17g", i, by, found, least);
}

static void every_method_finds_the_least_of_all_assignments(void **state)
{
	size_t possible = 0;

	(void)state;
	for (unsigned long i = first_case; i <= last_case; i++) {
		uint64_t seed = i;
		struct made_placement m;
		double least, found;

		made_wild(&m, &seed, most_units, most_executors);
		least = made_least(&m);
		possible += least < HUGE_VAL;
		found = solved(&m, (struct placement_limits){.method = PLACEMENT_DYNAMIC}, least);
		same(found, least, i, "dp");
		found = solved(&m, (struct placement_limits){.method = PLACEMENT_AUTO}, least);
		same(found, least, i, "auto");
		found = solved(&m, (struct placement_limits){.method = PLACEMENT_MILP}, least);
		same(found, least, i, "milp");
		found = solved(&m, (struct placement_limits){.method = PLACEMENT_HEURISTIC}, least);
		assert_true(found >= least * (1.0 - 1e-9));
		made_finish(&m);
	}
	assert_true(possible > (last_case - first_case) / 3);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_method_finds_the_least_of_all_assignments),
	};
	if (argc > 2) {
		first_case = strtoul(argv[1], NULL, 10);
		last_case = strtoul(argv[2], NULL, 10);
	}
	if (argc > 4) {
		most_units = atoi(argv[3]);
		most_executors = atoi(argv[4]);
	}
	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
