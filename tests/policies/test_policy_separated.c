/* separated: queues of pools as Splitwise has them, pairs as DistServe has them. */
#include "policies/all.h"
#include "tests/support/view_fixture.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/offload/spec.h"

enum { PROMPTS, ANSWERS, MIXED, FAST }; /* classes */

static void add(struct view_fixture *f, uint32_t cls, uint32_t assigned, uint32_t room)
{
	fixture_instance(f, (struct fixture_instance){
				    .cls = cls, .assigned = assigned, .room = room, .kv_tok = 500});
}

/** Prefill instances 0, 1; decode instances 2, 3; one of both roles, 4; and 5, which decodes and
 *  whose way is twice as fast. Each with so many requests; all but 4 have room for one more. */
static void make(struct view_fixture *f, const uint32_t assigned[6], uint32_t room_of_mixed)
{
	static const struct fixture_class classes[] = {[PROMPTS] = {.phases = PHASES_PREFILL},
		[ANSWERS] = {.phases = PHASES_DECODE, .kv_bytes_per_s = 1e9},
		[MIXED] = {.phases = PHASES_BOTH, .kv_bytes_per_s = 1e9},
		[FAST] = {.phases = PHASES_DECODE, .kv_bytes_per_s = 2e9}};

	memset(f, 0, sizeof *f);
	fixture_group(f, (struct fixture_group){.model = 7});
	for (size_t c = 0; c < 4; c++) {
		struct fixture_class cls = classes[c];

		cls.model = 7;
		cls.context_tok = 1000;
		fixture_class(f, cls);
	}
	add(f, PROMPTS, assigned[0], 1);
	add(f, PROMPTS, assigned[1], 1);
	add(f, ANSWERS, assigned[2], 1);
	add(f, ANSWERS, assigned[3], 1);
	add(f, MIXED, assigned[4], room_of_mixed);
	add(f, FAST, assigned[5], 1);
	fixture_view(f);
}

static void waits(struct view_fixture *f, enum phase phase, uint32_t from, uint32_t output_tok)
{
	fixture_wait(f, (struct waiting){.id = {3},
				.phase = phase,
				.from = {from},
				.deadline_s = HUGE_VAL,
				.prompt_tok = 100,
				.output_tok = output_tok,
				.home_instance = {NO_ID}});
}

static struct assignment ask(struct view_fixture *f, const char *rule)
{
	const struct param_text text = {.key = "rule", .value = rule};
	struct policy_state *st = fixture_state(&policy_separated, &text, 1);
	struct assignment a;

	assert_true(policy_separated.next(st, &f->v, &a));
	assert_int_equal(a.request.n, 3);
	assert_false(a.drop);
	free(st);
	return a;
}

static void each_phase_joins_the_shortest_queue_of_its_pool(void **state)
{
	struct view_fixture f;

	(void)state;
	make(&f, (uint32_t[6]){5, 4, 2, 1, 0, 3}, 1);
	waits(&f, PHASE_PREFILL, NO_ID, 50);
	assert_int_equal(ask(&f, "splitwise").instance.i, 1);
	assert_false(ask(&f, "splitwise").apart);
	f.v.n_waiting = 0;
	waits(&f, PHASE_DECODE, 0, 50);
	assert_int_equal(ask(&f, "splitwise").instance.i, 3);
}

/* 8 is long: the one between the pools has 2. Its prompt is computed for others to go on with,
 * unless one token is all that is asked. */
static void where_queues_are_long_the_pool_between_helps_out(void **state)
{
	struct view_fixture f;

	(void)state;
	make(&f, (uint32_t[6]){9, 8, 9, 8, 2, 8}, 1);
	waits(&f, PHASE_PREFILL, NO_ID, 50);
	assert_int_equal(ask(&f, "splitwise").instance.i, 4);
	assert_true(ask(&f, "splitwise").apart);
	f.v.n_waiting = 0;
	waits(&f, PHASE_PREFILL, NO_ID, 1);
	assert_int_equal(ask(&f, "splitwise").instance.i, 4);
	assert_false(ask(&f, "splitwise").apart);
	f.v.n_waiting = 0;
	waits(&f, PHASE_DECODE, 0, 50);
	assert_int_equal(ask(&f, "splitwise").instance.i, 4);
}

/* It has more than they: they get it all the same. */
static void the_pool_between_with_a_longer_queue_does_not(void **state)
{
	struct view_fixture f;

	(void)state;
	make(&f, (uint32_t[6]){9, 8, 9, 8, 8, 9}, 1);
	waits(&f, PHASE_PREFILL, NO_ID, 50);
	assert_int_equal(ask(&f, "splitwise").instance.i, 1);
}

/* What lies at one of both roles goes to a decode instance that has room for it; where none has, it
 * goes on where it is, though that is full. */
static void what_lies_between_the_pools_stays_when_nobody_has_room(void **state)
{
	struct view_fixture f;
	size_t i;

	(void)state;
	make(&f, (uint32_t[6]){0, 0, 2, 1, 5, 3}, 0);
	waits(&f, PHASE_DECODE, 4, 50);
	assert_int_equal(ask(&f, "splitwise").instance.i, 3);
	for (i = 2; i < 6; i++)
		f.of_instance[i].kv_tok = 100; /* the prompt, and no token more */
	assert_int_equal(ask(&f, "splitwise").instance.i, 4);
}

/* The fast one is the partner of both, whoever is less loaded: 5 + 3 and 4 + 3. */
static void the_least_loaded_pair_gets_it(void **state)
{
	struct view_fixture f;

	(void)state;
	make(&f, (uint32_t[6]){5, 4, 0, 0, 0, 3}, 1);
	waits(&f, PHASE_PREFILL, NO_ID, 50);
	assert_int_equal(ask(&f, "distserve").instance.i, 1);
	assert_false(ask(&f, "distserve").apart);
	f.v.n_waiting = 0;
	waits(&f, PHASE_DECODE, 1, 50);
	assert_int_equal(ask(&f, "distserve").instance.i, 5);
}

/* All ways are as fast: then by load, 1 before 2. */
static void of_ways_as_fast_the_less_loaded_goes_on(void **state)
{
	struct view_fixture f;

	(void)state;
	make(&f, (uint32_t[6]){5, 4, 2, 1, 9, 3}, 1);
	f.of_class[FAST].kv_bytes_per_s = 1e9;
	waits(&f, PHASE_DECODE, 1, 50);
	assert_int_equal(ask(&f, "distserve").instance.i, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_phase_joins_the_shortest_queue_of_its_pool),
		cmocka_unit_test(where_queues_are_long_the_pool_between_helps_out),
		cmocka_unit_test(the_pool_between_with_a_longer_queue_does_not),
		cmocka_unit_test(what_lies_between_the_pools_stays_when_nobody_has_room),
		cmocka_unit_test(the_least_loaded_pair_gets_it),
		cmocka_unit_test(of_ways_as_fast_the_less_loaded_goes_on),
	};

	return cmocka_run_group_tests_name("policy_separated", tests, NULL, NULL);
}
