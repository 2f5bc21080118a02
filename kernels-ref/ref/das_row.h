#ifndef OFFING_KERNELS_REF_DAS_ROW_H
#define OFFING_KERNELS_REF_DAS_ROW_H

#include "kernels-ref/ref/das.h"

/** Steps that the parts of DAS and the fast kernels share. */

/** Selection for one row of the compressed map: turn the scores in @map [n] (-HUGE_VAL: no
 *  candidate) into probabilities (0 there) and OR DAS_BY_MAP into @why of the selected. */
void das_select_row(uint8_t *why, double *map, size_t n, const struct das_params *p);

/** Mean over the tokens of @x [n][dim]. */
void das_mean(double *mean, const float *x, size_t n, size_t dim);

/** int8 of one head's @q, @scale [n_rows], by blocks of q_block_tok. */
void das_quantise_q(int8_t *q8, float *scale, const struct attn_shape *s,
	const struct das_params *p, const float *q);

/** int8 of one head's @k less its token mean, @scale [n_cols], by blocks of k_block_tok. */
void das_quantise_k(int8_t *k8, float *scale, const struct attn_shape *s,
	const struct das_params *p, const float *k);

#endif
