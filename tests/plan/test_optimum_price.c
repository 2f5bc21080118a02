/* The set of tasks that is worth most to a server, against all sets there are. */
#include <math.h>
#include <stdlib.h>

#include "plan/machine.h"
#include "plan/optimum_price.h"
#include "tests/plan/draw.h"
#include "tests/support/check.h"

enum { TASKS = 10, PAIRS = 3, CASES = 3000 };

struct made {
	struct optimum_pair pairs[TASKS];
	uint32_t model_of[TASKS];
	double value[TASKS];
	struct price_pair bound_to[PAIRS];
	size_t n, n_pairs;
};

/** One server; windows that follow each other, or lie in one another; few different numbers, or
 * many. */
static void make(struct made *m, uint64_t seed)
{
	uint64_t r = seed;
	bool coarse = draw_from(&r, 0, 1), alike = draw_from(&r, 0, 1);

	*m = (struct made){.n = (size_t)draw_from(&r, 1, TASKS)};
	for (size_t i = 0; i < m->n; i++) {
		int64_t from = draw_from(&r, 0, coarse ? 6 : 60);

		m->pairs[i] = (struct optimum_pair){.can = true,
			.from_ns = from,
			.until_ns = from + (alike ? 20 : draw_from(&r, 3, 40)),
			.work_ns = draw_from(&r, coarse ? 3 : 0, coarse ? 5 : 15),
			.trans_s = 1.0};
		m->value[i] = coarse ? draw_from(&r, -1, 3) : draw_real(&r, -2.0, 10.0);
	}
	m->n_pairs = m->n > 3 ? (size_t)draw_from(&r, 0, PAIRS) : 0;
	for (size_t k = 0; k < m->n_pairs; k++) {
		uint32_t a = (uint32_t)draw_from(&r, 0, (int)m->n - 2);

		m->bound_to[k] =
			(struct price_pair){{a, (uint32_t)draw_from(&r, (int)a + 1, (int)m->n - 1)},
				draw_from(&r, 0, 1)};
	}
}

static int by_from(const void *a, const void *b)
{
	const struct machine_job *x = a, *y = b;

	return x->from_ns < y->from_ns ? -1 : x->from_ns > y->from_ns;
}

/** Is the set in time, and does it keep to the pairs, as far as tasks can be on the server? */
static bool is_allowed(const struct made *m, const struct eq1 *e, unsigned set)
{
	struct machine_job jobs[TASKS], heap[TASKS];
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (!(set >> i & 1))
			continue;
		if (e->first[i] == e->first[i + 1])
			return false;
		jobs[n++] = e->spots[e->first[i]].job;
	}
	for (size_t k = 0; k < m->n_pairs; k++) {
		bool a = set >> m->bound_to[k].task[0] & 1, b = set >> m->bound_to[k].task[1] & 1;

		if (m->bound_to[k].together ? a != b : a && b)
			return false;
	}
	qsort(jobs, n, sizeof *jobs, by_from);
	return machine_fits(jobs, n, heap);
}

static double worth_of(const struct made *m, unsigned set)
{
	double sum = 0.0;

	for (size_t i = 0; i < m->n; i++)
		sum += set >> i & 1 ? m->value[i] : 0.0;
	return sum;
}

static double by_force(const struct made *m, const struct eq1 *e)
{
	double best = 0.0;

	for (unsigned set = 0; set < 1u << m->n; set++)
		if (worth_of(m, set) > best && is_allowed(m, e, set))
			best = worth_of(m, set);
	return best;
}

static void check_set(const struct made *m, const struct eq1 *e, const struct priced *x)
{
	unsigned set = 0;

	for (size_t k = 0; k < x->n; k++)
		set |= 1u << e->spots[x->spots[k]].task;
	assert_true(is_allowed(m, e, set));
	assert_near(worth_of(m, set), x->worth, 1e-9);
}

static void check(uint64_t seed)
{
	struct optimum_problem p = {.n_servers = 1, .n_models = 1};
	double value[TASKS], best;
	struct priced x;
	struct pricer *pricer;
	struct made m;
	struct eq1 e;

	make(&m, seed);
	p.n_tasks = m.n;
	p.pairs = m.pairs;
	p.model_of = m.model_of;
	eq1_init(&e, &p, NULL);
	for (size_t s = 0; s < e.n_spots; s++)
		value[s] = m.value[e.spots[s].task];
	pricer = pricer_create(&e);
	for (size_t k = 0; k < m.n_pairs; k++)
		pricer_push(pricer, &m.bound_to[k]);
	best = by_force(&m, &e);
	x = pricer_best(pricer, 0, value, 0.0, 1000000, true);
	if (fabs(x.worth - best) > 1e-9 || fabs(x.bound - best) > 1e-9)
		fail_msg("seed %ju: %g, at most %g, and it is %g", (uintmax_t)seed, x.worth,
			x.bound, best);
	check_set(&m, &e, &x);
	x = pricer_best(pricer, 0, value, 0.0, 2, true);
	assert_true(x.bound >= best - 1e-9 && x.worth <= best + 1e-9);
	check_set(&m, &e, &x);
	x = pricer_best(pricer, 0, value, 0.0, 2, false);
	assert_true(x.bound >= best - 1e-9 && x.worth <= best + 1e-9);
	check_set(&m, &e, &x);
	x = pricer_best(pricer, 0, value, 0.5 * best, 1000000, true);
	assert_true(x.bound >= best - 1e-9 && x.worth <= best + 1e-9);
	pricer_destroy(pricer);
	eq1_finish(&e);
}

static void the_best_set_is_that_of_all_sets(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= CASES; seed++)
		check(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_set_is_that_of_all_sets),
	};

	return cmocka_run_group_tests_name("optimum_price", tests, NULL, NULL);
}
