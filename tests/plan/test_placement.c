/*
 * Eq. 2, repaired, against all assignments of small problems, and its methods against each other.
 *
 *	test_placement [FIRST LAST [UNITS EXECUTORS]]
 *
 * With cases named, only these.
 */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "plan/placement_conflict.h"
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

/* One GPU that computes a layer in 2 ms and fetches it in 5 ms, memory for 4 of 10 layers: with a
 * buffer of two it keeps 2 and streams 8. It computes 10 x 2 = 20 ms and waits 7 times 3 ms:
 * 41 ms, more than the 8 x 5 = 40 ms of its fetches. With 12 layers, 10 streamed: 24 + 9 x 3 = 51,
 * fetches 50. */
static void streaming_waits_for_all_fetches_but_one(void **state)
{
	const struct placement_memory memories[] = {{"gpu", 4e9}, {"host", 64e9}};
	const struct placement_executor gpu = {"gpu", 0, 1, 2e9, 0.0, 0.0};
	struct placement_unit units[12];
	double exec_s[12], fetch_s[12];
	const double hop_s = 0.0;
	struct placement_problem p = {
		"one", 2, 1, memories, &gpu, 10, units, exec_s, fetch_s, &hop_s};
	struct placement_answer a;
	struct err err = {0};

	(void)state;
	for (size_t u = 0; u < 12; u++) {
		units[u] = (struct placement_unit){"layer", 1e9, 0.0};
		exec_s[u] = 2e-3;
		fetch_s[u] = 5e-3;
	}
	assert_true(placement_solve(&a, &p, &(struct placement_limits){0}, &err));
	assert_near(a.objective, 41e-3, 1e-15);
	assert_near(a.terms.fetch_s, 40e-3, 1e-15);
	placement_answer_finish(&a);
	p.n_units = 12;
	assert_true(placement_solve(&a, &p, &(struct placement_limits){0}, &err));
	assert_near(a.objective, 51e-3, 1e-15);
	placement_answer_finish(&a);
}

/* Two cards of 3 GB and 2 GB, layers of 1 GB, 2 ms on the first and 3 ms on the second, 1 ms apart:
 * three on the first, two on the second: 6 + 6 + 1 ms and 0.5 ms back. A third card at the far end
 * of a slow line, however fast, is not worth it. */
static void a_chain_is_split_where_memory_ends(void **state)
{
	const struct placement_memory memories[] = {{"a", 3e9}, {"b", 2e9}, {"c", 9e9}};
	const struct placement_executor cards[] = {{"a", 0, PLACEMENT_NONE, 0.0, 0.0, 0.0},
		{"b", 1, PLACEMENT_NONE, 0.0, 0.0, 0.0}, {"c", 2, PLACEMENT_NONE, 0.0, 5e-3, 5e-3}};
	struct placement_unit units[5];
	double exec_s[15];
	const double hop_s[] = {0, 1e-3, 9e-3, 1e-3, 0, 9e-3, 9e-3, 9e-3, 0};
	const double back_s[] = {0, 5e-4, 9e-3, 5e-4, 0, 9e-3, 9e-3, 9e-3, 0};
	const struct placement_problem p = {
		"cards", 3, 3, memories, cards, 5, units, exec_s, NULL, hop_s, back_s};
	struct placement_answer a;
	struct err err = {0};

	(void)state;
	for (size_t u = 0; u < 5; u++) {
		units[u] = (struct placement_unit){"layer", 9e8, 1e8};
		exec_s[3 * u] = 2e-3;
		exec_s[3 * u + 1] = 3e-3;
		exec_s[3 * u + 2] = 1.5e-3;
	}
	for (int method = PLACEMENT_AUTO; method <= PLACEMENT_HEURISTIC; method++) {
		assert_true(placement_solve(&a, &p,
			&(struct placement_limits){.method = (enum placement_method)method}, &err));
		assert_near(a.objective, 13.5e-3, 1e-12);
		assert_near(a.terms.exec_s, 12e-3, 1e-12);
		assert_near(a.terms.hop_s, 1e-3, 1e-12);
		assert_near(a.terms.back_s, 0.5e-3, 1e-12);
		assert_int_equal(a.status, PLACEMENT_OPTIMAL);
		placement_answer_finish(&a);
	}
}

