/* Lists of warnings: what is the same in many replications is told once. */
#include "tests/support/check.h"

#include "models/measure/warnings.h"

static void the_first_text_of_a_kind_and_scope_stays_and_is_counted(void **state)
{
	struct warnings all = {0}, one = {0}, two = {0};

	(void)state;
	warnings_add(&one, WARN_SCENARIO, "group:a", "%d left", 7);
	warnings_add(&two, WARN_SCENARIO, "group:b", "%d left", 5);
	warnings_add(&two, WARN_SCENARIO, "group:a", "%d left", 3);
	warnings_add(&two, WARN_FAILED, "group:a", "ends");
	warnings_merge(&all, &one);
	warnings_merge(&all, &two);
	warnings_merge(&all, &one);
	assert_int_equal(all.n, 3);
	assert_string_equal(all.at[0].text, "7 left");
	assert_int_equal(all.at[0].times, 3);
	assert_string_equal(all.at[1].scope, "group:b");
	assert_int_equal(all.at[1].times, 1);
	assert_int_equal(all.at[2].kind, WARN_FAILED);
	warnings_finish(&all);
	warnings_finish(&one);
	warnings_finish(&two);
}

static void every_kind_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < WARNING_KINDS; i++) {
		assert_non_null(warning_words[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(warning_words[i], warning_words[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_text_of_a_kind_and_scope_stays_and_is_counted),
		cmocka_unit_test(every_kind_has_a_word_of_its_own),
	};

	return cmocka_run_group_tests_name("warnings", tests, NULL, NULL);
}
