/* The laws of rounds against sums over every outcome, and against each other. */
#include "tests/support/check.h"

#include <math.h>

#include "models/serving/acceptance.h"
#include "models/workload/dataset.h"

static void a_round_gives_the_published_mean(void **state)
{
	(void)state;
	/* (1 - 0.6^5) / 0.4, (1 - 0.7^5) / 0.3 */
	assert_ratio(acceptance_mean_tok(0.6, 4), 2.3056, 1e-12);
	assert_ratio(acceptance_mean_tok(0.7, 4), 2.7731, 1e-5);
	assert_ratio(acceptance_mean_tok(1.0, 4), 5.0, 1e-12);
	assert_ratio(acceptance_mean_tok(0.0, 4), 1.0, 1e-12);
	assert_ratio(acceptance_mean_tok(0.9, 0), 1.0, 1e-12);
}

/* k = 1, alpha = a: two tokens with probability a. Three tokens take two rounds unless both give
 * one, and then a third. */
static void few_rounds_by_hand(void **state)
{
	double p[4];

	(void)state;
	acceptance_rounds(p, 0.3, 1, 3);
	assert_near(p[0], 0.0, 1e-15);
	assert_near(p[1], 0.0, 1e-15);
	assert_near(p[2], 1.0 - 0.49, 1e-15);
	assert_near(p[3], 1.0, 1e-15);
	acceptance_rounds(p, 0.3, 1, 0);
	assert_near(p[0], 1.0, 1e-15);
}

/** P(at least @tok tokens in @rounds rounds), over all ways they may end. */
static double every_way(double alpha, unsigned k, long tok, unsigned rounds)
{
	double sum = 0.0, reach = 1.0;

	if (tok <= 0)
		return 1.0;
	if (rounds == 0)
		return 0.0;
	for (unsigned a = 0; a <= k; a++, reach *= alpha)
		sum += (a < k ? reach * (1.0 - alpha) : reach) *
		       every_way(alpha, k, tok - (long)a - 1, rounds - 1);
	return sum;
}

static void the_distribution_is_the_sum_over_every_way(void **state)
{
	double p[10];

	(void)state;
	for (unsigned k = 0; k <= 4; k++)
		for (double alpha = 0.0; alpha <= 1.0; alpha += 0.25) {
			acceptance_rounds(p, alpha, k, 9);
			for (unsigned r = 0; r <= 9; r++)
				assert_near(p[r], every_way(alpha, k, 9, r), 1e-12);
		}
}

/* One sequence: by Wald's bounds between G / E and (G + k) / E. Many: about 36 rounds, where the
 * mean of one is about 29. */
static void the_slowest_of_many_takes_longer(void **state)
{
	double one = acceptance_slowest_rounds(0.6, 4, 66, 1), mean = acceptance_mean_tok(0.6, 4);

	(void)state;
	assert_true(one >= 66.0 / mean && one <= 70.0 / mean);
	assert_near(acceptance_slowest_rounds(0.6, 4, 66, 32), 36.0, 0.5);
	assert_near(acceptance_slowest_rounds(1.0, 4, 66, 32), 14.0, 1e-9);
	assert_near(acceptance_slowest_rounds(0.0, 4, 66, 32), 66.0, 1e-9);
	assert_near(acceptance_slowest_rounds(0.6, 0, 66, 32), 66.0, 1e-9);
	assert_near(acceptance_slowest_rounds(0.6, 4, 66, 0), 0.0, 1e-9);
	assert_near(acceptance_slowest_rounds(0.6, 4, 0, 9), 0.0, 1e-9);
}

/* The sum over the distribution, for short answers and long. */
static void the_slowest_of_many_follows_from_the_distribution(void **state)
{
	static const double alphas[] = {0.0, 0.3, 0.6, 0.9, 0.999, 1.0};
	static const size_t toks[] = {1, 2, 7, 66, 300}, ns[] = {1, 3, 32, 4000};
	double p[301];

	(void)state;
	for (unsigned c = 0; c < 6 * 5 * 9; c++) {
		double alpha = alphas[c % 6];
		size_t tok = toks[c / 6 % 5];
		unsigned k = c / 30;

		acceptance_rounds(p, alpha, k, tok);
		for (unsigned i = 0; i < 4; i++) {
			double sum = 0.0;

			for (size_t r = 0; r < tok; r++)
				sum += 1.0 - pow(p[r], (double)ns[i]);
			assert_ratio(acceptance_slowest_rounds(alpha, k, tok, ns[i]), sum, 1e-9);
		}
	}
}

