/* Designs of experiments: grids, Sobol sequences, Latin hypercubes, and ranges as users write them.
 */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "study/design.h"
#include "study/design_range.h"

static void the_last_factor_of_a_grid_changes_fastest(void **state)
{
	static const size_t levels[] = {2, 1, 3};
	/* by hand */
	static const size_t expected[6][3] = {
		{0, 0, 0}, {0, 0, 1}, {0, 0, 2}, {1, 0, 0}, {1, 0, 1}, {1, 0, 2}};

	(void)state;
	assert_int_equal(design_grid_size(levels, 3), 6);
	for (size_t i = 0; i < 6; i++)
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(design_grid_level(levels, 3, i, k), expected[i][k]);
}

static void a_grid_too_large_is_told_however_large(void **state)
{
	static const size_t levels[] = {1000, 100, 2, 4000000000, 4000000000, 4000000000};

	(void)state;
	assert_int_equal(design_grid_size(levels, 2), 100000);
	assert_true(design_grid_size(levels, 3) == SIZE_MAX);
	assert_true(design_grid_size(levels, 6) == SIZE_MAX);
}

/* How many points of @u lie in each of @parts of dimension @d: the most and the least. */
static void spread(
	const double *u, size_t n, size_t dims, size_t d, size_t parts, size_t *least, size_t *most)
{
	size_t *count = mem_zalloc(parts, sizeof *count);

	for (size_t i = 0; i < n; i++) {
		assert_true(u[i * dims + d] > 0 && u[i * dims + d] < 1);
		count[(size_t)(u[i * dims + d] * (double)parts)]++;
	}
	*least = *most = count[0];
	for (size_t k = 1; k < parts; k++) {
		*least = count[k] < *least ? count[k] : *least;
		*most = count[k] > *most ? count[k] : *most;
	}
	free(count);
}

static void each_part_of_a_dimension_has_one_point(void **state)
{
	enum { DIMS = 7 };
	size_t least, most;
	struct err err = {0};
	double *u;

	(void)state;
	for (size_t n = 1; n <= 1024; n *= 4)
		for (uint64_t seed = 1; seed < 4; seed++) {
			u = mem_zalloc(n * DIMS, sizeof *u);
			assert_true(design_sobol(u, n, DIMS, seed, &err));
			for (size_t d = 0; d < DIMS; d++) {
				spread(u, n, DIMS, d, n, &least, &most);
				assert_true(least == 1 && most == 1);
			}
			design_latin(u, n, DIMS, seed);
			for (size_t d = 0; d < DIMS; d++) {
				spread(u, n, DIMS, d, n, &least, &most);
				assert_true(least == 1 && most == 1);
			}
			free(u);
		}
}

/* Of the first two dimensions of Sobol's sequence 64 points are a (0, 6, 2)-net: each of the 64
 * rectangles that two powers of two cut out has one. */
static void two_dimensions_of_sobol_are_a_net(void **state)
{
	double u[64 * 2];
	struct err err = {0};

	(void)state;
	for (uint64_t seed = 1; seed < 20; seed++) {
		assert_true(design_sobol(u, 64, 2, seed, &err));
		for (unsigned a = 0; a <= 6; a++) {
			unsigned rows = 1u << a, columns = 64 / rows, count[64] = {0};

			for (size_t i = 0; i < 64; i++)
				count[(unsigned)(u[2 * i] * rows) * columns +
					(unsigned)(u[2 * i + 1] * columns)]++;
			for (size_t k = 0; k < 64; k++)
				assert_int_equal(count[k], 1);
		}
	}
}

static void another_seed_is_another_design_and_the_same_is_the_same(void **state)
{
	double a[20], b[20], c[20];
	struct err err = {0};

	(void)state;
	design_latin(a, 10, 2, 1);
	design_latin(b, 10, 2, 1);
	design_latin(c, 10, 2, 2);
	assert_memory_equal(a, b, sizeof a);
	assert_memory_not_equal(a, c, sizeof a);
	assert_true(design_sobol(a, 10, 2, 1, &err) && design_sobol(b, 10, 2, 1, &err) &&
		    design_sobol(c, 10, 2, 2, &err));
	assert_memory_equal(a, b, sizeof a);
	assert_memory_not_equal(a, c, sizeof a);
}

static void one_key_more_moves_no_other(void **state)
{
	double two[20], three[30];

	(void)state;
	design_latin(two, 10, 2, 5);
	design_latin(three, 10, 3, 5);
	for (size_t i = 0; i < 10; i++)
		for (size_t d = 0; d < 2; d++)
			assert_true(two[2 * i + d] == three[3 * i + d]);
}

static void more_keys_than_sobol_has_are_refused(void **state)
{
	struct err err = {0};
	double u[41];

	(void)state;
	assert_true(design_sobol(u, 1, 40, 1, &err));
	assert_false(design_sobol(u, 1, 41, 1, &err));
	assert_non_null(strstr(err.msg, "at most 40 keys"));
}

/* Ranges */

static void expect(const char *text, const char *values)
{
	char all[400] = "", value[DESIGN_VALUE_SIZE];
	struct design_range r;
	struct err err = {0};

	if (!design_range_parse(&r, text, &err)) {
		print_error("%s: %s\n", text, err.msg);
		fail();
	}
	for (size_t i = 0; i < r.n; i++) {
		strcat(all, i ? "|" : "");
		strcat(all, design_range_value(&r, i, value));
	}
	assert_string_equal(all, values);
}

