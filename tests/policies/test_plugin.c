/* Policies from shared objects. SPILL and NO_TABLE are files that the build made, NO_OBJECT one
 * that is no shared object. */
#include "models/offload/params.h"
#include "models/offload/spec.h"
#include "policies/all.h"
#include "policies/plugin.h"
#include "tests/support/view_fixture.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int make(void **state)
{
	*state = malloc(sizeof(struct plugins));
	assert_non_null(*state);
	plugins_init(*state);
	return 0;
}

static int drop(void **state)
{
	plugins_finish(*state);
	free(*state);
	return 0;
}

static void a_plugin_comes_after_the_built_in_ones(void **state)
{
	const struct policy_registry built_in = policies_all();
	struct policy_registry r = plugins_registry(*state);
	struct err err = {0};

	assert_int_equal(r.n, built_in.n);
	assert_true(plugins_load(*state, SPILL, &err));
	r = plugins_registry(*state);
	assert_int_equal(r.n, built_in.n + 1);
	assert_ptr_equal(r.all[0], built_in.all[0]);
	assert_string_equal(r.all[built_in.n]->name, "spill");
}

/* At home (0) the queue is 3 s long; away (1) the answer would come after 4.7 s, at home after
 * 3.7: spill looks at the queue first, and only then at the answer. */
static void a_plugin_decides_like_any_policy(void **state)
{
	static const struct param_text longer = {.key = "max_wait", .value = "3.5 s"};
	static const struct param_text shorter = {.key = "max_wait", .value = "2900 ms"};
	const struct fixture_class c = {.model = NO_ID, .context_tok = 300, .upload_s = 0.7};
	struct view_fixture f = {0};
	const struct policy_ops *spill;
	struct policy_state *st;
	struct err err = {0};
	struct assignment a;

	assert_true(plugins_load(*state, SPILL, &err));
	spill = plugins_registry(*state).all[policies_all().n];
	fixture_group(&f, (struct fixture_group){.model = NO_ID});
	fixture_class(&f, c);
	fixture_instance(&f, (struct fixture_instance){.wait_s = 3.0});
	fixture_instance(&f, (struct fixture_instance){.wait_s = 4.0});
	fixture_instance(&f, (struct fixture_instance){.wait_s = 2.0});
	fixture_wait(&f, (struct waiting){.id = {5}, .prompt_tok = 9, .output_tok = 9});
	fixture_view(&f);
	st = fixture_state(spill, &longer, 1);
	assert_true(spill->next(st, &f.v, &a));
	assert_int_equal(a.instance.i, 0);
	free(st);
	st = fixture_state(spill, &shorter, 1);
	assert_true(spill->next(st, &f.v, &a));
	assert_int_equal(a.instance.i, 2);
	free(st);
}

static void refused(void **state, const char *path, const char *message)
{
	struct err err = {0};

	assert_false(plugins_load(*state, path, &err));
	assert_int_equal(err.kind, ERR_INPUT);
	if (strstr(err.msg, message) == NULL)
		fail_msg("'%s' does not say '%s'", err.msg, message);
	assert_int_equal(plugins_registry(*state).n, policies_all().n);
}

static void what_is_no_plugin_is_refused(void **state)
{
	refused(state, "no-such-plugin.so",
		"cannot load plug-in 'no-such-plugin.so': "
		"cannot open 'no-such-plugin.so': No such file or directory");
	refused(state, NO_OBJECT, "cannot load plug-in '" NO_OBJECT "'");
	refused(state, NO_TABLE, "plug-in '" NO_TABLE "' exports no 'offing_policy_v1'");
}

static void a_name_is_taken_once(void **state)
{
	struct err err = {0};

	assert_true(plugins_load(*state, SPILL, &err));
	assert_false(plugins_load(*state, SPILL, &err));
	assert_string_equal(err.msg, "plug-in '" SPILL "': there is a policy 'spill' already");
}

/* Tables */

struct policy_state {
	double share;
};

static bool nothing(struct policy_state *st, const struct view *v, struct assignment *out)
{
	(void)st, (void)v, (void)out;
	return false;
}

static struct policy_plugin good(void)
{
	return (struct policy_plugin){
		.abi = POLICY_ABI,
		.size = sizeof(struct policy_plugin),
		.ops =
			{
				.name = "mine",
				.summary = "does nothing",
				.state_size = sizeof(struct policy_state),
				.next = nothing,
			},
	};
}

static void table_refused(struct policy_plugin t, const char *message)
{
	struct policy_ops ops;
	struct err err = {0};

	assert_false(plugin_check(&ops, &t, "a.so", &err));
	assert_string_equal(err.msg, message);
}

static void a_table_of_another_abi_or_a_longer_one_is_refused(void **state)
{
	struct policy_plugin t = good();
	char message[200];

	(void)state;
	t.abi = 7;
	table_refused(t, "plug-in 'a.so' has ABI 7; this program takes 1");
	t = good();
	t.size += 8;
	snprintf(message, sizeof message,
		"plug-in 'a.so' has a table of %zu bytes; this program knows %zu: build it against "
		"this version's offing/policy.h",
		sizeof t + 8, sizeof t);
	table_refused(t, message);
}

