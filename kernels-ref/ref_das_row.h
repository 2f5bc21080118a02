#ifndef OFFING_KERNELS_REF_DAS_ROW_H
#define OFFING_KERNELS_REF_DAS_ROW_H

#include "kernels-ref/ref_das.h"

/** Steps that mask prediction and das-decode share. */

/** Selection for one row of the compressed map: turn the scores in @map [n] (-HUGE_VAL: no
 *  candidate) into probabilities (0 there) and OR DAS_BY_MAP into @why of the selected. */
void das_select_row(uint8_t *why, double *map, size_t n, const struct das_params *p);

/** Mean over the tokens of @x [n][dim]. */
void das_mean(double *mean, const float *x, size_t n, size_t dim);

#endif
