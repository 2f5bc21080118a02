#ifndef OFFING_IO_RESULTS_KEYS_H
#define OFFING_IO_RESULTS_KEYS_H

#include "io/results/results.h"

/** The leaves of resolved scenarios, over several results. */

struct setting_key {
	const char *name;  /* borrowed from the results */
	const char *value; /* of the first that has it */
	size_t runs;       /* that have it */
	bool differs;      /* between those */
};

/** Every key of @results in order of name: *@n of them, to be freed by the caller. */
MUST_CHECK bool keys_all(size_t *n, struct setting_key **out, struct results *const *results,
	size_t n_results, struct err *err);

/** Of two runs, the same: those that one has and the other has not, or with another value. */
MUST_CHECK bool keys_differing(size_t *n, const char ***out, struct results *a, size_t run_a,
	struct results *b, size_t run_b, struct err *err);

#endif
