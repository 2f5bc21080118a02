#ifndef OFFING_MODELS_COST_H
#define OFFING_MODELS_COST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/cost/das.h"
#include "models/cost/llm.h"
#include "models/cost/spec.h"
#include "models/cost/stage.h"

/**
 * What one step of a batch costs on one device, from a profile: a measured
 * grid, or the transferred form of docs/models.md. Built once per
 * instance; the calls are table look-ups and cheap arithmetic.
 */
struct cost;

struct cost_spec {
	const struct profile *profile;
	const struct gpu_spec *gpu;
	const struct llm_shape *shape;
	enum precision precision;
	unsigned max_batch;   /* >= 1 */
	unsigned verify_rows; /* of a sequence in a step, most often; 0: it verifies nothing */
	double reserve_bytes; /* of the memory, neither for weights nor for KV */
	unsigned max_len_tok; /* of a prompt and its answer; 0: the model's context */
	enum profile_quantile quantile;
	enum attention attention; /* of prompts; verification is always dense */
	double decode_keep;       /* das_decode.h; 0: decoding is dense */
	struct llm_stage stage;   /* which layers are on the device; zeroed: all */
	unsigned ranks;           /* devices like it that share them; 0 is 1 */
	const struct interconnect_spec *interconnect; /* between them; NULL for one */
	/* the device has but the rest; NULL: all layers (models/cost/offload.h has the others) */
	const struct offload_spec *offload;
	struct host_time
		host; /* of the server, with the head; request_s, ahead, late are not of a step */
	struct src_pos at;
};

/** What @spec has of weights in the memory of each device, and takes there for a token of context.
 */
double cost_weight_bytes(const struct cost_spec *spec);
double cost_kv_bytes_per_tok(const struct cost_spec *spec);

/** The caller owns *@out. Fails when the profile does not cover the model's context or the
 *  precision, or the ranks cannot share the model; @err points at the instance. */
MUST_CHECK bool cost_create(struct cost **out, const struct cost_spec *spec, struct err *err);
void cost_destroy(struct cost *c);

/**
 * A decode step of a fixed batch is affine in the total context C of its
 * sequences: base_s + per_tok_s * C, for C in [from_tok, until_tok]
 * (a cell of a measured grid; [0, UINT64_MAX] for the transferred form).
 * Adjoining cells agree where they meet.
 */
struct cost_affine {
	double base_s, per_tok_s;
	uint64_t from_tok, until_tok;
};

static inline double cost_affine_s(struct cost_affine a, double context_tok)
{
	return a.base_s + a.per_tok_s * context_tok;
}

/** @batch from 1 to max_batch; @context_tok is the sum over the batch. */
struct cost_affine cost_decode(const struct cost *c, size_t batch, uint64_t context_tok);

/** That step itself. */
static inline double cost_decode_s(const struct cost *c, size_t batch, double context_tok)
{
	return cost_affine_s(cost_decode(c, batch, (uint64_t)context_tok), context_tok);
}

/** @k steps one after the other, each with a token of context more a sequence, as a draft makes
 *  them. */
double cost_decodes_s(const struct cost *c, size_t batch, uint32_t k, double context_tok);

/**
 * One step, whatever is in it. The rows of all parts meet in the linear layers, so that a mixed
 * step takes less than its parts one by one; attention is each part's own; the head sees the
 * rows that give a token. Decode alone is cost_decode(), prompts alone cost_prefill_s() and their
 * attention, to the bit. A measured grid answers for a mixed step with its prefill of all rows
 * together and what decoding adds to that: from its rows of mixed steps (mixed.h), or where it has
 * none what context adds to its decode steps. Verification alone it answers with its rows
 * of that where they reach, else with linear layers and head of so many rows (its decode step of so
 * many sequences, beyond those its prefill) and what context adds to a decode step.
 */
struct cost_work {
	size_t n_decode; /* sequences that decode, one row each; up to max_batch */
	double decode_context_tok;
	uint64_t prompt_tok; /* new tokens of prompts, or of their chunks */
	size_t n_ended;      /* prompts that end in this step */
	size_t n_begun;      /* prompts that the host takes in before it */
	/* verification of drafts: up to max_batch sequences, and their rows, k + 1 each */
	size_t n_verify;
	uint64_t verify_rows;
	double verify_context_tok; /* as of decoding: the first row's, summed; read once a sequence
				    */
	double verify_keys;        /* that its rows look at: the sum of (k + 1)(context + k / 2) */
};

/** One sequence more whose draft of @k tokens is verified, behind @context_tok tokens. */
static inline void cost_work_verify(struct cost_work *w, uint32_t k, double context_tok)
{
	w->n_verify++;
	w->verify_rows += k + 1;
	w->verify_context_tok += context_tok;
	w->verify_keys += (k + 1.0) * (context_tok + 0.5 * k);
}

/** Without cost_prefill_attention_s() of each prompt, which comes on top. */
double cost_step_s(const struct cost *c, const struct cost_work *w);

/** A step of @n sequences that have @context_tok together, which verifies @k tokens of each; 0:
 * they decode. */
double cost_verify_s(const struct cost *c, size_t n, uint32_t k, double context_tok);

/** A round of @n sequences that have @context_tok together: @draft makes @k tokens of each, @model
 *  verifies them. @k 0: a decode step; @draft may be NULL. */
double cost_round_s(const struct cost *model, const struct cost *draft, size_t n, uint32_t k,
	double context_tok);

/**
 * A prefill step of several prompts, all of which begin and end in it: cost_prefill_s(c, sum of new
 * tokens, number of prompts) + the sum over the prompts of cost_prefill_attention_s().
 */
double cost_prefill_s(const struct cost *c, uint64_t new_tok, size_t n_prompts);
/** Of @new_tok tokens behind @context_tok earlier ones; dense where they are fewer than 128. */
double cost_prefill_attention_s(const struct cost *c, uint32_t new_tok, uint32_t context_tok);

#endif
