#ifndef OFFING_MODELS_SERVING_JUMP_H
#define OFFING_MODELS_SERVING_JUMP_H

#include "models/serving/batch_parts.h"

/**
 * While the batch does not change, a decode step is affine in the total context C, which grows by
 * the batch size B each step, so the end of step k after a start at C0 is
 *
 *	t0 + k (a + b C0) + b B k (k - 1) / 2
 *
 * and one event stands for all steps up to the one at which the first sequence finishes, the
 * cache runs out, or the cell of a measured grid ends. What comes meanwhile cuts the jump at the
 * end of the step in flight. Step by step instead, there is one event a step, and the steps are
 * summed; times agree to 1 ns per jump.
 *
 * Costs: O(block_tok) to plan, O(1) to cut.
 */

/** The whole batch decodes from now on; there are blocks for its next step. */
void jump_begin(struct batch *b);

/** Its event is here. False: only a step of it ended, when step by step. */
bool jump_advance(struct batch *b);

/** Account for the steps it made. */
void jump_end(struct batch *b);

/** Somebody can join: end it with the step in flight. True: that is here and now, one begins
 *  at this very instant; it is over then. */
bool jump_cut(struct batch *b);

/** Blocks it counted on were set aside for somebody: end it where the rest gives out. */
void jump_shorten(struct batch *b);

/** Steps that began before now, and so hold their blocks; 0 when there is no jump. */
uint64_t jump_steps_begun(const struct batch *b);

#endif
