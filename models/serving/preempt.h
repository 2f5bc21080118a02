#ifndef OFFING_MODELS_SERVING_PREEMPT_H
#define OFFING_MODELS_SERVING_PREEMPT_H

#include "models/serving/batch_parts.h"

/** The next token of all that decode finds its block. As long as memory does not suffice for that,
 * the last whose prompt is being computed, or where there is none the youngest that decodes, gives
 * up its blocks and waits, first in line, to be computed again; or, where that is asked for and the
 * host has room, to be copied back. O(batch) each. */
void preempt_for_next_step(struct batch *b);

/** One that was preempted runs again. */
void preempt_back(struct batch *b);

/** @seq, whose blocks are taken, is copied from the host before the next step, and decodes in it.
 */
void preempt_swap_in(struct batch *b, uint32_t seq);

#endif
