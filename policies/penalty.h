#ifndef OFFING_POLICIES_PENALTY_H
#define OFFING_POLICIES_PENALTY_H

#include <stdbool.h>
#include <stddef.h>

#include "models/offload/policy.h"

/** What a request costs at an instance, as max-weight and perllm count it. */
enum penalty {
	PENALTY_NETWORK_TIME, /* s: its bytes on the links at their present rates, were they idle */
	PENALTY_MONEY,        /* USD: rent of the gpus for as long as they would serve it alone */
	PENALTY_ENERGY,       /* J: of their boards in that time */
};

/** Their words, in order; ends with NULL. */
extern const char *const penalty_words[];

/** Of @w at @i, which can serve it; @service_s: predicted, prompt and answer, were @i idle. Between
 *  two changes of idle_version the same at any time. */
double penalty_of(enum penalty p, const struct view *v, const struct waiting *w,
	struct instance_id i, double service_s);

/** For policy_ops.check: is it known of every instance? */
bool penalty_known(enum penalty p, const struct view *v, char *why, size_t size);

#endif
