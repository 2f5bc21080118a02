#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "cli/opt.h"

static const struct opt_spec specs[] = {
	{"output", 'o', "DIR", "where results go"},
	{"force", 0, NULL, "replace them"},
	{"set", 's', "KEY=VALUE", "change"},
	{"threads", 'j', "N", "how many"},
	{0},
};

static bool parse(struct opts *o, struct err *err, int argc, const char *const *argv)
{
	/* getopt puts arguments behind options by moving pointers, not letters */
	return opts_parse(o, "run", specs, argc, (char **)(uintptr_t)argv, err);
}

#define ARGV(...) ((const char *[]){"run", __VA_ARGS__, NULL})
#define ARGC(...) ((int)(sizeof(ARGV(__VA_ARGS__)) / sizeof(char *)) - 1)
#define PARSE(o, err, ...) parse(o, err, ARGC(__VA_ARGS__), ARGV(__VA_ARGS__))

static void options_and_arguments_mix(void **state)
{
	struct err err = {0};
	const char **sets;
	struct opts o;
	size_t n;

	(void)state;
	assert_true(PARSE(&o, &err, "a.yaml", "-s", "x=1", "--output=d", "-sy=2", "--force", "b"));
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[0], "a.yaml");
	assert_string_equal(o.args[1], "b");
	assert_string_equal(opts_get(&o, "output"), "d");
	assert_string_equal(opts_get(&o, "force"), "");
	assert_null(opts_get(&o, "threads"));
	sets = opts_all(&o, "set", &n);
	assert_int_equal(n, 2);
	assert_string_equal(sets[0], "x=1");
	assert_string_equal(sets[1], "y=2");
	free(sets);
	opts_finish(&o);
}

static void two_dashes_end_options(void **state)
{
	struct err err = {0};
	struct opts o;

	(void)state;
	assert_true(PARSE(&o, &err, "--force", "--", "--output", "x"));
	assert_int_equal(o.n_args, 2);
	assert_string_equal(o.args[0], "--output");
	assert_null(opts_get(&o, "output"));
	opts_finish(&o);
}

static void refuse(const char *expected, int argc, const char *const *argv)
{
	struct err err = {0};
	struct opts o;

	assert_false(parse(&o, &err, argc, argv));
	assert_int_equal(err.kind, ERR_INPUT);
	assert_string_equal(err.msg, expected);
	opts_finish(&o);
}

#define REFUSE(expected, ...) refuse(expected, ARGC(__VA_ARGS__), ARGV(__VA_ARGS__))

static void wrong_options_are_explained(void **state)
{
	(void)state;
	REFUSE("run has no option '--ouptut'; did you mean '--output'?", "--ouptut", "d");
	REFUSE("run has no option '--outp'; did you mean '--output'?", "--outp", "d");
	REFUSE("run has no option '--outp'; did you mean '--output'?", "--outp=d");
	REFUSE("run has no option '--forc'; did you mean '--force'?", "--forc");
	REFUSE("run has no option '--colour'; see `offing help run`", "--colour");
	REFUSE("run has no option '-x'; see `offing help run`", "-x");
	REFUSE("run: option '--output' needs a value (DIR)", "-o");
	REFUSE("run: option '--output' needs a value (DIR)", "--output");
	REFUSE("run: option '--force' takes no value", "--force=1");
}

static void counts_have_a_range(void **state)
{
	struct err err = {0};
	unsigned long threads = 5;
	struct opts o;

	(void)state;
	assert_true(PARSE(&o, &err, "-j", "3"));
	assert_true(opts_count(&o, "threads", 1, 64, &threads, &err));
	assert_int_equal(threads, 3);
	opts_finish(&o);
	assert_true(PARSE(&o, &err, "--force"));
	assert_true(opts_count(&o, "threads", 1, 64, &threads, &err));
	assert_int_equal(threads, 3);
	opts_finish(&o);
	assert_true(PARSE(&o, &err, "-j", "65"));
	assert_false(opts_count(&o, "threads", 1, 64, &threads, &err));
	assert_string_equal(err.msg, "--threads should be a whole number from 1 to 64, not '65'");
	opts_finish(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_arguments_mix),
		cmocka_unit_test(two_dashes_end_options),
		cmocka_unit_test(wrong_options_are_explained),
		cmocka_unit_test(counts_have_a_range),
	};
	return cmocka_run_group_tests_name("opt", tests, NULL, NULL);
}
