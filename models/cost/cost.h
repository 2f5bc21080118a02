#ifndef OFFING_MODELS_COST_H
#define OFFING_MODELS_COST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/cost/das.h"
#include "models/cost/llm.h"
#include "models/cost/spec.h"

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
	double reserve_bytes; /* of the memory, neither for weights nor for KV */
	enum profile_quantile quantile;
	enum attention attention; /* of prompts; decoding is always dense */
	struct src_pos at;
};

/** The caller owns *@out. Fails when the profile does not cover the model's
 *  context or the precision; @err points at the instance. */
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

/** @batch from 1 to max_batch; @context_tok is the sum over the batch. */
struct cost_affine cost_decode(const struct cost *c, size_t batch, uint64_t context_tok);

/**
 * A prefill step of several prompts: cost_prefill_s(c, sum of new tokens,
 * number of prompts) + the sum over the prompts of cost_prefill_attention_s().
 */
double cost_prefill_s(const struct cost *c, uint64_t new_tok, size_t n_prompts);
double cost_prefill_attention_s(const struct cost *c, uint32_t new_tok, uint32_t context_tok);

#endif
