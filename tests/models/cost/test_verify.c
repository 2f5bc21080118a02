/* Steps that verify drafts: by hand on a device of round numbers, and from measured rows. */
#include "tests/support/check.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"
#include "tests/support/round_cost.h"

/* 1 TFLOP/s, 1 GB/s; one layer is 4 x 4: weights 48 + 16 + 64 + 32 = 160, head 4 x 10. */

static struct arena arena;

static unsigned verify_rows;

static bool try(struct cost **c, const struct gpu_spec *on, const char *text,
	enum profile_quantile q, struct err *err)
{
	const struct profile *p;
	struct cost_spec spec = {.gpu = on,
		.shape = &tiny,
		.precision = PRECISION_FP16,
		.max_batch = 8,
		.verify_rows = verify_rows,
		.quantile = q};

	if (!profile_parse(&p, &arena, "p", text, strlen(text), err))
		fail_msg("%s", err->msg);
	spec.profile = p;
	return cost_create(c, &spec, err);
}

static struct cost *made_on(const struct gpu_spec *on, const char *text, enum profile_quantile q)
{
	struct err err = {0};
	struct cost *c;

	if (!try(&c, on, text, q, &err))
		fail_msg("%s", err.msg);
	return c;
}

static struct cost *made(const char *text, enum profile_quantile q)
{
	return made_on(&gpu, text, q);
}

static const char form[] = "offing-profile: 1\ndevice: *\nruntime: fused\nmodel: *\n"
			   "precision: fp16\nprovenance: transferred\nsigma.step: 0.1\n"
			   "launch: added\n[constants]\n* * peak fp32 assumed\n"
			   "* * ec 4 assumed\n* * eb 0.5 assumed\n"
			   "linear * t0 1e-6 assumed\nhead * t0 2e-6 assumed\n"
			   "decode-attention * t0 3e-6 assumed\n"
			   "prefill-attention * t0 4e-6 assumed\n"
			   "prefill-attention * ec 0.001 assumed\n"
			   "prefill-attention * cycles_per_key 50 assumed\n"
			   "small * t0 5e-6 assumed\nlayer * launch 7e-6 assumed\n";

/*
 * Two sequences, k = 3, 40 tokens of context: 8 rows. At 0.5 GB/s a byte takes 2 ns. A layer:
 * weights 320, rows 56 x 8 x 2 = 896, small 96 x 8 x 2 = 1536, keys and values once 16 x 40 = 640
 * bytes: 3392, 6.784 us; t0 4 x 1 + 3 + 5 = 12, launch 7. Head: 80 + 14 x 8 x 2 = 304 bytes, 0.608
 * + 2 us. 3 x 25.784 + 2.608 = 79.960 us.
 */
static void verification_has_a_row_for_each_drafted_token_and_one_more(void **state)
{
	struct cost *c = made(form, PROFILE_MEDIAN);
	struct cost_work w = {0};

	(void)state;
	cost_work_verify(&w, 3, 15.0);
	cost_work_verify(&w, 3, 25.0);
	assert_int_equal(w.verify_rows, 8);
	assert_ratio(cost_step_s(c, &w), 79.960e-6, 1e-6);
	cost_destroy(c);
}

/*
 * Beside it one sequence that decodes behind 10 tokens and a chunk of 4 rows that ends its prompt:
 * 13 rows. A layer: 320 + 56 x 13 x 2 + 96 x 13 x 2 = 4272 bytes, 8.544 us; t0 4 x 1 + 4 (of the
 * prompt) + 5; verification 3 + 1.28, decoding 3 + 0.32; launch 7: 36.144. Head: 10 rows, 360
 * bytes, 2.720 us.
 */
static void a_bag_of_all_three_meets_in_the_linear_layers(void **state)
{
	struct cost *c = made(form, PROFILE_MEDIAN);
	struct cost_work w = {
		.n_decode = 1, .decode_context_tok = 10.0, .prompt_tok = 4, .n_ended = 1};

	(void)state;
	cost_work_verify(&w, 3, 15.0);
	cost_work_verify(&w, 3, 25.0);
	assert_ratio(cost_step_s(c, &w), 3 * 36.144e-6 + 2.720e-6, 1e-6);
	cost_destroy(c);
}

/* 4 H d = 16 FLOP a key and layer at 0.1 GFLOP/s, 0.16 us: (k + 1)(C + n k / 2) keys. All else
 * takes less than 1e-4 of that. */
