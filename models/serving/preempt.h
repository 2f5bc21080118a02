#ifndef OFFING_MODELS_SERVING_PREEMPT_H
#define OFFING_MODELS_SERVING_PREEMPT_H

#include "models/serving/batch_parts.h"

/** Memory gives out: the youngest of @b gives up its blocks and waits, first in line, to be
 *  computed again. O(batch). */
void preempt_youngest(struct batch *b);

/** The same of the last whose prompt is being computed, or where there is none of the youngest. */
void preempt_last(struct batch *b);

/** One that was preempted runs again. */
void preempt_back(struct batch *b);

#endif
