/* What a server's host adds to a step, and constants of its kernels: by arithmetic. */
#include "tests/support/check.h"

#include <string.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"
#include "models/cost/llm.h"
#include "tests/support/round_cost.h"

/* test_cost.c has the sums of this device and model: batch 2 takes 64.840 us and .096 us a token.
 */
static const struct host_time host = {.step_s = 1e-3, .sequence_s = 1e-4, .sigma = 0.2};
static const struct host_time prompts = {.prefill_s = 7e-3, .prompt_s = 3e-4, .sigma = 0.2};

static const char form[] = "offing-profile: 1\ndevice: *\nruntime: fused vllm-v1\nmodel: *\n"
			   "precision: fp16\nprovenance: transferred\nsigma.step: 0.1\n"
			   "[constants]\n* * peak fp32 assumed\n* * ec 4 assumed\n"
			   "* * eb 0.5 assumed\nlinear * t0 1e-6 assumed\nhead * t0 2e-6 assumed\n"
			   "decode-attention * t0 3e-6 assumed\n"
			   "prefill-attention * t0 4e-6 assumed\n"
			   "prefill-attention * ec 0.001 assumed\nsmall * t0 5e-6 assumed\n"
			   "layer * launch 7e-6 assumed\n";
static const char grid[] =
	"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\n"
	"precision: fp16\nprovenance: measured\nsigma.step: 0.03\n"
	"[decode]\n1 10 15e-6\n1 64 30e-6\n4 10 20e-6\n4 256 60e-6\n"
	"[prefill]\n4 0 12e-6\n64 0 232e-6\n[attention]\n4 0 0.25e-6\n64 0 40e-6\n";

static struct arena arena;

static const struct profile *parsed(const char *text, const char *more)
{
	char *all = arena_printf(&arena, "%s%s", text, more);
	const struct profile *p;
	struct err err = {0};

	if (!profile_parse(&p, &arena, "made-up", all, strlen(all), &err)) {
		err_print(&err, stderr);
		fail();
	}
	return p;
}

static struct cost *made_in(enum profile_quantile q, const struct profile *p, struct cost_spec spec)
{
	struct err err = {0};
	struct cost *c;

	spec.quantile = q;
	spec.profile = p;
	spec.gpu = &gpu;
	spec.shape = &tiny;
	spec.precision = PRECISION_FP16;
	spec.max_batch = 4;
	spec.verify_rows = 3;
	if (!cost_create(&c, &spec, &err)) {
		err_print(&err, stderr);
		fail();
	}
	return c;
}

static struct cost *made(const struct profile *p, struct cost_spec spec)
{
	return made_in(PROFILE_MEDIAN, p, spec);
}

static const struct cost_work works[] = {
	{.n_decode = 3, .decode_context_tok = 30},
	{.prompt_tok = 20, .n_ended = 2},
	{.prompt_tok = 20},
	{.n_decode = 3, .decode_context_tok = 30, .prompt_tok = 20, .n_ended = 1},
	{.n_verify = 2, .verify_rows = 6, .verify_context_tok = 20, .verify_keys = 66},
	{.n_decode = 1,
		.decode_context_tok = 10,
		.n_verify = 2,
		.verify_rows = 6,
		.verify_context_tok = 20,
		.verify_keys = 66,
		.prompt_tok = 8,
		.n_ended = 1},
};
static const double told[] = {3, 2, 0, 4, 2, 4}; /* sequences that get a token */

/* a + b n on top of what the device takes, whatever is in the step and whoever measured it. */
static void a_step_takes_the_host_a_and_b_for_each_who_gets_a_token(void **state)
{
	static const char *const profiles[] = {form, grid};

	(void)state;
	for (size_t p = 0; p < 2; p++) {
		const struct profile *of = parsed(profiles[p], "");
		struct cost *bare = made(of, (struct cost_spec){0});
		struct cost *with = made(of, (struct cost_spec){.host = host});

		for (size_t i = 0; i < sizeof works / sizeof *works; i++)
			assert_near(cost_step_s(with, &works[i]) - cost_step_s(bare, &works[i]),
				1e-3 + 1e-4 * told[i], 1e-15);
		for (size_t n = 1; n <= 4; n++)
			assert_near(
				cost_decode(with, n, 12).base_s - cost_decode(bare, n, 12).base_s,
				1e-3 + 1e-4 * (double)n, 1e-15);
		assert_near(
			cost_prefill_s(with, 20, 2) - cost_prefill_s(bare, 20, 2), 1.2e-3, 1e-15);
		assert_true(
			cost_decode(with, 2, 12).per_tok_s == cost_decode(bare, 2, 12).per_tok_s);
		cost_destroy(bare);
		cost_destroy(with);
	}
}

