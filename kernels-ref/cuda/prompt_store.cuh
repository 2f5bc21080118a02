#ifndef OFFING_KERNELS_REF_PROMPT_STORE_CUH
#define OFFING_KERNELS_REF_PROMPT_STORE_CUH

#include <cstddef>
#include <cstdint>

#include "kernels-ref/cuda/cuda_common.cuh"

/**
 * From the sums of a prompt's first multiplication to real numbers: queries, and keys and values
 * into the cache, with RoPE on the way. Head dim 128.
 */
struct prompt_store {
	const int32_t *sums;              /* [n][3 hidden] */
	const float *tok_scale, *w_scale; /* [n], [3 hidden] */
	const float2 *rope;
	half *q, *k, *v; /* q: [n][hidden] */
	unsigned hidden, n, context;
	size_t cap;                /* of the cache, tokens of a head */
	const uint32_t *pos, *seq; /* of each token; NULL: of sequence 0, from @context on */
};

/** @pools: scratch of das_predict_begin() for these heads, n and n, into which what mask
 *  prediction wants to know of Q and K is gathered (das_predict_pooled() goes on from there); NULL:
 *  it is not. */
void prompt_store_gpu(const prompt_store &in, void *pools, cudaStream_t stream);

#endif
