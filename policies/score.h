#ifndef OFFING_POLICIES_SCORE_H
#define OFFING_POLICIES_SCORE_H

#include <stdbool.h>

#include "models/offload/policy.h"

/**
 * How good an instance is for a request, smaller being better: by @first, then
 * @second, then file order, so that two runs never choose differently.
 */
struct score {
	double first, second;
	struct instance_id instance;
};

static inline bool score_better(const struct score *a, const struct score *b)
{
	if (a->first != b->first)
		return a->first < b->first;
	if (a->second != b->second)
		return a->second < b->second;
	return a->instance.i < b->instance.i;
}

#endif
