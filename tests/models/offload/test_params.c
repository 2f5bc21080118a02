#include "models/offload/params.h"
#include "models/offload/spec.h"
#include "tests/support/check.h"

#include <string.h>

struct settings {
	double max_wait_s;
	double share;
	double rate_per_s;
	size_t window;
	int order;
};

static const char *const orders[] = {"fcfs", "sjf", "edf", NULL};

static const struct param_spec specs[] = {
	PARAM_QUANTITY(struct settings, max_wait_s, "max_wait", QUANTITY_TIME, 0.5, 0.0, HUGE_VAL,
		"longest queue"),
	PARAM_QUANTITY(struct settings, share, "share", QUANTITY_FRACTION, 0.25, 0.125, 0.75,
		"part of the requests"),
	PARAM_QUANTITY(struct settings, rate_per_s, "rate", QUANTITY_FREQUENCY, 2.0, -HUGE_VAL, 5.0,
		"rate"),
	PARAM_COUNT(struct settings, window, "window", 8, 1, 4096, "requests looked at"),
	PARAM_CHOICE(struct settings, order, "order", orders, 1, "which goes first"),
	{0},
};

static bool read_one(struct settings *s, const char *key, const char *value, struct err *err)
{
	struct param_text t = {key, value, {"a.yaml", 3, 5}, {"a.yaml", 3, 13}};

	memset(s, 0xa5, sizeof *s);
	*err = (struct err){0};
	return params_read(s, specs, "spill", &t, 1, err);
}

static void refused(const char *key, const char *value, unsigned col, const char *message)
{
	struct settings s;
	struct err err;

	assert_false(read_one(&s, key, value, &err));
	assert_string_equal(err.msg, message);
	assert_int_equal(err.kind, ERR_INPUT);
	assert_int_equal(err.at.line, 3);
	assert_int_equal(err.at.col, col);
}

static void without_text_the_defaults_hold(void **state)
{
	struct settings s;
	struct err err = {0};

	(void)state;
	memset(&s, 0xa5, sizeof s);
	assert_true(params_read(&s, specs, "spill", NULL, 0, &err));
	assert_near(s.max_wait_s, 0.5, 0.0);
	assert_near(s.share, 0.25, 0.0);
	assert_near(s.rate_per_s, 2.0, 0.0);
	assert_int_equal(s.window, 8);
	assert_int_equal(s.order, 1);
}

/* 250 ms = 0.25 s; 50 % = 0.5; 180 /min = 3 /s. */
static void text_overrides_one_by_one_and_the_rest_stays(void **state)
{
	static const struct param_text texts[] = {
		{.key = "max_wait", .value = "250 ms"},
		{.key = "share", .value = "50 %"},
		{.key = "rate", .value = "180 /min"},
		{.key = "window", .value = "4096"},
		{.key = "order", .value = "edf"},
	};
	struct settings s = {0};
	struct err err = {0};

	(void)state;
	assert_true(params_read(&s, specs, "spill", texts, 2, &err));
	assert_near(s.max_wait_s, 0.25, 1e-15);
	assert_near(s.share, 0.5, 1e-15);
	assert_int_equal(s.window, 8);
	assert_true(params_read(&s, specs, "spill", texts, 5, &err));
	assert_near(s.rate_per_s, 3.0, 1e-12);
	assert_int_equal(s.window, 4096);
	assert_int_equal(s.order, 2);
}

static void bounds_belong_to_the_range(void **state)
{
	struct settings s;
	struct err err;

	(void)state;
	assert_true(read_one(&s, "max_wait", "0 s", &err));
	assert_true(read_one(&s, "share", "75 %", &err));
	assert_true(read_one(&s, "share", "12.5 %", &err));
	assert_true(read_one(&s, "rate", "5 /s", &err));
	assert_true(read_one(&s, "window", "1", &err));
	assert_int_equal(s.window, 1);
}

