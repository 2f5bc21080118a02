/* k-p-fcfs on two classes. For p prompt and o output tokens, were they idle:
 *
 *	edge:  1 + 0.01 p + 0.1 o + 0.5
 *	cloud: 2 + 0.001 p + 0.02 o + 1
 *
 *	p    o    edge   cloud
 *	100  60   8.5    4.3
 *	100  5    3.0    3.2
 */
#include "models/offload/spec.h"
#include "policies/all.h"
#include "tests/support/view_fixture.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static const struct fixture_class edge = {.tier = TIER_EDGE,
	.model = NO_ID,
	.context_tok = 9000,
	.upload_s = 1.0,
	.download_s = 0.5,
	.prefill_s_per_tok = 0.01,
	.decode_s_per_tok = 0.1};
static const struct fixture_class cloud = {.tier = TIER_CLOUD,
	.model = NO_ID,
	.context_tok = 9000,
	.upload_s = 2.0,
	.download_s = 1.0,
	.prefill_s_per_tok = 0.001,
	.decode_s_per_tok = 0.02};

struct fixture {
	struct view_fixture f;
	struct policy_state *st;
};

/** No instances and no requests yet. */
static void make(struct fixture *x, size_t n, const struct param_text *texts)
{
	memset(x, 0, sizeof *x);
	x->f.v.now_s = 10.0;
	fixture_group(
		&x->f, (struct fixture_group){
			       .model = NO_ID, .output_mean_tok = 50.0, .output_q90_tok = 90.0});
	fixture_class(&x->f, edge);
	fixture_class(&x->f, cloud);
	fixture_view(&x->f);
	x->st = fixture_state(&policy_k_p_fcfs, texts, n);
}

static void drop(struct fixture *x)
{
	free(x->st);
}

static void arrive(
	struct fixture *x, uint64_t id, uint32_t prompt_tok, uint32_t output_tok, double deadline_s)
{
	fixture_wait(&x->f, (struct waiting){.id = {id},
				    .created_s = 9.0,
				    .deadline_s = deadline_s,
				    .prompt_tok = prompt_tok,
				    .output_tok = output_tok});
}

static void instance(
	struct fixture *x, uint32_t cls, uint32_t assigned, uint32_t room, double wait_s)
{
	fixture_instance(&x->f, (struct fixture_instance){.cls = cls,
					.assigned = assigned,
					.room = room,
					.kv_tok = 100000,
					.wait_s = wait_s,
					.step_s = wait_s});
}

static void gives(struct fixture *x, uint64_t id, uint32_t to)
{
	struct assignment a;

	assert_true(policy_k_p_fcfs.next(x->st, &x->f.v, &a));
	assert_int_equal(a.request.n, id);
	assert_int_equal(a.instance.i, to);
	assert_false(a.drop);
	fixture_apply(&x->f, &a);
}

static void drops(struct fixture *x, uint64_t id)
{
	struct assignment a;

	assert_true(policy_k_p_fcfs.next(x->st, &x->f.v, &a));
	assert_int_equal(a.request.n, id);
	assert_true(a.drop);
	fixture_apply(&x->f, &a);
}

static void waits(struct fixture *x)
{
	struct assignment a;

	assert_false(policy_k_p_fcfs.next(x->st, &x->f.v, &a));
}

/** Where a request of 100 + 60 goes by rule @assign: edge 0 has 2 s to wait and 1 request, edge 1
 *  3 s and 4, cloud 2 5 s and 3, cloud 3 7 s and 2. */
static void goes_by(const char *assign, uint32_t to)
{
	struct param_text text = {.key = "assign", .value = assign};
	struct fixture x;

	make(&x, 1, &text);
	instance(&x, 0, 1, 2, 2.0);
	instance(&x, 0, 4, 2, 3.0);
	instance(&x, 1, 3, 2, 5.0);
	instance(&x, 1, 2, 2, 7.0);
	arrive(&x, 5, 100, 60, HUGE_VAL);
	gives(&x, 5, to);
	drop(&x);
}

