#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "io/record/trace_event.h"

struct page {
	char *text;
	size_t n;
	struct trace_out out;
};

static void page_open(struct page *p)
{
	*p = (struct page){.out.most = 3};
	p->out.to = open_memstream(&p->text, &p->n);
	assert_non_null(p->out.to);
}

/** What was written since. */
static const char *page_close(struct page *p)
{
	trace_flush(&p->out);
	fclose(p->out.to);
	return p->text;
}

/* RFC 8259, 7: a quotation mark, a reverse solidus and what is below U+0020 must be escaped; all
 * else may stand as it is. */
static void names_are_escaped_as_json_says(void **state)
{
	struct page p;

	(void)state;
	page_open(&p);
	trace_name_process(&p.out, 7, "a\"b\\c\n\x01 \xc3\xa9/");
	assert_string_equal(page_close(&p),
		"\n{\"ph\":\"M\",\"pid\":7,\"name\":\"process_name\","
		"\"args\":{\"name\":\"a\\\"b\\\\c\\u000a\\u0001 \xc3\xa9/\"}},"
		"\n{\"ph\":\"M\",\"pid\":7,\"name\":\"process_sort_index\","
		"\"args\":{\"sort_index\":7}}");
	free(p.text);
}

/* 2^53 ns, the last that a double holds, and one more: 9007199254740.993 us. */
static void no_nanosecond_is_lost(void **state)
{
	struct page p;

	(void)state;
	page_open(&p);
	trace_open(&p.out, &(struct trace_event){.phase = 'X',
				   .process = 2,
				   .track = 5,
				   .at_ns = 9007199254740993,
				   .dur_ns = 1007,
				   .name = "to ",
				   .suffix = "x"});
	trace_count(&p.out, "n", UINT64_MAX);
	trace_word(&p.out, "w", "\t");
	trace_close(&p.out);
	assert_string_equal(page_close(&p),
		"\n{\"ph\":\"X\",\"pid\":2,\"tid\":5,\"ts\":9007199254740.993,\"dur\":1.007,"
		"\"name\":\"to x\",\"args\":{\"n\":18446744073709551615,\"w\":\"\\u0009\"}}");
	free(p.text);
}

/* Two of three fit, two more do not; then one would, but the page is full. */
static void once_full_it_stays_full(void **state)
{
	struct page p;

	(void)state;
	page_open(&p);
	assert_true(trace_room(&p.out, 2));
	p.out.n = 2;
	assert_true(trace_room(&p.out, 1));
	assert_false(trace_room(&p.out, 2));
	assert_false(trace_room(&p.out, 1));
	page_close(&p);
	free(p.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_escaped_as_json_says),
		cmocka_unit_test(no_nanosecond_is_lost),
		cmocka_unit_test(once_full_it_stays_full),
	};
	return cmocka_run_group_tests_name("trace_event", tests, NULL, NULL);
}
