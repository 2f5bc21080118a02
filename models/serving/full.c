#include "models/serving/full.h"

/** Between two steps, of those that wait some were left: not because prompts are computed a few at
 * a time, but for want of memory or of places. */
static bool leaves_some(const struct batch *b)
{
	if (waitline_count(&b->line) == 0)
		return false;
	return b->activity == BATCH_DECODE || b->batching == &batching_static || b->full;
}

bool batch_is_full(struct batch *b)
{
	size_t n = batch_size(b);
	bool goes_on = b->batching == &batching_static && n > 0 && b->n_prefill == 0;

	if (!goes_on)
		b->full = n > 0 && (n >= b->max_batch || leaves_some(b));
	return b->full;
}
