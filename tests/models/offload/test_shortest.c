#include "tests/support/check.h"

#include "models/offload/shortest.h"

static void the_least_of_what_is_held_is_known(void **state)
{
	struct shortest s;

	(void)state;
	shortest_init(&s, 200);
	shortest_add(&s, 130);
	assert_int_equal(shortest_least(&s), 130);
	shortest_add(&s, 64);
	shortest_add(&s, 64);
	shortest_add(&s, 199);
	assert_int_equal(shortest_least(&s), 64);
	shortest_remove(&s, 64);
	assert_int_equal(shortest_least(&s), 64);
	shortest_remove(&s, 64);
	assert_int_equal(shortest_least(&s), 130);
	shortest_add(&s, 3);
	shortest_remove(&s, 130);
	assert_int_equal(shortest_least(&s), 3);
	shortest_remove(&s, 3);
	assert_int_equal(shortest_least(&s), 199);
	assert_int_equal(s.n, 1);
	shortest_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_of_what_is_held_is_known),
	};

	return cmocka_run_group_tests_name("shortest", tests, NULL, NULL);
}
