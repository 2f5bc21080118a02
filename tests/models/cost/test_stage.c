#include "tests/support/check.h"

#include <string.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"

static struct arena arena;
static const double gb = 1e9;

/** @n stages that hold the layers of @s in turn, cut at random places. */
static size_t cut(struct llm_stage *to, size_t n, const struct llm_shape *s, uint64_t *x)
{
	unsigned first = 0;
	size_t made = 0;

	while (made < n && first < s->layers) {
		unsigned left = s->layers - first;

		*x = *x * 6364136223846793005u + 1442695040888963407u;
		to[made] = (struct llm_stage){
			.first_layer = first,
			.n_layers = made + 1 == n ? left : 1 + (unsigned)(*x >> 33) % left,
			.embedding = first == 0,
		};
		first += to[made++].n_layers;
	}
	to[made - 1].head = true;
	return made;
}

/* What each end has a copy of, where the head is the embedding: v h weights, as a head is stored.
 */
static void stages_hold_the_model_once(void **state)
{
	uint64_t x = 7;

	(void)state;
	for (size_t i = 0; i < catalog_n_models * LLM_PRECISIONS * 3; i++) {
		const struct llm_shape *s = &catalog_models[i / (LLM_PRECISIONS * 3)].shape;
		enum precision p = (enum precision)(i / 3 % LLM_PRECISIONS);
		double weights = 0.0, kv = 0.0, twice = 0.0;
		struct llm_stage g[4];
		size_t n = cut(g, 2 + i % 3, s, &x);

		for (size_t k = 0; k < n; k++) {
			weights += stage_weight_bytes(&g[k], s, p);
			kv += stage_kv_bytes_per_tok(&g[k], s);
		}
		if (s->tied_embeddings && n > 1)
			twice = (double)s->vocab * s->hidden * llm_bytes_per_weight(p, LLM_HEAD);
		assert_ratio(weights, llm_weight_bytes(s, p) + twice, 1e-14);
		assert_ratio(kv, llm_kv_bytes_per_tok(s), 1e-14);
	}
}

/* A layer of Llama 2 13B in int8: 4 x 5120^2 + 3 x 5120 x 13824 = 317 194 240 weights of a byte,
 * two norms of 10 240 bytes: 317 214 720. Embedding and head 327 680 000 each, last norm 10 240. */
static void a_stage_of_13b_by_hand(void **state)
{
	const struct llm_shape *s = &catalog_find_model("llama2-13b")->shape;
	struct llm_stage g = {.first_layer = 0, .n_layers = 11, .embedding = true};

	(void)state;
	assert_near(stage_weight_bytes(&g, s, PRECISION_INT8), 11.0 * 317214720.0 + 327680000.0, 0);
	assert_near(stage_kv_bytes_per_tok(&g, s), 11.0 * 4.0 * 5120.0, 0);
	g = (struct llm_stage){.first_layer = 11, .n_layers = 29, .head = true};
	assert_near(stage_weight_bytes(&g, s, PRECISION_INT8),
		29.0 * 317214720.0 + 327680000.0 + 10240.0, 0);
	assert_ratio(40.0 * 317214720.0 + 655370240.0, 13.34 * gb, 1e-3);
}

static struct cost *made(struct cost_spec spec, struct llm_stage stage)
{
	struct err err = {0};
	struct cost *c;

	spec.stage = stage;
	if (!cost_create(&c, &spec, &err)) {
		err_print(&err, stderr);
		fail();
	}
	return c;
}

/** A few steps of every kind. */
static const struct cost_work works[] = {
	{.n_decode = 1, .decode_context_tok = 37.0},
	{.n_decode = 7, .decode_context_tok = 5200.0},
	{.prompt_tok = 19, .n_ended = 1},
	{.prompt_tok = 2600, .n_ended = 3},
	{.prompt_tok = 500},
	{.n_decode = 7, .decode_context_tok = 5200.0, .prompt_tok = 300, .n_ended = 2},
};
enum { WORKS = sizeof works / sizeof works[0] };

static void check_sum(const struct cost_spec *spec, uint64_t *x)
{
	struct llm_stage g[4];
	size_t n = cut(g, 2 + *x % 3, spec->shape, x);
	struct cost *whole = made(*spec, (struct llm_stage){0});
	double steps[WORKS] = {0}, attention = 0.0;

	for (size_t k = 0; k < n; k++) {
		struct cost *c = made(*spec, g[k]);

		for (size_t i = 0; i < WORKS; i++)
			steps[i] += cost_step_s(c, &works[i]);
		attention += cost_prefill_attention_s(c, 700, 130);
		cost_destroy(c);
	}
	for (size_t i = 0; i < WORKS; i++)
		assert_ratio(steps[i], cost_step_s(whole, &works[i]), 1e-12);
	assert_ratio(attention, cost_prefill_attention_s(whole, 700, 130), 1e-12);
	cost_destroy(whole);
}

