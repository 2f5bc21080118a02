/*
 * Eq. 2 as printed, against all assignments of small problems.
 *
 *	test_printed [FIRST LAST [TENSORS DEVICES]]
 *
 * With cases named, only these.
 */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "plan/milp.h"
#include "tests/plan/draw.h"
#include "tests/plan/made_printed.h"

static unsigned long first_case = 1, last_case = 2000;
static int most_tensors = 6, most_devices = 4;

/* The double sum of the paper, every x an x: x[p,d1] (1 - x[p,d2]). */
static double printed_sum(const struct printed_problem *p, const size_t *on)
{
	double sum = 0.0;

	for (size_t t = 0; t < p->n_tensors; t++)
		for (size_t a = 0; a < p->n_devices; a++)
			for (size_t b = 0; b < p->n_devices; b++) {
				int x_a = on[t] == a, x_b = on[t] == b;

				if (a < b || (p->all_pairs && a != b))
					sum += x_a * (1 - x_b) * p->tensors[t].bytes *
					       p->accesses[t] /
					       p->bytes_per_s[a * p->n_devices + b];
			}
	return sum;
}

static bool has_room(const struct printed_problem *p, const size_t *on)
{
	for (size_t d = 0; d < p->n_devices; d++) {
		double used = 0.0;

		for (size_t t = 0; t < p->n_tensors; t++)
			used += on[t] == d ? p->tensors[t].bytes : 0.0;
		if (used > p->devices[d].bytes)
			return false;
	}
	return true;
}

static double least_of_all(const struct printed_problem *p)
{
	size_t on[8] = {0}, t;
	double least = HUGE_VAL;

	do {
		if (has_room(p, on))
			least = fmin(least, printed_sum(p, on));
		for (t = 0; t < p->n_tensors && ++on[t] == p->n_devices; t++)
			on[t] = 0;
	} while (t < p->n_tensors);
	return least;
}

static double solved(const struct printed_problem *p, struct placement_limits limits, double least)
{
	struct placement_answer a;
	struct err err = {0};
	double objective = HUGE_VAL;
	size_t on[600];

	if (printed_solve(&a, p, &limits, &err)) {
		objective = a.objective;
		for (size_t t = 0; t < p->n_tensors; t++)
			on[t] = (size_t)a.homes[t].executor;
		assert_true(has_room(p, on));
		assert_near(printed_sum(p, on), objective, 1e-9 * objective);
		assert_true(a.bound <= a.objective && a.bound <= least * (1.0 + 1e-9));
		assert_int_equal(a.status == PLACEMENT_OPTIMAL, a.gap == 0.0);
	} else if (limits.method == PLACEMENT_HEURISTIC ? err.kind == ERR_STOP
							: err.kind != ERR_INPUT) {
		fail_msg("%s", err.msg);
	}
	placement_answer_finish(&a);
	return objective;
}

static void both_forms_have_the_least_of_all_assignments(void **state)
{
	size_t possible = 0;

	(void)state;
	for (unsigned long i = first_case; i <= last_case; i++) {
		uint64_t seed = i;
		struct made_printed m;
		double least, found;

		made_printed_wild(&m, &seed, most_tensors, most_devices);
		least = least_of_all(&m.p);
		possible += least < HUGE_VAL;
		found = solved(&m.p, (struct placement_limits){.method = PLACEMENT_AUTO}, least);
		if (found != least && !(fabs(found - least) <= 1e-9 * least))
			fail_msg("case %lu: %.17g, not %.17g", i, found, least);
		found = solved(&m.p, (struct placement_limits){.method = PLACEMENT_MILP}, least);
		if (found != least && !(fabs(found - least) <= 1e-9 * least))
			fail_msg("case %lu: milp finds %.17g, not %.17g", i, found, least);
		found = solved(
			&m.p, (struct placement_limits){.method = PLACEMENT_HEURISTIC}, least);
		assert_true(found >= least * (1.0 - 1e-9));
		made_printed_finish(&m);
	}
	assert_true(possible > (last_case - first_case) / 3);
}

/* Two tensors of 4 and 2 bytes, read twice and once; from device 0 go 2 bytes/s to 1 and 1 to 2,
 * from 1 4 to 2. As printed a byte costs 1/2 + 1 on device 0, 1/4 on 1, nothing on 2, the last,
 * whatever its links. With room for 4 bytes each: the larger on 2 for nothing, the other on 1 for
 * 2/4 s. */
