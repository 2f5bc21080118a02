#ifndef OFFING_KERNELS_REF_DAS_POOLS_CUH
#define OFFING_KERNELS_REF_DAS_POOLS_CUH

#include "kernels-ref/cuda/attn_common.cuh"

/**
 * What mask prediction gathers in one look at Q and K, by whichever kernel has them in hand: the
 * mean and the self-similarity of each block of queries, and the sum of a head's keys. Similarity
 * and means of keys want that sum first and are das_predict.cu's.
 *
 * Means are kept as two halves a number, rounded and what that leaves: operands of the tensor
 * cores, good to 2^-22. Sums of keys are in fixed point, the same in any order.
 */
#define POOL_SCALE 0x1p30f
#define POOL_WARPS 8
#define POOL_THREADS (POOL_WARPS * WARP)

struct das_pools {
	unsigned long long *k_sum; /* [heads][128], in 1 / POOL_SCALE; zero before and after */
	unsigned *through;         /* [heads] tasks of keys that are, likewise */
	unsigned *claimed, *left;  /* tasks beside each block's first; blocks; likewise */
	half *q_mean, *k_mean;     /* [heads][blocks][2][128] */
	float *q_sim, *k_sim;      /* [heads][blocks] */
	unsigned heads, rows, cols;
};

das_pools das_pools_of(void *scratch, unsigned heads, unsigned n_q, unsigned n_k);

/** Sums over the rows of a block by each of its warps: of the rows, and of unit vectors. */
struct pool_part {
	alignas(16) float of[POOL_WARPS][2][ATTN_DIM];
};

/** One warp: a lane's four columns of the sum of all warps. */
__device__ inline float4 pool_total(const pool_part *part, int kind)
{
	unsigned d = threadIdx.x % WARP * 4;
	float4 all = make_float4(0.0f, 0.0f, 0.0f, 0.0f);

#pragma unroll
	for (int w = 0; w < POOL_WARPS; w++) {
		float4 x = *(const float4 *)(part->of[w][kind] + d);

		all.x += x.x;
		all.y += x.y;
		all.z += x.z;
		all.w += x.w;
	}
	return all;
}

/** One warp: a block of @n queries of a head. */
__device__ inline void pool_queries(
	const das_pools &to, const pool_part *part, unsigned head, unsigned row, unsigned n)
{
	size_t at = (size_t)head * to.rows + row;
	float4 sum = pool_total(part, 0), unit = pool_total(part, 1);
	float share = 1.0f / (float)n, mean[4] = {sum.x * share, sum.y * share, sum.z * share, sum.w * share};
	half *mean_to = to.q_mean + at * 2 * ATTN_DIM + threadIdx.x % WARP * 4;
	float high[4];

#pragma unroll
	for (int i = 0; i < 4; i++)
		high[i] = __half2float(__float2half(mean[i]));
	*(uint2 *)mean_to = make_uint2(pack_halves(mean[0], mean[1]), pack_halves(mean[2], mean[3]));
	*(uint2 *)(mean_to + ATTN_DIM) =
		make_uint2(pack_halves(mean[0] - high[0], mean[1] - high[1]),
			pack_halves(mean[2] - high[2], mean[3] - high[3]));
	float square = warp_sum(unit.x * unit.x + unit.y * unit.y + unit.z * unit.z + unit.w * unit.w);
	if (threadIdx.x % WARP == 0)
		to.q_sim[at] = fminf(square * share * share, 1.0f);
}

/** One warp: some keys of a head. */
__device__ inline void pool_keys(const das_pools &to, const pool_part *part, unsigned head)
{
	float4 sum = pool_total(part, 0);
	float x[4] = {sum.x, sum.y, sum.z, sum.w};
	unsigned long long *at = to.k_sum + head * ATTN_DIM + threadIdx.x % WARP * 4;

#pragma unroll
	for (int i = 0; i < 4; i++)
		atomicAdd(at + i, (unsigned long long)__float2ll_rn(x[i] * POOL_SCALE));
}

#endif
