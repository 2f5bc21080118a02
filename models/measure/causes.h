#ifndef OFFING_MODELS_MEASURE_CAUSES_H
#define OFFING_MODELS_MEASURE_CAUSES_H

#include "base/err.h"
#include "base/mem.h"
#include "models/probe.h"

/**
 * A probe that holds every run to this: the causes among which the time of a request was split are
 * none below 0 and their sum is its time in the system, in whole nanoseconds. As with Little's law
 * it must hear of every request at its end.
 */
struct probe causes_create(struct arena *a);

/** False, and @err names the first request of which that was not so. */
MUST_CHECK bool causes_check(const struct probe *p, struct err *err);

#endif
