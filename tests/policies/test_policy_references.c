/* The policies beyond the paper: jsq, round-robin, power-of-d, least-work, max-weight. */
#include "models/offload/spec.h"
#include "policies/all.h"
#include "tests/support/view_fixture.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

enum { DRAWS = 12000 };

/** Classes 0 and 2 can serve group 0, class 1 cannot; a prompt token takes 10 ms in class 0 and
 *  2 ms in class 2. */
static void make(struct view_fixture *f)
{
	static const double s_per_tok[] = {0.010, 0.001, 0.002};
	static const uint32_t models[] = {7, 9, 7};
	uint32_t c;

	memset(f, 0, sizeof *f);
	fixture_group(f, (struct fixture_group){.model = 7});
	for (c = 0; c < 3; c++)
		fixture_class(f, (struct fixture_class){.model = models[c],
					 .context_tok = 5000,
					 .prefill_s_per_tok = s_per_tok[c]});
	fixture_view(f);
}

static void instance(
	struct view_fixture *f, uint32_t cls, uint32_t assigned, uint32_t room, double wait_s)
{
	fixture_instance(f, (struct fixture_instance){.cls = cls,
				    .assigned = assigned,
				    .room = room,
				    .kv_tok = 9000,
				    .wait_s = wait_s,
				    .step_s = 0.1 * assigned,
				    .idle_since_s = 3.0});
}

static void arrive(struct view_fixture *f, uint64_t id, uint32_t group, uint32_t prompt_tok)
{
	fixture_wait(f, (struct waiting){.id = {id},
				.group = {group},
				.deadline_s = HUGE_VAL,
				.prompt_tok = prompt_tok,
				.output_tok = 50});
}

static void gives(const struct policy_ops *ops, struct policy_state *st, struct view_fixture *f,
	uint64_t id, uint32_t to)
{
	struct assignment a;

	assert_true(ops->next(st, &f->v, &a));
	assert_int_equal(a.request.n, id);
	assert_int_equal(a.instance.i, to);
	assert_false(a.drop);
	fixture_apply(f, &a);
}

/* Unfinished: 3, 0 (of another model), 1 (full), 2; then 3, 0, 2, 2 and the first in the file. */
static void jsq_joins_the_fewest_though_they_are_full(void **state)
{
	struct view_fixture f;
	uint64_t id;

	(void)state;
	make(&f);
	instance(&f, 0, 3, 1, 0.0);
	instance(&f, 1, 0, 1, 0.0);
	instance(&f, 0, 1, 0, 0.0);
	instance(&f, 2, 2, 2, 0.0);
	for (id = 5; id < 8; id++)
		arrive(&f, id, 0, 100);
	gives(&policy_jsq, NULL, &f, 5, 2);
	gives(&policy_jsq, NULL, &f, 6, 2);
	gives(&policy_jsq, NULL, &f, 7, 3);
}

static void round_robin_passes_those_that_cannot(void **state)
{
	struct policy_state *st = fixture_state(&policy_round_robin, NULL, 0);
	struct view_fixture f;
	uint64_t id;

	(void)state;
	make(&f);
	instance(&f, 0, 3, 1, 0.0);
	instance(&f, 1, 0, 1, 0.0);
	instance(&f, 2, 1, 0, 0.0);
	for (id = 5; id < 9; id++)
		arrive(&f, id, 0, 100);
	gives(&policy_round_robin, st, &f, 5, 0);
	gives(&policy_round_robin, st, &f, 6, 2);
	gives(&policy_round_robin, st, &f, 7, 0);
	gives(&policy_round_robin, st, &f, 8, 2);
	free(st);
}

