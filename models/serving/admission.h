#ifndef OFFING_MODELS_SERVING_ADMISSION_H
#define OFFING_MODELS_SERVING_ADMISSION_H

#include "models/serving/batch_parts.h"

/** Who gets memory, and when. Of the cache's blocks some are used by those in the batch, some set
 *  aside for sequences on their way; the rest is free. */

/** Are there free blocks now for a prompt of @prompt_tok and one token, those of the step in
 *  flight left out? */
bool admission_has_blocks(const struct batch *b, uint32_t prompt_tok);

/** Set blocks aside for @seq, which is on its way here, if there are. */
void admission_reserve(struct batch *b, uint32_t seq);

/** Are there blocks for @q to be admitted with? */
bool admission_fits(const struct batch *b, const struct sequence *q);

/** Take the one at @place of the line into the prefill. */
void admission_admit(struct batch *b, size_t place);

#endif
