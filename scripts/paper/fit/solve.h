#ifndef OFFING_SCRIPTS_PAPER_FIT_SOLVE_H
#define OFFING_SCRIPTS_PAPER_FIT_SOLVE_H

#include <stddef.h>

#include "base/err.h"
#include "scripts/paper/fit/testbed.h"

/**
 * Least squares of the logarithms, foretold over printed, of the cells of one device (GSL,
 * Levenberg-Marquardt). What is fitted are logarithms of constants, so that none comes out below 0.
 */

enum field { FIELD_EB, FIELD_EC, FIELD_LAUNCH };
enum { CONSTANTS_MOST = 6 };

/** One constant that is fitted: a field, of both models (PAPER_MODELS) or of one. */
struct constant {
	const char *name;
	enum field field;
	enum paper_model model;
	double start;
};

/** Which constants a device has; the rest stay as published. */
struct form {
	const char *name;
	size_t n;
	struct constant constant[CONSTANTS_MOST];
};

struct solution {
	const struct form *form;
	enum card card;
	struct constants at;
	double value[CONSTANTS_MOST];                      /* of its constants */
	double covariance[CONSTANTS_MOST][CONSTANTS_MOST]; /* of their logarithms */
	size_t n; /* cells, and by cell its number, what is foretold, ln(foretold / printed) */
	size_t cell[CELLS_MOST];
	double foretold_s[CELLS_MOST], residual[CELLS_MOST];
	double sigma; /* sqrt(sum of squares / (n - constants)) */
	double aicc;  /* Akaike's criterion for few cells; the least is best */
};

MUST_CHECK bool solve(struct solution *out, const struct form *f, enum card d,
	const struct cells *cells, struct testbed *t, struct err *err);

#endif
