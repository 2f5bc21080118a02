#include "tests/support/check.h"

#include "models/cost/catalog.h"
#include "models/cost/llm.h"

static const struct llm_shape *shape(const char *name)
{
	const struct catalog_model *m = catalog_find_model(name);

	assert_non_null(m);
	return &m->shape;
}

/* 2 x 32000 x 4096 + 32 (4 x 4096^2 + 3 x 4096 x 11008 + 2 x 4096) + 4096, as Meta counts them. */
static void parameters_are_those_published(void **state)
{
	(void)state;
	assert_near(llm_params(shape("llama2-7b")), 6738415616.0, 0.0);
	assert_near(llm_params(shape("llama2-13b")), 13015864320.0, 0.0);
	assert_near(llm_params(shape("llama-3.1-8b")), 8030261248.0, 0.0);
	assert_near(llm_params(shape("tinyllama-1.1b")), 1100048384.0, 0.0);
	/* 2 x 32000 x 768 + 2 (4 x 768^2 + 3 x 768 x 3072 + 2 x 768) + 768 */
	assert_near(llm_params(shape("llama-68m")), 68030208.0, 0.0);
	/* Hugging Face, metadata of the safetensors files. */
	assert_near(llm_params(shape("llama2-70b")), 68976648192.0, 0.0);
	assert_near(llm_params(shape("codellama-34b")), 33743970304.0, 0.0);
	assert_near(llm_params(shape("llama-3.2-1b")), 1235814400.0, 0.0);
	assert_near(llm_params(shape("llama-3.2-3b")), 3212749824.0, 0.0);
	assert_near(llm_params(shape("mistral-7b")), 7241732096.0, 0.0);
	assert_near(llm_params(shape("qwen2.5-0.5b")), 494032768.0, 0.0);
	assert_near(llm_params(shape("qwen2.5-1.5b")), 1543714304.0, 0.0);
	assert_near(llm_params(shape("qwen2.5-3b")), 3085938688.0, 0.0);
	assert_near(llm_params(shape("qwen2.5-7b")), 7615616512.0, 0.0);
	assert_near(llm_params(shape("qwen2.5-14b")), 14770033664.0, 0.0);
}

/* 128256 x 2048 weights of Llama 3.2 1B are embedding and head at once: in memory they lie once,
 * and a step reads them as it reads any head. */
static void tied_embeddings_lie_in_memory_once_and_are_read(void **state)
{
	struct llm_shape apart = *shape("llama-3.2-1b");
	const struct llm_shape *tied = shape("llama-3.2-1b");

	(void)state;
	apart.tied_embeddings = false;
	for (int p = 0; p < LLM_PRECISIONS; p++) {
		double embedding = llm_weight_bytes(&apart, (enum precision)p) -
				   llm_step_weight_bytes(&apart, (enum precision)p);

		assert_ratio(llm_weight_bytes(tied, (enum precision)p) + embedding,
			llm_weight_bytes(&apart, (enum precision)p), 1e-15);
		assert_near(llm_step_weight_bytes(tied, (enum precision)p),
			llm_step_weight_bytes(&apart, (enum precision)p), 0.0);
	}
	assert_near(llm_params(&apart) - llm_params(tied), 128256.0 * 2048.0, 0.0);
	assert_near(llm_op_weights(tied, LLM_HEAD), 128256.0 * 2048.0, 0.0);
}

/* llama.cpp lists Llama 3.2 1B with 1 313 251 456 bytes in q8_0, its norms in fp32 (67 584 x 2
 * bytes more), and 729.75 MiB in q4_0, of which the one matrix is Q6_K. */
static void tied_embeddings_take_the_published_bytes(void **state)
{
	(void)state;
	assert_near(llm_weight_bytes(shape("llama-3.2-1b"), PRECISION_Q8_0),
		1313251456.0 - 2.0 * 67584.0, 200.0);
	assert_near(
		llm_weight_bytes(shape("llama-3.2-1b"), PRECISION_Q4_0) / 1048576.0, 729.75, 2.5);
}

