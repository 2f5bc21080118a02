#ifndef OFFING_STUDY_ALONE_H
#define OFFING_STUDY_ALONE_H

#include <stdatomic.h>

#include "base/err.h"
#include "models/scenario.h"
#include "sim/stat.h"

/**
 * One instance with one request at a time, over the links of a scenario: the engine's word on what
 * was foretold of it.
 */
struct alone {
	const struct scenario_spec *s; /* its instances, policies and what users ask are left out */
	const struct instance_spec *instance;
	const struct policy_ops *policy; /* which gives a request to the one instance there is */
	uint32_t prompt_tok, output_tok; /* of every request */
	uint32_t requests,
		replications;    /* requests of each; replications where luck plays a part */
	const atomic_bool *stop; /* or NULL */
};

/** 95 % over the replications; where nothing was random lo and hi are NaN. */
struct alone_result {
	struct stat_interval token_s; /* from one token of an answer to the next; NaN: one token */
	struct stat_interval first_s; /* from the request to its first token */
	struct stat_interval per_token_s; /* from the request to the last byte, over its tokens */
};

/** False when the instance cannot be built there or the run fails: why. Interrupted: ERR_STOP. */
MUST_CHECK bool alone_run(struct alone_result *out, const struct alone *a, struct err *err);

#endif
