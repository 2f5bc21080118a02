/* random: on arrival, any instance that can serve it, free or not, all equally likely. */
#include "policies/all.h"
#include "tests/support/view_fixture.h"
#include "tests/support/check.h"

enum { DRAWS = 20000, INSTANCES = 7 };

/* Instances 0, 2, 4, 6 are of model 7 and 1, 3, 5 of model 9; two classes of model 7. Of those
 * that can serve model 7, 0 is full and 2 has work. */
static void make(struct view_fixture *f, uint64_t *draws)
{
	static const uint32_t cls[INSTANCES] = {0, 1, 0, 1, 2, 1, 2};
	static const uint32_t models[] = {7, 9, 7};
	uint32_t i;

	*f = (struct view_fixture){.draws = draws};
	fixture_group(f, (struct fixture_group){.model = 7});
	for (i = 0; i < 3; i++)
		fixture_class(f, (struct fixture_class){.model = models[i], .context_tok = 300});
	for (i = 0; i < INSTANCES; i++)
		fixture_instance(f, (struct fixture_instance){.cls = cls[i],
					    .room = i > 0 ? 3 : 0,
					    .kv_tok = 500,
					    .assigned = i == 2});
	fixture_wait(
		f, (struct waiting){
			   .id = {5}, .deadline_s = HUGE_VAL, .prompt_tok = 100, .output_tok = 50});
	fixture_view(f);
}

/* Four cells, 20 000 draws, 5 000 expected each: chi-square with 3 degrees of freedom exceeds
 * 16.27 once in 1 000; the seed is fixed. */
static void all_that_can_serve_are_equally_likely_full_or_not(void **state)
{
	size_t hits[INSTANCES] = {0}, k;
	uint64_t draws = 3;
	struct view_fixture f;
	struct assignment a;
	double chi2 = 0.0, d;

	(void)state;
	make(&f, &draws);
	for (k = 0; k < DRAWS; k++) {
		assert_true(policy_random.next(NULL, &f.v, &a));
		assert_int_equal(a.request.n, 5);
		hits[a.instance.i]++;
	}
	for (k = 0; k < INSTANCES; k += 2) {
		d = (double)hits[k] - DRAWS / 4.0;
		chi2 += d * d / (DRAWS / 4.0);
	}
	assert_true(chi2 < 16.27);
	assert_int_equal(hits[1] + hits[3] + hits[5], 0);
}

/* One draw an assignment: the numbers drawn do not depend on what is free. */
static void one_number_is_drawn_per_request(void **state)
{
	uint64_t draws = 3, expected = 3;
	struct view_fixture f;
	struct assignment a;

	(void)state;
	make(&f, &draws);
	assert_true(policy_random.next(NULL, &f.v, &a));
	fixture_random(&expected);
	assert_int_equal(draws, expected);
	fixture_apply(&f, &a);
	assert_false(policy_random.next(NULL, &f.v, &a));
	assert_int_equal(draws, expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_can_serve_are_equally_likely_full_or_not),
		cmocka_unit_test(one_number_is_drawn_per_request),
	};
	return cmocka_run_group_tests_name("policy_random", tests, NULL, NULL);
}
