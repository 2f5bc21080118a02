#include "tests/support/check.h"

#include <string.h>

#include "base/mem.h"
#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "models/cost/cost.h"
#include "models/cost/parallel.h"
#include "tests/support/round_cost.h"

static struct arena arena;

/* 1 MB at 25 GB/s is 40 us, 64 kB 2.56 us; a message takes 5 us more. Four devices:
 *	1 MB: ring 1.5 x 40 + 6 x 5 = 90 us, one shot 3 x 40 + 5 = 125 us
 *	64 kB: ring 1.5 x 2.56 + 6 x 5 = 33.84 us, one shot 3 x 2.56 + 5 = 12.68 us */
static void all_reduces_by_hand(void **state)
{
	struct interconnect_spec ic = {.bytes_per_s = 25e9, .latency_s = 5e-6};
	static const double want[ALL_REDUCES][2] = {
		[ALL_REDUCE_AUTO] = {90e-6, 12.68e-6},
		[ALL_REDUCE_RING] = {90e-6, 33.84e-6},
		[ALL_REDUCE_ONE_SHOT] = {125e-6, 12.68e-6},
	};

	(void)state;
	for (int a = 0; a < ALL_REDUCES; a++) {
		ic.algorithm = (enum all_reduce)a;
		assert_near(parallel_all_reduce_s(&ic, 4, 1e6), want[a][0], 1e-15);
		assert_near(parallel_all_reduce_s(&ic, 4, 64e3), want[a][1], 1e-15);
		assert_true(parallel_all_reduce_s(&ic, 1, 1e6) == 0.0);
	}
	/* two of them: one shot is the ring without the second message */
	ic.algorithm = ALL_REDUCE_RING;
	assert_near(parallel_all_reduce_s(&ic, 2, 1e6), 50e-6, 1e-15);
	ic.algorithm = ALL_REDUCE_ONE_SHOT;
	assert_near(parallel_all_reduce_s(&ic, 2, 1e6), 45e-6, 1e-15);
}

/* 1 TFLOP/s, 1 GB/s of which half is reached; three layers of 4 x 4 (test_cost.c sums them). */

static const struct profile *parsed(const char *text)
{
	const struct profile *p;
	struct err err = {0};

	if (!profile_parse(&p, &arena, "given", text, strlen(text), &err)) {
		err_print(&err, stderr);
		fail();
	}
	return p;
}

static const char form[] =
	"offing-profile: 1\ndevice: *\nruntime: fused\nmodel: *\nprecision: fp16\n"
	"provenance: transferred\nsigma.step: 0.1\n[constants]\n"
	"* * peak fp32 assumed\n* * ec 4 assumed\n* * eb 0.5 assumed\n"
	"linear * t0 1e-6 assumed\nhead * t0 2e-6 assumed\n"
	"decode-attention * t0 3e-6 assumed\nprefill-attention * t0 4e-6 assumed\n"
	"prefill-attention * ec 0.001 assumed\nprefill-attention * cycles_per_key 50 assumed\n"
	"small * t0 5e-6 assumed\nlayer * launch 7e-6 assumed\n";

static struct cost *made(const struct cost_spec *spec)
{
	struct err err = {0};
	struct cost *c;

	if (!cost_create(&c, spec, &err)) {
		err_print(&err, stderr);
		fail();
	}
	return c;
}

/*
 * Each of two has one head of 2, 4 of 8 columns and 5 of 10 words: weights 24 + 8 + 32 + 16 = 80 of
 * 2 bytes; rows in + out 10 + 6 + 12 + 8 = 36, small 4x4 + 2x4 + 3x4 + 6x4 + 2x4 = 68, x 2 rows x 2
 * bytes: 576 bytes, 1.152 us. t0 12 us, launch 7: 20.152 a layer. Head 20 x 2 + 2 x 9 x 2 = 76
 * bytes, 2.152 us. Two all-reduces a layer of 2 x 4 x 2 = 16 bytes in one shot: 16 ns + 10 us each.
 * Step 3 x (20.152 + 20.032) + 2.152 = 122.704 us; by ring each takes 10 us more, 182.704.
 * A token of context: 1 x 2 x 2 x 2 = 8 bytes a layer, 48 ns.
 */
