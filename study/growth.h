#ifndef OFFING_STUDY_GROWTH_H
#define OFFING_STUDY_GROWTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/scenario.h"

/**
 * What a policy gets done of arrivals that come @scale times as often, once the backlog, if there
 * is one, has formed: independent runs from an empty system, of which the first quarter is not
 * looked at. Run n of one scale and run n of another have the same random numbers.
 */
struct growth_question {
	const struct scenario_spec *spec;
	const struct policy_spec *policy;
	double scale;
	double length_s; /* of each run, all of it */
	uint32_t first;  /* number of the first run */
	size_t runs;
	size_t n_threads;
	const atomic_bool *stop;
};

/** Of the last three quarters of a run. */
struct growth_run {
	double time_s;
	double came, ended; /* requests; turned away and dropped ones have ended, too */
	double dropped;
	double line; /* of those in the system at the end, with the scheduler */
	double in_system;
	uint64_t requests;          /* in all of the run */
	double *came_of, *ended_of; /* [group] */
};

/** Fills @out[0 .. runs), whose arrays growth_runs_finish() frees. False: the input is not one
 *  (ERR_INPUT), a run failed (ERR_RUN) or was interrupted (ERR_STOP). */
MUST_CHECK bool growth_measure(
	struct growth_run *out, const struct growth_question *q, struct err *err);
void growth_runs_finish(struct growth_run *runs, size_t n);

#endif
