/*
 * Block-sparse attention through mma.sync: eight warps of 16 query rows share tiles of 64 keys,
 * which arrive by 16-byte asynchronous copies, one tile ahead. Runs from compute capability
 * 8.0 up. Sparsity is a list of tiles: what is not in it is neither read nor computed.
 */
#include "kernels-ref/cuda/attn_common.cuh"

#define MMA_WARPS 8
#define MMA_THREADS (MMA_WARPS * WARP)
#define TILE_ROW (ATTN_DIM + 8) /* halves; the pad spreads rows over the banks */
#define TILE_HALVES (DAS_K_BLOCK * TILE_ROW)

struct mma_shared {
	half q[DAS_Q_BLOCK * TILE_ROW];
	half k[2][TILE_HALVES];
	half v[2][TILE_HALVES];
	uint16_t cols[ATTN_MAX_COLS];
	unsigned n_cols;
};

/* @rows x 128 halves into shared memory; rows from @valid on become zero. */
__device__ static void tile_fetch(half *to, const half *from, size_t stride, int rows, int valid)
{
	for (int i = threadIdx.x; i < rows * 16; i += MMA_THREADS) {
		int r = i / 16, c = i % 16 * 8;

		copy_async16(
			to + r * TILE_ROW + c, from + (r < valid ? r * stride : 0) + c, r < valid);
	}
}

/* s[64 keys] = q[16 rows] k' in fragments: 8 tiles of 8 keys. */
__device__ static void scores(float s[8][4], const uint32_t q[8][4], const half *k)
{
	int lane = threadIdx.x % WARP;

#pragma unroll
	for (int n = 0; n < 8; n++)
#pragma unroll
		for (int i = 0; i < 4; i++)
			s[n][i] = 0.0f;
#pragma unroll
	for (int d = 0; d < 8; d++)
#pragma unroll
		for (int n = 0; n < 8; n += 2) {
			uint32_t b[4];

			load_matrix4(b, k + (n * 8 + lane % 8 + lane / 16 * 8) * TILE_ROW + d * 16 +
						lane / 8 % 2 * 8);
			mma_16816(s[n], q[d][0], q[d][1], q[d][2], q[d][3], b[0], b[1]);
			mma_16816(s[n + 1], q[d][0], q[d][1], q[d][2], q[d][3], b[2], b[3]);
		}
}

/* o += p[64 keys] v */
__device__ static void products(float o[16][4], const uint32_t p[4][4], const half *v)
{
	int lane = threadIdx.x % WARP;

#pragma unroll
	for (int c = 0; c < 4; c++)
#pragma unroll
		for (int n = 0; n < 16; n += 2) {
			uint32_t b[4];

			load_matrix4_trans(
				b, v + (c * 16 + lane % 16) * TILE_ROW + n * 8 + lane / 16 * 8);
			mma_16816(o[n], p[c][0], p[c][1], p[c][2], p[c][3], b[0], b[1]);
			mma_16816(o[n + 1], p[c][0], p[c][1], p[c][2], p[c][3], b[2], b[3]);
		}
}

/* Hide keys from @end[row half] on, then the row maxima over the lanes that share a row. */
__device__ static void mask_and_max(float s[8][4], float top[2], int key0, const int end[2])
{
	int t = threadIdx.x % 4;

	top[0] = top[1] = -HUGE_VALF;
#pragma unroll
	for (int n = 0; n < 8; n++)
#pragma unroll
		for (int i = 0; i < 4; i++) {
			if (key0 + n * 8 + 2 * t + (i & 1) >= end[i / 2])
				s[n][i] = -HUGE_VALF;
			top[i / 2] = fmaxf(top[i / 2], s[n][i]);
		}
#pragma unroll
	for (int r = 0; r < 2; r++)
#pragma unroll
		for (int o = 1; o < 4; o *= 2)
			top[r] = fmaxf(top[r], __shfl_xor_sync(FULL_WARP, top[r], o));
}