/* Earliest finish: edge 8.5 + 2, cloud 4.3 + 5 = 9.3. Fastest when idle: the cloud, whose least
 * loaded is 3. Fewest requests: edge 0. */
static void assign_rules_choose_the_instance(void **state)
{
	(void)state;
	goes_by("earliest-finish", 2);
	goes_by("fastest", 3);
	goes_by("least-loaded", 0);
}

/* Two classes, both empty, least-loaded: the one idle longer; both alike: file order. */
static void equals_go_by_idle_time_then_file_order(void **state)
{
	static const struct param_text text = {.key = "assign", .value = "least-loaded"};
	struct fixture x;

	(void)state;
	make(&x, 1, &text);
	instance(&x, 1, 0, 1, 0.0);
	instance(&x, 0, 0, 1, 0.0);
	instance(&x, 0, 0, 1, 0.0);
	x.f.instances[0].idle_since_s = 7.0;
	x.f.instances[1].idle_since_s = 7.0;
	x.f.instances[2].idle_since_s = 6.0;
	arrive(&x, 5, 100, 60, HUGE_VAL);
	arrive(&x, 6, 100, 60, HUGE_VAL);
	gives(&x, 5, 2);
	gives(&x, 6, 0);
	drop(&x);
}

/** Four requests, one cloud instance with room for all: in which order they go. */
static void ranks_by(const char *priority, const uint64_t order[4])
{
	struct param_text text = {.key = "priority", .value = priority};
	struct fixture x;
	size_t k;

	make(&x, 1, &text);
	instance(&x, 1, 1, 4, 0.0);
	arrive(&x, 5, 900, 50, 40.0);
	arrive(&x, 6, 100, 80, HUGE_VAL);
	arrive(&x, 7, 400, 500, 44.0);
	arrive(&x, 8, 800, 10, 41.0);
	for (k = 0; k < 4; k++)
		gives(&x, order[k], 0);
	waits(&x);
	drop(&x);
}

/*	     prefill  decode  work  total  deadline  late after
 *	5    0.9      1.0     1.9   4.9    40        35.1
 *	6    0.1      1.6     1.7   4.7    -         -
 *	7    0.4      10.0    10.4  13.4   44        30.6
 *	8    0.8      0.2     1.0   4.0    41        37.0
 */
static void priorities_order_the_window(void **state)
{
	(void)state;
	ranks_by("fcfs", (const uint64_t[]){5, 6, 7, 8});
	ranks_by("sjf", (const uint64_t[]){8, 6, 5, 7});
	ranks_by("edf", (const uint64_t[]){5, 8, 7, 6});
	ranks_by("slack", (const uint64_t[]){7, 5, 8, 6});
	ranks_by("prefill-first", (const uint64_t[]){6, 7, 8, 5});
}

/* 7 is the shortest, but with a window of 2 it is not seen until one of the older left. */
static void only_the_window_is_ranked(void **state)
{
	static const struct param_text texts[] = {
		{.key = "window", .value = "2"},
		{.key = "priority", .value = "sjf"},
	};
	struct fixture x;

	(void)state;
	make(&x, 2, texts);
	instance(&x, 1, 1, 4, 0.0);
	arrive(&x, 5, 100, 80, HUGE_VAL);
	arrive(&x, 6, 100, 60, HUGE_VAL);
	arrive(&x, 7, 100, 10, HUGE_VAL);
	gives(&x, 6, 0);
	gives(&x, 7, 0);
	gives(&x, 5, 0);
	drop(&x);
}