/* p + d n before a step with prompts in it, of which n begin; nothing before any other. */
static void a_step_with_prompts_takes_the_host_more_and_more_for_each_that_begins(void **state)
{
	static const char *const profiles[] = {form, grid};

	(void)state;
	for (size_t p = 0; p < 2; p++) {
		const struct profile *of = parsed(profiles[p], "");
		struct cost *bare = made(of, (struct cost_spec){0});
		struct cost *with = made(of, (struct cost_spec){.host = prompts});

		for (size_t i = 0; i < sizeof works / sizeof *works; i++) {
			struct cost_work w = works[i];

			for (w.n_begun = 0; w.n_begun < 3; w.n_begun++) {
				double n = (double)w.n_begun;
				double want = w.prompt_tok > 0 ? 7e-3 + 3e-4 * n : 0.0;

				assert_near(cost_step_s(with, &w) - cost_step_s(bare, &works[i]),
					want, 1e-15);
			}
		}
		for (size_t n = 1; n <= 4; n++)
			assert_true(
				cost_decode(with, n, 12).base_s == cost_decode(bare, n, 12).base_s);
		assert_near(
			cost_prefill_s(with, 20, 2) - cost_prefill_s(bare, 20, 2), 7.6e-3, 1e-15);
		cost_destroy(bare);
		cost_destroy(with);
	}
}

/* Of sigma .2 high is exp(1.645 x .2) = 1.38958 times, low the inverse; the device goes by its own.
 */
static void the_host_has_a_sigma_of_its_own(void **state)
{
	static const double by[] = {
		[PROFILE_LOW] = 1 / 1.389580, [PROFILE_MEDIAN] = 1.0, [PROFILE_HIGH] = 1.389580};
	const struct profile *of = parsed(form, "");

	(void)state;
	for (int q = PROFILE_LOW; q <= PROFILE_HIGH; q++) {
		struct cost *bare = made_in((enum profile_quantile)q, of, (struct cost_spec){0});
		struct cost *with =
			made_in((enum profile_quantile)q, of, (struct cost_spec){.host = host});

		assert_ratio(cost_decode(with, 2, 0).base_s - cost_decode(bare, 2, 0).base_s,
			1.2e-3 * by[q], 1e-5);
		cost_destroy(with);
		with = made_in((enum profile_quantile)q, of, (struct cost_spec){.host = prompts});
		assert_ratio(cost_prefill_s(with, 20, 2) - cost_prefill_s(bare, 20, 2),
			7.6e-3 * by[q], 1e-5);
		cost_destroy(bare);
		cost_destroy(with);
	}
}

/* Of a model over several devices it is with the head alone. */
static void a_stage_without_the_head_has_no_host(void **state)
{
	const struct profile *of = parsed(form, "");
	struct cost_spec first = {.stage = {.n_layers = 2, .embedding = true}},
			 last = {.stage = {.first_layer = 2, .n_layers = 1, .head = true}};
	double added[2];

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct cost_spec *spec = k ? &last : &first;
		struct cost *bare = made(of, *spec), *with;

		spec->host = host;
		with = made(of, *spec);
		added[k] = cost_decode(with, 3, 5).base_s - cost_decode(bare, 3, 5).base_s;
		cost_destroy(bare);
		cost_destroy(with);
	}
	assert_true(added[0] == 0.0);
	assert_near(added[1], 1.3e-3, 1e-15);
}

/* Decode attention of 30 tokens of context is 3 x .016 x 2 us x 30 = 1.44 us without t0: .048 us a
 * token for all layers at 1 GB/s, twice that at half of it; beside a prompt twice as long
 * makes 2.88 us more. */
static void decode_attention_may_take_longer_beside_prompts(void **state)
{
	struct cost *once = made(parsed(form, ""), (struct cost_spec){0});
	struct cost *twice =
		made(parsed(form, "decode-attention * mixed 2 assumed\n"), (struct cost_spec){0});

	(void)state;
	assert_near(cost_step_s(twice, &works[3]) - cost_step_s(once, &works[3]), 2.88e-6, 1e-15);
	for (size_t i = 0; i < 3; i++)
		assert_true(cost_step_s(twice, &works[i]) == cost_step_s(once, &works[i]));
	cost_destroy(once);
	cost_destroy(twice);
}

