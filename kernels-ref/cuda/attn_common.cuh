#ifndef OFFING_KERNELS_REF_ATTN_COMMON_CUH
#define OFFING_KERNELS_REF_ATTN_COMMON_CUH

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/cuda/sparse_attn.cuh"

#define ATTN_DIM 128
#define ATTN_MAX_COLS 1024 /* 65 536 keys */
#define ATTN_LIST_AHEAD 8

__host__ __device__ inline unsigned attn_blocks(unsigned tokens, unsigned block)
{
	return (tokens + block - 1) / block;
}

/** Column blocks with a key that a row of row block @row may see. */
__device__ inline unsigned attn_visible_cols(const attn_in &in, unsigned row)
{
	unsigned last = min(in.n_q, (row + 1) * DAS_Q_BLOCK) - 1;
	unsigned keys = in.causal ? last + in.n_k - in.n_q + 1 : in.n_k;

	return attn_blocks(keys, DAS_K_BLOCK);
}

/** List the column blocks to compute, ascending, in shared memory, by one whole warp. */
__device__ inline unsigned attn_list_cols(
	uint16_t *list, const attn_in &in, unsigned head, unsigned row)
{
	unsigned cols = attn_visible_cols(in, row), all = attn_blocks(in.n_k, DAS_K_BLOCK), n = 0;
	unsigned lane = threadIdx.x % WARP;
	const uint8_t *mask = in.mask;

	if (mask)
		mask += ((size_t)head * attn_blocks(in.n_q, DAS_Q_BLOCK) + row) * all;
	for (unsigned c0 = lane; c0 < cols + lane; c0 += ATTN_LIST_AHEAD * WARP) {
		bool keep[ATTN_LIST_AHEAD]; /* read before the list is written, or one by one */

#pragma unroll
		for (unsigned i = 0; i < ATTN_LIST_AHEAD; i++) {
			unsigned c = c0 + i * WARP;

			keep[i] = c < cols && (!mask || mask[c]);
		}
#pragma unroll
		for (unsigned i = 0; i < ATTN_LIST_AHEAD; i++) {
			unsigned kept = __ballot_sync(FULL_WARP, keep[i]);

			if (keep[i])
				list[n + __popc(kept & ((1u << lane) - 1))] =
					(uint16_t)(c0 + i * WARP);
			n += __popc(kept);
		}
	}
	__syncwarp();
	return n;
}

/** Last key that query @i may see, plus one. */
__device__ inline int attn_key_end(const attn_in &in, int i)
{
	return in.causal ? min((int)in.n_k, i + (int)(in.n_k - in.n_q) + 1) : (int)in.n_k;
}

#endif