/* 24 layers of 14 + 2 x 2 heads of 64, 2 bytes whatever the weights have. */
static void biases_of_queries_keys_and_values_stay_in_fp16(void **state)
{
	struct llm_shape none = *shape("qwen2.5-0.5b");

	(void)state;
	none.qkv_bias = false;
	for (int p = 0; p < LLM_PRECISIONS; p++)
		assert_near(llm_weight_bytes(shape("qwen2.5-0.5b"), (enum precision)p) -
				    llm_weight_bytes(&none, (enum precision)p),
			2.0 * 24.0 * 18.0 * 64.0, 1e-6);
}

/* 18 x 64 sums for each of 7 rows, and as many numbers of 2 bytes read once. */
static void a_bias_is_added_to_each_row(void **state)
{
	struct llm_shape none = *shape("qwen2.5-0.5b");

	(void)state;
	none.qkv_bias = false;
	for (int op = 0; op < LLM_LINEAR_OPS; op++) {
		struct llm_work with =
			llm_linear_work(shape("qwen2.5-0.5b"), (enum llm_op)op, 1.0, 7.0);
		struct llm_work without = llm_linear_work(&none, (enum llm_op)op, 1.0, 7.0);

		assert_near(with.flop - without.flop, op == LLM_QKV ? 7.0 * 18.0 * 64.0 : 0.0, 0.0);
		assert_near(
			with.bytes - without.bytes, op == LLM_QKV ? 2.0 * 18.0 * 64.0 : 0.0, 0.0);
	}
}

/* GB to two decimals as in docs/models.md; q8_0 and q4_0 in GiB as llama.cpp lists its 7B files:
 * 6.67 and 3.56 GiB. */
static void weights_take_the_published_bytes(void **state)
{
	const double gib = 1024.0 * 1024.0 * 1024.0;

	(void)state;
	assert_near(llm_weight_bytes(shape("llama2-7b"), PRECISION_INT8), 7.00e9, 0.005e9);
	assert_near(llm_weight_bytes(shape("llama2-13b"), PRECISION_INT8), 13.34e9, 0.005e9);
	assert_near(llm_weight_bytes(shape("llama2-7b"), PRECISION_FP16), 13.48e9, 0.005e9);
	assert_near(llm_weight_bytes(shape("llama2-13b"), PRECISION_FP16), 26.03e9, 0.005e9);
	assert_near(llm_weight_bytes(shape("llama2-7b"), PRECISION_Q8_0) / gib, 6.67, 0.005);
	assert_near(llm_weight_bytes(shape("llama2-13b"), PRECISION_Q8_0) / gib, 12.88, 0.005);
	assert_near(llm_weight_bytes(shape("llama2-7b"), PRECISION_Q4_0) / gib, 3.56, 0.005);
}

static void a_decode_step_reads_all_but_the_embedding(void **state)
{
	(void)state;
	assert_near(llm_step_weight_bytes(shape("llama2-7b"), PRECISION_INT8), 6.74e9, 0.005e9);
	assert_near(llm_step_weight_bytes(shape("llama2-13b"), PRECISION_INT8), 13.02e9, 0.005e9);
	/* fp16: 13.4768 less 2 x 32000 x 4096 bytes */
	assert_near(llm_step_weight_bytes(shape("llama2-7b"), PRECISION_FP16),
		2.0 * 6738415616.0 - 2.0 * 131072000.0, 0.0);
}

static void keys_and_values_of_a_token(void **state)
{
	(void)state;
	assert_near(llm_kv_bytes_per_tok(shape("llama2-7b")), 512.0 * 1024.0, 0.0);
	assert_near(llm_kv_bytes_per_tok(shape("llama2-13b")), 800.0 * 1024.0, 0.0);
	/* 8 of 32 heads: 2 x 32 x 8 x 128 x 2 */
	assert_near(llm_kv_bytes_per_tok(shape("llama-3.1-8b")), 128.0 * 1024.0, 0.0);
}

/* 2 FLOP per weight and token: 12.95 + 0.26 and 25.38 + 0.33 G. */
static void flop_per_token(void **state)
{
	static const struct {
		const char *model;
		double linear, head;
	} want[] = {{"llama2-7b", 12.95e9, 0.26e9}, {"llama2-13b", 25.38e9, 0.33e9}};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct llm_shape *s = shape(want[i].model);
		double sum = 0.0;

		for (int op = 0; op < LLM_LINEAR_OPS; op++)
			sum += llm_linear_work(s, (enum llm_op)op, 1.0, 1.0).flop;
		assert_near(s->layers * sum, want[i].linear, 0.005e9);
		assert_near(llm_linear_work(s, LLM_HEAD, 2.0, 1.0).flop, want[i].head, 0.005e9);
	}
}