/** How often each of four able instances with 1, 2, 3 and 4 unfinished requests is taken. */
static void count_draws(const char *choices, size_t hits[4])
{
	const struct param_text text = {.key = "choices", .value = choices};
	struct policy_state *st = fixture_state(&policy_power_of_d, &text, 1);
	static const uint32_t cls[] = {2, 0, 1, 0, 2}, load[] = {4, 1, 0, 3, 2};
	struct view_fixture f;
	uint64_t draws = 11;
	struct assignment a;
	uint32_t i;
	size_t k;

	make(&f);
	f.draws = &draws;
	for (i = 0; i < 5; i++)
		instance(&f, cls[i], load[i], 1, 0.0);
	arrive(&f, 5, 0, 100);
	memset(hits, 0, 4 * sizeof *hits);
	for (k = 0; k < DRAWS; k++) {
		assert_true(policy_power_of_d.next(st, &f.v, &a));
		assert_true(load[a.instance.i] > 0);
		hits[load[a.instance.i] - 1]++;
	}
	free(st);
}

static double chi2(const size_t *hits, const double *expected, size_t n)
{
	double sum = 0.0;
	size_t k;

	for (k = 0; k < n; k++)
		sum += (hits[k] - expected[k]) * (hits[k] - expected[k]) / expected[k];
	return sum;
}

/* Two of four, 6 pairs: the least loaded is in 3 of them, the next is best in 2, the third in 1,
 * the last in none. Chi-square with 2 (one choice: 3) degrees of freedom exceeds 13.8 (16.3) once
 * in 1 000; the seed is fixed. */
static void power_of_d_takes_the_best_of_d_drawn(void **state)
{
	size_t hits[4];

	(void)state;
	count_draws("2", hits);
	assert_true(chi2(hits, (const double[]){6000, 4000, 2000}, 3) < 13.8);
	assert_int_equal(hits[3], 0);
	count_draws("1", hits);
	assert_true(chi2(hits, (const double[]){3000, 3000, 3000, 3000}, 4) < 16.3);
	count_draws("4", hits);
	assert_int_equal(hits[0], DRAWS);
	count_draws("64", hits);
	assert_int_equal(hits[0], DRAWS);
}

/* Loads alike: of two drawn the first is taken, so that all are equally likely: 3 000 each. */
static void power_of_d_breaks_ties_at_random(void **state)
{
	struct policy_state *st = fixture_state(&policy_power_of_d, NULL, 0);
	size_t hits[4] = {0}, k;
	struct view_fixture f;
	uint64_t draws = 12;
	struct assignment a;

	(void)state;
	make(&f);
	f.draws = &draws;
	for (k = 0; k < 4; k++)
		instance(&f, 0, 2, 1, 0.0);
	arrive(&f, 5, 0, 100);
	for (k = 0; k < DRAWS; k++) {
		assert_true(policy_power_of_d.next(st, &f.v, &a));
		hits[a.instance.i]++;
	}
	assert_true(chi2(hits, (const double[]){3000, 3000, 3000, 3000}, 4) < 16.3);
	free(st);
}

/* 200 tokens: 2 s in class 0, 0.4 s in class 2. To wait: 3 s at 0, none at 1 and 3, 1 s at 2. Both
 * 1 and 3 begin at once, and 3 is done first. When 3 has 6 s to wait, 1 begins first; when 1 has
 * 0.5 s, still; when it has 1.5 s, 2 does, which has no room now. */
static void least_work_waits_least_then_serves_fastest(void **state)
{
	struct view_fixture f;
	uint64_t id;

	(void)state;
	make(&f);
	instance(&f, 0, 4, 0, 3.0);
	instance(&f, 0, 2, 1, 0.0);
	instance(&f, 2, 5, 0, 1.0);
	instance(&f, 2, 3, 1, 0.0);
	for (id = 5; id < 9; id++)
		arrive(&f, id, 0, 200);
	gives(&policy_least_work, NULL, &f, 5, 3);
	f.of_instance[3].wait_s = 6.0;
	gives(&policy_least_work, NULL, &f, 6, 1);
	f.of_instance[1].wait_s = 0.5;
	gives(&policy_least_work, NULL, &f, 7, 1);
	f.of_instance[1].wait_s = 1.5;
	gives(&policy_least_work, NULL, &f, 8, 2);
}

