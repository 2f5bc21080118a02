#ifndef OFFING_STUDY_WARMUP_H
#define OFFING_STUDY_WARMUP_H

#include <stdatomic.h>

#include "base/err.h"
#include "models/measure/warnings.h"
#include "models/scenario.h"

/** What a pilot run showed. {0} before it ran. */
struct pilot {
	struct warnings warnings;
	size_t n;          /* stretches of equal length, as MSER-5 looks at them */
	double *in_system; /* mean number of requests in each */
	double stretch_s;
	double cut_s; /* where MSER-5 cuts; NaN: it found no end of the warm-up */
};

void pilot_finish(struct pilot *p);

/**
 * The warm-up by MSER-5 (docs/scenario.md, `warmup`): a pilot run of each policy,
 * as long as the measured window; twice the latest cut serves them all, so that
 * every policy is measured over the same arrivals. A pilot that fails, or whose
 * cut lies in its second half, has none: a warning of that policy, in
 * @of_policy (one a policy) with what else its pilot met; ERR_RUN when no
 * policy has a cut. Without run.warmup auto no pilot is run.
 */
MUST_CHECK bool warmup_by_pilots(double *out_s, const struct scenario_spec *spec,
	const atomic_bool *stop, struct pilot *of_policy, struct err *err);

#endif
