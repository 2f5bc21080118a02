/* What a Llama layer computes and moves; docs/models.md has the same formulas in words. */
#include "models/cost/llm.h"

enum { ACT_BYTES = 2, KV_BYTES = 2 };

const char *const llm_op_names[LLM_OPS] = {
	[LLM_QKV] = "qkv",
	[LLM_ATTN_OUT] = "attn-out",
	[LLM_GATE_UP] = "gate+up",
	[LLM_DOWN] = "down",
	[LLM_HEAD] = "head",
	[LLM_DECODE_ATTENTION] = "decode-attention",
	[LLM_PREFILL_ATTENTION] = "prefill-attention",
	[LLM_SMALL] = "small",
};

const char *const llm_precision_names[LLM_PRECISIONS + 1] = {
	[PRECISION_FP16] = "fp16",
	[PRECISION_INT8] = "int8",
	[PRECISION_Q8_0] = "q8_0",
	[PRECISION_Q4_0] = "q4_0",
	[PRECISION_FP8] = "fp8",
	[PRECISION_W8A16] = "w8a16",
	[PRECISION_W4A16] = "w4a16",
};

double llm_q_width(const struct llm_shape *s)
{
	return (double)s->heads * s->head_dim;
}

double llm_kv_width(const struct llm_shape *s)
{
	return (double)s->kv_heads * s->head_dim;
}

/* Rows that come in and go out of one linear class, per token. */
static void linear_widths(double *in, double *out, const struct llm_shape *s, enum llm_op op)
{
	*in = s->hidden;
	*out = s->hidden;
	switch (op) {
	case LLM_QKV:
		*out = llm_q_width(s) + 2.0 * llm_kv_width(s);
		break;
	case LLM_ATTN_OUT:
		*in = llm_q_width(s);
		break;
	case LLM_GATE_UP:
		*out = 2.0 * s->ffn;
		break;
	case LLM_DOWN:
		*in = s->ffn;
		break;
	case LLM_HEAD:
		*out = s->vocab;
		break;
	default:
		*in = *out = 0.0;
	}
}

double llm_op_weights(const struct llm_shape *s, enum llm_op op)
{
	double in, out;

	linear_widths(&in, &out, s, op);
	return in * out;
}

static double layer_weights(const struct llm_shape *s)
{
	double sum = 0.0;

	for (int op = 0; op < LLM_LINEAR_OPS; op++)
		sum += llm_op_weights(s, (enum llm_op)op);
	return sum;
}

static double bias_weights(const struct llm_shape *s)
{
	return s->qkv_bias ? llm_q_width(s) + 2.0 * llm_kv_width(s) : 0.0;
}

/* Norms and biases, which every precision keeps in fp16. */
static double vector_weights(const struct llm_shape *s)
{
	return s->layers * (2.0 * s->hidden + bias_weights(s)) + s->hidden;
}

/* Weights of the embedding that are not the head's. */
static double embedding_weights(const struct llm_shape *s)
{
	return s->tied_embeddings ? 0.0 : (double)s->vocab * s->hidden;
}

double llm_params(const struct llm_shape *s)
{
	return embedding_weights(s) + llm_op_weights(s, LLM_HEAD) + s->layers * layer_weights(s) +
	       vector_weights(s);
}

double llm_bytes_per_weight(enum precision p, enum llm_op op)
{
	switch (p) {
	case PRECISION_FP16:
		return 2.0;
	case PRECISION_INT8:
	case PRECISION_FP8:
	case PRECISION_W8A16:
		return op <= LLM_DOWN ? 1.0 : 2.0;
	case PRECISION_Q8_0:
		return 34.0 / 32.0;
	case PRECISION_Q4_0:
		return op <= LLM_DOWN ? 18.0 / 32.0 : 210.0 / 256.0;
	case PRECISION_W4A16:
		return op <= LLM_DOWN ? (128.0 * 4.0 + 16.0) / (128.0 * 8.0) : 2.0;
	}
	return 0.0;
}

double llm_step_weight_bytes(const struct llm_shape *s, enum precision p)
{
	return s->layers * layer_weights(s) * llm_bytes_per_weight(p, LLM_QKV) +
	       llm_op_weights(s, LLM_HEAD) * llm_bytes_per_weight(p, LLM_HEAD) +
	       vector_weights(s) * 2.0;
}

double llm_weight_bytes(const struct llm_shape *s, enum precision p)
{
	/* llama.cpp stores the embedding as the linear layers, all others leave it in fp16. */
	bool blocks = p == PRECISION_Q8_0 || p == PRECISION_Q4_0;
	double per = blocks ? llm_bytes_per_weight(p, LLM_QKV) : 2.0;

	return llm_step_weight_bytes(s, p) + embedding_weights(s) * per;
}

double llm_kv_bytes_per_tok(const struct llm_shape *s)
{
	return 2.0 * s->layers * llm_kv_width(s) * KV_BYTES;
}

struct llm_work llm_linear_work(
	const struct llm_shape *s, enum llm_op op, double weight_bytes, double rows)
{
	double in, out, bias = op == LLM_QKV ? bias_weights(s) : 0.0;

	linear_widths(&in, &out, s, op);
	return (struct llm_work){
		.flop = (2.0 * in * out + bias) * rows,
		.bytes = in * out * weight_bytes + bias * ACT_BYTES + rows * (in + out) * ACT_BYTES,
	};
}

struct llm_work llm_decode_attention_work(const struct llm_shape *s)
{
	return (struct llm_work){
		.flop = 4.0 * llm_q_width(s),
		.bytes = 2.0 * llm_kv_width(s) * KV_BYTES,
	};
}

struct llm_work llm_prefill_attention_work(
	const struct llm_shape *s, double new_tok, double context_tok)
{
	return (struct llm_work){
		.flop = 4.0 * llm_q_width(s) * new_tok * (context_tok + 0.5 * new_tok),
		.bytes = 2.0 * llm_kv_width(s) * KV_BYTES * (context_tok + new_tok),
	};
}

struct llm_work llm_small_work(const struct llm_shape *s, double rows)
{
	double norms = 2.0 * 2.0 * s->hidden;                            /* read, write; two */
	double rope = 2.0 * (llm_q_width(s) + llm_kv_width(s));          /* read, write */
	double silu = 3.0 * s->ffn;                                      /* gate, up, product */
	double residuals = 2.0 * 3.0 * s->hidden;                        /* two sums */
	double attention = 2.0 * llm_q_width(s) + 2.0 * llm_kv_width(s); /* q, out, k, v */

	return (struct llm_work){
		.bytes = rows * ACT_BYTES * (norms + rope + silu + residuals + attention),
	};
}
