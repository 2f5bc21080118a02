#ifndef OFFING_MODELS_SERVING_APART_H
#define OFFING_MODELS_SERVING_APART_H

#include "models/serving/batch_parts.h"
#include "models/serving/draft_mail.h"

/**
 * A batch whose sequences are drafted for elsewhere (drafter.h). Between its rounds a sequence is
 * away: it keeps its place and its blocks, and is in no step. When its draft is here it is in the
 * next step, beside whoever else is.
 */

/** @seq, which has a line to a drafter, is here: its prompt is there as well. */
void apart_arrives(struct batch *b, uint32_t seq);

/** A step is over, which @verified or computed prompts alone: tell the drafters; those concerned
 * are away from now on. A draft that no step has verified yet waits for the next. */
void apart_send_off(struct batch *b, bool verified);

/** Drafts are here. False: all of them were overtaken. */
bool apart_drafted(struct batch *b, const struct draft_letter *l);

/** At a boundary: those whose drafts are here are in the next step. */
void apart_gather(struct batch *b);

/** @q has left the batch: with its last token, or put back. */
void apart_leaves(struct batch *b, struct sequence *q);

/** If somebody away is younger than @order, he gives up his blocks: *@seq. */
bool apart_put_back(struct batch *b, uint64_t order, uint32_t *seq);

#endif
