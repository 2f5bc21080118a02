#include "tests/support/check.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

static void fields_are_cut_at_each_separator(void **state)
{
	static const char *const expected[] = {"a", "", "bc", ""};
	struct str rest = str_of("a,,bc,"), field;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_true(str_split(&rest, ',', &field));
		assert_true(str_eq(field, expected[i]));
	}
	assert_false(str_split(&rest, ',', &field));
}

static void empty_text_is_one_empty_field(void **state)
{
	struct str rest = str_of(""), field;

	(void)state;
	assert_true(str_split(&rest, ';', &field));
	assert_int_equal(field.n, 0);
	assert_false(str_split(&rest, ';', &field));
}

static void trimming_takes_both_ends_only(void **state)
{
	(void)state;
	assert_true(str_eq(str_trim(str_of(" \t a b\r\n")), "a b"));
	assert_true(str_eq(str_trim(str_of(" \r\n\t")), ""));
}

static void equality_is_of_the_whole(void **state)
{
	const struct str five = {"hello world", 5};

	(void)state;
	assert_true(str_eq(five, "hello"));
	assert_false(str_eq(five, "hell"));
	assert_false(str_eq(five, "hello world"));
}

static void a_buffer_grows_and_stays_a_string(void **state)
{
	struct buf b;
	int i;

	(void)state;
	buf_init(&b);
	assert_string_equal(b.s, "");
	buf_puts(&b, "n=");
	buf_printf(&b, "%d;%s", 42, "x");
	buf_putc(&b, '!');
	buf_add(&b, "\0z", 2);
	assert_int_equal(b.n, 9);
	assert_memory_equal(b.s, "n=42;x!\0z", 10);
	buf_clear(&b);
	assert_string_equal(b.s, "");
	for (i = 0; i < 1000; i++)
		buf_printf(&b, "%03d,", i);
	assert_int_equal(strlen(b.s), 4000);
	assert_memory_equal(b.s + 4 * 731, "731,", 4);
	buf_finish(&b);
}

/* 63 bytes and the final zero fill the first 64; one more must move. */
static void a_full_buffer_keeps_its_final_zero(void **state)
{
	char text[130];
	struct buf b;
	size_t n;

	(void)state;
	memset(text, 'q', sizeof text);
	for (n = 60; n < 130; n++) {
		buf_init(&b);
		buf_add(&b, text, n);
		assert_int_equal(strlen(b.s), n);
		buf_finish(&b);
		buf_init(&b);
		buf_printf(&b, "%.*s", (int)n, text);
		assert_int_equal(strlen(b.s), n);
		buf_finish(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_cut_at_each_separator),
		cmocka_unit_test(empty_text_is_one_empty_field),
		cmocka_unit_test(trimming_takes_both_ends_only),
		cmocka_unit_test(equality_is_of_the_whole),
		cmocka_unit_test(a_buffer_grows_and_stays_a_string),
		cmocka_unit_test(a_full_buffer_keeps_its_final_zero),
	};
	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
