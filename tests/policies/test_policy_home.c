/* edge-only at home, and locality: who is served near their users. */
#include "policies/all.h"
#include "tests/support/view_fixture.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "models/offload/spec.h"

/** Sites 0 and 1 at the edge with an instance each, 2 in the cloud; groups 0 and 1 live at 0 and 1.
 *  The cloud takes 30 ms there and back, an edge 10. */
static void make(struct view_fixture *f)
{
	static const struct fixture_class edge = {.tier = TIER_EDGE,
		.model = NO_ID,
		.context_tok = 200,
		.upload_s = 5e-3,
		.download_s = 5e-3};
	static const struct fixture_class cloud = {.tier = TIER_CLOUD,
		.model = NO_ID,
		.context_tok = 900,
		.upload_s = 15e-3,
		.download_s = 15e-3};

	memset(f, 0, sizeof *f);
	f->v.now_s = 6.0;
	fixture_class(f, edge);
	fixture_class(f, cloud);
	for (uint32_t i = 0; i < 3; i++)
		fixture_instance(f,
			(struct fixture_instance){
				.cls = i == 2, .room = 2, .kv_tok = 900, .idle_since_s = 5.0 - i});
	for (uint32_t g = 0; g < 2; g++) {
		fixture_group(f, (struct fixture_group){.model = NO_ID, .output_mean_tok = 50.0});
		f->groups[g].home.i = g;
	}
	fixture_view(f);
}

static void arrive(struct view_fixture *f, uint64_t id, uint32_t group, uint32_t prompt_tok)
{
	fixture_wait(f, (struct waiting){.id = {id},
				.group = {group},
				.home_instance = {group},
				.deadline_s = HUGE_VAL,
				.prompt_tok = prompt_tok,
				.output_tok = 50});
}

static bool ask(
	const struct policy_ops *ops, bool home, struct view_fixture *f, struct assignment *a)
{
	const struct param_text at = {.key = "at", .value = "home"};
	struct policy_state *st = fixture_state(ops, &at, home);
	bool any = ops->next(st, &f->v, a);

	free(st);
	if (any)
		fixture_apply(f, a);
	return any;
}

static void goes(
	const struct policy_ops *ops, bool home, struct view_fixture *f, uint64_t id, uint32_t to)
{
	struct assignment a;

	assert_true(ask(ops, home, f, &a));
	assert_int_equal(a.request.n, id);
	assert_int_equal(a.drop ? NO_ID : a.instance.i, to);
}

/* Three of group 0: two places at home, the third waits there and nowhere else; those of group 1
 * behind it do not wait for it. 300 tokens find no context at home, ever. */
static void at_home_each_site_has_a_line_of_its_own(void **state)
{
	struct view_fixture f;
	struct assignment a;

	(void)state;
	make(&f);
	arrive(&f, 5, 0, 100);
	arrive(&f, 6, 0, 100);
	arrive(&f, 7, 0, 100);
	arrive(&f, 8, 1, 300);
	arrive(&f, 9, 1, 100);
	goes(&policy_edge_only, true, &f, 5, 0);
	goes(&policy_edge_only, true, &f, 6, 0);
	goes(&policy_edge_only, true, &f, 8, NO_ID);
	goes(&policy_edge_only, true, &f, 9, 1);
	assert_false(ask(&policy_edge_only, true, &f, &a));
}

static void a_group_without_a_home_at_the_edge_is_refused(void **state)
{
	const struct param_text at = {.key = "at", .value = "home"};
	struct policy_state *st = fixture_state(&policy_edge_only, &at, 1);
	struct view_fixture f;
	char why[100];

	(void)state;
	make(&f);
	assert_true(policy_edge_only.check(st, &f.v, why, sizeof why));
	f.groups[1].name = "campus";
	f.groups[1].home.i = 2;
	assert_false(policy_edge_only.check(st, &f.v, why, sizeof why));
	assert_string_equal(
		why, "needs a home at the edge with an instance that can serve users 'campus'");
	f.groups[1].home.i = NO_ID;
	assert_false(policy_edge_only.check(st, &f.v, why, sizeof why));
	free(st);
}

/* Home first, then the other edge (10 ms) before the cloud (30), though that is idle longest; what
 * needs 300 tokens of context goes to the cloud at once. */
static void locality_goes_home_then_to_the_nearest(void **state)
{
	struct view_fixture f;
	struct assignment a;

	(void)state;
	make(&f);
	f.instances[2].idle_since_s = f.of_instance[2].idle_since_s = 0.5;
	for (uint64_t id = 5; id < 10; id++)
		arrive(&f, id, 1, 100);
	arrive(&f, 10, 1, 300);
	arrive(&f, 11, 1, 100);
	goes(&policy_locality, false, &f, 5, 1);
	goes(&policy_locality, false, &f, 6, 1);
	goes(&policy_locality, false, &f, 7, 0);
	goes(&policy_locality, false, &f, 8, 0);
	goes(&policy_locality, false, &f, 9, 2);
	goes(&policy_locality, false, &f, 10, 2);
	assert_false(ask(&policy_locality, false, &f, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_home_each_site_has_a_line_of_its_own),
		cmocka_unit_test(a_group_without_a_home_at_the_edge_is_refused),
		cmocka_unit_test(locality_goes_home_then_to_the_nearest),
	};
	return cmocka_run_group_tests_name("policy_home", tests, NULL, NULL);
}
