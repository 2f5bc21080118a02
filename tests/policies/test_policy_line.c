/* fcfs, cloud-only and edge-only: one line, served by who has been idle longest. */
#include "policies/all.h"
#include "tests/support/view_fixture.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

static const struct fixture_class edge = {.tier = TIER_EDGE, .model = 7, .context_tok = 200};
static const struct fixture_class cloud = {.tier = TIER_CLOUD, .model = NO_ID, .context_tok = 900};

static struct fixture_instance empty_since(uint32_t cls, double idle_since_s)
{
	return (struct fixture_instance){
		.cls = cls, .room = 2, .kv_tok = 500, .idle_since_s = idle_since_s};
}

/** Instances 0 and 1 at the edge, empty since 4 and 3; 2 and 3 in the cloud, since 3 and 2. */
static void make(struct view_fixture *f)
{
	memset(f, 0, sizeof *f);
	f->v.now_s = 6.0;
	fixture_group(f, (struct fixture_group){.model = 7});
	fixture_group(f, (struct fixture_group){.model = 9}); /* only the cloud has it */
	fixture_class(f, edge);
	fixture_class(f, cloud);
	fixture_instance(f, empty_since(0, 4.0));
	fixture_instance(f, empty_since(0, 3.0));
	fixture_instance(f, empty_since(1, 3.0));
	fixture_instance(f, empty_since(1, 2.0));
	fixture_view(f);
}

static void arrive(struct view_fixture *f, uint64_t id, uint32_t group, uint32_t prompt_tok)
{
	fixture_wait(f, (struct waiting){.id = {id},
				.group = {group},
				.deadline_s = HUGE_VAL,
				.prompt_tok = prompt_tok,
				.output_tok = 50});
}

/** Ask @ops, its parameters as they are by default. */
static bool ask(const struct policy_ops *ops, struct view_fixture *f, struct assignment *a)
{
	struct policy_state *st = fixture_state(ops, NULL, 0);
	bool any = ops->next(st, &f->v, a);

	free(st);
	return any;
}

static void gives(const struct policy_ops *ops, struct view_fixture *f, uint64_t id, uint32_t to)
{
	struct assignment a;

	assert_true(ask(ops, f, &a));
	assert_int_equal(a.request.n, id);
	assert_int_equal(a.instance.i, to);
	assert_false(a.drop);
	fixture_apply(f, &a);
}

static void drops(const struct policy_ops *ops, struct view_fixture *f, uint64_t id)
{
	struct assignment a;

	assert_true(ask(ops, f, &a));
	assert_int_equal(a.request.n, id);
	assert_true(a.drop);
	fixture_apply(f, &a);
}

static void waits(const struct policy_ops *ops, struct view_fixture *f)
{
	struct assignment a;

	assert_false(ask(ops, f, &a));
}

/* Empty since 2 (3), then 3 (1 and 2: file order), then 4 (0); then all work: file order again,
 * until the places, three of 0 and two of each other, are gone; who has less work does not matter.
 */
static void the_longest_idle_goes_first_then_file_order(void **state)
{
	static const uint32_t to[] = {3, 1, 2, 0, 0, 0, 1, 2, 3};
	struct view_fixture f;
	uint64_t id;

	(void)state;
	make(&f);
	f.instances[0].room = f.of_instance[0].room = 3;
	for (id = 5; id < 15; id++)
		arrive(&f, id, 0, 100);
	for (id = 5; id < 14; id++)
		gives(&policy_fcfs, &f, id, to[id - 5]);
	waits(&policy_fcfs, &f);
}

/* 450 prompt tokens: only the cloud has the context, and 500 KV tokens hold one of them. */
static void a_blocked_head_blocks_those_who_would_fit(void **state)
{
	struct view_fixture f;

	(void)state;
	make(&f);
	arrive(&f, 5, 0, 450);
	arrive(&f, 6, 0, 450);
	arrive(&f, 7, 0, 450);
	arrive(&f, 8, 0, 10);
	gives(&policy_fcfs, &f, 5, 3);
	gives(&policy_fcfs, &f, 6, 2);
	waits(&policy_fcfs, &f);
}

static void one_tier_leaves_the_other_alone(void **state)
{
	struct view_fixture f;
	uint64_t id;

	(void)state;
	make(&f);
	for (id = 5; id < 10; id++)
		arrive(&f, id, 0, 100);
	gives(&policy_cloud_only, &f, 5, 3);
	gives(&policy_edge_only, &f, 6, 1);
	gives(&policy_edge_only, &f, 7, 0);
	gives(&policy_cloud_only, &f, 8, 2);
}

static void a_full_tier_waits_though_the_other_has_room(void **state)
{
	struct view_fixture f;
	uint64_t id;

	(void)state;
	make(&f);
	for (id = 5; id < 10; id++)
		arrive(&f, id, 0, 100);
	gives(&policy_edge_only, &f, 5, 1);
	gives(&policy_edge_only, &f, 6, 0);
	gives(&policy_edge_only, &f, 7, 0);
	gives(&policy_edge_only, &f, 8, 1);
	waits(&policy_edge_only, &f);
}

/* The edge has 200 tokens of context and not the model of group 1. */
static void what_the_tier_can_never_serve_is_dropped_in_its_turn(void **state)
{
	struct view_fixture f;

	(void)state;
	make(&f);
	arrive(&f, 5, 0, 100);
	arrive(&f, 6, 0, 300);
	arrive(&f, 7, 1, 100);
	arrive(&f, 8, 0, 100);
	gives(&policy_edge_only, &f, 5, 1);
	drops(&policy_edge_only, &f, 6);
	drops(&policy_edge_only, &f, 7);
	gives(&policy_edge_only, &f, 8, 0);
}

static void a_tier_that_cannot_serve_a_group_is_refused(void **state)
{
	struct view_fixture f;
	char why[100];
	struct policy_state *st = fixture_state(&policy_edge_only, NULL, 0);

	(void)state;
	make(&f);
	f.groups[1].name = "clinic";
	assert_true(policy_cloud_only.check(NULL, &f.v, why, sizeof why));
	assert_false(policy_edge_only.check(st, &f.v, why, sizeof why));
	assert_string_equal(why, "needs an instance at the edge that can serve users 'clinic'");
	f.classes[1].tier = TIER_EDGE; /* a system without a cloud */
	assert_true(policy_edge_only.check(st, &f.v, why, sizeof why));
	assert_false(policy_cloud_only.check(NULL, &f.v, why, sizeof why));
	assert_string_equal(why, "needs an instance in the cloud that can serve users 'users'");
	free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_idle_goes_first_then_file_order),
		cmocka_unit_test(a_blocked_head_blocks_those_who_would_fit),
		cmocka_unit_test(one_tier_leaves_the_other_alone),
		cmocka_unit_test(a_full_tier_waits_though_the_other_has_room),
		cmocka_unit_test(what_the_tier_can_never_serve_is_dropped_in_its_turn),
		cmocka_unit_test(a_tier_that_cannot_serve_a_group_is_refused),
	};
	return cmocka_run_group_tests_name("policy_line", tests, NULL, NULL);
}
