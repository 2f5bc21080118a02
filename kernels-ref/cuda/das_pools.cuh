#ifndef OFFING_KERNELS_REF_DAS_POOLS_CUH
#define OFFING_KERNELS_REF_DAS_POOLS_CUH

#include "kernels-ref/cuda/attn_common.cuh"

/**
 * What mask prediction gathers in one look at Q and K, by whichever kernel has them in hand: the
 * mean and the self-similarity of each block of queries, the mean of each block of keys, and the
 * sum of a head's. Similarity of keys wants that sum first and is das_predict.cu's.
 *
 * Means are kept as two halves a number, rounded and what that leaves: operands of the tensor
 * cores, good to 2^-22. That of all keys is not taken off: it moves all scores of a row alike. Sums
 * of keys are in fixed point, the same in any order.
 */
#define POOL_SCALE 0x1p30f
#define POOL_WARPS 8
#define POOL_THREADS (POOL_WARPS * WARP)

struct das_pools {
	unsigned long long *k_sum;  /* [heads][128], in 1 / POOL_SCALE; zero before and after */
	unsigned *through, *mapped; /* [heads] tasks of keys and of the map that are, likewise */
	unsigned *claimed, *left;   /* tasks beside each block's first; blocks; likewise */
	half *q_mean, *k_mean;      /* [heads][blocks][2][128] */
	float *q_sim, *k_sim;       /* [heads][blocks] */
	unsigned heads, rows, cols;
};

das_pools das_pools_of(void *scratch, unsigned heads, unsigned n_q, unsigned n_k);

/** Sums over 128 rows by each warp: of queries, and of their unit vectors; of the first 64 keys,
 * and of the others. */
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

/** A lane's four columns of a mean at @to. */
__device__ inline void pool_mean_store(half *to, const float4 &x)
{
	float a = x.x - __half2float(__float2half(x.x)), b = x.y - __half2float(__float2half(x.y));
	float c = x.z - __half2float(__float2half(x.z)), d = x.w - __half2float(__float2half(x.w));

	to += threadIdx.x % WARP * 4;
	*(uint2 *)to = make_uint2(pack_halves(x.x, x.y), pack_halves(x.z, x.w));
	*(uint2 *)(to + ATTN_DIM) = make_uint2(pack_halves(a, b), pack_halves(c, d));
}

/** One warp: block @row of a head's queries, @n of them. */
__device__ inline void pool_queries(
	const das_pools &to, const pool_part *part, unsigned head, unsigned row, unsigned n)
{
	size_t at = (size_t)head * to.rows + row;
	float4 sum = pool_total(part, 0), unit = pool_total(part, 1);
	float share = 1.0f / (float)n;

	pool_mean_store(to.q_mean + at * 2 * ATTN_DIM,
		make_float4(sum.x * share, sum.y * share, sum.z * share, sum.w * share));
	float square =
		warp_sum(unit.x * unit.x + unit.y * unit.y + unit.z * unit.z + unit.w * unit.w);
	if (threadIdx.x % WARP == 0)
		to.q_sim[at] = fminf(square * share * share, 1.0f);
}

/** One warp: two blocks of a head's keys, from an even one on, @n keys. */
__device__ inline void pool_keys(
	const das_pools &to, const pool_part *part, unsigned head, unsigned col, unsigned n)
{
	unsigned long long *at = to.k_sum + head * ATTN_DIM + threadIdx.x % WARP * 4;
	float all[4] = {};

#pragma unroll
	for (unsigned i = 0; i < 2; i++) {
		if (n <= i * DAS_K_BLOCK)
			break;
		float4 sum = pool_total(part, (int)i);
		float share = 1.0f / (float)min(n - i * DAS_K_BLOCK, (unsigned)DAS_K_BLOCK);

		pool_mean_store(to.k_mean + ((size_t)head * to.cols + col + i) * 2 * ATTN_DIM,
			make_float4(sum.x * share, sum.y * share, sum.z * share, sum.w * share));
		all[0] += sum.x;
		all[1] += sum.y;
		all[2] += sum.z;
		all[3] += sum.w;
	}
#pragma unroll
	for (int i = 0; i < 4; i++)
		atomicAdd(at + i, (unsigned long long)__float2ll_rn(all[i] * POOL_SCALE));
}

#endif
