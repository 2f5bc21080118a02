#ifndef OFFING_IO_RESULTS_RESULTS_H
#define OFFING_IO_RESULTS_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/measure/run_status.h"

/**
 * A folder of results (docs/results.md), to be read. Nothing is written: any number read at once,
 * also while a run still writes there, and the folder may forbid writing.
 */
struct results;

/** A policy that ran. All is borrowed from the results. */
struct results_run {
	int64_t id;
	const char *name, *policy, *sha256, *version, *started_utc;
	uint64_t seed;
	uint32_t asked; /* replications */
	enum run_status status;
	bool alike;      /* nothing in it was random: all replications are one */
	bool antithetic; /* replications are pairs (sim/antithetic.h) */
};

/** ERR_INPUT where there is no result in @dir or one that this program cannot read; *@out is NULL
 *  then. */
MUST_CHECK bool results_open(struct results **out, const char *dir, struct err *err);
void results_close(struct results *r); /* NULL is taken */

/** Those in @dirs, up to the first that cannot be opened: *@n of them. Close with
 *  results_close_all(), also on false. */
MUST_CHECK bool results_open_all(
	struct results ***out, size_t *n, char *const *dirs, size_t n_dirs, struct err *err);
void results_close_all(struct results **all, size_t n);

/** As handed in, and in the order run. */
const char *results_dir(const struct results *r);
size_t results_n_runs(const struct results *r);
const struct results_run *results_run(const struct results *r, size_t run);

/** The value of a leaf of the resolved scenario of @run; NULL: it has none of that key. */
MUST_CHECK bool results_setting(
	const char **out, struct results *r, size_t run, const char *key, struct err *err);

/** Values of a metric of one scope; borrowed. */
struct results_metric {
	const char *scope, *name, *unit;
	size_t n;
	const uint32_t *numbers; /* ascending */
	const double *values;    /* NaN: nothing to measure */
	size_t alone;            /* complete replications that are left out of them */
};

/**
 * A sample of each metric of @run, in order of scope and name; with @scope of those of that scope
 * alone. Its values are independent, and those of one seed and number are common random numbers:
 * they are of the complete replications or, where these are antithetic, the means of the pairs of
 * which both are. All that says what chance did to a run is made of these.
 */
MUST_CHECK bool results_samples(size_t *n, const struct results_metric **out, struct results *r,
	size_t run, const char *scope, struct err *err);

/** That of metric @name of @scope alone; @out->n is 0 where there is none. */
MUST_CHECK bool results_sample_named(struct results_metric *out, struct results *r, size_t run,
	const char *scope, const char *name, struct err *err);

/** The same two of every complete replication, of which antithetic ones depend on each other: to
 *  say what one came to. */
MUST_CHECK bool results_by_replication(size_t *n, const struct results_metric **out,
	struct results *r, size_t run, const char *scope, struct err *err);
MUST_CHECK bool results_by_replication_named(struct results_metric *out, struct results *r,
	size_t run, const char *scope, const char *name, struct err *err);

/** One metric over the replications of a run. */
struct results_summary {
	double mean, sd;        /* NaN: nothing was measured; sd where n < 2 */
	double ci_low, ci_high; /* 95 %, NaN where there is none */
	size_t n; /* complete replications that had a value; antithetic: pairs of which both had */
};

/** As the end of the run has it; of one that was killed before, of its complete replications by
 *  themselves. NaN and 0 where the run has none of it. */
MUST_CHECK bool results_summary(struct results_summary *out, struct results *r, size_t run,
	const char *scope, const char *name, struct err *err);

/** A metric that some run has a summary of; borrowed. */
struct results_measured {
	const char *scope, *name, *unit;
};

/** All that are in the file, in order of scope and name. */
MUST_CHECK bool results_measured(
	size_t *n, const struct results_measured **out, struct results *r, struct err *err);

#endif
