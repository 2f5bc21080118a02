#ifndef OFFING_MODELS_BATCH_H
#define OFFING_MODELS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/cost/cost.h"
#include "models/serving/spec.h"

/**
 * The batch engine of an LLM instance: continuous batching over a paged KV
 * cache (models.md section 5).
 *
 * At each step boundary waiting requests are admitted in order while the batch
 * has a place and the cache has blocks for the prompt and one token; if any
 * were, the next step is their prefill (those already decoding pause), else it
 * is a decode step of the whole batch. A prefill emits a request's first token.
 * A request whose next token finds no block makes the youngest of the batch
 * give up its blocks and wait, first in line, to be computed again.
 *
 * Jump decoding. While the batch does not change, a decode step is affine in
 * the total context C, which grows by the batch size B each step, so the end of
 * step k after a start at C0 is
 *
 *	t0 + k (a + b C0) + b B k (k - 1) / 2
 *
 * and the engine posts one event for the step at which the first request
 * finishes, the cache runs out, or the cell of a measured grid ends. A request
 * that arrives meanwhile cuts the jump at the end of the step in flight.
 * Stepping (world_setup.step_by_step) posts one event a step instead and sums
 * the steps; times agree to 1 ns per jump.
 *
 * Costs: O(log B) to join and to leave, O(block_tok) to plan a jump; nothing
 * grows with the number of tokens.
 */
struct batch;
struct world;
struct instance_host;

/** @cost, made from @what, and the spec are borrowed; instances that are alike share a cost.
 *  Fails when the weights leave no room for KV. */
MUST_CHECK bool batch_create(struct batch **out, struct world *w, const struct instance_host *host,
	struct instance_id id, const struct cost *cost, const struct cost_spec *what,
	const struct instance_spec *spec, struct err *err);
void batch_destroy(struct batch *b);

/** Could a request of this size ever be served? The whole of it must fit the cache. */
bool batch_can_hold(const struct batch *b, uint32_t prompt_tok, uint32_t output_tok);

/** Are there uncommitted blocks now for the prompt and one token? */
bool batch_has_blocks(const struct batch *b, uint32_t prompt_tok);

/** Set blocks aside for a request on its way here. */
void batch_reserve(struct batch *b, uint32_t request);

/** The prompt is here. */
void batch_enqueue(struct batch *b, uint32_t request);

/** EV_STEP. True when a boundary is reached: batch_begin() then starts the next step, once
 *  the scheduler has looked. */
bool batch_step_done(struct batch *b);
void batch_begin(struct batch *b);

/** Expected seconds for the prefill alone and for one decode step with @n sequences of
 *  @context_tok tokens together. */
double batch_prefill_s(const struct batch *b, uint32_t prompt_tok);
double batch_decode_step_s(const struct batch *b, size_t n, double context_tok);

uint64_t batch_kv_peak_bytes(const struct batch *b);
void batch_measure(struct batch *b); /* start the peak afresh */

#endif