static void attention_computes_every_row_over_all_before_it(void **state)
{
	struct gpu_spec fast = gpu;
	struct cost *c;

	(void)state;
	fast.bytes_per_s = 1e18;
	c = made_on(&fast,
		"offing-profile: 1\ndevice: *\nruntime: fused\nmodel: *\n"
		"precision: fp16\nprovenance: transferred\nsigma.step: 0.1\n"
		"launch: added\n[constants]\n* * peak fp32 assumed\n"
		"* * ec 4 assumed\n* * eb 4 assumed\n* * t0 0 assumed\n"
		"decode-attention * ec 1e-4 assumed\nlayer * launch 0 assumed\n",
		PROFILE_MEDIAN);
	for (uint32_t k = 0; k <= 8; k++) {
		struct cost_work w = {0};

		cost_work_verify(&w, k, 15.0);
		cost_work_verify(&w, k, 25.0);
		assert_ratio(
			cost_step_s(c, &w), 3 * 0.16e-6 * (k + 1.0) * (40.0 + 2 * k / 2.0), 1e-4);
	}
	cost_destroy(c);
}

/* And so with each quantile, and beside a chunk. */
static void verifying_nothing_takes_what_decoding_takes(void **state)
{
	(void)state;
	for (enum profile_quantile q = PROFILE_LOW; q <= PROFILE_HIGH; q++) {
		struct cost *c = made(form, q);
		struct cost_work verify = {0}, decode = {.n_decode = 2, .decode_context_tok = 40.0};

		cost_work_verify(&verify, 0, 15.0);
		cost_work_verify(&verify, 0, 25.0);
		assert_ratio(cost_step_s(c, &verify), cost_step_s(c, &decode), 1e-12);
		verify.prompt_tok = decode.prompt_tok = 9;
		assert_ratio(cost_step_s(c, &verify), cost_step_s(c, &decode), 1e-12);
		cost_destroy(c);
	}
}

static struct cost *made_for(const char *text, unsigned rows)
{
	struct cost *c;

	verify_rows = rows;
	c = made(text, PROFILE_HIGH);
	verify_rows = 0;
	return c;
}

/* What is looked up is what is worked out, to the bit; beyond the table, too. */
static void rows_that_are_looked_up_take_no_other_time(void **state)
{
	struct cost *out = made(form, PROFILE_HIGH), *looked = made_for(form, 3);

	(void)state;
	for (uint32_t k = 1; k <= 6; k++) {
		struct cost_work w = {.n_decode = k % 2, .decode_context_tok = 7.0 * (k % 2)};

		for (int i = 0; i < 6; i++)
			cost_work_verify(&w, k, 11.0);
		assert_true(cost_step_s(out, &w) == cost_step_s(looked, &w));
	}
	cost_destroy(out);
	cost_destroy(looked);
}

/* Decode 10 + 2 log2(batch) + 0.5 C, linear(m) = 3 m (us); verification rows off both. */
static const char grid[] =
	"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
	"provenance: measured\nsigma.step: 0.03\n"
	"[decode]\n1 10 15e-6\n1 64 42e-6\n8 80 56e-6\n8 512 272e-6\n"
	"[prefill]\n4 0 12.16e-6\n64 0 232.96e-6\n[attention]\n4 0 0.16e-6\n64 0 40.96e-6\n"
	"[verify]\n1 2 10 20e-6\n1 2 30 40e-6\n1 5 10 30e-6\n1 5 30 50e-6\n"
	"4 2 10 40e-6\n4 2 90 80e-6\n4 5 10 60e-6\n4 5 90 100e-6\n8 2 10 100e-6\n8 2 90 180e-6\n";

static double verify_s(const struct cost *c, size_t n, uint32_t k, double each_tok)
{
	struct cost_work w = {0};

	for (size_t i = 0; i < n; i++)
		cost_work_verify(&w, k, each_tok);
	return cost_step_s(c, &w);
}

static void a_grid_answers_from_its_verification_rows(void **state)
{
	struct cost *c = made(grid, PROFILE_MEDIAN);
	double w = log(3.0 / 2.0) / log(5.0 / 2.0);

	(void)state;
	assert_ratio(verify_s(c, 1, 1, 10.0), 20e-6, 1e-12);
	assert_ratio(verify_s(c, 1, 4, 20.0), 40e-6, 1e-12);             /* between contexts */
	assert_ratio(verify_s(c, 1, 1, 40.0), 50e-6, 1e-12);             /* beyond them */
	assert_ratio(verify_s(c, 4, 4, 10.0), 75e-6, 1e-12);             /* 40 tokens together */
	assert_ratio(verify_s(c, 1, 2, 10.0), 20e-6 + 10e-6 * w, 1e-12); /* three rows */
	/* two sequences, halfway from one to four by logarithm, at 20 tokens: 30 and 45 */
	assert_ratio(verify_s(c, 2, 1, 10.0), 37.5e-6, 1e-12);
	cost_destroy(c);
}

