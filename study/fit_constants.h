#ifndef OFFING_STUDY_FIT_CONSTANTS_H
#define OFFING_STUDY_FIT_CONSTANTS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "models/cost/profile.h"

/**
 * The constants that a log can tell, each relative to a profile: what it multiplies, or adds to.
 * docs/fitting.md has them as formulas.
 */
enum fit_constant {
	FIT_WEIGHTS,   /* factor: a decode step but for its context */
	FIT_CONTEXT,   /* factor: what context adds to it */
	FIT_TOKENS,    /* factor: a prompt's linear layers */
	FIT_ATTENTION, /* factor: a prompt's attention */
	FIT_PROMPT,    /* s: added to every step with prompts in it */
	FIT_SEQUENCE,  /* s: of the host, added to a step for every sequence that gets a token */
	FIT_REQUEST,   /* s: of the host, from the arrival of a prompt until it stands in line */
	FIT_STEP,      /* s: of the host, added to every step */
	FIT_CONSTANTS,
};

struct fit_constant_row {
	const char *name, *meaning;
	bool is_factor; /* of a time; else it is seconds */
};
extern const struct fit_constant_row fit_constants[FIT_CONSTANTS];

/** Factors above 0, 1: as the profile has it; seconds, 0: none. */
struct fit_values {
	double at[FIT_CONSTANTS];
};

/** All as the profile has it. */
struct fit_values fit_values_none(void);

/** What they are relative to: an instance's profile and host time. */
struct fit_base {
	const struct profile *profile;
	const struct llm_shape *shape;
	enum precision precision;
	struct host_time host;
	struct src_pos at;
};

/** The least that a constant of seconds can be. */
double fit_least_s(enum fit_constant k, const struct fit_base *base);

/**
 * The profile of @base with @v, in @precision alone, and with its host times. A row of a grid
 * never falls below a tenth of what it was, whatever @v says; host times not below 0.
 */
MUST_CHECK bool fit_profile(const struct profile **out, struct arena *a,
	const struct fit_base *base, const struct fit_values *v, struct err *err);

#endif