__global__ void __launch_bounds__(MMA_THREADS) attn_mma_kernel(attn_in in)
{
	DYNAMIC_SHARED(char, raw);
	mma_shared *sh = (mma_shared *)raw;
	unsigned row = gridDim.x - 1 - blockIdx.x, head = blockIdx.y; /* long rows first */
	int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, t = lane % 4;
	int q0 = (int)row * DAS_Q_BLOCK, i0 = q0 + warp * 16 + lane / 4;
	float scale = in.scale * 1.4426950408889634f, lambda = in.lambda_nats * 1.4426950408889634f;
	const half *k = in.k + head * in.kv_head, *v = in.v + head * in.kv_head;
	int end[2] = {i0 < (int)in.n_q ? attn_key_end(in, i0) : 0,
		i0 + 8 < (int)in.n_q ? attn_key_end(in, i0 + 8) : 0};
	float o[16][4] = {}, top[2] = {-HUGE_VALF, -HUGE_VALF}, sum[2] = {0.0f, 0.0f};
	uint32_t q[8][4];
	unsigned long long groups = 0, groups_pv = 0;

	tile_fetch(sh->q, in.q + head * in.q_head + q0 * in.q_tok, in.q_tok, DAS_Q_BLOCK,
		(int)in.n_q - q0);
	if (warp == 0) {
		unsigned n = attn_list_cols(sh->cols, in, head, row);

		if (lane == 0)
			sh->n_cols = n;
	}
	copy_async_commit();
	__syncthreads();
	int n = (int)sh->n_cols;
	auto fetch = [&](int i) {
		if (i < n) {
			int key0 = sh->cols[i] * DAS_K_BLOCK, valid = (int)in.n_k - key0;

			tile_fetch(sh->k[i & 1], k + (size_t)key0 * ATTN_DIM, ATTN_DIM, DAS_K_BLOCK,
				valid);
			tile_fetch(sh->v[i & 1], v + (size_t)key0 * ATTN_DIM, ATTN_DIM, DAS_K_BLOCK,
				valid);
		}
		copy_async_commit();
	};
	fetch(0);
	copy_async_wait<1>();
	__syncthreads();
#pragma unroll
	for (int d = 0; d < 8; d++)
		load_matrix4(
			q[d], sh->q + (warp * 16 + lane % 16) * TILE_ROW + d * 16 + lane / 16 * 8);

	for (int i = 0; i < n; i++) {
		float s[8][4], block[2], shrink[2];
		uint32_t p[4][4];

		fetch(i + 1);
		copy_async_wait<1>();
		__syncthreads();
		scores(s, q, sh->k[i & 1]);
		mask_and_max(s, block, sh->cols[i] * DAS_K_BLOCK, end);
		bool near = false, any = false;
#pragma unroll
		for (int r = 0; r < 2; r++) {
			float now = fmaxf(top[r], block[r] * scale);

			any |= block[r] > -HUGE_VALF;
			near |= block[r] > -HUGE_VALF && block[r] * scale - now >= lambda;
			shrink[r] = now == -HUGE_VALF ? 1.0f : exp2_fast(top[r] - now);
			top[r] = now;
		}
		near = __any_sync(FULL_WARP, near);
		groups += __any_sync(FULL_WARP, any);
		groups_pv += near;
		if (near || in.sum_all) {
			float part[2] = {0.0f, 0.0f};

#pragma unroll
			for (int c = 0; c < 8; c++)
#pragma unroll
				for (int e = 0; e < 4; e++) {
					float x = s[c][e] == -HUGE_VALF
							  ? 0.0f
							  : exp2_fast(s[c][e] * scale - top[e / 2]);

					s[c][e] = x;
					part[e / 2] += x;
				}
			sum[0] = sum[0] * shrink[0] + part[0];
			sum[1] = sum[1] * shrink[1] + part[1];
#pragma unroll
			for (int d = 0; d < 16; d++)
#pragma unroll
				for (int e = 0; e < 4; e++)
					o[d][e] *= shrink[e / 2];
		}
		if (near) {
#pragma unroll
			for (int c = 0; c < 4; c++) {
				p[c][0] = pack_halves(s[2 * c][0], s[2 * c][1]);
				p[c][1] = pack_halves(s[2 * c][2], s[2 * c][3]);
				p[c][2] = pack_halves(s[2 * c + 1][0], s[2 * c + 1][1]);
				p[c][3] = pack_halves(s[2 * c + 1][2], s[2 * c + 1][3]);
			}
			products(o, p, sh->v[i & 1]);
		}
		__syncthreads();
	}
#pragma unroll
	for (int r = 0; r < 2; r++) {
		int at = i0 + 8 * r;

		for (int x = 1; x < 4; x *= 2)
			sum[r] += __shfl_xor_sync(FULL_WARP, sum[r], x);
		float inv = sum[r] > 0.0f ? 1.0f / sum[r] : 0.0f;
		if (at < (int)in.n_q)
			for (int d = 0; d < 16; d++)
				*(uint32_t *)(in.out + head * in.out_head + at * in.out_tok +
					      d * 8 + 2 * t) =
					pack_halves(o[d][2 * r] * inv, o[d][2 * r + 1] * inv);
	}
	if (in.groups && lane == 0) {
		atomicAdd(in.groups, groups);
		atomicAdd(in.groups_pv, groups_pv);
	}
}

void attn_mma(const attn_in &in, cudaStream_t stream)
{
	dim3 grid(attn_blocks(in.n_q, DAS_Q_BLOCK), in.heads);

	CUDA_TRY(cudaFuncSetAttribute(
		attn_mma_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, sizeof(mma_shared)));
	launch_kernel(stream, attn_mma_kernel, grid, dim3(MMA_THREADS), sizeof(mma_shared), in);
}
