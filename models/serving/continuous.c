/* At each boundary those that wait are admitted in order, while the batch has a place and the
 * cache has blocks for the prompt and one token. */

#include "models/serving/admission.h"
#include "models/serving/prefix.h"

/** In the prefill, for its prompt? */
static bool has_room(const struct batch *b, const struct sequence *q)
{
	return b->n_prefill == 0 ||
	       (b->n_prefill < b->prefill_limit &&
		       b->prefill_tok + prefix_uncached_tok(b, q) <= b->prefill_cap_tok);
}

static bool admissible(const struct batch *b, size_t place)
{
	const struct sequence *q = batch_sequence(b, (uint32_t)waitline_at(&b->line, place));

	if (batch_size(b) >= b->max_batch)
		return false;
	if (q->brought)
		return true; /* nothing of it is to be computed, and its blocks are its own */
	if (q->swapped_blocks == 0 && !has_room(b, q))
		return false;
	return admission_fits(b, q, q->swapped_blocks > 0);
}

static bool admits(const struct batch *b)
{
	return waitline_count(&b->line) > 0 && admissible(b, 0);
}

static void form(struct batch *b)
{
	while (admits(b))
		admission_admit(b, 0);
	/* The first in line cannot be admitted although nothing runs: what it waits for is
	 * set aside for others, so let one of those through. */
	for (size_t i = 1; batch_size(b) == 0 && i < waitline_count(&b->line); i++)
		if (admissible(b, i) && admission_may_pass(b, i))
			admission_admit(b, i);
}

const struct batching_ops batching_continuous = {
	.name = "continuous",
	.sets_aside = true,
	.form = form,
	.admits = admits,
};
