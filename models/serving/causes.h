#ifndef OFFING_MODELS_SERVING_CAUSES_H
#define OFFING_MODELS_SERVING_CAUSES_H

#include "models/serving/batch_parts.h"

/**
 * Where the time of a sequence went. Whoever ends a part of its life charges all the time since
 * the last charge, so nothing is counted twice and nothing is left out. What would cost O(batch) at
 * each step is a running total of the batch: a sequence notes it when it joins and is charged the
 * difference when it leaves.
 */
static inline void sequence_charge(struct sequence *q, enum cause cause, int64_t now_ns)
{
	q->cause_ns[cause] += now_ns - q->charged_ns;
	q->charged_ns = now_ns;
}

/** Charge @part_ns of it, or all where it is less, to @part and what is left to @rest. */
static inline void sequence_charge_part(
	struct sequence *q, enum cause part, int64_t part_ns, enum cause rest, int64_t now_ns)
{
	int64_t all_ns = now_ns - q->charged_ns;

	part_ns = part_ns < all_ns ? part_ns : all_ns;
	q->cause_ns[part] += part_ns;
	q->cause_ns[rest] += all_ns - part_ns;
	q->charged_ns = now_ns;
}

/** A step with prompts in it is over: those who decode were held up by all of it, or, where they
 *  took part, by what it took longer than a step of their own. */
void stall_count(struct batch *b);

/** @q begins to decode; it leaves, and its time there is decoding but for the stalls since. */
void stall_mark(const struct batch *b, struct sequence *q);
void stall_charge(const struct batch *b, struct sequence *q);

#endif
