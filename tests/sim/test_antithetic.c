/* Pairs of replications, and the sample that they are. */
#include "tests/support/check.h"

#include "sim/antithetic.h"
#include "sim/rng.h"

/* Of 1 2, 3, 5 6, 7 8 and 10 the pairs 1, 3 and 4 are whole; 2 and 3 are not one, nor 8 and 9. */
static void means_are_of_pairs_of_which_both_are_there(void **state)
{
	uint32_t numbers[] = {1, 2, 3, 5, 6, 7, 8, 10};
	double x[] = {2, 4, 70, 4, 6, (double)NAN, 11, 80};

	(void)state;
	assert_int_equal(antithetic_means(x, numbers, 8), 3);
	assert_true(numbers[0] == 1 && numbers[1] == 3 && numbers[2] == 4);
	assert_true(x[0] == 3 && x[1] == 5 && isnan(x[2]));
	assert_int_equal(antithetic_means(x, numbers, 0), 0);
	assert_int_equal(antithetic_means(x, (uint32_t[]){2, 3, 5, 8}, 4), 0);
}

/* The second of a pair draws 1 - u where the first draws u, and another pair something else. */
static void the_streams_of_a_pair_are_mirror_images(void **state)
{
	struct rng first, second, other;

	(void)state;
	rng_init(&first, 7, antithetic_stream(5), "p", "e");
	rng_init(&second, 7, antithetic_stream(6), "p", "e");
	rng_init(&other, 7, antithetic_stream(7), "p", "e");
	for (int k = 0; k < 100; k++) {
		double u = gsl_rng_uniform(rng_gsl(&first)), v = gsl_rng_uniform(rng_gsl(&second));

		assert_near(u + v, 1, 1e-12);
		assert_true(u != gsl_rng_uniform(rng_gsl(&other)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(means_are_of_pairs_of_which_both_are_there),
		cmocka_unit_test(the_streams_of_a_pair_are_mirror_images),
	};

	return cmocka_run_group_tests_name("antithetic", tests, NULL, NULL);
}
