#ifndef OFFING_CLI_SUMMARY_H
#define OFFING_CLI_SUMMARY_H

#include <stdio.h>

#include "models/measure/metric.h"
#include "models/measure/run_status.h"

/** What a run of one policy came to. All borrowed. */
struct run_summary {
	const char *name;   /* of the scenario */
	const char *policy; /* label */
	enum run_status status;
	size_t n_rows;
	const struct summary_row *rows;
};

/**
 * The main metrics for people: one line a metric, one column a policy, mean ±
 * half-width of the 95 % interval. At most 100 columns wide: what does not fit
 * goes into a further block. Lines no policy has a value for are left out;
 * groups, instances and links are in the files only.
 */
void summary_print(FILE *to, const struct run_summary *runs, size_t n_runs);

/**
 * One line of JSON: {"name","policy","status","metrics":[{"scope","name",
 * "unit","mean","ci95":[lo,hi],"n"}...]}. Numbers are the shortest that read
 * back to the same double; what is no number is null. The same bytes for the
 * same rows.
 */
void summary_json(FILE *to, const struct run_summary *run);

#endif
