#ifndef OFFING_STUDY_COMPARE_H
#define OFFING_STUDY_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/stat.h"

/**
 * Is one system better than another, and by how much? Replications with the same number and seed
 * see the same arrivals (common random numbers), so their differences are compared, not their
 * means: Law, "Simulation Modeling and Analysis", 5th ed., 10.2 and 11.2.
 */

/** A metric of a system by replication; borrowed. */
struct compare_side {
	size_t n;
	const uint32_t *numbers; /* of the replications, ascending */
	const double *values;    /* NaN: nothing to measure; the replication is left out */
};

struct comparison {
	bool paired;
	size_t n;                  /* pairs that both have a value; not paired: the lesser number */
	double a, b;               /* means, over the pairs */
	struct stat_interval less; /* b - a, 95 %: Student t of the differences, or Welch's */
	/* Of the pairs, both NaN where not paired or fewer than two: */
	double correlation; /* NaN also where one of them does not vary */
	double saved;       /* so many times as many independent replications would have been
			     * needed: (var a + var b) / var (b - a); infinite: they differ by a
			     * constant; NaN where neither varies */
};

/** By number where @paired, else as independent samples. With fewer than two pairs the interval has
 *  no limits. */
struct comparison compare(const struct compare_side *a, const struct compare_side *b, bool paired);

#endif
