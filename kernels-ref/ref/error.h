#ifndef OFFING_KERNELS_REF_ERROR_H
#define OFFING_KERNELS_REF_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels-ref/ref/das.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What DAS cost in accuracy, against dense attention recomputed here in double, and the two
 * bounds on it: the exact one, and the paper's Eq. 14 to 19 evaluated term by term.
 *
 * The exact bound. A row loses the true probability mass delta: the sum of its dense
 * probabilities over keys not multiplied with V. What is left is divided by at least 1 - delta
 * (stage 1, and DAS_SUM_KEPT) and at most 1, so, with |.| the length of a row,
 *	|O - O_das| <= 2 delta max_j |v_j|
 * to rounding, when the scores are exact; int8 scores add an error that it does not cover.
 */
struct das_error {
	double rel_l1;    /* sum |O - O_das| / sum |O| over all elements */
	double max_abs;   /* largest difference of an element */
	double lost_mean; /* delta, over all rows of all heads */
	double lost_max;
	double worst_row;  /* largest |O - O_das| of a row */
	double over_bound; /* largest |O - O_das| - 2 delta max|v| of a row: <= rounding */
};

/** Measure @das, the output of das_attn() with @pv from the same call. O(n_q n_k dim) a head. */
void das_error_measure(struct das_error *e, const struct attn_shape *s, const struct das_params *p,
	const struct das_mask *m, const uint8_t *pv, const float *q, const float *k, const float *v,
	const float *das);

/**
 * The paper's argument for one head, left and right side of each step. S_g: visible blocks that
 * the mask prunes; S_pv: row groups of kept blocks that stage 2 prunes, b = sqrt(group_tok *
 * k_block_tok) the side of such a group. P is the true probability, P^ the compressed map. As
 * printed, the output is the sum of what is kept, without renormalising.
 */
struct das_paper_bound {
	double eq14_left, eq14_right; /* |O_full - O_das|_F <= sum over pruned of |P_ij V_j|_F */
	double eq15_left;             /* sum over S_g of P^_ij, over the whole map as printed */
	double eq15_row;              /* the largest such sum of one row: the sense that can hold */
	double eq15_right;            /* 1 - tau */
	double c;                     /* assumed in the paper: max over S_g of |P_ij|_F / P^_ij */
	double v_max;                 /* max_j |V_j|_F over blocks of keys */
	double eq16_left, eq16_right; /* E_g <= C V_max (1 - tau) */
	double eq17_left, eq17_right; /* largest P over S_pv < eps_pv = e^lambda */
	double eq18_left, eq18_right; /* E_pv <= |S_pv| V_max b eps_pv */
	double eq19_left, eq19_right; /* |O_full - O_das|_F <= eq16_right + eq18_right */
	size_t n_g, n_pv;             /* |S_g|, |S_pv| */
};

void das_paper_bound_eval(struct das_paper_bound *b, const struct attn_shape *s,
	const struct das_params *p, const struct das_mask *m, const uint8_t *pv, size_t head,
	const float *q, const float *k, const float *v);

#ifdef __cplusplus
}
#endif
#endif
