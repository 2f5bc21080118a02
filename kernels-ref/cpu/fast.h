#ifndef OFFING_KERNELS_FAST_H
#define OFFING_KERNELS_FAST_H

#include <stddef.h>

#include "kernels-ref/ref/das.h"
#include "kernels-ref/ref/llama.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Fast CPU variants of the reference, in float, one thread. sparse_attn.c and llama_q8.c are
 * written with vectors of the compiler and built once per instruction set; fast_ops() chooses
 * at run time what this machine can do.
 *	0  the reference (ref/), sums in double
 *	1  plain   what every machine of the architecture has
 *	2  avx2    AVX2 and FMA
 *	3  avx512  AVX-512 F, BW, VL, DQ
 */
struct fast_ops {
	const char *name;

	/** Attention under mask @m; m NULL is dense and p may then be NULL. Scores and sums in
	 *  float: compare with das_attn() or attn_dense() to about 1e-5 of the largest |v|; a
	 *  stage-2 decision closer to lambda than rounding may differ. */
	void (*attn)(float *out, const struct attn_shape *s, const struct das_params *p,
		const struct das_mask *m, const float *q, const float *k, const float *v);

	/** gemv as q8_gemv(), to float rounding; gemm as q8_gemm(), to the last bit: its sums are
	 *  integers. */
	struct llama_linear linear;
};

/** Variant @i (from 1) if this machine can run it, else NULL; the list ends at fast_count(). */
const struct fast_ops *fast_variant(size_t i);

/** Largest number of a variant this build knows. */
size_t fast_count(void);

/** The fastest variant this machine can run. */
const struct fast_ops *fast_ops(void);

#ifdef __cplusplus
}
#endif
#endif