static void a_range_is_its_values(void **state)
{
	(void)state;
	expect("lin:1..10:4 Mbps", "1 Mbps|4 Mbps|7 Mbps|10 Mbps");
	expect("log:1..100:3 Mbps", "1 Mbps|10 Mbps|100 Mbps");
	expect("log:100..1:3", "100|10|1");
	expect("lin:-1..1:5", "-1|-0.5|0|0.5|1");
	expect("lin:0..1:11 s", "0 s|0.1 s|0.2 s|0.3 s|0.4 s|0.5 s|0.6 s|0.7 s|0.8 s|0.9 s|1 s");
	expect("lin:1..2:4", "1|1.33333|1.66667|2");
	expect("step:10..50:20 ms", "10 ms|30 ms|50 ms");
	expect("step:10..45:20 ms", "10 ms|30 ms"); /* no room for 50 */
	expect("step:0.3..0:-0.1", "0.3|0.2|0.1|0");
	expect("int:1..8:4", "1|3|6|8"); /* 3.33 and 5.67 */
	expect("logint:1..64:4", "1|4|16|64");
	expect(&" lin:1..2:2"[1], "1|2");
	expect("lin:.5..1.5:3 %", "0.5 %|1 %|1.5 %");
	expect("lin:1e6..3e6:3", "1000000|2000000|3000000");
}

/* 1 Gbps are 1e6 kbps; sqrt(500 x 1e6) = 22360.7. */
static void numbers_may_have_units_of_their_own(void **state)
{
	(void)state;
	expect("log:500 kbps..1 Gbps:3", "500 kbps|22360.7 kbps|1000000 kbps");
	expect("lin:1 Mbps..3 Mbps:3", "1 Mbps|2 Mbps|3 Mbps");
	expect("lin:1..3 Mbps:3", "1 Mbps|2 Mbps|3 Mbps");
	expect("step:0..1 s:250 ms", "0 ms|250 ms|500 ms|750 ms|1000 ms");
	expect("lin:0..1 min:3 s", "0 s|30 s|60 s");
}

/* Six digits do not tell these apart; those of 100000.05 are exact with eight. */
static void values_that_are_near_have_more_digits(void **state)
{
	(void)state;
	expect("lin:100000..100000.1:3", "100000|100000.05|100000.1");
	expect("lin:1..1.000003:4", "1|1.000001|1.000002|1.000003");
	expect("log:1..1.00001:3", "1|1.000005|1.00001"); /* 1.0000049999875 */
}

static void refuse(const char *text, const char *why)
{
	struct design_range r;
	struct err err = {0};

	assert_false(design_range_parse(&r, text, &err));
	if (!strstr(err.msg, why)) {
		print_error("%s: %s, not %s\n", text, err.msg, why);
		fail();
	}
}

static void what_is_no_range_is_refused(void **state)
{
	(void)state;
	refuse("log:0..2:4", "above 0");
	refuse("log:-1..2:4", "above 0");
	refuse("lin:1..5:1", "from 2 to");
	refuse("lin:1..5:2.5", "from 2 to");
	refuse("lin:1..5:1e9", "from 2 to");
	refuse("lin:1..5:nan", "should look like");
	refuse("lin:inf..5:3", "should look like");
	refuse("lin:0x1..5:3", "should look like");
	refuse("lin:1..", "should look like");
	refuse("lin:..2:3", "should look like");
	refuse("lin:1-2:3", "should look like");
	refuse("lin:1..2:3:4", "should look like");
	refuse("step:1..5", "should look like");
	refuse("step:1..5:0", "not be 0");
	refuse("step:5..1:1", "away");
	refuse("step:0..1:1e-9", "more than 100000");
	refuse("lin:1 s..5 Mbps:3", "same thing");
	refuse("lin:1 s..5:3 ms", "each number needs its unit"); /* 5 what? */
	refuse("lin:2..2:3", "the same");
	refuse("int:1.5..3:2", "whole");
}

/* All between: a share of a half is the middle, geometric of a logarithmic one; whole numbers of
 * 1..4 have a quarter each. */
static void a_range_without_a_number_is_all_of_it(void **state)
{
	char value[DESIGN_VALUE_SIZE];
	struct design_range r;
	struct err err = {0};

	(void)state;
	assert_true(design_range_parse(&r, "log:1..100 Mbps", &err));
	assert_int_equal(r.n, 0);
	assert_string_equal(design_range_at(&r, 0.5, value), "10 Mbps");
	assert_true(design_range_parse(&r, "lin:1 s..4 s", &err));
	assert_string_equal(design_range_at(&r, 0.5, value), "2.5 s");
	assert_true(design_range_parse(&r, "int:1..4", &err));
	assert_string_equal(design_range_at(&r, 0.24, value), "1");
	assert_string_equal(design_range_at(&r, 0.26, value), "2");
	assert_string_equal(design_range_at(&r, 0.9999999999, value), "4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_factor_of_a_grid_changes_fastest),
		cmocka_unit_test(a_grid_too_large_is_told_however_large),
		cmocka_unit_test(each_part_of_a_dimension_has_one_point),
		cmocka_unit_test(two_dimensions_of_sobol_are_a_net),
		cmocka_unit_test(another_seed_is_another_design_and_the_same_is_the_same),
		cmocka_unit_test(one_key_more_moves_no_other),
		cmocka_unit_test(more_keys_than_sobol_has_are_refused),
		cmocka_unit_test(a_range_is_its_values),
		cmocka_unit_test(numbers_may_have_units_of_their_own),
		cmocka_unit_test(values_that_are_near_have_more_digits),
		cmocka_unit_test(what_is_no_range_is_refused),
		cmocka_unit_test(a_range_without_a_number_is_all_of_it),
	};
	return cmocka_run_group_tests_name("design", tests, NULL, NULL);
}
