#ifndef OFFING_STUDY_RANKING_H
#define OFFING_STUDY_RANKING_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/stat.h"

/**
 * Which of several systems is the best? Kim and Nelson's sequential procedure ("A fully sequential
 * procedure for indifference-zone selection in simulation", ACM TOMACS 11(3), 2001, c = 1): with
 * each replication those that fell too far behind another are out. The one that is left is the best
 * with probability 1 - error, if it is better than all others by @indifference at least; else it is
 * within that of the best in practice. Replications may have common random numbers, which makes it
 * shorter. It assumes that replications are normal, so means over many requests.
 */
struct ranking_setting {
	size_t n_systems, n;         /* at least 2; replications, the same of each */
	const double *const *values; /* [system][replication] */
	bool more_is_better;
	double indifference; /* above 0, of the metric */
	double error;        /* in (0, 0.5) */
	size_t first;        /* replications that variances are taken from; at least 2 */
};

struct ranked {
	struct stat_interval mean; /* 95 %, by itself */
	bool out;
	size_t out_after; /* so many replications; 0: it is not, or by its interval */
	/* From the best mean to it: below 0 where more is better. All intervals together hold with
	   probability 1 - error / 2. 0 of the one itself. */
	struct stat_interval behind;
};

struct ranking {
	size_t best;   /* the least (or greatest) mean of those that are left */
	size_t n_left; /* 1: it is decided */
	size_t used;   /* replications until then */
	size_t most;   /* with so many it is decided in any case */
};

/** One of @of for each system. There are @first replications at least. */
struct ranking ranking_select(struct ranked *of, const struct ranking_setting *s);

#endif
