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
 * cache runs out, or the cell of a measured grid ends. Free blocks only get fewer on the way: who
 * does not fit before the first step fits after none. Who was preempted before it and fits after
 * it makes it the only one. What comes meanwhile cuts the jump at the end of the step in flight.
 * Step by step instead, there is one event a step, and the steps are summed; times agree to 1 ns
 * per jump.
 *
 * Costs: O(block_tok) to plan, O(1) to cut.
 */

/** How the rounds of a batch are one event; one for each way to foretell them. */
struct jump_ops {
	void (*begin)(struct batch *b);
	bool (*advance)(struct batch *b);
	void (*end)(struct batch *b);
	bool (*cut)(struct batch *b);
	void (*shorten)(struct batch *b);
	uint64_t (*steps_begun)(const struct batch *b);
	uint64_t (*need)(const struct batch *b, uint64_t steps);
	uint64_t (*need_most)(const struct batch *b);
	uint64_t (*tok)(const struct batch *b, uint64_t steps);
};

/** By the closed form above. */
extern const struct jump_ops jump_closed;

/** The whole batch decodes from now on; there are blocks for its next step. */
static inline void jump_begin(struct batch *b)
{
	b->decoder->jump->begin(b);
}

/** Its event is here. False: only a step of it ended, when step by step. */
static inline bool jump_advance(struct batch *b)
{
	return b->decoder->jump->advance(b);
}

/** Tell of a token of each sequence that goes on when @made steps of it are over. */
void jump_tell_tokens(const struct batch *b, uint64_t made);

/** For the implementations: the jump is over at this instant, after @k steps. */
void jump_end_now(struct batch *b, uint64_t k);

/** Account for the steps it made. */
static inline void jump_end(struct batch *b)
{
	b->decoder->jump->end(b);
}

/** Somebody can join: end it with the step in flight. True: that is here and now, one begins
 *  at this very instant; it is over then. */
static inline bool jump_cut(struct batch *b)
{
	return b->decoder->jump->cut(b);
}

/** Blocks it counted on were set aside for somebody: end it where the rest gives out. */
static inline void jump_shorten(struct batch *b)
{
	b->decoder->jump->shorten(b);
}

/** Steps that began before now, and so hold their blocks; 0 when there is no jump. */
static inline uint64_t jump_steps_begun(const struct batch *b)
{
	return b->decoder->jump->steps_begun(b);
}

/** Blocks beyond those in use that are held in the last of its first @steps; 0 of none. */
static inline uint64_t jump_need(const struct batch *b, uint64_t steps)
{
	return b->decoder->jump->need(b, steps);
}

/** No fewer than that, whatever the step, and cheap. */
static inline uint64_t jump_need_most(const struct batch *b)
{
	return b->decoder->jump->need_most(b);
}

/** Tokens its first @steps make. */
static inline uint64_t jump_tok(const struct batch *b, uint64_t steps)
{
	return b->decoder->jump->tok(b, steps);
}

#endif