static void assumptions_go_by_data_set_and_size_of_draft(void **state)
{
	double a;

	(void)state;
	assert_true(acceptance_assumed(&a, "humaneval", 68e6));
	assert_near(a, 0.65, 1e-12);
	assert_true(acceptance_assumed(&a, "ceval", 1.1e9));
	assert_near(a, 0.55, 1e-12);
	assert_false(acceptance_assumed(&a, "sharegpt", 1.1e9));
	for (size_t i = 0; i < dataset_count(); i++)
		assert_true(acceptance_assumed(&a, dataset_at(i)->name, 68e6));
}

/* Tokens of those who are not done: at least one a round, and fewer than are wanted. */
static void a_course_has_the_rounds_of_the_exact_law(void **state)
{
	static const double alphas[] = {0.0, 0.3, 0.75, 0.98, 1.0};
	double law[101], more[101], won[101];

	(void)state;
	for (size_t a = 0; a < 5; a++)
		for (unsigned k = 0; k <= 8; k += 4)
			for (size_t tok = 1; tok <= 100; tok += 33) {
				size_t n = acceptance_course(more, won, alphas[a], k, tok);

				acceptance_rounds(law, alphas[a], k, tok);
				assert_true(n <= tok && n > 0);
				for (size_t r = 0; r < n; r++) {
					assert_near(more[r], 1.0 - law[r], 1e-12);
					assert_true(won[r] >= (double)r && won[r] < (double)tok);
					assert_true(won[r] <= (double)(r * (k + 1)));
				}
				assert_near(won[0], 0.0, 0.0);
			}
	/* three tokens, alpha a half, k 2: 1 with .5, 2 with .25; (.5 + 2 x .25) / .75 */
	assert_int_equal(acceptance_course(more, won, 0.5, 2, 3), 3);
	assert_near(more[1], 0.75, 1e-15);
	assert_near(won[1], 4.0 / 3.0, 1e-15);
	assert_near(more[2], 0.25, 1e-15); /* 1 and 1 */
	assert_near(won[2], 2.0, 1e-15);
}

/* Beyond 512 tokens the course is normal: held to the exact law. */
static void a_long_course_is_as_good_as_exact(void **state)
{
	static const double alphas[] = {0.0, 0.1, 0.5, 0.8, 0.95, 0.99, 1.0};
	static double law[1501], more[1500], won[1500];
	double worst = 0.0;

	(void)state;
	for (size_t a = 0; a < 7; a++)
		for (unsigned k = 0; k <= 8; k += 2)
			for (size_t tok = 513; tok <= 1500; tok += 987)
				for (size_t n = 1; n <= 64; n *= 8) {
					size_t rounds =
						acceptance_course(more, won, alphas[a], k, tok);
					double sum = 0.0, exact = 0.0;

					acceptance_rounds(law, alphas[a], k, tok);
					for (size_t r = 0; r < tok; r++)
						exact += 1.0 - pow(law[r], (double)n);
					for (size_t r = 0; r < rounds; r++) {
						assert_true(won[r] >= (double)r);
						assert_true(won[r] < (double)tok);
						sum += 1.0 - pow(1.0 - more[r], (double)n);
					}
					worst = fmax(worst, fabs(sum / exact - 1.0));
				}
	print_message("rounds of the slowest within %.2f %%\n", 100.0 * worst);
	assert_true(worst < 0.002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_round_gives_the_published_mean),
		cmocka_unit_test(few_rounds_by_hand),
		cmocka_unit_test(the_distribution_is_the_sum_over_every_way),
		cmocka_unit_test(the_slowest_of_many_takes_longer),
		cmocka_unit_test(the_slowest_of_many_follows_from_the_distribution),
		cmocka_unit_test(assumptions_go_by_data_set_and_size_of_draft),
		cmocka_unit_test(a_course_has_the_rounds_of_the_exact_law),
		cmocka_unit_test(a_long_course_is_as_good_as_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
