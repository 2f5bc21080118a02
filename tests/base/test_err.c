#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/** What err_print() writes for @e. */
static void assert_prints(const struct err *e, const char *expected)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	assert_non_null(to);
	err_print(e, to);
	fclose(to);
	assert_string_equal(text, expected);
	free(text);
}

static void failing_is_one_line(void **state)
{
	struct err e = {0};
	const struct src_pos at = {"tiny.yaml", 12, 14};

	(void)state;
	assert_false(err_at(&e, at, "max_wait must be at least %d s, not %g s", 3, -0.2));
	assert_int_equal(e.kind, ERR_INPUT);
	assert_prints(&e, "tiny.yaml:12:14: error: max_wait must be at least 3 s, not -0.2 s\n");
}

static void the_first_failure_wins(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(err_run(&e, "disk full"));
	assert_false(err_input(&e, "no such key"));
	assert_false(err_at(&e, (struct src_pos){"a", 5, 6}, "later"));
	assert_int_equal(e.kind, ERR_RUN);
	assert_prints(&e, "offing: error: disk full\n");
}

static void a_place_is_printed_as_far_as_it_is_known(void **state)
{
	struct err e = {.kind = ERR_INPUT, .at = {"t.csv", 7, 0}, .msg = "two fields"};

	(void)state;
	assert_prints(&e, "t.csv:7: error: two fields\n");
	e.at.line = 0;
	assert_prints(&e, "t.csv: error: two fields\n");
	e.at.file = NULL;
	assert_prints(&e, "offing: error: two fields\n");
}

static void a_long_message_is_cut_not_overrun(void **state)
{
	struct err e = {0};
	char text[2 * sizeof e.msg];

	(void)state;
	memset(text, 'm', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_false(err_input(&e, "%s", text));
	assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
}

/* A path of 4000 bytes: what happened stands before it, why behind it, and both are kept. No
 * character is cut in two: each of the path's has two bytes. */
static void a_long_path_cuts_off_neither_what_nor_why(void **state)
{
	struct err e = {0};
	char path[4001], *dots;

	(void)state;
	for (size_t i = 0; i < 4000; i += 2)
		memcpy(path + i, "\xc3\xa9", 2);
	path[4000] = '\0';
	for (size_t n = 3990; n < 3994; n++) {
		e = (struct err){0};
		err_input(&e, "cannot open '%s': %s", path + 2 * (4000 - n), "No such file");
		assert_memory_equal(e.msg, "cannot open '\xc3\xa9", 15);
		assert_string_equal(e.msg + strlen(e.msg) - 17, "\xc3\xa9': No such file");
		dots = strstr(e.msg, "...");
		assert_memory_equal(dots - 2, "\xc3\xa9...\xc3\xa9", 7);
	}
}

/* Names of files may hold anything but a zero byte; a terminal obeys some of it. */
static void nothing_a_terminal_would_obey_is_printed(void **state)
{
	struct err e = {.kind = ERR_INPUT, .at = {"a\033[2Jb\n.yaml", 3, 4}, .msg = "no '\x9b\r'"};

	(void)state;
	assert_prints(&e, "a\\x1b[2Jb\\x0a.yaml:3:4: error: no '\\x9b\\x0d'\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failing_is_one_line),
		cmocka_unit_test(the_first_failure_wins),
		cmocka_unit_test(a_place_is_printed_as_far_as_it_is_known),
		cmocka_unit_test(a_long_message_is_cut_not_overrun),
		cmocka_unit_test(a_long_path_cuts_off_neither_what_nor_why),
		cmocka_unit_test(nothing_a_terminal_would_obey_is_printed),
	};
	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
