#ifndef OFFING_IO_RESULTS_TIMES_H
#define OFFING_IO_RESULTS_TIMES_H

#include "io/results/results.h"

/**
 * What single requests took, of runs with record.requests. Only those of the cohort that were
 * answered count, of complete replications: those that the metrics of these names are of.
 */

/** A time of a request. */
struct results_time {
	const char *name;         /* "e2e" */
	const char *label, *unit; /* "end to end", "s" */
};

/** @name: one of e2e, ttft, tpot, wait, network, latency, prediction, or "time." and a cause; the
 *  name of a metric of one of them ("e2e.p95_s") will do. ERR_INPUT when it is none, with all that
 *  there are. The texts live as long as the program. */
MUST_CHECK bool results_time_find(struct results_time *out, const char *name, struct err *err);

/** Those of @run, of all replications, ascending: *@n of them in *@out, to be freed by the caller.
 *  @scope: "" or "system", "group:NAME" or "instance:NAME". ERR_INPUT where no requests were
 *  recorded, or by a version that did not write what is asked for. */
MUST_CHECK bool results_times(size_t *n, double **out, struct results *r, size_t run,
	const struct results_time *t, const char *scope, struct err *err);

#endif