static bool may_run(const struct placement_problem *p, size_t u, size_t d)
{
	if (u == p->n_units)
		return p->draft_s[d] < HUGE_VAL;
	return p->exec_s[u * p->n_executors + d] < HUGE_VAL &&
	       (u > 0 || p->executors[d].enter_s < HUGE_VAL) &&
	       (u + 1 < p->n_units || p->executors[d].leave_s < HUGE_VAL);
}

/* How units that need not follow each other may be spread: one digit of @code each, two values for
 * an executor, the odd one streamed. */
static bool spread_fits(
	const struct placement_problem *p, const bool *unit, const bool *memory, const size_t *code)
{
	double used[8] = {0};
	bool streams[8] = {false};
	size_t homes = p->n_units + (p->draft ? 1 : 0), n = p->n_executors;

	for (size_t u = 0; u < homes; u++) {
		size_t d = code[u] / 2;
		const struct placement_executor *e = &p->executors[d];
		const struct placement_unit *what = u < p->n_units ? &p->units[u] : p->draft;

		if (!unit[u])
			continue;
		if (!may_run(p, u, d))
			return false;
		used[e->memory] += what->kv_bytes;
		if (code[u] % 2 == 0) {
			used[e->memory] += what->bytes;
			continue;
		}
		if (u == p->n_units || !p->fetch_s || e->host == PLACEMENT_NONE ||
			!(p->fetch_s[u * n + d] < HUGE_VAL))
			return false;
		used[e->host] += what->bytes;
		used[e->memory] += streams[d] ? 0.0 : e->buffer_bytes;
		streams[d] = true;
	}
	for (size_t m = 0; m < p->n_memories; m++)
		if (memory[m] && used[m] > p->memories[m].bytes)
			return false;
	return true;
}

static bool can_spread(const struct placement_problem *p, const bool *unit, const bool *memory)
{
	size_t homes = p->n_units + (p->draft ? 1 : 0), code[8] = {0}, u;

	do {
		if (spread_fits(p, unit, memory, code))
			return true;
		for (u = 0; u < homes && ++code[u] == (unit[u] ? 2 * p->n_executors : 1); u++)
			code[u] = 0;
	} while (u < homes);
	return false;
}

/* By all ways to spread the units: those named have no room in the memories named, without one of
 * either they have. */
static void a_conflict_has_nothing_without_need(void **state)
{
	size_t found = 0, chains = 0;

	(void)state;
	for (uint64_t i = 1; i <= 1500; i++) {
		uint64_t seed = i;
		struct placement_conflict c;
		struct made_placement m;
		struct err err = {0};

		made_wild(&m, &seed, 3, 3);
		if (made_least(&m) < HUGE_VAL) {
			made_finish(&m);
			continue;
		}
		assert_true(placement_conflict_find(&c, &m.p, &(struct placement_limits){0}, &err));
		chains += c.chain;
		if (!c.chain) {
			found++;
			assert_true(c.irreducible);
			assert_false(can_spread(&m.p, c.unit, c.memory));
			for (size_t k = 0; k < m.p.n_units + m.p.n_memories + 1; k++) {
				bool *one = k <= m.p.n_units ? &c.unit[k]
							     : &c.memory[k - m.p.n_units - 1];

				if (!*one)
					continue;
				*one = false;
				assert_true(can_spread(&m.p, c.unit, c.memory));
				*one = true;
			}
		}
		placement_conflict_finish(&c);
		made_finish(&m);
	}
	assert_true(found > 100 && chains > 10);
}

static void refused(
	const struct placement_problem *p, struct placement_limits limits, const char *why)
{
	struct placement_answer a;
	struct err err = {0};

	assert_false(placement_solve(&a, p, &limits, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.msg, why))
		fail_msg("'%s' does not say '%s'", err.msg, why);
	placement_answer_finish(&a);
}