static void a_decode_step_of_two_by_hand(void **state)
{
	struct interconnect_spec ic = {.bytes_per_s = 1e9, .latency_s = 10e-6};
	struct cost_spec spec = {.profile = parsed(form),
		.gpu = &gpu,
		.shape = &tiny,
		.max_batch = 3,
		.quantile = PROFILE_MEDIAN,
		.ranks = 2,
		.interconnect = &ic};
	struct cost *c = made(&spec);
	struct cost_affine a = cost_decode(c, 2, 40);

	(void)state;
	assert_ratio(a.base_s, 122.704e-6, 1e-9);
	assert_ratio(a.per_tok_s, 0.048e-6, 1e-9);
	assert_true(a.from_tok == 0 && a.until_tok == UINT64_MAX);
	/* 5 tokens: 160 + 36 x 10 + 68 x 10 = 1200 bytes, 2.4 us; t0 4 + 4 + 5; launch 7; 40 bytes
	 * on the wire, 2 x 10.04 us. Two rows of the head. */
	assert_ratio(cost_prefill_s(c, 5, 2), (3.0 * (22.4 + 20.08) + 2.152) * 1e-6, 1e-9);
	/* 40 behind 60: keys 5 us as ever, FLOP of one head: 25.6 us */
	assert_ratio(cost_prefill_attention_s(c, 40, 60), 3.0 * 30.6e-6, 1e-9);
	cost_destroy(c);
	ic.algorithm = ALL_REDUCE_RING;
	c = made(&spec);
	assert_ratio(cost_decode(c, 2, 40).base_s, 182.704e-6, 1e-9);
	cost_destroy(c);
}

/* A mixed step has one all-reduce for all its rows: 5 of a prompt and 2 that decode, 56 bytes. */
static void a_mixed_step_tells_of_all_its_rows_at_once(void **state)
{
	struct interconnect_spec ic = {.bytes_per_s = 1e9, .latency_s = 10e-6};
	struct interconnect_spec none = {.bytes_per_s = HUGE_VAL};
	struct cost_spec spec = {.profile = parsed(form),
		.gpu = &gpu,
		.shape = &tiny,
		.max_batch = 3,
		.quantile = PROFILE_MEDIAN,
		.ranks = 2,
		.interconnect = &ic};
	struct cost_work w = {
		.n_decode = 2, .decode_context_tok = 50.0, .prompt_tok = 5, .n_ended = 1};
	struct cost_work verify = {0};
	struct cost *c = made(&spec), *free_of_it;

	(void)state;
	spec.interconnect = &none;
	free_of_it = made(&spec);
	assert_ratio(cost_step_s(c, &w) - cost_step_s(free_of_it, &w), 6.0 * 10.056e-6, 1e-9);
	cost_work_verify(&verify, 4, 30.0);
	assert_ratio(
		cost_step_s(c, &verify) - cost_step_s(free_of_it, &verify), 6.0 * 10.04e-6, 1e-9);
	cost_destroy(c);
	cost_destroy(free_of_it);
}

/* 13B in int8 on two: half of 317 194 240 weights a layer, both norms, half of embedding and head:
 * 40 x (158 597 120 + 20 480) + 327 680 000 + 10 240; 400 KiB of KV a token. */
static void memory_is_divided(void **state)
{
	struct cost_spec spec = {.shape = &catalog_find_model("llama2-13b")->shape,
		.precision = PRECISION_INT8,
		.ranks = 2};

	(void)state;
	assert_near(cost_weight_bytes(&spec), 40.0 * 158617600.0 + 327690240.0, 0);
	assert_near(cost_kv_bytes_per_tok(&spec), 400.0 * 1024.0, 0);
	/* 8 KV heads of 128 on 16: each has one of them, so every one is there twice */
	spec.shape = &catalog_find_model("llama-3.1-8b")->shape;
	spec.ranks = 16;
	assert_near(cost_kv_bytes_per_tok(&spec), 32.0 * 128.0 * 2.0 * 2.0, 0);
}

static void one_device_is_as_ever_to_the_bit(void **state)
{
	static const struct interconnect_spec ic = {.bytes_per_s = 1e9, .latency_s = 10e-6};
	const struct profile_set *set = profile_builtin(&arena);
	struct cost_work w = {.n_decode = 3, .decode_context_tok = 900.0, .prompt_tok = 250};

	(void)state;
	for (size_t g = 0; g < catalog_n_gpus; g++) {
		struct cost_spec spec = {.gpu = &catalog_gpus[g].spec,
			.shape = &catalog_find_model("llama2-7b")->shape,
			.precision = PRECISION_INT8,
			.max_batch = 4};
		struct cost *a, *b;

		spec.profile = profile_choose(
			set->all, set->n, spec.gpu, "fused", "llama2-7b", PRECISION_INT8);
		a = made(&spec);
		spec.ranks = 1;
		spec.interconnect = &ic;
		b = made(&spec);
		assert_true(cost_step_s(a, &w) == cost_step_s(b, &w));
		assert_true(cost_prefill_s(a, 77, 2) == cost_prefill_s(b, 77, 2));
		assert_true(cost_decode(a, 4, 999).base_s == cost_decode(b, 4, 999).base_s);
		assert_true(cost_decode(a, 4, 999).per_tok_s == cost_decode(b, 4, 999).per_tok_s);
		cost_destroy(a);
		cost_destroy(b);
	}
}

