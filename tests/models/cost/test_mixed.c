/* Steps of decodes and prompts together, as a grid measured them. */
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/cost.h"
#include "tests/support/round_cost.h"

/*
 * Decode 10 + 2 log2(batch) + 0.5 C (us). Prefill: linear(n) = 3 n, attention n^2 / 100 (1 + 2 c /
 *n). So 16 rows take 48 and 64 take 192, chunks of 12, 15, 60 and 63 attend for 1.44, 2.25, 36
 *and 39.69, and one of 12 behind 20 for 6.24. What decoding adds:
 *
 *	sequences   16 rows                     64 rows
 *	1           2 at 10 tokens, 5 at 40     4 at 10, 7 at 40
 *	4           9 and 11 at 40, 22 at 160   14 at 40, 26 at 160
 */
static const char grid[] =
	"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
	"provenance: measured\nsigma.step: 0.03\n"
	"[decode]\n1 10 15e-6\n1 40 30e-6\n1 70 45e-6\n4 10 19e-6\n4 130 79e-6\n4 250 139e-6\n"
	"8 10 21e-6\n8 130 81e-6\n8 260 146e-6\n"
	"[prefill]\n4 0 12.16e-6\n4 20 13.76e-6\n12 0 37.44e-6\n12 20 42.24e-6\n16 0 50.56e-6\n"
	"16 20 56.96e-6\n64 0 232.96e-6\n"
	"[attention]\n4 0 0.16e-6\n16 0 2.56e-6\n64 0 40.96e-6\n";
static const char measured[] = "[mixed]\n1 10 15 0 52.25e-6\n1 10 63 0 235.69e-6\n"
			       "1 40 15 0 55.25e-6\n1 40 63 0 238.69e-6\n"
			       "4 40 12 0 58.44e-6\n4 40 12 20 65.24e-6\n4 40 60 0 242e-6\n"
			       "4 160 12 0 71.44e-6\n4 160 60 0 254e-6\n";

static struct arena arena;

static bool create(struct cost **out, const char *rows, struct cost_spec spec, struct err *err)
{
	char *text = arena_printf(&arena, "%s%s", grid, rows);

	assert_true(profile_parse(&spec.profile, &arena, "made-up", text, strlen(text), err));
	spec.gpu = &gpu;
	spec.shape = &tiny;
	spec.precision = PRECISION_FP16;
	spec.max_batch = 8;
	return cost_create(out, &spec, err);
}

static struct cost *made(const char *rows, struct cost_spec spec)
{
	struct err err = {0};
	struct cost *c;

	if (!create(&c, rows, spec, &err)) {
		err_print(&err, stderr);
		fail();
	}
	return c;
}

static double step_us(const struct cost *c, size_t n, double context_tok, uint64_t prompt_tok)
{
	struct cost_work w = {
		.n_decode = n, .decode_context_tok = context_tok, .prompt_tok = prompt_tok};

	return cost_step_s(c, &w) * 1e6;
}

static void a_mixed_step_is_a_prefill_and_what_decoding_adds(void **state)
{
	struct cost *c = made(measured, (struct cost_spec){.quantile = PROFILE_MEDIAN});

	(void)state;
	/* as measured, the chunk's attention left out; the mean of two that differ in its context
	 */
	assert_near(step_us(c, 1, 10.0, 15), 48.0 + 2.0, 1e-9);
	assert_near(step_us(c, 1, 40.0, 63), 192.0 + 7.0, 1e-9);
	assert_near(step_us(c, 4, 40.0, 12), 48.0 + 10.0, 1e-9);
	/* linear in context, prolonged on either side */
	assert_near(step_us(c, 4, 100.0, 12), 48.0 + 16.0, 1e-9);
	assert_near(step_us(c, 1, 0.0, 15), 48.0 + 1.0, 1e-9);
	assert_near(step_us(c, 1, 70.0, 15), 48.0 + 8.0, 1e-9);
	/* in the logarithm of the sequences, flat beyond the last */
	assert_near(step_us(c, 2, 40.0, 14), 48.0 + 7.5, 1e-9);
	assert_near(step_us(c, 8, 100.0, 8), 48.0 + 16.0, 1e-9);
	/* the prefill by its power law, what is added in the logarithm of the rows; flat beyond */
	assert_near(
		step_us(c, 1, 20.0, 31), sqrt(50.56 * 232.96) - 10.24 + 0.5 * (3.0 + 5.0), 1e-9);
	assert_near(step_us(c, 4, 40.0, 8), 36.0 + 10.0, 1e-9);
	assert_near(step_us(c, 4, 40.0, 124), 2.0 * 192.0 + 14.0, 1e-9);
	cost_destroy(c);
}

