#ifndef OFFING_MODELS_LLM_H
#define OFFING_MODELS_LLM_H

#include <stddef.h>

#include "models/cost/spec.h"

/**
 * Counting a decoder of the Llama family: parameters, FLOP and bytes of every
 * class of operation, from its shape alone (docs/models.md, "Work of a step").
 * All counts are doubles: they pass 2^53 nowhere near and are divided next.
 */

/** The classes that a step's time is summed over. The first four are the linear layers. */
enum llm_op {
	LLM_QKV,
	LLM_ATTN_OUT,
	LLM_GATE_UP,
	LLM_DOWN,
	LLM_HEAD, /* once a step, the others once a layer */
	LLM_DECODE_ATTENTION,
	LLM_PREFILL_ATTENTION,
	LLM_SMALL, /* norms, rotary embedding, SiLU, residuals, queries and outputs */
	LLM_OPS,
};

enum { LLM_LINEAR_OPS = LLM_DOWN + 1, LLM_PRECISIONS = PRECISION_W4A16 + 1 };

/** "qkv", "fp16": the words of profile files and scenarios. */
extern const char *const llm_op_names[LLM_OPS];
extern const char *const llm_precision_names[LLM_PRECISIONS + 1]; /* ends with NULL */

struct llm_work {
	double flop, bytes;
};

/** Width of all queries (heads x head_dim) and of all keys (kv_heads x head_dim). */
double llm_q_width(const struct llm_shape *s);
double llm_kv_width(const struct llm_shape *s);

/** All parameters: embedding, head (once when tied), linear layers, biases, norms. */
double llm_params(const struct llm_shape *s);

/** Weights of one linear class in one layer, or of the head. 0 for the other classes. */
double llm_op_weights(const struct llm_shape *s, enum llm_op op);

/**
 * Bytes that one weight takes in memory. int8, fp8, w8a16 and w4a16 keep
 * embedding and head in fp16; q8_0 and q4_0 are llama.cpp's blocks of 32 (34 and 18 bytes), with
 * the head of q4_0 in Q6_K (210 bytes for 256), as its files have it.
 */
double llm_bytes_per_weight(enum precision p, enum llm_op op);

/** Weights in memory, and what a decode step of one sequence reads of them (no embedding, but
 *  always the head). A tied matrix is stored as a head is. */
double llm_weight_bytes(const struct llm_shape *s, enum precision p);
double llm_step_weight_bytes(const struct llm_shape *s, enum precision p);

/** Keys and values of one token over all layers, in fp16. */
double llm_kv_bytes_per_tok(const struct llm_shape *s);

/** Of one row's hidden values on their way from layer to layer, in fp16. */
static inline double llm_hidden_bytes(const struct llm_shape *s)
{
	return 2.0 * s->hidden;
}

enum { LLM_TOKEN_ID_BYTES = 4 }; /* on its way back to the first layer */

/** One linear class of one layer, or the head, on @rows tokens; @weight_bytes a weight. */
struct llm_work llm_linear_work(
	const struct llm_shape *s, enum llm_op op, double weight_bytes, double rows);

/** Attention of one layer over one token of context in a decode step. */
struct llm_work llm_decode_attention_work(const struct llm_shape *s);

/** Causal attention of one layer: @new_tok queries over @context_tok earlier tokens and themselves.
 */
struct llm_work llm_prefill_attention_work(
	const struct llm_shape *s, double new_tok, double context_tok);

/** The small operations of one layer on @rows tokens: bytes only, their FLOP hide behind them. */
struct llm_work llm_small_work(const struct llm_shape *s, double rows);

#endif