/* Each built-in profile, on a GPU and with a model it is for. */
static void stages_take_together_what_the_model_takes(void **state)
{
	const struct profile_set *set = profile_builtin(&arena);
	size_t n = 0;
	uint64_t x = 3;

	(void)state;
	for (size_t i = 0; i < set->n * catalog_n_gpus * 2; i++) {
		const struct profile *p = set->all[i % set->n];
		struct cost_spec spec = {.profile = p,
			.gpu = &catalog_gpus[i / set->n % catalog_n_gpus].spec,
			.shape = &catalog_find_model(i % 2 ? "llama2-13b" : "llama2-7b")->shape,
			.precision = PRECISION_INT8,
			.max_batch = 8,
			.quantile = (enum profile_quantile)(i % 3),
			.attention = (enum attention)(i % ATTENTIONS)};

		if (!profile_covers(p, spec.gpu, p->runtime, spec.shape->name, spec.precision))
			continue;
		check_sum(&spec, &x);
		n++;
	}
	assert_true(n > set->n);
}

static void all_layers_with_both_ends_are_the_model_to_the_bit(void **state)
{
	const struct profile_set *set = profile_builtin(&arena);
	struct cost_spec spec = {.shape = &catalog_find_model("llama2-7b")->shape,
		.precision = PRECISION_INT8,
		.max_batch = 8,
		.quantile = PROFILE_HIGH};
	const struct llm_stage all = {.n_layers = 32, .embedding = true, .head = true};

	(void)state;
	for (size_t g = 0; g < catalog_n_gpus; g++) {
		struct cost *a, *b;

		spec.gpu = &catalog_gpus[g].spec;
		spec.profile = profile_choose(
			set->all, set->n, spec.gpu, "fused", "llama2-7b", PRECISION_INT8);
		a = made(spec, (struct llm_stage){0});
		b = made(spec, all);
		for (size_t i = 0; i < WORKS; i++)
			assert_true(cost_step_s(a, &works[i]) == cost_step_s(b, &works[i]));
		assert_true(cost_prefill_attention_s(a, 700, 130) ==
			    cost_prefill_attention_s(b, 700, 130));
		spec.stage = all;
		assert_true(
			cost_weight_bytes(&spec) == llm_weight_bytes(spec.shape, spec.precision));
		cost_destroy(a);
		cost_destroy(b);
	}
}

/*
 * A model of four layers of 4 x 4 in fp16: 160 weights a layer, 40 of the head, and norms, 4 x 8 +
 * 4; a step reads (640 + 40 + 36) x 2 = 1432 bytes, 80 of them the head's. Its shortest step, of
 * one sequence without context, takes 10 us: the head 10 x 80 / 1432 = .558659 us of every step.
 * One layer of four at 70 tokens: (45 - .558659) / 4 = 11.110335 us; with the head and the 2 us
 * of the host 13.668994. Prompts of 16 tokens: linear 48 us of 50.56.
 */
static void a_grid_gives_each_layer_an_equal_part_and_the_head_its_bytes(void **state)
{
	static const char text[] =
		"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.03\n"
		"[decode]\n1 10 15e-6\n1 40 30e-6\n1 70 45e-6\n"
		"[prefill]\n4 0 12.16e-6\n16 0 50.56e-6\n64 0 232.96e-6\n"
		"[attention]\n4 0 0.16e-6\n16 0 2.56e-6\n64 0 40.96e-6\n"
		"[host]\ndecode 2e-6 1e-7\nprefill 3e-6 1e-7\n";
	const struct gpu_spec gpu = {.name = "round", .mem_bytes = 1e6, .cc = 9.0};
	const struct llm_shape tiny = {.name = "tiny",
		.hidden = 4,
		.ffn = 8,
		.layers = 4,
		.heads = 2,
		.kv_heads = 2,
		.head_dim = 2,
		.vocab = 10,
		.context = 64};
	struct cost_spec spec = {.gpu = &gpu, .shape = &tiny, .max_batch = 1, .quantile = 1};
	struct cost_work decode = {.n_decode = 1, .decode_context_tok = 70.0};
	struct err err = {0};
	struct cost *c;

	(void)state;
	assert_true(profile_parse(&spec.profile, &arena, "grid", text, strlen(text), &err));
	c = made(spec, (struct llm_stage){.first_layer = 1, .n_layers = 1});
	assert_near(cost_step_s(c, &decode), 11.110335e-6, 1e-12);
	assert_near(cost_prefill_s(c, 16, 1), (48.0 - 0.558659) / 4.0 * 1e-6, 1e-12);
	assert_near(cost_prefill_attention_s(c, 16, 0), 2.56e-6 / 4.0, 1e-12);
	cost_destroy(c);
	c = made(spec, (struct llm_stage){.first_layer = 3, .n_layers = 1, .head = true});
	assert_near(cost_step_s(c, &decode), 13.668994e-6, 1e-12);
	assert_near(
		cost_prefill_s(c, 16, 1), ((48.0 - 0.558659) / 4.0 + 0.558659 + 3.0) * 1e-6, 1e-12);
	cost_destroy(c);
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
		TEST(stages_hold_the_model_once),
		TEST(a_stage_of_13b_by_hand),
		TEST(stages_take_together_what_the_model_takes),
		TEST(all_layers_with_both_ends_are_the_model_to_the_bit),
		TEST(a_grid_gives_each_layer_an_equal_part_and_the_head_its_bytes),
	};
	return cmocka_run_group_tests_name("stage", tests, NULL, NULL);
}