/* 24.9, 8.3, 44.6 and 22.3 % of a 7B layer. */
static void shares_of_the_linear_classes(void **state)
{
	static const double share[] = {0.249, 0.083, 0.446, 0.223};
	const struct llm_shape *s = shape("llama2-7b");

	(void)state;
	for (int op = 0; op < LLM_LINEAR_OPS; op++)
		assert_near(llm_op_weights(s, (enum llm_op)op) / 202375168.0, share[op], 0.0005);
	assert_near(llm_op_weights(s, LLM_SMALL), 0.0, 0.0);
}

/* 7 rows through 4096 x 11008, int8: the matrix once, 7 rows in and out in fp16. */
static void a_linear_class_moves_matrix_and_rows(void **state)
{
	struct llm_work w = llm_linear_work(shape("llama2-7b"), LLM_DOWN, 1.0, 7.0);

	(void)state;
	assert_near(w.flop, 2.0 * 7.0 * 4096.0 * 11008.0, 0.0);
	assert_near(w.bytes, 4096.0 * 11008.0 + 7.0 * (4096.0 + 11008.0) * 2.0, 0.0);
}

/* Per layer and token of context 4 h FLOP and 4 h bytes (K and V, 2 bytes): over 32 layers
 * 524 288 both; with grouped heads a quarter of the bytes. */
static void decode_attention_counts_keys_and_values_only(void **state)
{
	struct llm_work w = llm_decode_attention_work(shape("llama2-7b"));
	struct llm_work g = llm_decode_attention_work(shape("llama-3.1-8b"));

	(void)state;
	assert_near(32.0 * w.flop, 524288.0, 0.0);
	assert_near(32.0 * w.bytes, 524288.0, 0.0);
	assert_near(g.flop, w.flop, 0.0);
	assert_near(g.bytes, w.bytes / 4.0, 0.0);
}

/* 2 L h S^2 for a prompt of S; a chunk of n behind c costs what S = c + n does beyond S = c. */
static void prefill_attention_adds_up_over_chunks(void **state)
{
	const struct llm_shape *s = shape("llama2-7b");
	double whole = llm_prefill_attention_work(s, 600.0, 0.0).flop;
	double first = llm_prefill_attention_work(s, 256.0, 0.0).flop;
	double rest = llm_prefill_attention_work(s, 344.0, 256.0).flop;

	(void)state;
	assert_near(32.0 * whole, 2.0 * 32.0 * 4096.0 * 600.0 * 600.0, 1.0);
	assert_ratio(first + rest, whole, 1e-12);
}

/* Elements of a 7B layer per token: norms 4 x 4096, rotary 2 x 8192, SiLU 3 x 11008, residuals
 * 6 x 4096, queries, outputs, keys and values 4 x 4096: 106 752, in fp16. */
static void small_operations_move_their_activations(void **state)
{
	struct llm_work w = llm_small_work(shape("llama2-7b"), 3.0);

	(void)state;
	assert_near(w.flop, 0.0, 0.0);
	assert_near(w.bytes, 3.0 * 2.0 * 106752.0, 0.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_those_published),
		cmocka_unit_test(tied_embeddings_lie_in_memory_once_and_are_read),
		cmocka_unit_test(tied_embeddings_take_the_published_bytes),
		cmocka_unit_test(biases_of_queries_keys_and_values_stay_in_fp16),
		cmocka_unit_test(a_bias_is_added_to_each_row),
		cmocka_unit_test(weights_take_the_published_bytes),
		cmocka_unit_test(a_decode_step_reads_all_but_the_embedding),
		cmocka_unit_test(keys_and_values_of_a_token),
		cmocka_unit_test(flop_per_token),
		cmocka_unit_test(shares_of_the_linear_classes),
		cmocka_unit_test(a_linear_class_moves_matrix_and_rows),
		cmocka_unit_test(decode_attention_counts_keys_and_values_only),
		cmocka_unit_test(prefill_attention_adds_up_over_chunks),
		cmocka_unit_test(small_operations_move_their_activations),
	};
	return cmocka_run_group_tests_name("llm", tests, NULL, NULL);
}
