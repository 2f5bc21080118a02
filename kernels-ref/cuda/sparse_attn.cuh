#ifndef OFFING_KERNELS_REF_SPARSE_ATTN_CUH
#define OFFING_KERNELS_REF_SPARSE_ATTN_CUH

#include <cstddef>
#include <cstdint>

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/ref/das.h"

/**
 * Attention with block sparsity (DAS) on a GPU: head dim 128, halves in and out, float sums;
 * ref/das.h is the truth. Blocks of 128 queries x 64 keys. Without a mask and with stage 2
 * off it is dense attention.
 */
#define DAS_Q_BLOCK 128
#define DAS_K_BLOCK 64

struct attn_in {
	const half *q, *k, *v;
	half *out;
	size_t q_head, q_tok, kv_head, out_head, out_tok; /* strides in halves; a key is 128 */
	unsigned heads, n_q, n_k;
	bool causal;         /* query i sees keys 0 .. i + n_k - n_q */
	bool sum_all;        /* DAS_SUM_ALL: a skipped product still counts in the row sum */
	float scale;         /* of the scores */
	float lambda_nats;   /* stage 2; -HUGE_VALF: off */
	const uint8_t *mask; /* [heads][row blocks][column blocks] of enum das_why; NULL: dense */
	unsigned long long *groups,
		*groups_pv; /* counted if not NULL: row groups, multiplied with V */
};

/** Tensor cores through mma.sync, compute capability 8.0 up; stage-2 groups of 16 rows. */
void attn_mma(const attn_in &in, cudaStream_t stream);

/** Warpgroup tensor cores and the tensor copy engine, 9.0; stage-2 groups of 64 rows. */
void attn_wgmma(const attn_in &in, cudaStream_t stream);

/** attn_wgmma() where the device has it, else attn_mma(). */
void attn_best(const attn_in &in, cudaStream_t stream);

/** Parameters of stage 1 that the device needs. */
struct das_predict_in {
	const half *q, *k;
	size_t q_head, q_tok, k_head; /* strides in halves; a key is 128 */
	unsigned heads, n_q, n_k;
	bool causal;
	float scale, theta, tau;
	uint8_t *mask; /* out: [heads][row blocks][column blocks] */
};

/** Bytes of such a mask, and of scratch that prediction wants. */
size_t das_mask_bytes(unsigned heads, unsigned n_q, unsigned n_k);
size_t das_predict_bytes(unsigned heads, unsigned n_q, unsigned n_k);

/** Once before the first call with @scratch; every call leaves it ready for the next of as many
 *  heads. */
void das_predict_begin(
	void *scratch, unsigned heads, unsigned n_q, unsigned n_k, cudaStream_t stream);

/** Stage 1 with DAS_TOP_CDF; ref/das.h states the rule. */
void das_predict_gpu(const das_predict_in &in, void *scratch, cudaStream_t stream);

/** The same after prompt_store_gpu() has written Q and K and left in @scratch what it saw: K is
 *  read once more, Q is not. One launch. */
void das_predict_pooled(const das_predict_in &in, void *scratch, cudaStream_t stream);

#endif