/* Without rows it adds what 100 tokens of context do to a decode step: 50. */
static void without_such_rows_decode_steps_answer(void **state)
{
	struct cost *c = made("", (struct cost_spec){.quantile = PROFILE_MEDIAN});

	(void)state;
	assert_near(step_us(c, 4, 100.0, 12), 48.0 + 50.0, 1e-9);
	cost_destroy(c);
}

static void decodes_alone_and_prompts_alone_are_as_without(void **state)
{
	struct cost *with = made(measured, (struct cost_spec){.quantile = PROFILE_MEDIAN});
	struct cost *without = made("", (struct cost_spec){.quantile = PROFILE_MEDIAN});

	(void)state;
	for (size_t n = 1; n <= 8; n++) {
		assert_true(step_us(with, n, 77.0, 0) == step_us(without, n, 77.0, 0));
		assert_true(step_us(with, 0, 0.0, 7 * n) == step_us(without, 0, 0.0, 7 * n));
		assert_true(cost_prefill_attention_s(with, 12, (uint32_t)n) ==
			    cost_prefill_attention_s(without, 12, (uint32_t)n));
	}
	cost_destroy(with);
	cost_destroy(without);
}

/* 16 rows with 40 tokens measured faster than with 10: they cost as much. And both faster than a
 * prefill of 16 rows: nothing is added. */
static void noise_pays_nobody(void **state)
{
	struct cost *falls = made("[mixed]\n1 10 15 0 52.25e-6\n1 40 15 0 51.25e-6\n",
		(struct cost_spec){.quantile = PROFILE_MEDIAN});
	struct cost *below = made("[mixed]\n1 10 15 0 49e-6\n1 40 15 0 50e-6\n",
		(struct cost_spec){.quantile = PROFILE_MEDIAN});

	(void)state;
	for (double tok = 0.0; tok < 90.0; tok += 30.0)
		assert_near(step_us(falls, 3, tok, 13), 48.0 + 2.0, 1e-9);
	assert_near(step_us(below, 3, 20.0, 13), 48.0, 1e-9);
	cost_destroy(falls);
	cost_destroy(below);
}

static void more_context_never_costs_less(void **state)
{
	struct cost *c = made(measured, (struct cost_spec){.quantile = PROFILE_MEDIAN});

	(void)state;
	for (size_t n = 1; n <= 8; n++)
		for (uint64_t chunk = 5; chunk < 200; chunk += 13)
			for (double tok = 0.0; tok < 300.0; tok += 7.0)
				assert_true(step_us(c, n, tok, chunk) <=
					    step_us(c, n, tok + 7.0, chunk) + 1e-12);
	cost_destroy(c);
}

/* exp(1.645 x 0.03) = 1.050587 on either part; one of three layers adds a third. */
static void quantiles_and_layers_scale_what_is_added(void **state)
{
	struct cost *high = made(measured, (struct cost_spec){.quantile = PROFILE_HIGH});
	struct cost *third = made(measured, (struct cost_spec){.quantile = PROFILE_MEDIAN,
						    .stage = {.first_layer = 1, .n_layers = 1}});

	(void)state;
	assert_ratio(step_us(high, 4, 100.0, 12), 1.050587 * 64.0, 1e-6);
	assert_near(step_us(third, 4, 160.0, 12) - step_us(third, 4, 40.0, 12), 12.0 / 3.0, 1e-9);
	cost_destroy(high);
	cost_destroy(third);
}

static void one_context_tells_nothing_of_another(void **state)
{
	struct cost *c;
	struct err err = {0};

	(void)state;
	assert_false(create(&c, "[mixed]\n1 10 15 0 52e-6\n1 10 63 0 235e-6\n1 40 15 0 55e-6\n",
		(struct cost_spec){.at = {"a.yaml", 7, 3}}, &err));
	assert_null(c);
	assert_string_equal(err.msg,
		"profile 'made-up' needs two contexts or more of mixed steps of 1 sequences in 64 "
		"rows");
	assert_int_equal(err.at.line, 7);
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_mixed_step_is_a_prefill_and_what_decoding_adds),
		TEST(without_such_rows_decode_steps_answer),
		TEST(decodes_alone_and_prompts_alone_are_as_without),
		TEST(noise_pays_nobody),
		TEST(more_context_never_costs_less),
		TEST(quantiles_and_layers_scale_what_is_added),
		TEST(one_context_tells_nothing_of_another),
	};

	return cmocka_run_group_tests_name("mixed", tests, NULL, NULL);
}
