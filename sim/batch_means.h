#ifndef OFFING_SIM_BATCH_MEANS_H
#define OFFING_SIM_BATCH_MEANS_H

#include <stdbool.h>
#include <stddef.h>

/**
 * The variance of a sum of correlated increments, by batch means (Law, "Simulation Modeling and
 * Analysis", 5th ed., 9.5.3): neighbours are added up, two by two, until the sums are no longer
 * correlated with the next.
 */

enum { BATCH_MEANS_LEAST = 16 }; /* batches */

struct batch_means {
	double var;      /* of the sum of all increments; NaN below BATCH_MEANS_LEAST of them */
	double df;       /* its degrees of freedom: batches - 1 */
	size_t batch;    /* increments in one batch: a power of two */
	bool correlated; /* by more than a half, the coarsest batches: nobody knows @var */
};

/**
 * Of @x[0..@n), in @most batches at first at most (0: as many as there are). Batches are doubled
 * while the correlation of neighbours is above 1 / sqrt(batches), or the coarsest batches vary more
 * than these by a factor that is no chance, and while BATCH_MEANS_LEAST are left; then the
 * correlation that remains is allowed for. What does not fill the last batch is left out. O(n log
 * n), no memory.
 */
struct batch_means batch_means_of(const double *x, size_t n, size_t most);

#endif
