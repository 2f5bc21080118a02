/* How an instance forms its steps and uses its memory: presets, what wins over them, and that
 * the resolved scenario says the same. */
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/scenario/scenario.h"
#include "tests/support/scenario_text.h"

static const char frame[] =
	"name: t\n"
	"run: {horizon: 60 s}\n"
	"sites: {a: {tier: cloud, gpu: rtx-4090}, h: {tier: cloud, gpu: h100, count: 2},\n"
	"  s: {tier: cloud, gpu: a100}, o: {tier: cloud, gpu: {memory: 75 GiB, bandwidth: 2 TB/s,\n"
	"  fp32: 50 TFLOP/s}}}\n"
	"models: {m: {model: llama2-7b, precision: int8}}\n"
	"users: {u: {model: m, arrivals: {process: poisson, rate: 1 /s}, workload: humaneval}}\n"
	"policy: {name: fcfs}\n"
	"instances:\n"
	"  i: {site: %s, model: m%s}\n";

/** An instance with @keys, and again from its resolved text, which must be the same. */
static struct instance_spec read_at(const char *site, const char *keys, size_t warnings)
{
	char text[1000];
	struct scenario *s, *back;
	struct instance_spec i;

	snprintf(text, sizeof text, frame, site, keys);
	s = scenario_of_text(text, NULL, 0);
	back = scenario_of_text(s->text, NULL, 0);
	assert_string_equal(s->text, back->text);
	assert_int_equal(s->n_warnings, warnings);
	assert_int_equal(back->n_warnings, warnings);
	i = s->spec.instances[0];
	assert_memory_equal(&i.limits, &back->spec.instances[0].limits,
		offsetof(struct batch_limits, max_len_at));
	assert_memory_equal(
		&i.kv, &back->spec.instances[0].kv, offsetof(struct kv_spec, blocks_at));
	assert_int_equal(i.batching, back->spec.instances[0].batching);
	scenario_destroy(back);
	scenario_destroy(s);
	return i;
}

/* Three gpus have no instance, which is told. */
static struct instance_spec read_keys(const char *keys, size_t warnings)
{
	return read_at("a", keys, warnings + 3);
}

static void a_large_device_has_larger_steps(void **state)
{
	(void)state;
	assert_int_equal(read_at("h1", ", like: vllm", 3).chunk_tok, 8192);
	assert_int_equal(read_at("h", ", like: vllm", 3).max_batch, 1024);
	assert_int_equal(read_at("o", ", like: vllm", 3).chunk_tok, 8192);
	assert_int_equal(read_at("s", ", like: vllm", 3).chunk_tok, 2048);
	assert_int_equal(read_at("h*", ", like: vllm", 3).chunk_tok, 2048);
	assert_int_equal(read_at("h2", ", like: vllm-v0", 3).max_batch, 256);
	assert_int_equal(read_at("h2", ", like: vllm, max_batched_tokens: 512", 3).max_batch, 512);
}

static void a_preset_is_the_server_without_flags(void **state)
{
	struct instance_spec v1 = read_keys(", like: vllm", 0);
	struct instance_spec v0 = read_keys(", like: vllm-v0", 0);

	(void)state;
	assert_int_equal(v1.batching, BATCHING_CHUNKED);
	assert_int_equal(v1.chunk_tok, 2048);
	assert_int_equal(v1.max_batch, 256);
	assert_int_equal(v1.block_tok, 16);
	assert_near(v1.kv.share, 0.9, 0.0);
	assert_near(v1.kv.watermark, 0.0, 0.0);
	assert_true(v1.prefix_cache);
	assert_false(v0.prefix_cache);
	assert_int_equal(v0.batching, BATCHING_CONTINUOUS);
	assert_int_equal(v0.limits.least_batched_tok, 2048);
	assert_int_equal(v0.max_batch, 256);
	assert_near(v0.kv.watermark, 0.01, 0.0);
	assert_int_equal(v0.kv.preemption, PREEMPTION_RECOMPUTE);
	assert_near(v0.kv.swap_bytes, 4.0 * 1073741824.0, 0.0);
}

