/*
 * Layers on a CPU and layers fetched over PCIe, beside published token rates. Prints the tables of
 * docs/serving.md.
 *
 * Where it is not published how many layers stayed on the GPU, as many do as fit beside 0.4 GB and
 * the keys and values of 1024 tokens. The feed-forward layer of OPT has two matrices of 4 h
 * columns: here three of 8 h / 3, the same weights and arithmetic.
 */
#include "tests/support/check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/offload.h"

static struct arena arena;
static const struct profile_set *set;

/* Data sheets: TU102 and its cards; Blackwell's GB206. */
static const struct gpu_spec others[] = {
	{.name = "rtx-2080-ti",
		.fp32_flop_per_s = 13.45e12,
		.fp16_flop_per_s = 53.8e12,
		.bytes_per_s = 616e9,
		.mem_bytes = 10.75 * 1073741824.0,
		.pcie_bytes_per_s = 12e9,
		.clock_hz = 1.545e9,
		.cc = 7.5},
	{.name = "rtx-5060-ti",
		.fp32_flop_per_s = 23.7e12,
		.fp16_flop_per_s = 47.4e12,
		.bytes_per_s = 448e9,
		.mem_bytes = 15.5 * 1073741824.0,
		.pcie_bytes_per_s = 25e9,
		.clock_hz = 2.57e9,
		.cc = 12.0},
};

static const struct llm_shape shapes[] = {
	{"llama-33b", 6656, 17920, 60, 52, 52, 128, 32000, 2048, false, false},
	{"opt-30b", 7168, 19115, 48, 56, 56, 128, 50272, 2048, true, false},
	{"opt-6.7b", 4096, 10923, 32, 32, 32, 128, 50272, 2048, true, false},
};

static const struct gpu_spec *gpu_of(const char *name)
{
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (!strcmp(others[i].name, name))
			return &others[i];
	return &catalog_find_gpu(name)->spec;
}

static const struct llm_shape *shape_of(const char *name)
{
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	return &catalog_find_model(name)->shape;
}

static void find(const struct profile **to, const struct gpu_spec *gpu, const struct llm_shape *s,
	enum precision p)
{
	struct err err = {0};

	assert_true(profile_find(to, set, gpu, "fused", s->name, p, (struct src_pos){0}, &err));
}

static struct cost *made(const struct cost_spec *spec, struct offload **o)
{
	struct err err = {0};
	struct cost *c;

	assert_true(cost_create(&c, spec, &err));
	assert_true(offload_create(o, spec, &err));
	return c;
}

/* Seconds of a decode step at @context tokens a sequence, and of the prompts of the batch. */
static double decode_s(const struct cost_spec *spec, double context)
{
	struct offload *o;
	struct cost *c = made(spec, &o);
	double tok = spec->max_batch * context;
	struct cost_affine a = offload_decode(o, c, spec->max_batch, tok);

	cost_destroy(c);
	offload_destroy(o);
	return a.base_s + a.per_tok_s * tok;
}

static double prompts_s(const struct cost_spec *spec, uint32_t prompt)
{
	struct offload *o;
	struct cost *c = made(spec, &o);
	unsigned n = spec->max_batch;
	struct offload_step s = {0};
	double total;

	s.gpu_s = cost_prefill_s(c, (uint64_t)n * prompt, n) +
		  n * cost_prefill_attention_s(c, prompt, 0);
	s.layer_s = cost_prefill_s(o->layer, (uint64_t)n * prompt, n) +
		    n * cost_prefill_attention_s(o->layer, prompt, 0);
	total = s.gpu_s + offload_wait_s(o, &s, 0.0);
	cost_destroy(c);
	offload_destroy(o);
	return total;
}

/* The fewest layers that have to be fetched. */
static void fit(struct cost_spec *spec, struct offload_spec *o, double kv_tok)
{
	*o = (struct offload_spec){0};
	while (cost_weight_bytes(spec) + 0.4e9 + kv_tok * cost_kv_bytes_per_tok(spec) >
			spec->gpu->mem_bytes &&
		o->streamed_layers < spec->shape->layers)
		o->streamed_layers++;
}

enum kind { SEQUOIA, FLEXGEN };
static const char sequoia[] = "Sequoia's baseline, together.ai 2024";
static const char zero[] = "ZeRO-Inference, table of FlexGen";
static const char accelerate[] = "Accelerate, table of FlexGen";

/* Seconds a token at batch 1; or of FlexGen's workload, 512 tokens in and 32 out, tokens a second.
 */
static const struct fetched {
	enum kind kind;
	const char *gpu, *model;
	unsigned batch;
	double published;
	const char *source;
} fetched[] = {
	{SEQUOIA, "rtx-4090", "llama2-13b", 1, 0.27, sequoia},
	{SEQUOIA, "rtx-4090", "llama-33b", 1, 1.78, sequoia},
	{SEQUOIA, "rtx-4090", "llama2-70b", 1, 4.54, sequoia},
	{SEQUOIA, "rtx-2080-ti", "llama2-13b", 1, 1.53, sequoia},
	{SEQUOIA, "rtx-2080-ti", "llama-33b", 1, 4.81, sequoia},
	{FLEXGEN, "t4", "opt-6.7b", 16, 9.28, zero},
	{FLEXGEN, "t4", "opt-30b", 4, 0.60, zero},
	{FLEXGEN, "t4", "opt-30b", 8, 0.62, accelerate},
};
enum { FETCHED = sizeof fetched / sizeof fetched[0] };

