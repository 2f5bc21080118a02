/* Eq. 1 by its own tree and, row by row, by whole-number programs: GLPK's branch and bound on small
 * ones, the program cbc on medium ones. And why it is infeasible, against all subsets. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/milp.h"
#include "plan/optimum.h"
#include "plan/optimum_milp.h"
#include "tests/plan/draw.h"
#include "tests/support/check.h"

enum { MOST_TASKS = 24, MOST_SERVERS = 4 };

struct made {
	struct optimum_problem p;
	struct optimum_pair pairs[MOST_TASKS * MOST_SERVERS];
	uint32_t model_of[MOST_TASKS];
	double model_bytes[3], memory_bytes[MOST_SERVERS];
};

static void make(struct made *m, uint64_t seed, size_t n_tasks, size_t n_servers)
{
	uint64_t r = seed;

	*m = (struct made){.p = {.n_tasks = n_tasks, .n_servers = n_servers, .n_models = 2}};
	for (size_t i = 0; i < n_tasks; i++) {
		int64_t from = draw_from(&r, 0, 10000), room = draw_from(&r, 1500, 7000);
		int64_t work = draw_from(&r, 300, 2500);

		m->model_of[i] = (uint32_t)draw_from(&r, 0, 1);
		for (size_t j = 0; j < n_servers; j++) {
			int64_t way = draw_from(&r, 5, 200);

			m->pairs[i * n_servers + j] =
				(struct optimum_pair){.can = draw_from(&r, 0, 9) > 0,
					.from_ns = from + way,
					.until_ns = from + room - way,
					.work_ns = work * draw_from(&r, 8, 14) / 10,
					.comp_ns = work,
					.trans_s = 1e-3 * (double)(2 * way)};
		}
	}
	for (size_t k = 0; k < 2; k++)
		m->model_bytes[k] = draw_from(&r, 4, 9);
	for (size_t j = 0; j < n_servers; j++)
		m->memory_bytes[j] = draw_from(&r, 8, 18);
	m->p.pairs = m->pairs;
	m->p.model_of = m->model_of;
	if (draw_from(&r, 0, 2) == 0) {
		m->p.model_bytes = m->model_bytes;
		m->p.memory_bytes = m->memory_bytes;
	}
}

static void compare(const struct made *m, enum milp_solver solver, uint64_t seed)
{
	const struct optimum_limits limits = {0};
	struct optimum_front own, other;
	struct err err = {0};

	assert_true(optimum_solve(&own, &m->p, &limits, &err));
	if (!optimum_by_milp(&other, &m->p, &limits, solver, &err))
		fail_msg("seed %ju: %s", (uintmax_t)seed, err.msg);
	if (own.most != other.most)
		fail_msg("seed %ju: %zu in time, or %zu", (uintmax_t)seed, own.most, other.most);
	for (size_t n = 0; n <= own.most; n++) {
		assert_true(optimum_holds(&m->p, other.points[n].server_of));
		if (fabs(own.points[n].trans_s - other.points[n].trans_s) >
			1e-6 * other.points[n].trans_s)
			fail_msg("seed %ju, %zu in time: T is %.12g s, or %.12g s", (uintmax_t)seed,
				n, own.points[n].trans_s, other.points[n].trans_s);
	}
	optimum_front_finish(&own);
	optimum_front_finish(&other);
}

static void small_fronts_are_those_of_whole_number_programs(void **state)
{
	struct made m;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		make(&m, seed, 9, 3);
		compare(&m, MILP_GLPK, seed);
	}
}

/** The fullest point and the one before, of cbc. */
static void compare_top(const struct made *m, uint64_t seed)
{
	const struct optimum_limits limits = {0};
	struct optimum_front own, other;
	struct err err = {0};

	assert_true(optimum_solve(&own, &m->p, &limits, &err));
	assert_int_equal(own.most, own.most_bound);
	if (!optimum_by_milp_top(&other, &m->p, &limits, MILP_CBC, 2, &err))
		fail_msg("seed %ju: %s", (uintmax_t)seed, err.msg);
	assert_int_equal(own.most, other.most);
	for (size_t n = own.most; n + 2 > own.most && n > 0; n--) {
		if (fabs(own.points[n].trans_s - other.points[n].trans_s) >
			1e-6 * other.points[n].trans_s)
			fail_msg("seed %ju, %zu in time: T is %.12g s, or %.12g s", (uintmax_t)seed,
				n, own.points[n].trans_s, other.points[n].trans_s);
	}
	optimum_front_finish(&own);
	optimum_front_finish(&other);
}