/* Three layers of 1 GB and a draft of 1 GB, cards of 1.5 GB, 1 GB and 1 GB. */
struct small {
	struct placement_problem p;
	struct placement_memory memories[3];
	struct placement_executor cards[3];
	struct placement_unit units[3], draft;
	double exec_s[9], hop_s[9], draft_s[3];
};

static void make_small(struct small *s)
{
	static const char *const names[] = {"card a", "card b", "card c"}, *const layers[] = {
										   "embedding",
										   "layer 0",
										   "head"};

	*s = (struct small){.draft = {"draft", 1e9, 0.0}};
	for (size_t i = 0; i < 3; i++) {
		s->memories[i] = (struct placement_memory){names[i], i == 0 ? 1.5e9 : 1e9};
		s->cards[i] = (struct placement_executor){
			names[i], (int)i, PLACEMENT_NONE, 0.0, 0.0, 0.0};
		s->units[i] = (struct placement_unit){layers[i], 9e8, 1e8};
		s->draft_s[i] = 1e-3;
		for (size_t k = 0; k < 3; k++)
			s->exec_s[3 * i + k] = s->hop_s[3 * i + k] = 1e-3;
	}
	s->p = (struct placement_problem){"small", 3, 3, s->memories, s->cards, 3, s->units,
		s->exec_s, NULL, s->hop_s, NULL, &s->draft, s->draft_s, NULL};
}

static void what_has_no_room_is_named(void **state)
{
	const struct placement_limits any = {0};
	struct small s;

	(void)state;
	make_small(&s);
	refused(&s.p, any,
		"no placement of 'small': embedding to head, draft (4 GB with their KV) have no "
		"room in "
		"card a, card b, card c together (3.5 GB)");
	s.units[1].bytes = 2e9;
	refused(&s.p, any,
		"'layer 0' takes 2.1 GB with its KV, the largest memory where it can run has 1.5 "
		"GB");
	make_small(&s);
	for (size_t d = 0; d < 3; d++)
		s.draft_s[d] = HUGE_VAL;
	refused(&s.p, any, "'draft' can run on no executor");
	make_small(&s);
	s.p.draft = NULL;
	for (size_t i = 0; i < 9; i++)
		s.hop_s[i] = i % 4 == 0 ? 0.0 : HUGE_VAL;
	refused(&s.p, any,
		"with card a, card b, card c (3.5 GB) its units (3 GB) have room, but not where "
		"they can "
		"run one after the other");
}

static void bad_arguments_are_told(void **state)
{
	const struct placement_limits any = {0};
	struct small s;

	(void)state;
	make_small(&s);
	refused(&s.p, (struct placement_limits){.gap = 1.0},
		"the gap must be from 0 to below 1, not 1");
	refused(&s.p, (struct placement_limits){.gap = (double)NAN}, "not nan");
	refused(&s.p, (struct placement_limits){.seconds = -1.0},
		"seconds must be 0 or above, not -1");
	refused(&s.p, (struct placement_limits){.method = (enum placement_method)9}, "no method 9");
	s.units[2].bytes = 0.25;
	refused(&s.p, any, "'head' must be a whole number from 0 to 2^53, not 0.25");
	make_small(&s);
	s.exec_s[4] = (double)NAN;
	refused(&s.p, any, "exec_s 4 is nan s");
	make_small(&s);
	s.hop_s[1] = -1e-3;
	refused(&s.p, any, "hop_s 1 is -0.001 s");
	make_small(&s);
	s.cards[1].memory = 3;
	refused(&s.p, any, "'card b' has memory 3 and host memory -1, of 3");
	make_small(&s);
	s.cards[1].host = 1; /* its own */
	refused(&s.p, any, "'card b' has memory 1 and host memory 1, of 3");
	make_small(&s);
	s.p.n_units = 0;
	refused(&s.p, any, "has 0 units");
}