/*
 * Three layers whose kernels take 0.5 + 0.25 us on nothing each: 2.25 us of every step are each
 * rank's. A step of the model reads (3 x 160 + 40 + 28) x 2 = 1096 bytes, 80 of them the head's: of
 * the shortest, 10 us, .729927. At 70 tokens: 45 - .729927 = 44.270073 of layers; on two
 * 2.25 + 42.020073 / 2 + .729927 / 2 = 23.625 us. The host's 2 us stay, and 3 x 2 all-reduces of 8
 * bytes in one shot, 8 ns + 1 us.
 */
static void a_grid_divides_what_kernels_take_beyond_their_least(void **state)
{
	static const char text[] =
		"offing-profile: 1\ndevice: round\nruntime: fused\nmodel: tiny\nprecision: fp16\n"
		"provenance: measured\nsigma.step: 0.03\n"
		"[decode]\n1 10 15e-6\n1 40 30e-6\n1 70 45e-6\n"
		"[prefill]\n4 0 12.16e-6\n16 0 50.56e-6\n64 0 232.96e-6\n"
		"[attention]\n4 0 0.16e-6\n16 0 2.56e-6\n64 0 40.96e-6\n"
		"[host]\ndecode 2e-6 1e-7\nprefill 3e-6 1e-7\n"
		"[t0]\nqkv 0.5e-6 0.5 0.5\ndown 0.25e-6 0.5 0.5\nhead 9e-6 0.5 0.5\n";
	struct interconnect_spec ic = {.bytes_per_s = 1e9, .latency_s = 1e-6};
	struct cost_spec spec = {.profile = parsed(text),
		.gpu = &gpu,
		.shape = &tiny,
		.max_batch = 1,
		.quantile = PROFILE_MEDIAN,
		.ranks = 2,
		.interconnect = &ic};
	struct cost_work w = {.n_decode = 1, .decode_context_tok = 70.0};
	struct cost *c = made(&spec);

	(void)state;
	assert_near(cost_step_s(c, &w), (23.625 + 2.0 + 6.0 * 1.008) * 1e-6, 1e-12);
	assert_near(cost_decode(c, 1, 70).per_tok_s, 0.25e-6, 1e-13);
	assert_near(cost_prefill_attention_s(c, 16, 0), 1.28e-6, 1e-12);
	cost_destroy(c);
}

static void refused(unsigned heads, unsigned kv_heads, unsigned ffn, const char *message)
{
	struct llm_shape s = tiny;
	struct err err = {0};

	s.heads = heads;
	s.kv_heads = kv_heads;
	s.ffn = ffn;
	assert_false(parallel_divides(&s, 6, (struct src_pos){0}, &err));
	assert_string_equal(err.msg, message);
}

static void what_does_not_divide_is_refused(void **state)
{
	struct llm_shape s = tiny;
	struct err err = {0};

	(void)state;
	refused(8, 6, 12, "tensor_parallel 6 must divide the 8 heads of tiny");
	refused(12, 4, 12,
		"tensor_parallel 6 must divide the 4 KV heads of tiny, or be a multiple of them");
	refused(12, 12, 16,
		"tensor_parallel 6 must divide the 16 columns of the feed-forward layer of tiny");
	s.heads = 12;
	s.kv_heads = 3;
	s.ffn = 12;
	assert_true(parallel_divides(&s, 6, (struct src_pos){0}, &err));
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
		TEST(all_reduces_by_hand),
		TEST(a_decode_step_of_two_by_hand),
		TEST(a_mixed_step_tells_of_all_its_rows_at_once),
		TEST(memory_is_divided),
		TEST(one_device_is_as_ever_to_the_bit),
		TEST(a_grid_divides_what_kernels_take_beyond_their_least),
		TEST(what_does_not_divide_is_refused),
	};
	return cmocka_run_group_tests_name("parallel", tests, NULL, NULL);
}
