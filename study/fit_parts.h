#ifndef OFFING_STUDY_FIT_PARTS_H
#define OFFING_STUDY_FIT_PARTS_H

#include "study/fit.h"
#include "study/fit_replay.h"

/**
 * The inside of a fit, between the files fit*.c. Constants that are fitted, the *active* ones, are
 * moved in coordinates: the logarithm of a factor; seconds in units of fit.unit_s.
 */

/** What is compared of a request. */
enum fit_seen { FIT_FIRST, FIT_DECODE, FIT_SEEN };

struct observation {
	size_t request; /* over all logs */
	size_t block;   /* of time */
	enum fit_seen what;
	bool held; /* back: not fitted to */
	double seen_s;
};

struct fit {
	const struct fit_setting *s;
	struct fit_base base;

	size_t n_requests, n_obs, n_blocks, n_fitted; /* n_fitted: observations not held back */
	struct observation *obs;
	struct replay **replays; /* one a log */
	struct replayed *made;   /* by the replay in hand, all logs */

	double step_s; /* a decode step, about */
	double unit_s[FIT_CONSTANTS];
	double x[FIT_CONSTANTS];
	enum fit_fate fate[FIT_CONSTANTS];
	enum fit_constant like[FIT_CONSTANTS]; /* FIT_ALIKE: which */
	size_t n_active;
	enum fit_constant active[FIT_CONSTANTS];

	unsigned n_phases, n_pairs; /* of replays in an evaluation */
	size_t n_replays;

	/* by observation: foretold, its weight; by observation and active constant: the
	   derivatives with the batches as they are, of replays, and of both */
	double *foretold_s, *weight, *still, *moved, *slope;
	bool logarithms; /* residuals are log ratios, else relative to what was foretold */
	double scale[FIT_SEEN];

	/* of the active constants, in coordinates, after fit_judge() */
	double se[FIT_CONSTANTS], covariance[FIT_CONSTANTS][FIT_CONSTANTS];
	double condition;
};

/** fit_begin.c. */
MUST_CHECK bool fit_check_logs(const struct fit_setting *s, struct err *err);
void fit_begin(struct fit *f, const struct fit_setting *s);
void fit_end(struct fit *f);

/** What @x says of all constants. */
struct fit_values fit_values_at(const struct fit *f, const double *x);
/** The least that constant @k can be, in its coordinate. */
double fit_least(enum fit_constant k, const struct fit *f);

/** fit_evaluate.c: fill foretold_s, still, moved and slope at @f->x. */
MUST_CHECK bool fit_evaluate(struct fit *f, struct err *err);
/** Only foretold_s and still. */
MUST_CHECK bool fit_stand_still(struct fit *f, struct err *err);
/** Only foretold_s. */
MUST_CHECK bool fit_foretell(struct fit *f, struct err *err);

/** fit_solve.c: residual of observation @i, and weights of all. */
double fit_residual(const struct fit *f, size_t i);
void fit_reweight(struct fit *f);
/** Move x to the least squares of what fit_evaluate() found. False: GSL could not. */
MUST_CHECK bool fit_solve(struct fit *f, double move[FIT_CONSTANTS], struct err *err);
/** Huber's psi of a residual over its scale, and its derivative. */
double fit_psi(double u);
double fit_psi_slope(double u);

/** fit_judge.c: standard errors and covariance at what fit_evaluate() found; infinite where
 *  it tells nothing. */
void fit_judge(struct fit *f);
/** The condition index of the active constants, and the two that have most of it. */
double fit_condition(const struct fit *f, size_t *a, size_t *b);
struct fit_error fit_error_of(const struct fit *f, bool held);

/** fit_steps.c: fill @out->steps from its profiles; 0 s: the instance has no such step. */
MUST_CHECK bool fit_steps(struct fit_result *out, const struct fit *f, struct err *err);

/** fit_advice.c: a note for every constant that the logs could not tell. */
void fit_advise(struct fit_result *out, const struct fit *f);

#endif
