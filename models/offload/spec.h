#ifndef OFFING_MODELS_OFFLOAD_SPEC_H
#define OFFING_MODELS_OFFLOAD_SPEC_H

#include <stddef.h>

#include "base/err.h"

/**
 * Policies as a scenario says them: plain data that io/ fills in from a file and tests write as
 * literals. SI units throughout; every part keeps the place it was written at, so that any
 * complaint can point there. Strings and arrays are borrowed from whoever filled it in.
 */

/** One parameter of a policy as written. */
struct param_text {
	const char *key, *value;
	struct src_pos key_at, at;
};

struct policy_ops; /* models/offload/policy.h */

struct policy_spec {
	const char *label; /* names the run: the key under policies:, else the policy's name */
	const struct policy_ops *ops;
	size_t n_params;
	const struct param_text *params;
	struct src_pos at;
};

#endif
