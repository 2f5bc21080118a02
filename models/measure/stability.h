#ifndef OFFING_MODELS_MEASURE_STABILITY_H
#define OFFING_MODELS_MEASURE_STABILITY_H

#include "models/probe.h"
#include "models/scenario.h"
#include "sim/drift_test.h"

/**
 * A probe that keeps what a run shows of its stability (sim/drift_test.h): how many are in the
 * system, and what instances do while they are full. It starts no events of its own; a request
 * costs some ns. From the start of the run, warm-up included, as long as requests come: a system
 * that drains at its end is not stable for that.
 */

/** Whether a verdict can be had of @s: users send at rates of their own. Where those change with
 * time it is undecided as long as the run is not many changes long. Else *@why says what they do.
 */
bool stability_applies(const struct scenario_spec *s, const char **why);

struct probe stability_create(const struct scenario_spec *s);
void stability_destroy(const struct probe *p);

/** Begin at @at_ns, with those who are in the system. */
void stability_restart(const struct probe *p, int64_t at_ns);

/** What was seen up to @now_ns, the end of the run. */
struct drift_evidence stability_evidence(const struct probe *p, int64_t now_ns);

#endif
