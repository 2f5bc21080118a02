#ifndef OFFING_KERNELS_DAS_TUNE_H
#define OFFING_KERNELS_DAS_TUNE_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels-ref/ref/das.h"

/**
 * Thresholds of one head for a given error, by the method published for SpargeAttn: for each
 * theta of a grid the least tau whose relative L1 error stays below @l1 (bisection); of these
 * the sparsest mask; then, under the looser @l2, the largest lambda (bisection). A head that can
 * skip no more than a tenth is left dense. The error is taken as falling with tau and rising
 * with lambda, which it does but for single blocks; what is returned was itself measured.
 */
struct das_tuned {
	double theta, tau, lambda_nats;
	double sparsity; /* share of the dense work skipped, both stages; 0 when dense */
	double rel_l1;   /* measured with these values */
	bool dense;
};

struct das_tune_spec {
	double l1, l2;   /* largest relative L1 error after stage 1, after stage 2; l1 <= l2 */
	size_t n_theta;  /* grid: none fixed, then 1 - 1/n, 1 - 2/n, ... 1/n; >= 1 */
	size_t n_bisect; /* halvings of tau in 0..1 and of lambda in -20..0 */
};

/** @p gives all else (rule, blocks, groups, denominator, scores); @s has one head. The attention
 *  is computed by the fastest CPU variant, n_theta * n_bisect times at most. */
void das_tune_head(struct das_tuned *t, const struct das_tune_spec *spec,
	const struct attn_shape *s, const struct das_params *p, const float *q, const float *k,
	const float *v);

#endif
