#ifndef OFFING_MODELS_SERVING_ADMISSION_H
#define OFFING_MODELS_SERVING_ADMISSION_H

#include "models/serving/batch_parts.h"

/**
 * Who gets memory, and when. Of the cache's blocks some are used by those in the batch, some set
 * aside for sequences on their way or in line; the rest is free. They are set aside in order, so
 * that none lie dead behind a sequence that does not fit: whether a request waits here or in the
 * scheduler's queue makes no difference.
 */

/** Are there free blocks now for a prompt of @prompt_tok and one token, but for @shared of them
 *  that others hold, those of the step in flight left out? */
bool admission_has_blocks(const struct batch *b, uint32_t prompt_tok, uint64_t shared);

/** @seq is on its way here: set blocks aside for it, if there are, it has a @place, and nobody
 *  who came before waits for his. */
void admission_assigned(struct batch *b, uint32_t seq, bool place);

/** At a boundary, when the step is formed: the same for those in line who came without. */
void admission_set_aside(struct batch *b);

/** Set blocks aside for @seq, which are there; a jump that counted on them is shortened. */
void admission_reserve(struct batch *b, uint32_t seq);

/** Are there blocks for @q to be admitted with? @beside: into a step in which all that decode take
 *  part, and want theirs. */
bool admission_fits(const struct batch *b, const struct sequence *q, bool beside);

/** Nothing runs, and the first in line finds no blocks: may the one at @place go before it? Not
 * into what KV leaves free that goes on elsewhere: it would take that for ever. */
bool admission_may_pass(const struct batch *b, size_t place);

/** Take the one at @place of the line into the prefill; or, if its KV is here or was swapped out,
 * to those that decode. */
void admission_admit(struct batch *b, size_t place);

#endif
