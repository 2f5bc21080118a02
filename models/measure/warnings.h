#ifndef OFFING_MODELS_MEASURE_WARNINGS_H
#define OFFING_MODELS_MEASURE_WARNINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/**
 * What the user of a result should know though nothing failed. Whoever runs a
 * replication, a pilot or a whole run adds to a list of his own; offing run
 * prints each text once a policy on standard error and keeps all in the table
 * `warning` (docs/results.md lists the kinds).
 */
enum warning_kind {
	WARN_SCENARIO,   /* allowed in the scenario but unlikely to be meant */
	WARN_FAILED,     /* why a replication failed */
	WARN_NOT_RANDOM, /* nothing was drawn: replications are alike */
	WARN_PRECISION,  /* what run.precision asks for was not reached */
	WARN_TRACE_ENDS, /* a trace ends before the window does */
	WARN_EMPTY,      /* no request was created in the window */
	WARN_REJECTED,   /* every request of a group was rejected */
	WARN_UNFINISHED, /* of the cohort many had no answer at the end */
	WARN_BEHIND,     /* fewer are answered than come: the policy does not keep up */
	WARN_UNSTABLE,   /* the verdict of all replications together */
	WARN_PILOT,      /* the pilot showed no end of the warm-up */
	WARN_SHORT,      /* fewer answers than a quantile wants */
	WARN_ANTITHETIC, /* pairs do not draw what makes a difference */
	WARN_TIMELINE,   /* the timeline does not show all of it */
	WARNING_KINDS,
};

/** The words of the column `kind`, by kind. */
extern const char *const warning_words[WARNING_KINDS];

struct warning {
	enum warning_kind kind;
	uint32_t times; /* in how many replications it was met */
	char *scope;    /* what it is about, as in metric_row: "" or "group:NAME" ... */
	char *text;     /* one line: the rule, the value; no full stop */
};

/** A list, {0} when empty. */
struct warnings {
	struct warning *at;
	size_t n, cap;
};

/** Add one about @scope. */
void warnings_add(struct warnings *w, enum warning_kind kind, const char *scope, const char *fmt,
	...) PRINTF_LIKE(4, 5);

/** Take those of one replication in. Of the same kind and scope the first text stays, and is
 *  counted: texts differ in their numbers only. */
void warnings_merge(struct warnings *w, const struct warnings *of_one);

/** Is there one of its kind and scope? */
bool warnings_have(const struct warnings *w, const struct warning *like);

void warnings_finish(struct warnings *w);

#endif
