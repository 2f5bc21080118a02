#ifndef OFFING_MODELS_LITTLE_H
#define OFFING_MODELS_LITTLE_H

#include "base/err.h"
#include "base/mem.h"
#include "models/probe.h"

/**
 * A probe that holds every run to Little's law: the integral of the number in
 * system is the sum of the times spent in it. In whole request x ns, both sides
 * are exact. It must hear of every request, at its end or, when the run is over
 * first, as one still in the system.
 */
struct probe little_create(struct arena *a);

/** After the last request was told of, at @now_ns: false, and @err says so, when a request was
 *  lost or the two sides differ. */
MUST_CHECK bool little_check(const struct probe *p, int64_t now_ns, struct err *err);

#endif
