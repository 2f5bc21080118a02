#ifndef OFFING_MODELS_SERVING_HANDING_H
#define OFFING_MODELS_SERVING_HANDING_H

#include "models/serving/batch_parts.h"

/**
 * KV that goes from instance to instance. Where only the prompt of a sequence is computed, its
 * blocks are parked when that is done: its place is free, they are not until they are released.
 * Where it goes on, blocks are set aside before its KV is sent; it then stands in line with them
 * and joins those that decode at the next boundary, with nothing to compute.
 */

/** A step of @step_s with prompts begins where KV leaves layer by layer: tell the host of those of
 *  which only that is asked. */
void handing_begin(struct batch *b, double step_s);

/** Its prompt is computed, and that was all: keep its blocks. */
void handing_park(struct batch *b, uint32_t seq);

/** They have left. True: the batch stands at a boundary now, whose step is to begin. */
bool handing_release(struct batch *b, uint32_t seq);

/** It goes on here, with the blocks it has parked: they are now set aside for it. */
void handing_keep(struct batch *b, uint32_t seq);

/** Set blocks aside for KV that waits for them, in order of assignment, and tell the host. */
void handing_grant(struct batch *b);

#endif
