/* Numbers as other tools print and sum them up, and which blocks of prompts are one. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "io/export/blocks.h"
#include "io/export/numbers.h"

static void check_ns(int64_t ns, unsigned digits, const char *want)
{
	char *got = NULL;
	size_t n;
	FILE *to = open_memstream(&got, &n);

	print_ns(to, ns, digits);
	fclose(to);
	assert_string_equal(got, want);
	free(got);
}

static void nanoseconds_are_printed_to_the_last_digit(void **state)
{
	(void)state;
	check_ns(1500000, 6, "1.5");
	check_ns(17366889, 6, "17.366889");
	check_ns(1759813207532900363, 9, "1759813207.532900363");
	check_ns(5, 9, "0.000000005");
	check_ns(7000000000, 9, "7");
	check_ns(-2500000, 6, "-2.5");
}

/* 2, 4, 4, 4, 5, 5, 7, 9: mean 5, deviation 2 (with n below). The 90th percentile lies at place
 * .9 x 7 = 6.3 of 0 to 7: 7 + .3 x 2 = 7.6. */
static void samples_are_summed_up_as_numpy_does(void **state)
{
	static const double x[] = {9, 4, 5, 2, 4, 7, 5, 4};
	struct sample s = {0};

	(void)state;
	for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
		sample_add(&s, x[i]);
	sample_sort(&s);
	assert_near(sample_mean(&s), 5.0, 1e-12);
	assert_near(sample_sd(&s), 2.0, 1e-12);
	assert_near(sample_quantile(&s, 0.9), 7.6, 1e-12);
	assert_near(sample_quantile(&s, 0.5), 4.5, 1e-12);
	assert_near(sample_quantile(&s, 1.0), 9.0, 1e-12);
	sample_finish(&s);
	assert_true(sample_mean(&s) <= 0.0 && sample_quantile(&s, 0.5) <= 0.0);
}

static void number(struct blocks *b, const struct content *c, uint32_t prompt_tok, uint64_t *out)
{
	uint64_t chain = 0;

	for (uint32_t k = 0; k * BLOCK_TOK < prompt_tok; k++)
		out[k] = blocks_number(b, c, prompt_tok, k, &chain);
}

static void check_numbers(struct blocks *b, const struct content *c, uint32_t prompt_tok,
	const uint64_t *want, size_t n)
{
	uint64_t got[8];

	number(b, c, prompt_tok, got);
	for (size_t k = 0; k < n; k++)
		assert_int_equal(got[k], want[k]);
}
#define CHECK(b, c, tok, ...) \
	check_numbers((b), &(c), (tok), (const uint64_t[]){__VA_ARGS__}, \
		sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

/* Two prompts with one beginning of 1100 tokens: two blocks of 512 are equal, the third has 76 of
 * it and then each its own. */
static void a_beginning_is_shared_by_whole_blocks(void **state)
{
	const struct content one = {.prefix = 5, .own = 71, .prefix_tok = 1100, .own_tok = 1100};
	const struct content two = {.prefix = 5, .own = 72, .prefix_tok = 1100, .own_tok = 1100};
	const struct content other = {.prefix = 6, .own = 73, .prefix_tok = 1100, .own_tok = 1100};
	struct blocks b = {0};

	(void)state;
	CHECK(&b, one, 1190, 0, 1, 2);
	CHECK(&b, two, 1200, 0, 1, 3);
	CHECK(&b, other, 1200, 4, 5, 6);
	CHECK(&b, one, 1190, 0, 1, 2);
	blocks_finish(&b);
}

/* A session's second turn has all of the first prompt in it; its last block was not whole. */
static void a_session_goes_on_from_whole_blocks(void **state)
{
	const struct content c = {.own = 9};
	struct blocks b = {0};

	(void)state;
	CHECK(&b, c, 1030, 0, 1, 2);
	CHECK(&b, c, 1600, 0, 1, 3, 4);
	blocks_finish(&b);
}

/* Ids of a trace come again as they were numbered there, by first appearance; the same id behind
 * another beginning is another block. */
static void ids_of_a_trace_keep_what_they_share(void **state)
{
	uint64_t a[] = {100, 101, 102}, second[] = {100, 101, 107}, moved[] = {101, 102};
	const struct content one = {.ids = a, .n_ids = 3, .id_tok = 512, .own = 1, .own_tok = 1400};
	const struct content two = {
		.ids = second, .n_ids = 3, .id_tok = 512, .own = 2, .own_tok = 1500};
	const struct content three = {
		.ids = moved, .n_ids = 2, .id_tok = 512, .own = 3, .own_tok = 1024};
	struct blocks b = {0};

	(void)state;
	CHECK(&b, one, 1400, 0, 1, 2);
	CHECK(&b, two, 1500, 0, 1, 3);
	CHECK(&b, three, 1024, 4, 5);
	blocks_finish(&b);
}

static void many_blocks_stay_apart(void **state)
{
	struct blocks b = {0};
	uint64_t got;

	(void)state;
	for (uint64_t k = 0; k < 20000; k++) {
		const struct content c = {.own = 1000 + k};

		number(&b, &c, 30, &got);
		assert_int_equal(got, k);
	}
	blocks_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nanoseconds_are_printed_to_the_last_digit),
		cmocka_unit_test(samples_are_summed_up_as_numpy_does),
		cmocka_unit_test(a_beginning_is_shared_by_whole_blocks),
		cmocka_unit_test(a_session_goes_on_from_whole_blocks),
		cmocka_unit_test(ids_of_a_trace_keep_what_they_share),
		cmocka_unit_test(many_blocks_stay_apart),
	};
	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