/* Nine rows, or five of eight sequences, were not measured: decode(rows) while rows <= 8, else
 * linear(rows) = 12 + (rows - 4) (192 - 12) / 60 by the power law's ends, and 0.5 a token of
 * context. */
static void elsewhere_a_grid_adds_attention_to_its_linear_layers(void **state)
{
	struct cost *c = made(grid, PROFILE_MEDIAN);
	struct cost_work mixed = {.prompt_tok = 4, .n_ended = 1};

	(void)state;
	assert_ratio(verify_s(c, 1, 6, 20.0), (10.0 + 2.0 * log2(7.0) + 10.0) * 1e-6, 1e-9);
	assert_ratio(verify_s(c, 8, 7, 10.0), (192.0 + 40.0) * 1e-6, 1e-9); /* 64 rows */
	/* a chunk, or one that decodes, beside it: the prefill of all rows, 64 again */
	for (int i = 0; i < 6; i++)
		cost_work_verify(&mixed, 9, 10.0);
	assert_ratio(cost_step_s(c, &mixed), (192.0 + 30.0) * 1e-6, 1e-9);
	cost_destroy(c);
}

static void rows_that_fall_with_context_are_refused(void **state)
{
	struct err err = {0};
	struct cost *c;

	(void)state;
	assert_false(try(&c, &gpu,
		"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.03\n"
		"[decode]\n1 10 15e-6\n1 64 42e-6\n8 80 56e-6\n8 512 272e-6\n"
		"[prefill]\n4 0 12.16e-6\n64 0 232.96e-6\n[attention]\n4 0 0.16e-6\n64 0 40.96e-6\n"
		"[verify]\n1 2 10 20e-6\n1 2 30 10e-6\n",
		PROFILE_MEDIAN, &err));
	assert_string_equal(err.msg,
		"profile 'p' falls with context where 1 sequences verify 2 rows each, or below 0 "
		"without any");
	assert_null(c);
}

/* Both grids that come with offing: between the times of as many sequences that decode each row
 * apart and what one row each takes. */
static void measured_verification_lies_between_its_bounds(void **state)
{
	static const char *const models[] = {"llama2-7b", "llama2-13b"};
	const struct profile_set *set = profile_builtin(&arena);

	(void)state;
	for (size_t m = 0; m < 2; m++) {
		struct cost_spec spec = {.gpu = &catalog_find_gpu("h200")->spec,
			.shape = &catalog_find_model(models[m])->shape,
			.precision = PRECISION_INT8,
			.max_batch = 16,
			.quantile = PROFILE_MEDIAN};
		struct err err = {0};
		struct cost *c;

		assert_true(profile_find(&spec.profile, set, spec.gpu, "fused", models[m],
			PRECISION_INT8, spec.at, &err));
		assert_true(cost_create(&c, &spec, &err));
		for (size_t n = 1; n <= 16; n++)
			for (uint32_t k = 1; k <= 8; k++) {
				struct cost_work one = {
					.n_decode = n, .decode_context_tok = 600.0 * (double)n};
				double s = verify_s(c, n, k, 600.0);

				assert_true(s > 0.95 * cost_step_s(c, &one));
				assert_true(s < 1.0 * (k + 1) * cost_step_s(c, &one));
			}
		cost_destroy(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verification_has_a_row_for_each_drafted_token_and_one_more),
		cmocka_unit_test(a_bag_of_all_three_meets_in_the_linear_layers),
		cmocka_unit_test(attention_computes_every_row_over_all_before_it),
		cmocka_unit_test(verifying_nothing_takes_what_decoding_takes),
		cmocka_unit_test(rows_that_are_looked_up_take_no_other_time),
		cmocka_unit_test(a_grid_answers_from_its_verification_rows),
		cmocka_unit_test(elsewhere_a_grid_adds_attention_to_its_linear_layers),
		cmocka_unit_test(rows_that_fall_with_context_are_refused),
		cmocka_unit_test(measured_verification_lies_between_its_bounds),
	};
	int failed;

	arena_init(&arena);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_finish(&arena);
	return failed;
}
