#ifndef OFFING_TESTS_BENCH_TIMED_H
#define OFFING_TESTS_BENCH_TIMED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/world/world.h"
#include "tests/bench/plain.h"

/** CPU seconds of the run alone, without its start; world_result_finish() @out. Ends the program
 *  where it cannot be built or does not come to its end. */
static inline double timed_run(struct world_result *out, const struct world_setup *setup)
{
	struct err err = {0};
	struct world *w;
	double from_s, took_s;

	if (!world_create(&w, setup, &err)) {
		err_print(&err, stderr);
		exit(1);
	}
	from_s = cpu_s();
	if (!world_run(w, out, &err) || out->status != RUN_COMPLETE) {
		fprintf(stderr, "%s%s\n", err.msg, out->failure);
		exit(1);
	}
	took_s = cpu_s() - from_s;
	world_destroy(w);
	return took_s;
}

/** A metric of the whole system; 0: there is none. */
static inline double timed_metric(const struct world_result *r, const char *name)
{
	for (size_t m = 0; m < r->n_metrics; m++)
		if (*r->metrics[m].scope == '\0' &&
			strcmp(metrics[r->metrics[m].id].name, name) == 0)
			return r->metrics[m].value;
	return 0.0;
}

#endif