static void what_is_too_large_is_told_with_what_would_do(void **state)
{
	struct made_placement m;
	uint64_t seed = 1;

	(void)state;
	made_cluster(&m, &seed, 32, 30, 8.0);
	refused(&m.p, (struct placement_limits){.method = PLACEMENT_DYNAMIC},
		"has 34 units on 30 executors, too many for method dp, which takes up to 12");
	refused(&m.p, (struct placement_limits){.method = PLACEMENT_MILP},
		"30600 flows, too many for method milp, which takes up to 20000: 24 executors");
	made_finish(&m);
}

static void a_limit_of_time_leaves_an_answer_in_bounds(void **state)
{
	struct placement_limits limits = {.method = PLACEMENT_DYNAMIC, .seconds = 0.5};
	struct placement_answer a;
	struct made_placement m;
	struct err err = {0};
	uint64_t seed = 2;
	double begin_s;

	(void)state;
	made_cluster(&m, &seed, 78, 12, 1.06);
	begin_s = clock_s();
	assert_true(placement_solve(&a, &m.p, &limits, &err));
	assert_true(a.timed_out && a.gap > 0.0);
	assert_int_equal(a.status, PLACEMENT_FEASIBLE);
	assert_true(clock_s() - begin_s < 5.0);
	placement_answer_finish(&a);
	limits.seconds = 1e-9;
	assert_true(placement_solve(&a, &m.p, &limits, &err)); /* what the first look finds */
	assert_true(a.timed_out && a.gap > 0.0 && a.bound > 0.0);
	placement_answer_finish(&a);
	made_finish(&m);
}

static void an_interrupt_ends_it(void **state)
{
	atomic_bool stop = true;
	struct placement_answer a;
	struct made_placement m;
	uint64_t seed = 2;

	(void)state;
	made_cluster(&m, &seed, 32, 9, 1.2);
	for (int method = PLACEMENT_AUTO; method <= PLACEMENT_HEURISTIC; method++) {
		const struct placement_limits limits = {
			.method = (enum placement_method)method, .stop = &stop};
		struct err err = {0};

		assert_false(placement_solve(&a, &m.p, &limits, &err));
		assert_int_equal(err.kind, ERR_STOP);
		placement_answer_finish(&a);
	}
	made_finish(&m);
}

static void the_same_problem_has_the_same_answer(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 6; i++) {
		uint64_t seed = i;
		const struct placement_limits limits = {
			.method = i % 2 ? PLACEMENT_HEURISTIC : PLACEMENT_DYNAMIC};
		struct placement_answer a, b;
		struct made_placement m;
		struct err err = {0};

		made_cluster(&m, &seed, 20, 7, 1.6);
		assert_true(placement_solve(&a, &m.p, &limits, &err));
		assert_true(placement_solve(&b, &m.p, &limits, &err));
		assert_true(a.objective == b.objective && a.bound == b.bound);
		for (size_t u = 0; u < a.n_homes; u++)
			assert_true(a.homes[u].executor == b.homes[u].executor &&
				    a.homes[u].streamed == b.homes[u].streamed);
		placement_answer_finish(&a);
		placement_answer_finish(&b);
		made_finish(&m);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_method_finds_the_least_of_all_assignments),
		cmocka_unit_test(streaming_waits_for_all_fetches_but_one),
		cmocka_unit_test(a_chain_is_split_where_memory_ends),
		cmocka_unit_test(a_conflict_has_nothing_without_need),
		cmocka_unit_test(what_has_no_room_is_named),
		cmocka_unit_test(bad_arguments_are_told),
		cmocka_unit_test(what_is_too_large_is_told_with_what_would_do),
		cmocka_unit_test(a_limit_of_time_leaves_an_answer_in_bounds),
		cmocka_unit_test(an_interrupt_ends_it),
		cmocka_unit_test(the_same_problem_has_the_same_answer),
	};
	if (argc > 2) {
		const struct CMUnitTest some[] = {tests[0]};

		first_case = strtoul(argv[1], NULL, 10);
		last_case = strtoul(argv[2], NULL, 10);
		most_units = argc > 4 ? atoi(argv[3]) : most_units;
		most_executors = argc > 4 ? atoi(argv[4]) : most_executors;
		return cmocka_run_group_tests_name("placement", some, NULL, NULL);
	}
	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