static void what_is_typed_wins_over_the_preset(void **state)
{
	struct instance_spec i;

	(void)state;
	i = read_keys(", like: vllm, max_batched_tokens: 8192, max_batch: 64", 0);
	assert_int_equal(i.chunk_tok, 8192);
	assert_int_equal(i.max_batch, 64);
	i = read_keys(", like: vllm, max_batched_tokens: 128", 0);
	assert_int_equal(i.max_batch, 128);
	i = read_keys(", like: vllm, prefix_cache: false", 0);
	assert_false(i.prefix_cache);
	i = read_keys(", like: vllm, batching: static", 0);
	assert_false(i.prefix_cache);
	i = read_keys(", like: vllm, preemption: swap", 0);
	assert_false(i.prefix_cache);
	i = read_keys(", like: vllm, kv_blocks: 700", 0);
	assert_int_equal(i.kv.blocks, 700);
	assert_near(i.kv.share, 0.0, 0.0);
	i = read_keys(", like: vllm, chunk_tokens: 300", 0);
	assert_int_equal(i.chunk_tok, 300);
	i = read_keys(", like: vllm-v0, batching: chunked, watermark: 0", 0);
	assert_int_equal(i.chunk_tok, 2048);
	assert_near(i.kv.watermark, 0.0, 0.0);
	i = read_keys(", like: vllm, batching: continuous", 0);
	assert_int_equal(i.batching, BATCHING_CONTINUOUS);
	assert_int_equal(i.chunk_tok, 512);
}

static void a_preset_asks_for_nothing_that_is_refused(void **state)
{
	struct scenario *s = scenario_of_text(
		"name: t\n"
		"run: {horizon: 60 s}\n"
		"sites: {a: {tier: edge, gpu: titan-x}, b: {tier: edge, gpu: titan-x}, c: {tier: "
		"edge, gpu: a100}}\n"
		"models: {m: {model: llama2-7b, precision: int8, draft: {model: llama-68m, "
		"precision: fp16}}}\n"
		"users: {u: {model: m, arrivals: {process: poisson, rate: 1 /s}, workload: "
		"humaneval}}\n"
		"policy: {name: fcfs}\n"
		"instances:\n"
		"  drafts: {site: c, model: m, like: vllm, decoding: speculative, draft: {k: 2}}\n"
		"  stages: {sites: [a, b], model: m, like: vllm}\n",
		NULL, 0);

	(void)state;
	assert_int_equal(s->spec.n_instances, 2);
	assert_false(s->spec.instances[0].prefix_cache);
	assert_false(s->spec.instances[1].prefix_cache);
	scenario_destroy(s);
}

static void no_preset_is_as_before(void **state)
{
	struct instance_spec i = read_keys("", 0), none = read_keys(", like: none", 0);

	(void)state;
	assert_int_equal(i.batching, BATCHING_CONTINUOUS);
	assert_int_equal(i.max_batch, 16);
	assert_near(i.kv.share, 0.0, 0.0);
	assert_int_equal(i.kv.blocks, 0);
	assert_int_equal(i.limits.max_len_tok, 0);
	assert_int_equal(none.max_batch, 16);
	assert_int_equal(none.limits.least_batched_tok, 0);
}

static void a_key_that_does_nothing_is_told(void **state)
{
	(void)state;
	read_keys(", batching: static, batch_wait: 1 s, static_return: each", 0);
	read_keys(", batch_wait: 1 s, static_return: each", 2);
	read_keys(", batching: static, watermark: 0.1, preemption: swap", 2);
	read_keys(", swap_space: 1 GB", 1);
	read_keys(", preemption: swap, swap_space: 1 GB", 0);
	read_keys(", batching: chunked, prefill_limit: 3", 1);
	read_keys(", kv_blocks: 500, reserve: 1 GB", 1);
	read_keys(", memory_share: 0.8, reserve: 1 GB", 0);
	read_keys(", decode_keep: 50 %", 1);
	assert_near(read_keys(", decode_attention: das-decode", 0).decode_keep, 0.27, 0.0);
	assert_near(read_keys(", decode_keep: 50 %", 1).decode_keep, 0.0, 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_preset_is_the_server_without_flags),
		cmocka_unit_test(a_large_device_has_larger_steps),
		cmocka_unit_test(what_is_typed_wins_over_the_preset),
		cmocka_unit_test(a_preset_asks_for_nothing_that_is_refused),
		cmocka_unit_test(no_preset_is_as_before),
		cmocka_unit_test(a_key_that_does_nothing_is_told),
	};
	return cmocka_run_group_tests_name("batching", tests, NULL, NULL);
}
