#ifndef OFFING_KERNELS_REF_DAS_KEYS_CUH
#define OFFING_KERNELS_REF_DAS_KEYS_CUH

#include "kernels-ref/cuda/attn_common.cuh"

/**
 * The self-similarity of a block of keys, the mean of all keys taken off, by one warp. Norms are
 * products on the tensor cores: with X 16 rows of the block, the diagonal of X X', and X m with the
 * mean m, two halves for each of its numbers. The rest is taken from the same registers.
 */
#define NO_NORM 1e-6f /* a key this close to the mean, squared and relative, is the mean */

__device__ inline void eight_of(float x[8], const uint4 &bits)
{
	const uint32_t pair[4] = {bits.x, bits.y, bits.z, bits.w};

#pragma unroll
	for (int i = 0; i < 4; i++) {
		float2 two = __half22float2(*(const half2 *)(pair + i));

		x[2 * i] = two.x;
		x[2 * i + 1] = two.y;
	}
}

/** 16 rows of keys as left operand of products: lane 4 g + t has of rows g and g + 8 the columns 32
 * j
 *  + 8 t and seven more, j < 4, which the tensor cores take for others; it does not matter to a
 *  product as long as both sides agree. */
struct key_rows {
	uint4 of[2][4];

	/* Zeros from row @n on. */
	__device__ void load(const half *from, unsigned n)
	{
		unsigned g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;

#pragma unroll
		for (unsigned i = 0; i < 8; i++) {
			unsigned row = g + i / 4 * 8;

			of[i / 4][i % 4] = row < n ? *(const uint4 *)(from + row * ATTN_DIM +
								      i % 4 * 32 + t * 8)
						   : make_uint4(0, 0, 0, 0);
		}
	}
};

/** Of the mean of all keys, the right operand: its halves in column 0, what they leave in 1. */
struct key_mean {
	uint32_t of[16];
	float square;

	__device__ void load(const float *mean)
	{
		unsigned g = threadIdx.x % WARP / 4, t = threadIdx.x % 4;
		float4 mine = *(const float4 *)(mean + threadIdx.x % WARP * 4);

		square = warp_sum(
			mine.x * mine.x + mine.y * mine.y + mine.z * mine.z + mine.w * mine.w);
#pragma unroll
		for (unsigned i = 0; i < 16; i++) {
			float2 x = *(const float2 *)(mean + i / 4 * 32 + t * 8 + i % 4 * 2);
			float2 high = __half22float2(__floats2half2_rn(x.x, x.y));

			of[i] = g == 0   ? pack_halves(x.x, x.y)
				: g == 1 ? pack_halves(x.x - high.x, x.y - high.y)
					 : 0;
		}
	}
};

__device__ inline uint32_t word_of(const uint4 &x, int i)
{
	return i == 0 ? x.x : i == 1 ? x.y : i == 2 ? x.z : x.w;
}

/* Inverse norms of rows g and g + 8 less the mean. */
__device__ inline void inverse_norms(float to[2], const key_rows &rows, const key_mean &mean)
{
	unsigned lane = threadIdx.x % WARP, g = lane / 4, quad = lane & ~3u;
	float upper[4] = {}, lower[4] = {}, with_mean[4] = {};

#pragma unroll
	for (int i = 0; i < 8; i++) {
		int j = i / 2, w = i % 2 * 2;
		uint32_t a0 = word_of(rows.of[0][j], w), a1 = word_of(rows.of[1][j], w);
		uint32_t a2 = word_of(rows.of[0][j], w + 1), a3 = word_of(rows.of[1][j], w + 1);

		mma_16816(upper, a0, a1, a2, a3, a0, a2);
		mma_16816(lower, a0, a1, a2, a3, a1, a3);
		mma_16816(with_mean, a0, a1, a2, a3, mean.of[2 * i], mean.of[2 * i + 1]);
	}
	/* The diagonals are in lane 4 g + g / 2, products with the mean in lane 4 g. */
	float square[2] = {g & 1 ? upper[1] : upper[0], g & 1 ? lower[3] : lower[2]};

#pragma unroll
	for (int i = 0; i < 2; i++) {
		float whole = __shfl_sync(FULL_WARP, square[i], quad + g / 2);
		float product =
			__shfl_sync(FULL_WARP, with_mean[2 * i] + with_mean[2 * i + 1], quad);
		float rest = whole + mean.square - 2.0f * product;

		to[i] = rest > NO_NORM * whole ? rsqrtf(rest) : 0.0f;
	}
}

/** Sums over rows of a block, each by its weight: element 8 j + c of a lane of column 32 j + 8 t +
 * c, over rows g and g + 8; and of the weights. */
struct key_sums {
	float of[32] = {}, weights = 0.0f;

	__device__ void add(const key_rows &rows, const float weight[2])
	{
#pragma unroll
		for (int i = 0; i < 8; i++) {
			float x[8];

			eight_of(x, rows.of[i / 4][i % 4]);
#pragma unroll
			for (int c = 0; c < 8; c++)
				of[i % 4 * 8 + c] += x[c] * weight[i / 4];
		}
		weights += weight[0] + weight[1];
	}

	/* Each of two lanes @apart takes over half of what both have. */
	template <int N> __device__ void halve(unsigned apart)
	{
		bool upper = threadIdx.x & apart;

#pragma unroll
		for (int i = 0; i < N; i++) {
			float mine = upper ? of[i + N] : of[i], other = upper ? of[i] : of[i + N];

			of[i] = mine + __shfl_xor_sync(FULL_WARP, other, (int)apart);
		}
	}

	/* |sum of @n unit vectors less @mean / n|^2 */
	__device__ float similarity(const float *mean, unsigned n)
	{
		float all = warp_sum(weights) / 4.0f, square = 0.0f; /* four have the same */
		unsigned lane = threadIdx.x % WARP, at;

		halve<16>(16);
		halve<8>(8);
		halve<4>(4);
		at = (lane & 16) + (lane & 8) + (lane & 4);
		mean += at / 8 * 32 + lane % 4 * 8 + at % 8;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			float x = of[i] - mean[i] * all;

			square += x * x;
		}
		return fminf(warp_sum(square) / ((float)n * (float)n), 1.0f);
	}
};

/** Of the @n <= DAS_K_BLOCK keys @from on, without @mean, [128] in shared memory; by one warp. */
__device__ inline float key_similarity(const half *from, const float *mean, unsigned n)
{
	unsigned g = threadIdx.x % WARP / 4;
	key_rows rows;
	key_mean off;
	key_sums sums;

	rows.load(from, n);
	off.load(mean);
#pragma unroll 1
	for (unsigned row = 0; row < n; row += 16) {
		float weight[2];

		if (row > 0)
			rows.load(from + row * ATTN_DIM, n - row);
		inverse_norms(weight, rows, off);
#pragma unroll
		for (unsigned i = 0; i < 2; i++)
			weight[i] = row + g + 8 * i < n ? weight[i] : 0.0f;
		sums.add(rows, weight);
	}
	return sums.similarity(mean, n);
}

#endif
