#ifndef OFFING_STUDY_WARMUP_H
#define OFFING_STUDY_WARMUP_H

#include <stdatomic.h>

#include "base/err.h"
#include "models/measure/warnings.h"
#include "models/scenario.h"

/**
 * The warm-up by MSER-5 (docs/scenario.md, `warmup`): a pilot run of each policy,
 * as long as the measured window; twice the latest cut serves them all, so that
 * every policy is measured over the same arrivals. A pilot that fails, or whose
 * cut lies in its second half, has none: a warning of that policy, in
 * @of_policy (one list a policy) with what else its pilot met; ERR_RUN when no
 * policy has a cut.
 */
MUST_CHECK bool warmup_by_pilots(double *out_s, const struct scenario_spec *spec,
	const atomic_bool *stop, struct warnings *of_policy, struct err *err);

#endif
