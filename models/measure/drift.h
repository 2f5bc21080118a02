#ifndef OFFING_MODELS_MEASURE_DRIFT_H
#define OFFING_MODELS_MEASURE_DRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * How the backlog N, all requests in queues, and L (Eq. 20) change in a slot, given the N that it
 * begins with: E[N' - N | N] and E[L' - L | N] (Eq. 21) in bins of N, and B and epsilon of Eq. 22.
 *
 * Slots that follow each other are not independent. So a run is cut into stretches, 16 to 32 of
 * equally many slots, and an interval is made of how these differ (batch means, Law, "Simulation
 * Modeling and Analysis", 5th ed., 9.5.3; of ratios and regressions: residuals summed by cluster,
 * Liang and Zeger, Biometrika 73, 1986). Stretches of several replications are put together.
 */

enum {
	DRIFT_SINGLE = 8, /* the backlogs below have bins of their own, */
	DRIFT_OCTAVE = 4, /* and there are so many from each power of two to the next */
	DRIFT_BINS = DRIFT_SINGLE + DRIFT_OCTAVE * 29,
	DRIFT_OF_RUN = 32, /* stretches of one run, at most; of several: */
	DRIFT_OF_ALL = 512,
};

size_t drift_bin(uint32_t backlog);
/** The least backlog of bin @bin; of DRIFT_BINS 2^32. */
uint64_t drift_bin_from(size_t bin);

/** Of the slots of one bin in one stretch. */
struct drift_sums {
	double slots, N, dN, dL;
	double squares;             /* of half the sum of the squared changes of the queues */
	double per_N, per_N2;       /* of 1/N and its square, where N is not 0 */
	double dL_per_N, dL_per_N2; /* of dL times these */
};

/** Owns its stretches. {0} when empty. */
struct drift {
	size_t n, cap;                       /* stretches */
	struct drift_sums (*at)[DRIFT_BINS]; /* of each */
	uint32_t filled, full;               /* slots in the last one, and of each of the others */
	double places;                       /* most requests that were served at once */
	double most_left;                    /* in one slot */
};

/** One slot: the backlog at its start, what it added to that and to L, and half the sum of the
 *  squares of what it added to the queues. */
struct drift_step {
	uint32_t backlog;
	double dN, dL, squares;
};

/** One slot more, of one run. */
void drift_slot(struct drift *d, const struct drift_step *s);
/** Take all of @from in. */
void drift_merge(struct drift *d, const struct drift *from);
/** Take the stretches of @from, one by one, into those of @to, of which they are not independent:
 *  two runs at a time. */
void drift_beside(struct drift *to, const struct drift *from);
void drift_finish(struct drift *d);

/** A mean with its interval, mean -+ half; half NaN: too little is known for one. */
struct drift_mean {
	double mean, half;
};

/** What is known of one bin. */
struct drift_bin_means {
	double slots, backlog; /* how many, and their mean backlog */
	struct drift_mean dN, dL;
};

/** 95 %. False: no slot began there. */
bool drift_bin_means(struct drift_bin_means *out, const struct drift *d, size_t bin);

/** Eq. 22 where nobody can be idle. */
struct drift_fit {
	double threshold;             /* the least backlog that is looked at */
	double slots;                 /* with so much or more */
	struct drift_mean epsilon, B; /* NaN: too few slots are; 95 % */
};

/**
 * E[L' - L | N] = B - epsilon N, fitted to the slots that begin with a backlog of at least
 * places + most_left, rounded up to a bin: all places were taken throughout. L changes by about
 * N (N' - N), so the variance grows with N^2: least squares with weights 1/N^2.
 *
 * Where the backlog only grows or only drains, its level tells the time, and a regression on it is
 * biased as that of a random walk on itself is (Stambaugh, J. Financial Economics 54, 1999). There
 * B is what it is in the proof of Eq. 22, the mean of half the squared changes, and only epsilon
 * is fitted.
 */
struct drift_fit drift_fit(const struct drift *d);

#endif
