#ifndef OFFING_STUDY_WARMUP_H
#define OFFING_STUDY_WARMUP_H

#include <stdatomic.h>

#include "base/err.h"
#include "models/scenario.h"

/**
 * The warm-up by MSER-5 (docs/scenario.md, `warmup`): a pilot run of each policy,
 * as long as the measured window; twice the latest cut serves them all, so that
 * every policy is measured over the same arrivals. ERR_RUN when a cut lies in
 * the second half of its pilot.
 */
MUST_CHECK bool warmup_by_pilots(
	double *out_s, const struct scenario_spec *spec, const atomic_bool *stop, struct err *err);

#endif