/* Seconds a token of one, or tokens a second; ZeRO-Inference keeps no weights on the GPU. */
static double modelled(const struct fetched *r, unsigned *streamed)
{
	struct offload_spec o = {0};
	struct cost_spec spec = {.gpu = gpu_of(r->gpu),
		.shape = shape_of(r->model),
		.precision = PRECISION_FP16,
		.max_batch = r->batch,
		.quantile = PROFILE_MEDIAN,
		.offload = &o};
	double s;

	find(&spec.profile, spec.gpu, spec.shape, spec.precision);
	if (strcmp(r->source, zero) == 0)
		o.streamed_layers = spec.shape->layers;
	else
		fit(&spec, &o, r->kind == SEQUOIA ? 1024.0 : 544.0 * r->batch);
	*streamed = o.streamed_layers;
	if (r->kind == SEQUOIA)
		return decode_s(&spec, 256.0);
	s = prompts_s(&spec, 512) + 31.0 * decode_s(&spec, 528.0);
	return 32.0 * r->batch / s;
}

static double error_of(const struct fetched *r)
{
	unsigned streamed;

	return modelled(r, &streamed) / r->published - 1.0;
}

static void layers_fetched_over_pcie(void **state)
{
	(void)state;
	printf("| GPU | model, fp16 | batch | streamed layers | published | model | error | source "
	       "|\n"
	       "|---|---|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < FETCHED; i++) {
		const struct fetched *r = &fetched[i];
		const char *unit = r->kind == SEQUOIA ? "s/token" : "tokens/s";
		unsigned streamed;
		double x = modelled(r, &streamed);

		printf("| %s | %s | %u | %u of %u | %.2f %s | %.2f | %+.0f %% | %s |\n", r->gpu,
			r->model, r->batch, streamed, shape_of(r->model)->layers, r->published,
			unit, x, 100.0 * (x / r->published - 1.0), r->source);
	}
	/* Where most is fetched, how many layers stayed matters little; nobody fetches faster than
	 * without a pause. */
	for (size_t i = 0; i < FETCHED; i++)
		if (fetched[i].kind == FLEXGEN)
			assert_true(error_of(&fetched[i]) > -0.05);
		else if (i > 0)
			assert_near(error_of(&fetched[i]), 0.0, 0.1);
}

/* Qwen2.5-Coder 14B, Q4_K_M, on an RTX 5060 Ti, a token alone (inventivehq.com, "VRAM cliff",
 * 2026). Of -ngl N llama.cpp gives the head and the last N - 1 layers to the GPU. The host's memory
 * is not named: its bandwidth is what -ngl 0 shows. */
static const struct held {
	unsigned ngl;
	double tok_per_s;
} held[] = {{8, 3.58}, {16, 4.24}, {24, 5.61}, {32, 7.26}, {40, 12.5}, {99, 43.18}};
static const double alone_tok_per_s = 2.89;

/* Milliseconds a token. */
static double held_ms(unsigned ngl, const struct gpu_spec *host)
{
	struct offload_spec o = {.host = *host};
	struct cost_spec spec = {.gpu = gpu_of("rtx-5060-ti"),
		.shape = shape_of("qwen2.5-14b"),
		.precision = PRECISION_Q4_0,
		.max_batch = 1,
		.quantile = PROFILE_MEDIAN,
		.offload = &o};
	struct err err = {0};
	struct cost *c;
	struct cost_affine a;

	find(&spec.profile, spec.gpu, spec.shape, spec.precision);
	find(&o.cpu, host, spec.shape, spec.precision);
	if (ngl > 0 && ngl <= spec.shape->layers) {
		o.cpu_layers = spec.shape->layers + 1 - ngl;
		return 1e3 * decode_s(&spec, 128.0);
	}
	if (ngl == 0) {
		spec.gpu = host;
		spec.profile = o.cpu;
	}
	assert_true(cost_create(&c, &spec, &err));
	a = cost_decode(c, 1, 128);
	cost_destroy(c);
	return 1e3 * (a.base_s + a.per_tok_s * 128.0);
}

static void layers_held_by_a_cpu(void **state)
{
	struct gpu_spec host = {
		.name = "cpu", .mem_bytes = 64e9, .bytes_per_s = 30e9, .fp32_flop_per_s = 1e12};

	(void)state;
	for (int k = 0; k < 40; k++) /* time is all but in proportion to 1 / bandwidth */
		host.bytes_per_s *= held_ms(0, &host) * 1e-3 * alone_tok_per_s;
	printf("| -ngl | CPU layers of 48 | published tokens/s | model | error |\n"
	       "|---|---|---|---|---|\n"
	       "| 0 | 48 and head | %.2f | fitted: %.1f GB/s | |\n",
		alone_tok_per_s, host.bytes_per_s * 1e-9);
	for (size_t i = 0; i < sizeof held / sizeof held[0]; i++) {
		double x = 1e3 / held_ms(held[i].ngl, &host);
		unsigned cpu = held[i].ngl <= 48 ? 49 - held[i].ngl : 0;

		printf("| %u | %u | %.2f | %.2f | %+.0f %% |\n", held[i].ngl, cpu,
			held[i].tok_per_s, x, 100.0 * (x / held[i].tok_per_s - 1.0));
		assert_near(x / held[i].tok_per_s, 1.0, 0.15);
	}
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	set = profile_builtin(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_fetched_over_pcie),
		cmocka_unit_test(layers_held_by_a_cpu),
	};
	return cmocka_run_group_tests_name("offload_published", tests, set_up, tear_down);
}
