#ifndef OFFING_MODELS_SERVING_FULL_H
#define OFFING_MODELS_SERVING_FULL_H

#include "models/serving/batch_parts.h"

/**
 * Could the batch do no more at a time, were there more for it? No row is left, or somebody waits
 * in line for memory. (Whom the scheduler holds back for want of memory stands in its own line.) Of
 * a static batch that is settled when it begins. To be asked between two steps, the next one
 * formed.
 */
bool batch_is_full(struct batch *b);

/** The same, and tell: most of the time nothing is near. */
static inline void batch_tell_full(struct batch *b)
{
	if (b->i->full || batch_size(b) >= b->max_batch || waitline_count(&b->line) > 0)
		instance_tell_full(b->i, batch_is_full(b));
}

#endif
