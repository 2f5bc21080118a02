#ifndef OFFING_SCRIPTS_PAPER_FIT_TESTBED_H
#define OFFING_SCRIPTS_PAPER_FIT_TESTBED_H

#include <stddef.h>

#include "base/err.h"
#include "scripts/paper/fit/cells.h"

/**
 * The engine's word on a cell: the scenario of Table 1 with one user who asks again when answered,
 * on devices that have given constants. The same seed whatever the constants, so that a cell goes
 * smoothly with them.
 */

/** Of one device. Everything else a step takes follows from shapes and data sheet. */
struct constants {
	double eb[PAPER_MODELS];       /* share of the memory bandwidth reached */
	double ec;                     /* share of the peak rate reached */
	double launch_s[PAPER_MODELS]; /* beside both, of every layer in every step */
};

struct testbed;

/** Read the scenarios in @folder for every cell of @cells, which outlive it. */
MUST_CHECK bool testbed_create(struct testbed **out, const char *folder, const struct cells *cells,
	unsigned replications, struct err *err);
void testbed_destroy(struct testbed *t);

/** Latency per token of cell @i where its device has @c. */
MUST_CHECK bool testbed_latency(
	double *out_s, struct testbed *t, size_t i, const struct constants *c, struct err *err);

#endif
