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

#endif
