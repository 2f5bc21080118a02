#ifndef OFFING_KERNELS_REF_ONLINE_H
#define OFFING_KERNELS_REF_ONLINE_H

#include <math.h>
#include <stddef.h>

/**
 * The online softmax of one query row: after any number of tiles,
 *	max = largest score so far, sum = sum of e^(score - max), acc = sum of e^(score - max) v.
 * Shared by the reference kernels of this folder.
 */
struct online {
	double max; /* -HUGE_VAL before the first score */
	double sum;
};

/** Sum of the products, in double, in four interleaved partial sums. */
double dot_f64(const float *a, const float *b, size_t n);

/** Largest of @n scores; -HUGE_VAL for none. */
double online_peak(const double *score, size_t n);

/** Add @n scores and their values @v [n][dim]. */
void online_add(
	struct online *o, double *acc, const double *score, size_t n, const float *v, size_t dim);

/** Add @n scores to the sum but not their values; none exceeds the maximum so far. */
void online_add_sum(struct online *o, const double *score, size_t n);

/** out = acc / sum, or 0 when nothing was added. */
void online_finish(float *out, const struct online *o, const double *acc, size_t dim);

#endif
