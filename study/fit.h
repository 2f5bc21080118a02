#ifndef OFFING_STUDY_FIT_H
#define OFFING_STUDY_FIT_H

#include <stdatomic.h>

#include "models/scenario.h"
#include "models/workload/served.h"
#include "study/fit_constants.h"

/**
 * The constants of a profile from the logs of a server: the requests of each log are sent through
 * the scenario, and the constants moved until times to first token and of decoding come out as
 * logged, by least squares with Huber's weights. docs/fitting.md has the method and its sources.
 *
 * A log of 300 requests takes seconds. Nothing is drawn at random but where arrivals fall
 * within a step, by fixed streams: the same logs give the same profile.
 */

enum { FIT_LEAST_REQUESTS = 50, FIT_NOTES_MOST = 12 };

struct fit_setting {
	const struct scenario_spec *spec; /* one instance, one group, one policy */
	size_t n_logs;                    /* each of the same server */
	const struct served_log *logs;
	unsigned held;           /* bit 1 << constant: as the profile has it */
	const atomic_bool *stop; /* may be NULL */
};

/** Foretold over logged, less 1: of the means; and the median of a request's absolute error. */
struct fit_error {
	size_t n;
	double first, token, end, end_median;
};

enum fit_fate {
	FIT_FITTED,
	FIT_HELD,  /* as the profile has it: asked for, */
	FIT_ALIKE, /* the log cannot tell it from another, */
	FIT_WEAK,  /* the log hardly depends on it, */
	FIT_LEAST, /* or no less is possible */
};

struct fit_estimate {
	enum fit_fate fate;
	double value, se; /* the standard error; 0 unless fitted */
};

/** A step as the profile has it, before and after: @n sequences that decode with @context_tok each,
 * or, where @prompt_tok is not 0, a prompt. */
struct fit_step {
	unsigned n, context_tok, prompt_tok;
	double before_s, after_s;
};
enum { FIT_STEPS = 7 };

struct fit_result {
	const struct profile *base, *profile; /* before; after, in the arena */
	struct fit_estimate of[FIT_CONSTANTS];
	double correlation[FIT_CONSTANTS][FIT_CONSTANTS]; /* of those fitted; else 0 */
	double condition; /* of the scaled design, Belsley, Kuh and Welsch */
	/* of the requests it was fitted to, and of the tenth that was held back */
	struct fit_error fitted_before, fitted, held_before, held;
	size_t n_requests, n_replays;
	struct fit_step steps[FIT_STEPS];
	size_t n_notes; /* what the log could not tell, and what to measure for it */
	char notes[FIT_NOTES_MOST][300];
};

/** Whether @spec can be fitted to a log at all: ERR_INPUT at the place in the scenario. */
MUST_CHECK bool fit_check(const struct scenario_spec *spec, struct err *err);

/** Checked by fit_check(). The profile is in @a. Fails at places of logs and scenario: too few
 *  requests, a saturated log, one the scenario cannot serve; and when it is stopped. */
MUST_CHECK bool fit_run(
	struct fit_result *out, struct arena *a, const struct fit_setting *s, struct err *err);

#endif
