#ifndef OFFING_MODELS_SERVING_BATCH_H
#define OFFING_MODELS_SERVING_BATCH_H

#include "models/serving/batch_parts.h"

/**
 * A batch by itself, for kinds of instances that have several, as a pipeline has of its
 * micro-batches: its memory, who is in its next step, what a step gives. When a step begins and
 * ends is theirs to say.
 */

/** Make one of @i, which has its places, on zeroed memory, with a cache of @kv_blocks. */
void batch_prepare(struct batch *b, struct instance *i, const struct instance_build *build,
	uint64_t kv_blocks);
void batch_drop(struct batch *b);

/** At a boundary: form the next step. b->activity says what it is, BATCH_IDLE: nobody is there. */
void batch_form(struct batch *b);

/** The step in flight is over, or of decode steps the last of b->jump.k: tokens are given, those
 *  who are done leave. */
void batch_step_done(struct batch *b);

#endif
