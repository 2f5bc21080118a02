#ifndef OFFING_MODELS_PARAMS_H
#define OFFING_MODELS_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/quantity.h"

/**
 * The parameters of a policy as a table: name, place in its state, default,
 * range, help. The table alone drives reading, checking, `offing check` and
 * `offing list policies`.
 */
enum param_kind {
	PARAM_END = 0,
	PARAM_DOUBLE, /* double, of dimension @dim */
	PARAM_SIZE,   /* size_t, a whole number */
	PARAM_ENUM,   /* int, an index into @words */
};

struct param_spec {
	enum param_kind kind;
	const char *name;
	size_t offset;
	double dflt, min, max; /* SI */
	enum quantity_dim dim;
	const char *const *words; /* PARAM_ENUM: ends with NULL; dflt is an index */
	const char *help;
};

#define PARAM_QUANTITY(type, member, word, dimension, dflt_, min_, max_, help_) \
	{ \
		.kind = PARAM_DOUBLE, .name = (word), .offset = offsetof(type, member), \
		.dflt = (dflt_), .min = (min_), .max = (max_), .dim = (dimension), .help = (help_) \
	}
#define PARAM_COUNT(type, member, word, dflt_, min_, max_, help_) \
	{ \
		.kind = PARAM_SIZE, .name = (word), .offset = offsetof(type, member), \
		.dflt = (dflt_), .min = (min_), .max = (max_), .help = (help_) \
	}
#define PARAM_CHOICE(type, member, word, words_, dflt_, help_) \
	{ \
		.kind = PARAM_ENUM, .name = (word), .offset = offsetof(type, member), \
		.dflt = (dflt_), .words = (words_), .help = (help_) \
	}

struct param_text; /* models/spec.h */

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
