#ifndef OFFING_MODELS_LENGTHS_H
#define OFFING_MODELS_LENGTHS_H

#include "base/err.h"
#include "models/workload/spec.h"

/** How long prompts and answers are, before they are rounded or cut. */
struct workload_lengths {
	bool known; /* not those of a trace, nor of users who say nothing; then all else is 0 */
	double prompt_mean_tok, output_mean_tok;
	double prompt_most_tok, output_most_tok; /* HUGE_VAL: there is no most */
};

/** Fails at the place of a distribution that cannot be. */
MUST_CHECK bool workload_lengths(
	struct workload_lengths *out, const struct workload_spec *w, struct err *err);

#endif
