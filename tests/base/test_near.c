#include "base/near.h"
#include "tests/support/check.h"

#include <string.h>

static const char *nearest(const char *word, const char *const *known)
{
	struct near n;

	near_init(&n, word);
	for (; *known; known++)
		near_add(&n, *known);
	return near_best(&n);
}

/* kitten -> sitten -> sittin -> sitting: the textbook's three. */
static void edits_are_insertions_deletions_and_replacements(void **state)
{
	(void)state;
	assert_int_equal(near_edits("kitten", "sitting"), 3);
	assert_int_equal(near_edits("windo", "window"), 1);
	assert_int_equal(near_edits("windoww", "window"), 1);
	assert_int_equal(near_edits("", "abc"), 3);
}

static void a_swap_of_neighbours_is_one_edit_and_case_is_none(void **state)
{
	(void)state;
	assert_int_equal(near_edits("hroizon", "horizon"), 1);
	assert_int_equal(near_edits("gib", "GiB"), 0);
}

static void the_nearest_word_is_offered_and_the_first_of_equals(void **state)
{
	static const char *const known[] = {"horizon", "warmup", "seed", "need", NULL};

	(void)state;
	assert_string_equal(nearest("horzion", known), "horizon");
	assert_string_equal(nearest("feed", known), "seed");
}

static void a_word_unlike_all_others_gets_no_offer(void **state)
{
	static const char *const known[] = {"horizon", "id", NULL};

	(void)state;
	assert_null(nearest("bandwidth", known));
	assert_null(nearest("xy", known));
	assert_null(nearest("q", (const char *const[]){NULL}));
}

static void a_word_too_long_to_compare_is_far(void **state)
{
	char word[101] = {0};

	(void)state;
	memset(word, 'a', 100);
	assert_int_equal(near_edits(word, "aaa"), 100);
	assert_null(nearest(word, (const char *const[]){"aaa", NULL}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_are_insertions_deletions_and_replacements),
		cmocka_unit_test(a_swap_of_neighbours_is_one_edit_and_case_is_none),
		cmocka_unit_test(the_nearest_word_is_offered_and_the_first_of_equals),
		cmocka_unit_test(a_word_unlike_all_others_gets_no_offer),
		cmocka_unit_test(a_word_too_long_to_compare_is_far),
	};
	return cmocka_run_group_tests_name("near", tests, NULL, NULL);
}
