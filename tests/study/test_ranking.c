/* Which is the best of several: by hand, and how often it is wrong. */
#include "tests/support/check.h"

#include <gsl/gsl_cdf.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/rng.h"
#include "study/ranking.h"

/* Two systems whose differences are 1 and 3 at first: variance 2. With error .1, first 2: half of
 * it, so eta = (.1^-2 - 1) / 2 = 49.5, h2 = 99, and with indifference 2 a doubt is gone after
 * 99 x 2 / 4 = 49.5 replications. At r the sum of differences has to pass 1 x (49.5 - r): each is
 * 2, so 2 r > 49.5 - r, first at r = 17. */
static void a_system_is_out_as_soon_as_its_sum_says(void **state)
{
	double a[60], b[60];
	const double *const values[] = {a, b};
	struct ranking_setting s = {.n_systems = 2,
		.n = 60,
		.values = values,
		.indifference = 2,
		.error = 0.1,
		.first = 2};
	struct ranked of[2];
	struct ranking r;

	(void)state;
	for (size_t i = 0; i < 60; i++) {
		a[i] = (double)(i % 7);
		b[i] = a[i] + (i == 0 ? 1 : i == 1 ? 3 : 2);
	}
	r = ranking_select(of, &s);
	assert_int_equal(r.best, 0);
	assert_int_equal(r.n_left, 1);
	assert_int_equal(r.used, 17);
	assert_int_equal(of[1].out_after, 17);
	assert_true(of[1].out && !of[0].out);
	assert_int_equal(r.most, 50);
	assert_near(of[1].behind.mean, 2, 1e-12);
	s.more_is_better = true;
	r = ranking_select(of, &s);
	assert_int_equal(r.best, 1);
	assert_near(of[0].behind.mean, -2, 1e-12);
}

static void equals_stay_undecided(void **state)
{
	const double a[] = {1, 2, 3, 4}, b[] = {2, 1, 4, 3};
	const double *const values[] = {a, b};
	struct ranked of[2];
	struct ranking r = ranking_select(of, &(struct ranking_setting){.n_systems = 2,
						      .n = 4,
						      .values = values,
						      .indifference = 0.01,
						      .error = 0.05,
						      .first = 3});

	(void)state;
	assert_int_equal(r.n_left, 2);
	assert_int_equal(r.used, 4);
	assert_true(r.most > 1000 && !of[0].out && !of[1].out);
}

/* By how far one system is behind the best, its intervals have to leave no doubt even where the
 * sequential procedure, whose variances are of the first two replications, has some. */
static void intervals_decide_where_first_variances_are_wild(void **state)
{
	double a[40], b[40];
	const double *const values[] = {a, b};
	struct ranked of[2];
	struct ranking r;

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		a[i] = 10;
		b[i] = i == 0 ? 0 : i == 1 ? 60 : 30;
	}
	r = ranking_select(of, &(struct ranking_setting){.n_systems = 2,
				       .n = 40,
				       .values = values,
				       .indifference = 0.1,
				       .error = 0.05,
				       .first = 2});
	assert_int_equal(r.n_left, 1);
	assert_int_equal(of[1].out_after, 0);
	assert_true(of[1].out && r.best == 0);
}

enum { SYSTEMS = 5, REPLICATIONS = 400, TRIALS = 1000 };

/** Normal, by Box and Muller. */
static double normal(struct rng *rng)
{
	double size = rng_uniform_pos(rng), turn = rng_uniform(rng);

	return sqrt(-2.0 * log(size)) * cos(2.0 * M_PI * turn);
}

/** The first is better than the others by exactly the indifference, the hardest case; @common is
 *  the share of variance that all have in common. */
static size_t wrong_of(double common)
{
	double *values[SYSTEMS];
	struct ranked of[SYSTEMS];
	size_t wrong = 0;
	struct rng rng;

	rng_init(&rng, 7, 1, "ranking", "");
	for (size_t i = 0; i < SYSTEMS; i++)
		values[i] = mem_zalloc(REPLICATIONS, sizeof **values);
	for (size_t t = 0; t < TRIALS; t++) {
		struct ranking r;

		for (size_t k = 0; k < REPLICATIONS; k++) {
			double shared = sqrt(common) * normal(&rng);

			for (size_t i = 0; i < SYSTEMS; i++)
				values[i][k] = (i > 0 ? 0.5 : 0.0) + shared +
					       sqrt(1.0 - common) * normal(&rng);
		}
		r = ranking_select(of, &(struct ranking_setting){.n_systems = SYSTEMS,
					       .n = REPLICATIONS,
					       .values = (const double *const *)values,
					       .indifference = 0.5,
					       .error = 0.05,
					       .first = 10});
		wrong += r.n_left != 1 || r.best != 0;
	}
	for (size_t i = 0; i < SYSTEMS; i++)
		free(values[i]);
	return wrong;
}

/* Wrong in 5 % of all cases at most; it passes with so many that a rate of 5 % would be as few with
 * probability .999. */
static void it_is_wrong_as_often_as_it_says_at_most(void **state)
{
	const double shares[] = {0.0, 0.5, 0.9};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t wrong = wrong_of(shares[i]);

		print_message("%g of the variance in common: wrong in %zu of %d\n", shares[i],
			wrong, TRIALS);
		assert_true(gsl_cdf_binomial_Q((unsigned)wrong, 0.05, TRIALS) > 0.001);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_system_is_out_as_soon_as_its_sum_says),
		cmocka_unit_test(equals_stay_undecided),
		cmocka_unit_test(intervals_decide_where_first_variances_are_wild),
		cmocka_unit_test(it_is_wrong_as_often_as_it_says_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