/* From 3 rows on each of 3 x 160 weights moves 5 bytes in place of 2: 1440 bytes, 2.88 us. */
static void weights_may_be_widened_in_memory_for_many_rows(void **state)
{
	struct cost *never = made(parsed(form, ""), (struct cost_spec){0});
	struct cost *many = made(parsed(form, "linear * widen_rows 2 assumed\n"
					      "linear * widen_bytes 5 assumed\n"),
		(struct cost_spec){0});

	(void)state;
	for (size_t n = 1; n <= 4; n++)
		assert_near(cost_decode(many, n, 0).base_s - cost_decode(never, n, 0).base_s,
			n > 2 ? 2.88e-6 : 0.0, 1e-13);
	cost_destroy(never);
	cost_destroy(many);
}

/* "fused vllm-v1" is both, and neither "fuse" nor "vllm". */
static void a_profile_may_be_of_several_runtimes_and_devices(void **state)
{
	const struct profile *p = parsed(form, "");
	struct profile two = *p;
	struct gpu_spec d = gpu;

	(void)state;
	two.device = "round-d round";
	assert_true(profile_covers(p, &gpu, "fused", "tiny", PRECISION_FP16));
	assert_true(profile_covers(&two, &gpu, "vllm-v1", "tiny", PRECISION_FP16));
	d.name = "round-d";
	assert_true(profile_covers(&two, &d, "fused", "tiny", PRECISION_FP16));
	d.name = "d";
	assert_false(profile_covers(&two, &d, "fused", "tiny", PRECISION_FP16));
	assert_false(profile_covers(p, &gpu, "fuse", "tiny", PRECISION_FP16));
	assert_false(profile_covers(p, &gpu, "vllm", "tiny", PRECISION_FP16));
	assert_false(profile_covers(p, &gpu, "v1", "tiny", PRECISION_FP16));
}

/* Whoever has host time says where it is from, and has a sigma for it; nobody else has either. */
static void every_runtime_with_host_time_says_where_it_is_from(void **state)
{
	(void)state;
	for (size_t i = 0; i < catalog_n_runtimes; i++) {
		const struct catalog_runtime *r = &catalog_runtimes[i];
		bool takes = r->host.step_s + r->host.sequence_s + r->host.prefill_s +
				     r->host.prompt_s + r->host.request_s >
			     0.0;

		assert_true(!takes || r->provenance);
		assert_true(takes == (r->host.sigma > 0.0));
	}
}

/* A weight in 4 bits with a scale of 16 for each 128 takes 528 bits for those: .515625 bytes. */
static void servers_keep_embedding_and_head_in_16_bits(void **state)
{
	static const struct {
		enum precision p;
		double bytes;
	} of[] = {{PRECISION_INT8, 1.0}, {PRECISION_FP8, 1.0}, {PRECISION_W8A16, 1.0},
		{PRECISION_W4A16, 0.515625}};
	const struct llm_shape *s = &catalog_find_model("llama-3.1-8b")->shape;
	double layers = 32.0 * (4096.0 * (6144 + 4096 + 3 * 14336)), ends = 2.0 * 128256 * 4096;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_near(llm_weight_bytes(s, of[i].p),
			layers * of[i].bytes + 2.0 * (ends + 65.0 * 4096), 0.5);
}

static int finish(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_takes_the_host_a_and_b_for_each_who_gets_a_token),
		cmocka_unit_test(
			a_step_with_prompts_takes_the_host_more_and_more_for_each_that_begins),
		cmocka_unit_test(the_host_has_a_sigma_of_its_own),
		cmocka_unit_test(a_stage_without_the_head_has_no_host),
		cmocka_unit_test(decode_attention_may_take_longer_beside_prompts),
		cmocka_unit_test(weights_may_be_widened_in_memory_for_many_rows),
		cmocka_unit_test(a_profile_may_be_of_several_runtimes_and_devices),
		cmocka_unit_test(every_runtime_with_host_time_says_where_it_is_from),
		cmocka_unit_test(servers_keep_embedding_and_head_in_16_bits),
	};

	return cmocka_run_group_tests_name("host_time", tests, NULL, finish);
}
