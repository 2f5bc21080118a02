#ifndef OFFING_CLI_VARY_H
#define OFFING_CLI_VARY_H

#include "base/err.h"
#include "base/mem.h"
#include "study/design_range.h"

/**
 * What --vary KEY=VALUES says: values as a list in YAML without its brackets
 * ("10 Mbps, {name: fcfs}, \"a, b\""), ranges (design_range.h) among them, or
 * one range without a number of values.
 */
struct vary {
	const char *key;
	bool all;                  /* everything in @range: no values */
	struct design_range range; /* with @all */
	size_t n, cap;
	const char **values; /* as -s takes them; free() */
};

/** Strings live in @a. On false nothing needs vary_finish(). */
MUST_CHECK bool vary_parse(struct vary *v, struct arena *a, const char *text, struct err *err);
void vary_finish(struct vary *v);

/** The value at the share @u, in (0, 1), of what it may be: of a list each value is as likely. */
const char *vary_at(const struct vary *v, struct arena *a, double u);

/** The key that a short word stands for: run.seed for seed, run.replications for replications; else
 *  @word itself. */
const char *vary_key(const char *word);

#endif
