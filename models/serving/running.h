#ifndef OFFING_MODELS_SERVING_RUNNING_H
#define OFFING_MODELS_SERVING_RUNNING_H

#include "models/serving/batch_parts.h"

/** The sequences of a batch that decode, and their part of its KV cache. O(log n) to come and to
 *  go, whatever the tokens. */

/** @seq, whose prompt is done and whose blocks are taken, decodes from the next step on. */
void running_join(struct batch *b, uint32_t seq);

/** Take the member at @place of the heap out and free its blocks; those of a static batch it holds
 *  until running_end(). */
void running_leave(struct batch *b, size_t place);

/** Of a static batch all have finished: its rows end, and its cache is empty. */
void running_end(struct batch *b);

/** Those whose tokens are drafted elsewhere go into @away, oldest first, and keep their blocks; how
 *  many. Who has joined with a draft stays until it is @verified. One of them is back. */
size_t running_part(struct batch *b, struct member *away, bool verified);
void running_back(struct batch *b, const struct member *m);

/** The member at @place has its last token: it is done at this step, first of all. */
void running_hasten(struct batch *b, size_t place);

/** The place of the youngest; of at least one. O(n). */
size_t running_youngest(const struct running *r);

#endif