/* 1 000 KV tokens are left; 5 wants 2 001. */
static void what_fits_nowhere_now_lets_the_next_pass_within_the_window(void **state)
{
	static const struct param_text one = {.key = "window", .value = "1"};
	struct fixture x;
	int wide;

	(void)state;
	for (wide = 0; wide < 2; wide++) {
		make(&x, wide ? 0 : 1, &one);
		instance(&x, 1, 1, 4, 0.0);
		x.f.of_instance[0].kv_tok = 1000;
		arrive(&x, 5, 2000, 60, HUGE_VAL);
		arrive(&x, 6, 100, 60, HUGE_VAL);
		if (wide)
			gives(&x, 6, 0);
		waits(&x);
		drop(&x);
	}
}

/* Idle, the cloud takes 4.3 and the edge 8.5. At 10 with a deadline at 15, only the cloud is in
 * time; it is full, so the request waits beside a free edge. It is late after 15 - 4.3 = 10.7,
 * and then the edge is as good as any. */
static void a_request_waits_for_where_it_is_in_time_until_it_is_late(void **state)
{
	struct fixture x;

	(void)state;
	make(&x, 0, NULL);
	instance(&x, 0, 0, 2, 0.0);
	instance(&x, 1, 1, 0, 0.0);
	arrive(&x, 5, 100, 60, 15.0);
	waits(&x);
	assert_near(policy_k_p_fcfs.wake_s(x.st, &x.f.v), 10.7, 1e-12);
	x.f.v.now_s = 10.69;
	waits(&x);
	x.f.v.now_s = 10.71;
	gives(&x, 5, 0);
	assert_true(policy_k_p_fcfs.wake_s(x.st, &x.f.v) == HUGE_VAL);
	drop(&x);
}

/* In time means by the idle prediction, the deadline included: 10 + 3.0 <= 13 at the edge, while
 * the 60 s of queue before it do not count. */
static void feasible_is_judged_as_if_idle(void **state)
{
	static const struct param_text text = {.key = "on_infeasible", .value = "drop"};
	struct fixture x;

	(void)state;
	make(&x, 1, &text);
	instance(&x, 0, 1, 2, 60.0);
	instance(&x, 1, 1, 2, 0.0);
	arrive(&x, 5, 100, 5, 13.0 + 1e-9);
	arrive(&x, 6, 100, 5, 13.0 - 1e-9);
	gives(&x, 5, 0);
	drops(&x, 6);
	drop(&x);
}

/* 5 was late before it came (10 + 4.3 > 14); 6 turns late at 20 - 4.3. Nothing is free. */
static void the_late_are_dropped_though_nothing_is_free(void **state)
{
	static const struct param_text text = {.key = "on_infeasible", .value = "drop"};
	struct fixture x;

	(void)state;
	make(&x, 1, &text);
	instance(&x, 0, 1, 0, 0.0);
	instance(&x, 1, 1, 0, 0.0);
	arrive(&x, 5, 100, 60, 14.0);
	arrive(&x, 6, 100, 60, 20.0);
	drops(&x, 5);
	waits(&x);
	assert_near(policy_k_p_fcfs.wake_s(x.st, &x.f.v), 15.7, 1e-12);
	x.f.v.now_s = 15.71;
	drops(&x, 6);
	waits(&x);
	drop(&x);
}

/* Without room nothing can come of a late request that is to be served. */
static void nothing_free_and_nothing_to_drop_needs_no_waking(void **state)
{
	struct fixture x;

	(void)state;
	make(&x, 0, NULL);
	instance(&x, 0, 1, 0, 0.0);
	instance(&x, 1, 1, 0, 0.0);
	arrive(&x, 5, 100, 60, 20.0);
	waits(&x);
	assert_true(policy_k_p_fcfs.wake_s(x.st, &x.f.v) == HUGE_VAL);
	drop(&x);
}

/** A request of 100 + 5 by @lengths: 5 tokens finish first at the edge (3.0 against 3.2); 50, the
 *  mean, in the cloud (7.5, 4.1); 90, the quantile, too (11.5, 4.9), but that is past 14.5. */
