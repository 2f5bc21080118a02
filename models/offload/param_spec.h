#ifndef OFFING_MODELS_PARAM_SPEC_H
#define OFFING_MODELS_PARAM_SPEC_H

#include <stddef.h>

#include "base/dimension.h"

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
	PARAM_TEXT,   /* const char *, as the scenario says it; lives as long as the state */
};

struct param_spec {
	enum param_kind kind;
	const char *name;
	size_t offset;
	double dflt, min, max; /* SI */
	enum quantity_dim dim;
	const char *const *words; /* PARAM_ENUM: ends with NULL; dflt is an index */
	const char *help;
	const char *text; /* PARAM_TEXT: the default; @max is the longest, in bytes */
};

/** No text of a parameter is longer. */
enum { PARAM_TEXT_MOST = 160 };

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
#define PARAM_STRING(type, member, word, dflt_, help_) \
	{ \
		.kind = PARAM_TEXT, .name = (word), .offset = offsetof(type, member), \
		.max = PARAM_TEXT_MOST, .help = (help_), .text = (dflt_) \
	}

#endif
