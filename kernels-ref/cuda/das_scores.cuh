#ifndef OFFING_KERNELS_REF_DAS_SCORES_CUH
#define OFFING_KERNELS_REF_DAS_SCORES_CUH

#include "kernels-ref/cuda/attn_common.cuh"

/**
 * Scores of pooled queries and keys on the tensor cores, from means that are two halves a number.
 */
#define MAP_ROWS 16 /* of queries */
#define MAP_TILE 8  /* columns that a warp makes at a time */
#define MEAN_WORDS (ATTN_DIM / 2)
#define MEAN_PITCH (MEAN_WORDS + 8) /* words from row to row, for the banks */

struct map_queries {
	alignas(16) uint32_t of[2][MAP_ROWS][MEAN_PITCH]; /* means of rows, [high, low][row] */
};

/* Of 16 columns of a mean lane 4 g + t has those from 4 t on: as in key_rows, both sides agree. */
__device__ inline uint2 queries_share(const map_queries *q, int low, unsigned row, int step)
{
	return *(const uint2 *)(q->of[low][row] + 8 * step + threadIdx.x % 4 * 2);
}

/* A lane's share of a column's mean, high or low. */
__device__ inline void keys_share(uint2 to[8], const half *mean)
{
#pragma unroll
	for (int i = 0; i < 8; i++)
		to[i] = __ldcg((const uint2 *)mean + 4 * i + threadIdx.x % 4);
}

/* A lane's share of the mean of one of MAP_TILE columns, g. */
struct map_keys {
	uint2 high[8], low[8];

	__device__ void load(const half *mean)
	{
		keys_share(high, mean);
		keys_share(low, mean + ATTN_DIM);
	}
};

/* Scores of 16 rows and MAP_TILE columns: lane 4 g + t has rows g (0, 1) and g + 8 (2, 3) of
 * columns 2 t and the next. */
__device__ inline void map_tile(float to[4], const map_queries *q, const map_keys &key)
{
	unsigned g = threadIdx.x % WARP / 4;
	float part[3][4] = {};

#pragma unroll
	for (int i = 0; i < 8; i++) {
		uint2 upper = queries_share(q, 0, g, i), lower = queries_share(q, 0, g + 8, i);

		mma_16816(
			part[0], upper.x, lower.x, upper.y, lower.y, key.high[i].x, key.high[i].y);
		mma_16816(part[1], upper.x, lower.x, upper.y, lower.y, key.low[i].x, key.low[i].y);
		upper = queries_share(q, 1, g, i);
		lower = queries_share(q, 1, g + 8, i);
		mma_16816(
			part[2], upper.x, lower.x, upper.y, lower.y, key.high[i].x, key.high[i].y);
	}
#pragma unroll
	for (int i = 0; i < 4; i++)
		to[i] = part[0][i] + (part[1][i] + part[2][i]);
}

#endif
