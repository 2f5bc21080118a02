#ifndef OFFING_TESTS_TRUTH_MEASURE_H
#define OFFING_TESTS_TRUTH_MEASURE_H

#include "base/err.h"
#include "tests/truth/cell.h"
#include "tests/truth/rig.h"

enum { MEASURE_REPS_MAX = 48 };

/** Repetitions of one cell. */
struct measured {
	size_t n;
	struct sample rep[MEASURE_REPS_MAX];
};

/** Add @reps repetitions to @m, each with full buckets, and a connection of its own if cold.
 *  @about_s is what one may take, more or less. */
MUST_CHECK bool measure(struct measured *m, struct rig *r, const struct cell *c, size_t reps,
	double about_s, struct err *err);

/** The share @q of repetitions that ended flow @i sooner; @i = n_flows: the last of all. */
double measured_quantile_s(const struct measured *m, size_t n_flows, size_t i, double q);

#endif
