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
#include <sys/stat.h>
#include <unistd.h>

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
	refused(state, NO_OBJECT,
		"plug-in '" NO_OBJECT
		"' is no shared object: it does not begin with an ELF header");
	refused(state, NO_TABLE, "plug-in '" NO_TABLE "' exports no 'offing_policy_v2'");
	refused(state, EARLIER,
		"plug-in '" EARLIER
		"' was built for an earlier offing (it exports 'offing_policy_v1', not "
		"'offing_policy_v2'): build it against this version's offing/policy.h");
}

/** A file of these bytes. */
static void file_refused(void **state, const void *bytes, size_t n, const char *message)
{
	char path[] = "/tmp/offing-test-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	close(fd);
	refused(state, path, message);
	unlink(path);
}

/* The header of a real object, with another machine in bytes 18 and 19, another class in byte 4,
 * or another type in byte 16 (System V ABI, chapter 4). */
static void an_object_for_another_machine_is_refused_as_such(void **state)
{
	unsigned char head[64];
	FILE *spill = fopen(SPILL, "rb");

	assert_non_null(spill);
	assert_int_equal(fread(head, 1, sizeof head, spill), sizeof head);
	fclose(spill);
	file_refused(state, head, 3, "is no shared object: it does not begin with an ELF header");
	file_refused(state, head, sizeof head, "cannot load plug-in '/tmp/offing-test-");
	head[16] = 1;
	file_refused(state, head, sizeof head, "is an object file, no shared object");
	head[16] = 3;
	head[18] = 243;
	head[19] = 0;
	file_refused(state, head, sizeof head, "is made for RISC-V (64 bits), offing runs on ");
	head[4] = 1;
	file_refused(state, head, sizeof head, "is made for RISC-V (32 bits), offing runs on ");
}

static void what_is_no_file_is_not_waited_for(void **state)
{
	char dir[] = "/tmp/offing-test-XXXXXX", fifo[sizeof dir + 5];

	assert_non_null(mkdtemp(dir));
	snprintf(fifo, sizeof fifo, "%s/fifo", dir);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(state, fifo, "cannot load plug-in '");
	refused(state, dir, "cannot load plug-in '");
	unlink(fifo);
	rmdir(dir);
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
	table_refused(t,
		"plug-in 'a.so' has ABI 7; this program takes 2: build it against this version's "
		"offing/policy.h");
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
}

/* Every size but the ends of next and of what comes after it. */
static void a_table_that_ends_inside_a_member_is_refused(void **state)
{
	struct policy_plugin t = good();
	struct policy_ops ops;
	size_t taken = 0;

	(void)state;
	for (t.size = 0; t.size <= sizeof t; t.size++) {
		struct err err = {0};

		if (plugin_check(&ops, &t, "a.so", &err)) {
			taken++;
			continue;
		}
		if (!strstr(err.msg, "which ends before next() or inside a member"))
			fail_msg("%s", err.msg);
	}
	assert_int_equal(taken, 7); /* next finished wake_s check init finish report */
}

static void named(const char *name, bool ok)
{
	struct policy_plugin t = good();
	struct policy_ops ops;
	struct err err = {0};

	t.ops.name = name;
	assert_int_equal(plugin_check(&ops, &t, "a.so", &err), ok);
	if (ok)
		return;
	if (!strstr(err.msg, "cannot name a policy"))
		fail_msg("%s", err.msg);
	for (const char *c = err.msg; *c; c++)
		assert_true((unsigned char)*c >= ' ' && *c != 127);
}

static void a_name_has_an_end(void **state)
{
	char endless[300];

	(void)state;
	named("mine-2", true);
	named("Q.learning_3", true);
	memset(endless, 'a', sizeof endless);
	endless[sizeof endless - 1] = '\0';
	named(endless, false);
}

static void a_state_beyond_any_memory_is_refused(void **state)
{
	struct policy_plugin t = good();
	char message[200];

	(void)state;
	t.ops.state_size = SIZE_MAX;
	snprintf(message, sizeof message,
		"plug-in 'a.so': policy 'mine' wants %zu bytes of state; at most 1073741824 are "
		"there",
		SIZE_MAX);
	table_refused(t, message);
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
	p = share;
	p.name = "name"; /* the key that chose the policy */
	param_refused(p, "plug-in 'a.so': 'name' cannot name a parameter");
	p.name = "a b";
	param_refused(p, "plug-in 'a.so': 'a b' cannot name a parameter");
	p = share;
	p.help = "two\nlines";
	param_refused(p, "plug-in 'a.so': parameter 'share' has a help that is no line of text");
}

static void a_default_is_one_that_could_be_written(void **state)
{
	static const char *const words[] = {"low", "high", NULL};
	const double wrong[] = {-1.0, 2.0, 0.5, (double)NAN, HUGE_VAL};
	struct param_spec p = PARAM_QUANTITY(
		struct policy_state, share, "share", QUANTITY_FRACTION, 0.5, 0.0, 1.0, "share");
	struct param_spec word = PARAM_CHOICE(struct policy_state, share, "x", words, 0, "help");

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		word.dflt = wrong[i];
		param_refused(word,
			"plug-in 'a.so': parameter 'x' has a default that is none of its words");
	}
	p.dflt = 1.5;
	param_refused(p, "plug-in 'a.so': parameter 'share' has a default outside its own range");
	p.dflt = (double)NAN;
	param_refused(p, "plug-in 'a.so': parameter 'share' has a default outside its own range");
	p.min = 2.0;
	param_refused(
		p, "plug-in 'a.so': parameter 'share' has no range: its least is above its most");
	p = (struct param_spec)PARAM_COUNT(struct policy_state, share, "n", 2.5, 1.0, 9.0, "help");
	param_refused(p, "plug-in 'a.so': parameter 'n' is no count: whole numbers from 0 to 2^53");
	p = (struct param_spec)PARAM_STRING(struct policy_state, share, "file", NULL, "help");
	param_refused(p, "plug-in 'a.so': parameter 'file' has no line of text as its default");
}

static void a_parameter_is_there_once(void **state)
{
	const struct param_spec share = PARAM_QUANTITY(
		struct policy_state, share, "share", QUANTITY_FRACTION, 0.5, 0.0, 1.0, "share");
	const struct param_spec twice[] = {share, share, {0}};
	struct policy_plugin t = good();

	(void)state;
	t.ops.params = twice;
	table_refused(t, "plug-in 'a.so': parameter 'share' is there twice");
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
		cmocka_unit_test(a_default_is_one_that_could_be_written),
		cmocka_unit_test(a_parameter_is_there_once),
		cmocka_unit_test(a_table_that_ends_inside_a_member_is_refused),
		cmocka_unit_test(a_name_has_an_end),
		cmocka_unit_test(a_state_beyond_any_memory_is_refused),
		cmocka_unit_test_setup_teardown(
			an_object_for_another_machine_is_refused_as_such, make, drop),
		cmocka_unit_test_setup_teardown(what_is_no_file_is_not_waited_for, make, drop),
	};
	return cmocka_run_group_tests_name("plugin", tests, NULL, NULL);
}