static void the_last_device_costs_nothing_as_printed(void **state)
{
	const struct placement_memory devices[] = {{"a", 4.0}, {"b", 4.0}, {"c", 4.0}};
	const struct placement_unit tensors[] = {
		{.name = "large", .bytes = 4.0}, {.name = "small", .bytes = 2.0}};
	const double accesses[] = {2.0, 1.0}, rates[] = {1, 2, 1, 2, 1, 4, 0.001, 0.001, 1};
	struct printed_problem p = {"example", 3, 2, devices, tensors, accesses, rates, false};
	struct placement_answer a;
	struct err err = {0};

	(void)state;
	assert_true(printed_solve(&a, &p, &(struct placement_limits){0}, &err));
	assert_near(a.objective, 0.5, 1e-12);
	assert_true(a.homes[0].executor == 2 && a.homes[1].executor == 1);
	assert_near(printed_cost_s(&p, 1, 0), 2.0 * 1.5, 1e-12);
	placement_answer_finish(&a);
	p.all_pairs = true; /* and now its slow links count: 1/2 + 1/4 on b, 3/2 on a */
	assert_true(printed_solve(&a, &p, &(struct placement_limits){0}, &err));
	assert_near(a.objective, 4.0 * 2.0 * 0.75 + 2.0 * 1.5, 1e-12);
	placement_answer_finish(&a);
}

static void refused(const struct printed_problem *p, const char *why)
{
	struct placement_answer a;
	struct err err = {0};

	assert_false(printed_solve(&a, p, &(struct placement_limits){0}, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
	placement_answer_finish(&a);
}

static void what_has_no_room_is_named(void **state)
{
	const struct placement_memory devices[] = {{"a", 5e9}, {"b", 5e9}};
	struct placement_unit tensors[] = {{.name = "x", .bytes = 3e9}, {.name = "y", .bytes = 3e9},
		{.name = "z", .bytes = 3e9}, {.name = "tiny", .bytes = 1.0}};
	const double accesses[] = {1, 1, 1, 1}, rates[] = {1, 1, 1, 1};
	struct printed_problem p = {"example", 2, 4, devices, tensors, accesses, rates, false};

	(void)state;
	refused(&p, "'x' with what is like it, 3 tensors (9 GB), has no room in 'a' with 1 others "
		    "(10 GB)");
	tensors[1].bytes = 6e9;
	refused(&p, "tensor 'y' (6 GB) fits on no device");
	tensors[1].bytes = 0.5;
	refused(&p, "tensor 'y' has 0.5 bytes");
}

/* 492 tensors on 9 devices, gap 0.2 %: the target of the benchmark, without its clock. */
static void the_papers_models_are_placed_within_the_gap(void **state)
{
	static const double rooms[] = {3.0, 1.3, 1.1, 1.05, 1.02};

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		const struct placement_limits limits = {.gap = 2e-3, .seconds = 60.0};
		struct made_printed m;
		struct placement_answer a;
		struct err err = {0};

		made_printed_llama(&m, rooms[i / 2], i % 2);
		assert_int_equal(m.p.n_tensors, 492);
		if (!printed_solve(&a, &m.p, &limits, &err))
			fail_msg("%s", err.msg);
		assert_true(a.gap <= 2e-3);
		placement_answer_finish(&a);
		made_printed_finish(&m);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms_have_the_least_of_all_assignments),
		cmocka_unit_test(the_last_device_costs_nothing_as_printed),
		cmocka_unit_test(what_has_no_room_is_named),
		cmocka_unit_test(the_papers_models_are_placed_within_the_gap),
	};
	if (argc > 2) {
		const struct CMUnitTest some[] = {tests[0]};

		first_case = strtoul(argv[1], NULL, 10);
		last_case = strtoul(argv[2], NULL, 10);
		most_tensors = argc > 4 ? atoi(argv[3]) : most_tensors;
		most_devices = argc > 4 ? atoi(argv[4]) : most_devices;
		return cmocka_run_group_tests_name("printed", some, NULL, NULL);
	}
	return cmocka_run_group_tests_name("printed", tests, NULL, NULL);
}