/* Group 0 asks 100 tokens: 1 s in class 0, 0.2 s in class 2; group 1 (any model) 20: 0.2 s, 0.04 s
 * and, in class 1, 0.02 s. Three of group 0 and one of group 1 wait.
 *
 *	n mu      class 0     class 1     class 2
 *	group 0   3 / 1       -           3 / 0.2 = 15
 *	group 1   1 / 0.2     1 / 0.02    1 / 0.04 = 25
 *
 * So the last comes first, to class 1. Then 15 leads: 5 to class 2; of the two left, 2 / 1, 6 goes
 * to class 0; 7 finds no room.
 */
static void max_weight_serves_the_heaviest_pair(void **state)
{
	struct policy_state *st = fixture_state(&policy_max_weight, NULL, 0);
	struct view_fixture f;
	struct assignment a;

	(void)state;
	make(&f);
	fixture_group(&f, (struct fixture_group){.model = NO_ID});
	instance(&f, 0, 1, 1, 0.0);
	instance(&f, 1, 1, 1, 0.0);
	instance(&f, 2, 1, 1, 0.0);
	arrive(&f, 5, 0, 100);
	arrive(&f, 6, 0, 100);
	arrive(&f, 7, 0, 100);
	arrive(&f, 8, 1, 20);
	gives(&policy_max_weight, st, &f, 8, 1);
	gives(&policy_max_weight, st, &f, 5, 2);
	gives(&policy_max_weight, st, &f, 6, 0);
	assert_false(policy_max_weight.next(st, &f.v, &a));
	free(st);
}

/* Twelve of group 0, one of group 1 with 18 tokens, and only class 2 has room: n / 0.2 beats
 * 1 / 0.036 = 27.8 down to n = 6, so that seven go first. */
static void max_weight_drains_the_longer_queue_first(void **state)
{
	struct policy_state *st = fixture_state(&policy_max_weight, NULL, 0);
	struct view_fixture f;
	uint64_t id;

	(void)state;
	make(&f);
	fixture_group(&f, (struct fixture_group){.model = NO_ID});
	instance(&f, 2, 1, 20, 0.0);
	arrive(&f, 5, 1, 18);
	for (id = 6; id < 18; id++)
		arrive(&f, id, 0, 100);
	for (id = 6; id < 13; id++)
		gives(&policy_max_weight, st, &f, id, 0);
	gives(&policy_max_weight, st, &f, 5, 0);
	gives(&policy_max_weight, st, &f, 13, 0);
	free(st);
}

static void max_weight_refuses_more_groups_than_it_can_count(void **state)
{
	struct policy_state *st = fixture_state(&policy_max_weight, NULL, 0);
	struct view_fixture f;
	char why[100];

	(void)state;
	make(&f);
	f.v.n_groups = 1024;
	assert_true(policy_max_weight.check(st, &f.v, why, sizeof why));
	f.v.n_groups = 1025;
	assert_false(policy_max_weight.check(st, &f.v, why, sizeof why));
	assert_string_equal(why, "takes at most 1024 groups of users, not 1025");
	free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jsq_joins_the_fewest_though_they_are_full),
		cmocka_unit_test(round_robin_passes_those_that_cannot),
		cmocka_unit_test(power_of_d_takes_the_best_of_d_drawn),
		cmocka_unit_test(power_of_d_breaks_ties_at_random),
		cmocka_unit_test(least_work_waits_least_then_serves_fastest),
		cmocka_unit_test(max_weight_serves_the_heaviest_pair),
		cmocka_unit_test(max_weight_drains_the_longer_queue_first),
		cmocka_unit_test(max_weight_refuses_more_groups_than_it_can_count),
	};
	return cmocka_run_group_tests_name("policy_references", tests, NULL, NULL);
}
