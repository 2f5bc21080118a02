#ifndef OFFING_MODELS_MEASURE_DRIFT_PROBE_H
#define OFFING_MODELS_MEASURE_DRIFT_PROBE_H

#include "base/mem.h"
#include "models/measure/drift.h"
#include "models/probe.h"

/** A probe that sorts the slots of the window by backlog, as long as requests come: what is only
 *  drained says nothing of a drift. @n_instances queues, and the scheduler's. */
struct probe drift_create(struct arena *a, size_t n_instances);
void drift_destroy(const struct probe *p);

/** Hand over what it has, but for the places; the caller finishes it. */
struct drift drift_take(const struct probe *p);

#endif
