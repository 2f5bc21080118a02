#ifndef OFFING_CLI_SUMMARY_H
#define OFFING_CLI_SUMMARY_H

#include <stdio.h>

#include "models/measure/metric.h"
#include "models/measure/run_status.h"
#include "models/scenario.h"
#include "study/pool.h"

/** What a run of one policy came to. All borrowed. */
struct run_summary {
	const char *name;   /* of the scenario */
	const char *policy; /* label */
	enum run_status status;
	size_t n_rows;
	const struct summary_row *rows;
	size_t n;         /* complete replications */
	size_t alone;     /* of them those that no mean has: their antithetic one is not complete */
	bool alike;       /* and nothing in them was random */
	const char *note; /* what a reader must know of this policy, whose column has a "!" then;
			   * NULL: nothing */
	const struct pool *pool; /* what its replications know together; NULL: not told of */
};

/** What a run of several came to. */
struct summary {
	size_t n_runs;
	const struct run_summary *runs;
	/** Where the runs have different numbers of replications: the rows are over these, which
	 *  all have. */
	size_t n_common;
	const struct scenario_spec *spec; /* NULL: batches and device times are not told of */
	size_t width;                     /* columns of the terminal, at least 80 */
};

/**
 * The main metrics for people: one line a metric, one column a policy, mean ±
 * half-width of the 95 % interval; then how busy sites and the busiest link are, how
 * full batches are, and whose device times were used. What does not fit beside each
 * other goes into a further block. Lines no policy has a value for are left out, but
 * for energy and cost; groups, instances and links are in the files only.
 */
void summary_print(FILE *to, const struct summary *s);

/**
 * One line of JSON: {"name","policy","status","stability":{...},"metrics":[{"scope","name",
 * "unit","mean","ci95":[lo,hi],"n"}...]}. Numbers are the shortest that read
 * back to the same double; what is no number is null. The same bytes for the
 * same rows.
 */
void summary_json(FILE *to, const struct run_summary *run);

#endif
