#ifndef OFFING_PLAN_COPIES_H
#define OFFING_PLAN_COPIES_H

#include "plan/units.h"

/**
 * Instances as runs can have them: whole on one gpu, with the draft or without; on one gpu and its
 * host; as a pipeline over gpus that hold all of it. Each is the one with the least expected time
 * of a token on the devices that are free (docs/placement.md, "Instances by themselves").
 */

/** The best on the devices that @free marks, of which it takes its own. False: none fits;
 *  @err says which constraints make it so, at @at. */
MUST_CHECK bool copies_best(struct deployment *out, struct arena *a, const struct units *t,
	const struct devices *d, bool *free, struct src_pos at, struct err *err);

/** What struct placer has for who reads scenarios. */
extern const struct placer copies_placer;

#endif
