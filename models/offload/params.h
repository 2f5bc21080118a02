#ifndef OFFING_MODELS_PARAMS_H
#define OFFING_MODELS_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "models/offload/param_spec.h"

struct param_text; /* models/offload/spec.h */

/**
 * Fill @state from defaults and then from the @n texts. @owner names the
 * policy in messages. Unknown keys, wrong types and values out of range fail
 * at the place of the key or the value, with the nearest known key.
 */
MUST_CHECK bool params_read(void *state, const struct param_spec *specs, const char *owner,
	const struct param_text *texts, size_t n, struct err *err);

/** Write the value that @state holds for @p as a scenario would spell it; returns @buf. */
char *params_print(char *buf, size_t size, const void *state, const struct param_spec *p);

#endif