/* Cut off before check: wake_s, which comes earlier, is kept. */
static void a_shorter_table_lacks_its_last_members(void **state)
{
	struct policy_plugin t = good();
	struct policy_ops ops;
	struct err err = {0};

	(void)state;
	t.ops.wake_s =
		(double (*)(struct policy_state *, const struct view *))(void (*)(void))nothing;
	t.ops.check = (bool (*)(const struct policy_state *, const struct view *, char *, size_t))(
		void (*)(void))nothing;
	t.size = offsetof(struct policy_plugin, ops) + offsetof(struct policy_ops, check);
	assert_true(plugin_check(&ops, &t, "a.so", &err));
	assert_true(ops.wake_s);
	assert_false(ops.check);
	t.size = offsetof(struct policy_plugin, ops) + offsetof(struct policy_ops, next);
	table_refused(t, "plug-in 'a.so': policy 'mine' has no next()");
}

static void a_missing_entry_is_named(void **state)
{
	struct policy_plugin t = good();

	(void)state;
	t.ops.next = NULL;
	table_refused(t, "plug-in 'a.so': policy 'mine' has no next()");
	t = good();
	t.ops.name = "";
	table_refused(t, "plug-in 'a.so' gives its policy no name");
	t = good();
	t.ops.summary = NULL;
	table_refused(t, "plug-in 'a.so': policy 'mine' has no summary");
}

/* They would stand in lists, tables and what a shell completes. */
static void names_and_texts_of_a_plugin_are_held_to_their_alphabets(void **state)
{
	static const char *const names[] = {
		"two words", "a\nb", "\033[2J", "$(touch x)", "-rf", "a/b", "caf\xc3\xa9"};
	struct policy_plugin t = good();
	struct policy_ops ops;

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const struct param_spec params[] = {
			{.name = names[i], .kind = PARAM_DOUBLE, .help = "h"}, {0}};
		const char *const words[] = {"good", names[i], NULL};
		const struct param_spec choice[] = {
			{.name = "c", .kind = PARAM_ENUM, .help = "h", .words = words}, {0}};
		struct err err = {0};

		t = good();
		t.ops.name = names[i];
		assert_false(plugin_check(&ops, &t, "a.so", &err));
		assert_non_null(strstr(err.msg, "cannot name a policy"));
		t = good();
		t.ops.params = params;
		err = (struct err){0};
		assert_false(plugin_check(&ops, &t, "a.so", &err));
		assert_non_null(strstr(err.msg, "cannot name a parameter"));
		t.ops.params = choice;
		err = (struct err){0};
		assert_false(plugin_check(&ops, &t, "a.so", &err));
		assert_non_null(strstr(err.msg, "has the word"));
	}
	t = good();
	t.ops.summary = "one line\nand another";
	table_refused(t, "plug-in 'a.so': the summary of policy 'mine' is no line of text");
	t.ops.summary = "caf\xc3\xa9, at $5 or `less`";
	assert_true(plugin_check(&ops, &t, "a.so", &(struct err){0}));
}

static void param_refused(struct param_spec p, const char *message)
{
	const struct param_spec params[] = {p, {0}};
	struct policy_plugin t = good();

	t.ops.params = params;
	table_refused(t, message);
}

static void a_parameter_that_cannot_be_is_refused(void **state)
{
	const struct param_spec share = PARAM_QUANTITY(
		struct policy_state, share, "share", QUANTITY_FRACTION, 0.5, 0.0, 1.0, "share");
	static const char *const words[] = {NULL};
	struct param_spec p = share;

	(void)state;
	p.offset = 1;
	param_refused(p, "plug-in 'a.so': parameter 'share' lies outside the state");
	p = share;
	p.kind = (enum param_kind)9;
	param_refused(p, "plug-in 'a.so': a parameter has the unknown kind 9");
	p = share;
	p.dim = QUANTITY_DIMS;
	param_refused(p, "plug-in 'a.so': parameter 'share' has an unknown dimension");
	p = share;
	p.help = NULL;
	param_refused(p, "plug-in 'a.so': a parameter has no name or no help");
	p = share;
	p.kind = PARAM_ENUM;
	p.words = words;
	param_refused(p, "plug-in 'a.so': parameter 'share' has no words");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_plugin_comes_after_the_built_in_ones, make, drop),
		cmocka_unit_test_setup_teardown(a_plugin_decides_like_any_policy, make, drop),
		cmocka_unit_test_setup_teardown(what_is_no_plugin_is_refused, make, drop),
		cmocka_unit_test_setup_teardown(a_name_is_taken_once, make, drop),
		cmocka_unit_test(a_table_of_another_abi_or_a_longer_one_is_refused),
		cmocka_unit_test(a_shorter_table_lacks_its_last_members),
		cmocka_unit_test(a_missing_entry_is_named),
		cmocka_unit_test(names_and_texts_of_a_plugin_are_held_to_their_alphabets),
		cmocka_unit_test(a_parameter_that_cannot_be_is_refused),
	};
	return cmocka_run_group_tests_name("plugin", tests, NULL, NULL);
}