static void values_out_of_range_are_refused_in_the_users_units(void **state)
{
	(void)state;
	refused("max_wait", "-0.2 s", 13, "max_wait must be at least 0 s, not -0.2 s");
	refused("rate", "6 /s", 13, "rate must be at most 5 /s, not 6 /s");
	refused("window", "0", 13, "window must be from 1 to 4096, not 0");
	refused("window", "-3", 13, "window must be from 1 to 4096, not -3");
	refused("window", "4097", 13, "window must be from 1 to 4096, not 4097");
	refused("window", "99999999999999999999999", 13,
		"window must be from 1 to 4096, not 99999999999999999999999");
}

static void wrong_types_are_refused(void **state)
{
	(void)state;
	refused("max_wait", "3", 13, "max_wait needs a unit, as in '20 ms'");
	refused("window", "3.5", 13, "window must be a whole number, not '3.5'");
	refused("window", "", 13, "window must be a whole number, not ''");
	refused("window", "0x10", 13, "window must be a whole number, not '0x10'");
	refused("window", "8 s", 13, "window must be a whole number, not '8 s'");
}

static void unknown_words_get_the_nearest(void **state)
{
	(void)state;
	refused("order", "sfj", 13, "order cannot be 'sfj'; did you mean 'sjf'?");
	refused("order", "longest", 13, "order must be one of fcfs, sjf, edf, not 'longest'");
	refused("windo", "8", 5, "unknown key 'windo' in policy 'spill'; did you mean 'window'?");
	refused("zeal", "8", 5,
		"unknown key 'zeal' in policy 'spill'; it has max_wait, share, rate, window, "
		"order");
	refused("\x1b[31m", "8", 5,
		"unknown key '\\x1b[31m' in policy 'spill'; it has max_wait, share, rate, window, "
		"order");
}

static void a_policy_without_parameters_says_so(void **state)
{
	struct param_text t = {.key = "window", .value = "8"};
	struct err err = {0};

	(void)state;
	assert_true(params_read(NULL, NULL, "fcfs", NULL, 0, &err));
	assert_false(params_read(NULL, NULL, "fcfs", &t, 1, &err));
	assert_string_equal(err.msg, "unknown key 'window'; policy 'fcfs' has no parameters");
}

static void what_is_printed_reads_back(void **state)
{
	static const struct param_text texts[] = {
		{.key = "max_wait", .value = "1.7 ms"},
		{.key = "share", .value = "0.6"},
		{.key = "rate", .value = "0.3 /s"},
		{.key = "window", .value = "17"},
		{.key = "order", .value = "fcfs"},
	};
	struct settings s = {0}, again;
	struct err err = {0};
	char text[64];
	size_t i;

	(void)state;
	assert_true(params_read(&s, specs, "spill", texts, 5, &err));
	for (i = 0; i < 5; i++) {
		params_print(text, sizeof text, &s, &specs[i]);
		assert_true(read_one(&again, specs[i].name, text, &err));
		assert_memory_equal((char *)&again + specs[i].offset, (char *)&s + specs[i].offset,
			i < 4 ? 8 : sizeof(int));
	}
	assert_string_equal(params_print(text, sizeof text, &s, &specs[3]), "17");
	assert_string_equal(params_print(text, sizeof text, &s, &specs[4]), "fcfs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_text_the_defaults_hold),
		cmocka_unit_test(text_overrides_one_by_one_and_the_rest_stays),
		cmocka_unit_test(bounds_belong_to_the_range),
		cmocka_unit_test(values_out_of_range_are_refused_in_the_users_units),
		cmocka_unit_test(wrong_types_are_refused),
		cmocka_unit_test(unknown_words_get_the_nearest),
		cmocka_unit_test(a_policy_without_parameters_says_so),
		cmocka_unit_test(what_is_printed_reads_back),
	};
	return cmocka_run_group_tests_name("params", tests, NULL, NULL);
}