static void assumes(const char *lengths, bool dropped, uint32_t to)
{
	const struct param_text texts[] = {
		{.key = "lengths", .value = lengths},
		{.key = "on_infeasible", .value = "drop"},
	};
	struct fixture x;

	make(&x, 2, texts);
	instance(&x, 0, 1, 2, 0.0);
	instance(&x, 1, 1, 2, 0.0);
	arrive(&x, 5, 100, 5, 14.5);
	if (dropped)
		drops(&x, 5);
	else
		gives(&x, 5, to);
	drop(&x);
}

static void lengths_decide_what_is_predicted(void **state)
{
	(void)state;
	assumes("known", false, 0);
	assumes("mean", false, 1);
	assumes("quantile", true, NO_ID);
}

/* Two classes, six requests, one of which leaves before the rest come: 6 x 2 predictions. */
static void a_request_is_surveyed_once(void **state)
{
	static const struct param_text text = {.key = "priority", .value = "sjf"};
	size_t predictions = 0;
	struct fixture x;
	uint64_t id;

	(void)state;
	make(&x, 1, &text);
	x.f.predictions = &predictions;
	instance(&x, 0, 1, 0, 0.0);
	instance(&x, 1, 1, 2, 0.0);
	x.f.of_instance[1].kv_tok = 101;
	arrive(&x, 5, 100, 60, HUGE_VAL);
	for (id = 6; id < 9; id++)
		arrive(&x, id, 200, 60, HUGE_VAL);
	gives(&x, 5, 1);
	waits(&x);
	assert_int_equal(predictions, 8);
	for (id = 9; id < 11; id++)
		arrive(&x, id, 300, 60, HUGE_VAL);
	waits(&x);
	waits(&x);
	assert_int_equal(predictions, 12);
	drop(&x);
}

/* Least work is in the cloud: 5 needs 0.1 + 1.2 = 1.3, 6 0.9 + 0.2 = 1.1 and would go first. Once
 * the edge takes 0.1 ms a prompt token and 1 ms an output token, 5 needs 0.01 + 0.06 = 0.07 there,
 * 6 0.09 + 0.01 = 0.1. */
static void predictions_are_kept_only_while_they_hold(void **state)
{
	static const struct param_text text = {.key = "priority", .value = "sjf"};
	struct fixture x;

	(void)state;
	make(&x, 1, &text);
	instance(&x, 1, 1, 0, 0.0);
	instance(&x, 0, 1, 1, 0.0);
	x.f.of_instance[1].kv_tok = 10;
	arrive(&x, 5, 100, 60, HUGE_VAL);
	arrive(&x, 6, 900, 10, HUGE_VAL);
	waits(&x);
	x.f.of_instance[1].kv_tok = 2000;
	x.f.of_class[0].prefill_s_per_tok = 1e-4;
	x.f.of_class[0].decode_s_per_tok = 1e-3;
	x.f.v.idle_version++;
	gives(&x, 5, 1);
	drop(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assign_rules_choose_the_instance),
		cmocka_unit_test(equals_go_by_idle_time_then_file_order),
		cmocka_unit_test(priorities_order_the_window),
		cmocka_unit_test(only_the_window_is_ranked),
		cmocka_unit_test(what_fits_nowhere_now_lets_the_next_pass_within_the_window),
		cmocka_unit_test(a_request_waits_for_where_it_is_in_time_until_it_is_late),
		cmocka_unit_test(feasible_is_judged_as_if_idle),
		cmocka_unit_test(the_late_are_dropped_though_nothing_is_free),
		cmocka_unit_test(nothing_free_and_nothing_to_drop_needs_no_waking),
		cmocka_unit_test(lengths_decide_what_is_predicted),
		cmocka_unit_test(a_request_is_surveyed_once),
		cmocka_unit_test(predictions_are_kept_only_while_they_hold),
	};
	return cmocka_run_group_tests_name("policy_k_p_fcfs", tests, NULL, NULL);
}