static void cbc_agrees_on_100_medium_cases(void **state)
{
	const uint64_t *last = *state;
	struct made m;

	if (!milp_has_cbc()) {
		print_message("skipped: there is no program cbc\n");
		skip();
	}
	for (uint64_t seed = 1; seed <= *last; seed++) {
		make(&m, 1000 + seed, 14 + seed % 11, 2 + seed % 3);
		compare_top(&m, seed);
	}
}

/* Conflicts */

/** Can all of these tasks be served, with servers that may be without limit? */
static bool all_can(const struct made *m, const bool *task, const bool *server)
{
	struct made part = *m;
	struct optimum_front f;
	struct err err = {0};
	size_t n = 0;
	bool ok;

	part.p.pairs = part.pairs;
	part.p.model_of = part.model_of;
	part.p.model_bytes = part.p.memory_bytes = NULL;
	for (size_t i = 0; i < m->p.n_tasks; i++) {
		n += task[i];
		for (size_t j = 0; j < m->p.n_servers; j++) {
			struct optimum_pair *x = &part.pairs[i * m->p.n_servers + j];

			x->can = x->can && task[i] && x->comp_ns <= x->until_ns - x->from_ns &&
				 x->work_ns <= x->until_ns - x->from_ns;
			if (!server[j])
				x->work_ns = 0;
		}
	}
	assert_true(optimum_solve(&f, &part.p, &(struct optimum_limits){0}, &err));
	ok = f.most == n;
	optimum_front_finish(&f);
	return ok;
}

static bool has_part(const struct optimum_conflict *c, const char *part)
{
	for (size_t k = 0; k < c->n; k++)
		if (!strcmp(c->parts[k], part))
			return true;
	return false;
}

/** With all parts there is no solution, with one less there is. */
static void check_conflict(const struct made *m, const struct optimum_conflict *c)
{
	bool task[MOST_TASKS], server[MOST_SERVERS];
	char name[40];

	for (size_t i = 0; i < m->p.n_tasks; i++) {
		snprintf(name, sizeof name, "task t%zu", i);
		task[i] = has_part(c, name);
	}
	for (size_t j = 0; j < m->p.n_servers; j++) {
		snprintf(name, sizeof name, "capacity of s%zu", j);
		server[j] = has_part(c, name);
	}
	assert_false(all_can(m, task, server));
	for (size_t i = 0; i < m->p.n_tasks; i++)
		if (task[i]) {
			task[i] = false;
			assert_true(all_can(m, task, server));
			task[i] = true;
		}
	for (size_t j = 0; j < m->p.n_servers; j++)
		if (server[j]) {
			server[j] = false;
			assert_true(all_can(m, task, server));
			server[j] = true;
		}
}

static void conflicts_are_irreducible(void **state)
{
	static const char *const tasks[] = {
		"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "t9"};
	static const char *const servers[] = {"s0", "s1", "s2"};
	const struct optimum_names names = {tasks, servers};
	size_t n = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct optimum_conflict c;
		struct optimum_front f;
		struct err err = {0};
		struct made m;

		make(&m, 500 + seed, 10, 2 + seed % 2);
		m.p.model_bytes = m.p.memory_bytes = NULL;
		assert_true(optimum_solve(&f, &m.p, &(struct optimum_limits){0}, &err));
		assert_true(optimum_conflict(&c, &m.p, &names, &(struct optimum_limits){0}, &err));
		assert_int_equal(c.feasible, f.most == 10);
		if (!c.feasible) {
			assert_true(c.irreducible);
			check_conflict(&m, &c);
			n++;
		}
		optimum_conflict_finish(&c);
		optimum_front_finish(&f);
	}
	assert_true(n > 20);
}

int main(int argc, char **argv)
{
	uint64_t last = argc > 1 ? strtoull(argv[1], NULL, 10) : 12;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_fronts_are_those_of_whole_number_programs),
		cmocka_unit_test(conflicts_are_irreducible),
		cmocka_unit_test_prestate(cbc_agrees_on_100_medium_cases, &last),
	};

	return cmocka_run_group_tests_name("optimum_milp", tests, NULL, NULL);
}
