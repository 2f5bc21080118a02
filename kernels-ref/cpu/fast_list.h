#ifndef OFFING_KERNELS_FAST_LIST_H
#define OFFING_KERNELS_FAST_LIST_H

#include "kernels-ref/cpu/fast.h"

/** The functions of one build of sparse_attn.c and llama_q8.c, and their table. */
#define FAST_DECLARE(set) \
	void sparse_attn_##set(float *out, const struct attn_shape *s, const struct das_params *p, \
		const struct das_mask *m, const float *q, const float *k, const float *v); \
	void q8_gemv_##set(float *y, const struct q8_matrix *w, const float *x); \
	void q8_gemm_##set(float *y, const struct q8_matrix *w, const float *x, size_t n)

#define FAST_OPS_OF(set) \
	{ \
		.name = #set, .attn = sparse_attn_##set, .linear = { \
			.gemv = q8_gemv_##set, \
			.gemm = q8_gemm_##set \
		} \
	}

FAST_DECLARE(plain);

#endif
