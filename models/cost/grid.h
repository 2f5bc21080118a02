#ifndef OFFING_MODELS_GRID_H
#define OFFING_MODELS_GRID_H

#include <stddef.h>

#include "base/err.h"
#include "models/cost/profile.h"

/**
 * Times between the rows of a measured grid. Decode is linear in context and
 * in the logarithm of the batch; prefill follows a power law in new tokens and
 * is linear in context. Outer pieces are prolonged. Nothing cubic: matrix
 * products step at tile sizes and a cubic overshoots there.
 */
struct grid;

/**
 * Index the rows of @p, which must outlive it; the caller owns *@out. @kv_bytes: what the memory
 * has for keys and values. Fails at @at when the rows do not cover @max_batch, the longest
 * prompt (the context of @shape, or what fits), or half of the context that a batch can hold:
 * further than twice the grid is a guess.
 */
MUST_CHECK bool grid_create(struct grid **out, const struct profile *p,
	const struct llm_shape *shape, double kv_bytes, unsigned max_batch, struct src_pos at,
	struct err *err);
void grid_destroy(struct grid *g);

/** The contexts where the decode step of @batch bends, ascending, at least two, into *@out,
 *  which the caller frees; returns how many. */
size_t grid_decode_bends(const struct grid *g, size_t batch, uint64_t **out);
/** The largest batch that it has. */
uint64_t grid_most_decode(const struct grid *g);
double grid_decode_s(const struct grid *g, size_t batch, double context_tok);

/** Dense attention of all layers for one prompt without context; flat below the first row. */
double grid_attention_s(const struct grid *g, double tok);

/**
 * How much of the time of dense attention goes with the blocks skipped: the
 * least-squares k of t(s) / t(0) = 1 - k s over the rows of 4096 tokens or more.
 * 1 when none was measured.
 */
double grid_skip_factor(const struct grid *g);

/** Time to predict the mask, all layers; 0 when it was not measured. */
double grid_prediction_s(const struct grid *g, double tok);

/** A prefill step of one prompt, head included; flat below the first row. */
double grid_prefill_s(const struct grid *g, double new_tok, double context_tok);

/** Dense attention of all layers for @new_tok tokens behind @context_tok cached ones. */
double grid_dense_s(const struct grid *g, double new_tok, double context_tok);

/** What is left of it without attention, for the sum of all prompts; in proportion to
 *  @new_tok beyond the last row. */
double grid_linear_s(const struct grid *g, double new_tok);

#endif
