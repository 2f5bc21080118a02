/*
 * Block-sparse attention through the warpgroup tensor cores of compute capability 9.0. A block
 * owns 128 queries of a head: two warpgroups compute 64 rows each, a warp of a third has the
 * copy engine fetch. Keys come two listed blocks of 64 at a time, whichever they are, so that
 * the products are 128 wide whatever the mask; the next scores are computed while the last
 * product with V runs, and the warpgroups take turns at the tensor cores, one computing weights
 * while the other's products run. After FlashAttention-3 (Shah et al. 2024).
 */
#include "kernels-ref/cuda/attn_common.cuh"
#include "kernels-ref/cuda/tile_map.cuh"
#include "kernels-ref/cuda/wgmma_ops.cuh"

#define GROUP_THREADS 128 /* a warpgroup */
#define WG_THREADS (3 * GROUP_THREADS)
#define WG_ROWS 64
#define STEP_KEYS (2 * DAS_K_BLOCK)
#define STAGES 2
#define PANEL_BYTES 128 /* a row of one panel: 64 of the 128 columns, swizzled */
#define NO_KEY (1 << 28)
#define KV_CACHE_BYTES (32u << 20) /* keys and values that are read at once stay in L2 */

static_assert(DAS_K_BLOCK == TILE_ROWS && WG_ROWS == TILE_ROWS, "a box is a block");

enum { BARRIER_GROUP = 1, BARRIER_TURN = 3 }; /* + warpgroup */

struct wg_tile {
	half at[2][STEP_KEYS][64]; /* panel, row, column */
};

struct wg_shared {
	wg_tile q; /* each warpgroup's rows of the output in the end */
	wg_tile k[STAGES], v[STAGES];
	uint64_t q_full, k_full[STAGES], k_empty[STAGES], v_full[STAGES], v_empty[STAGES];
	uint16_t cols[ATTN_MAX_COLS];
	unsigned n_cols;
};

struct wg_in {
	attn_in in;
	tile_map q, k, v;
	unsigned row_blocks, heads_at_once;
};

/* --- the warp that fetches ---------------------------------------------------------------------
 */

/* 128 rows of a tile, from two places; by a whole warp. */
__device__ static void tile_fetch(
	wg_tile *to, const tile_map &from, int row0, int row1, int head, uint64_t *full)
{
	stage_open(full, sizeof(wg_tile));
	if (threadIdx.x % WARP != 0)
		return;
#pragma unroll
	for (int panel = 0; panel < 2; panel++) {
		tile_copy(to->at[panel][0], from, 64 * panel, row0, head, full);
		tile_copy(to->at[panel][TILE_ROWS], from, 64 * panel, row1, head, full);
	}
}

struct fetcher {
	const wg_in &all;
	wg_shared *sh;
	int head, n;

	/* A block that is not there is fetched from beyond the keys: zeros. */
	__device__ int key_of(int block) const
	{
		return block < n ? sh->cols[block] * DAS_K_BLOCK : (int)all.in.n_k;
	}

	/* Step @i of one operand, once its stage has been read. */
	__device__ void fetch(
		const tile_map &from, wg_tile *tiles, uint64_t *full, uint64_t *empty, int i) const
	{
		int s = i % STAGES;

		stage_wait(empty + s, (i / STAGES & 1) ^ 1);
		tile_fetch(tiles + s, from, key_of(2 * i), key_of(2 * i + 1), head, full + s);
	}

	/* In the order in which the others come to need them. */
	__device__ void run(void) const
	{
		int steps = (n + 1) / 2;

		for (int i = 0; i <= steps; i++) {
			if (i < steps)
				fetch(all.k, sh->k, sh->k_full, sh->k_empty, i);
			if (i > 0)
				fetch(all.v, sh->v, sh->v_full, sh->v_empty, i - 1);
		}
	}
};

/* --- the warpgroups that compute ---------------------------------------------------------------
 */

/* s = q[64 rows] k[128 keys]' of one stage; started, not waited for. */
__device__ static void start_scores(float s[64], const wg_tile *q, int row0, const wg_tile *k)
{
#pragma unroll
	for (int panel = 0; panel < 2; panel++) {
		matrix_desc a = matrix_desc_of(q->at[panel][row0], 16, 8 * PANEL_BYTES);
		matrix_desc b = matrix_desc_of(k->at[panel][0], 16, 8 * PANEL_BYTES);

#pragma unroll
		for (int d = 0; d < 4; d++)
			wgmma_scores(s, matrix_desc_advance(a, 32 * d),
				matrix_desc_advance(b, 32 * d), panel + d > 0);
	}
}

/* o += p v over the blocks named; started, not waited for. */
template <bool FIRST, bool SECOND>
__device__ static void start_products(float o[64], const uint32_t p[8][4], const wg_tile *v)
{
	matrix_desc b = matrix_desc_of(v->at[0][0], STEP_KEYS * PANEL_BYTES, 8 * PANEL_BYTES);

#pragma unroll
	for (int c = 0; c < 8; c++)
		if (c < 4 ? FIRST : SECOND)
			wgmma_products(o, p[c], matrix_desc_advance(b, 16 * PANEL_BYTES * c));
}

struct online {
	float top[2], sum[2], shrink[2];
	bool use[2]; /* of the step's two blocks: product with V wanted */
};

/* Row maxima of one block of the step over the four lanes that share the row. */
__device__ static void block_max(float top[2], const float *s)
{
	top[0] = top[1] = -HUGE_VALF;
#pragma unroll
	for (int i = 0; i < 32; i++)
		top[i / 2 & 1] = fmaxf(top[i / 2 & 1], s[i]);
}

__device__ static float row_max(float top)
{
	top = fmaxf(top, __shfl_xor_sync(FULL_WARP, top, 1));
	return fmaxf(top, __shfl_xor_sync(FULL_WARP, top, 2));
}

__device__ static void hide_keys(float *s, int key0, const int end[2])
{
	int first = key0 + 2 * (threadIdx.x % 4);

#pragma unroll
	for (int i = 0; i < 32; i++)
		if (first + i / 4 * 8 + (i & 1) >= end[i / 2 & 1])
			s[i] = -HUGE_VALF;
}

/* The shuffle tells the compiler that the whole warp takes the same branch. */
__device__ static bool group_any(int group, bool x)
{
	int any = barrier_any(BARRIER_GROUP + group, GROUP_THREADS, x);

	return __shfl_sync(FULL_WARP, any, 0);
}

/* The new running maxima; with stage 2 block by block, and whether each is worth a product. */
template <bool STAGE2>
__device__ static void find_top(
	online *w, float now[2], const float s[64], float scale, float lambda, int group)
{
	float top[2][2];
	bool near[2] = {false, false};

	block_max(top[0], s);
	block_max(top[1], s + 32);
	if constexpr (!STAGE2) {
#pragma unroll
		for (int r = 0; r < 2; r++)
			now[r] = fmaxf(now[r], row_max(fmaxf(top[0][r], top[1][r])) * scale);
	} else {
#pragma unroll
		for (int i = 0; i < 4; i++) {
			int h = i / 2, r = i % 2;
			float t = row_max(top[h][r]);

			now[r] = fmaxf(now[r], t * scale);
			near[h] |= t > -HUGE_VALF && t * scale - now[r] >= lambda;
		}
		w->use[0] = group_any(group, near[0]);
		w->use[1] = group_any(group, near[1]);
	}
}

/* Scores to weights relative to the new running maximum. */
template <bool STAGE2>
__device__ static void softmax_step(online *w, float s[64], const attn_in &in, int group)
{
	float scale = in.scale * 1.4426950408889634f, lambda = in.lambda_nats * 1.4426950408889634f;
	float now[2] = {w->top[0], w->top[1]}, part[2][2] = {};

	find_top<STAGE2>(w, now, s, scale, lambda, group);
#pragma unroll
	for (int r = 0; r < 2; r++) {
		float base = now[r] == -HUGE_VALF ? 0.0f : now[r];

		w->shrink[r] = exp2_fast(w->top[r] - base);
		w->top[r] = now[r];
		w->sum[r] *= w->shrink[r];
		now[r] = base;
	}
#pragma unroll
	for (int i = 0; i < 64; i++) {
		s[i] = exp2_fast(fmaf(s[i], scale, -now[i / 2 & 1]));
		part[i / 32][i / 2 & 1] += s[i];
	}
#pragma unroll
	for (int h = 0; h < 2; h++)
		if (!STAGE2 || w->use[h] || in.sum_all) {
			w->sum[0] += part[h][0];
			w->sum[1] += part[h][1];
		}
}

/* Fragments of the scores are those of the left operand of the next product. */
__device__ static void pack_weights(uint32_t p[8][4], const float s[64])
{
#pragma unroll
	for (int c = 0; c < 8; c++)
#pragma unroll
		for (int i = 0; i < 4; i++)
			p[c][i] = pack_halves(s[8 * c + 2 * i], s[8 * c + 2 * i + 1]);
}

/* For the last step, where a branch around products would make the compiler wait for each. */
__device__ static void drop_weights(uint32_t p[8][4], const bool use[2])
{
#pragma unroll
	for (int c = 0; c < 8; c++)
#pragma unroll
		for (int i = 0; i < 4; i++)
			p[c][i] = use[c / 4] ? p[c][i] : 0;
}

template <bool STAGE2> struct computer {
	const attn_in &in;
	wg_shared *sh;
	unsigned row, head;
	int n, group, first; /* blocks, warpgroup, its first query */

	__device__ int key_of(int block) const
	{
		return block < n ? sh->cols[block] * DAS_K_BLOCK : NO_KEY;
	}

	__device__ static void release(uint64_t *empty)
	{
		__syncwarp();
		if (threadIdx.x % WARP == 0)
			mbar_arrive(empty);
	}

	/* Only steps that reach past what the first row sees. Rows that are not there would spoil
	 * only the choice of stage 2. */
	__device__ bool reaches_past(int step) const
	{
		return key_of(2 * step + 1) + DAS_K_BLOCK > attn_key_end(in, first) ||
		       (STAGE2 && first + WG_ROWS > (int)in.n_q);
	}

	__device__ void hide(float s[64], int step, const int end[2]) const
	{
		hide_keys(s, key_of(2 * step), end);
		hide_keys(s + 32, key_of(2 * step + 1), end);
	}

	/* The warpgroups start the products of each step in turn: the second gives the first its
	 * turn before there is any step, and keeps its own after the last, for nobody would take
	 * it. */
	__device__ void turn_take(void) const
	{
		barrier_sync(BARRIER_TURN + group, 2 * GROUP_THREADS);
	}

	__device__ void turn_pass(bool last) const
	{
		if (group == 0 || !last)
			barrier_arrive(BARRIER_TURN + (group ^ 1), 2 * GROUP_THREADS);
	}

	__device__ void count(const online &w, int step) const
	{
		int last = min(first + WG_ROWS, (int)in.n_q) - 1;

		if (!in.groups || threadIdx.x % GROUP_THREADS != 0 || last < first)
			return;
		for (int h = 0; h < 2; h++)
			if (key_of(2 * step + h) < attn_key_end(in, last)) {
				atomicAdd(in.groups, 1ull);
				atomicAdd(in.groups_pv, (unsigned long long)w.use[h]);
			}
	}

	/* The scores of step @i and the product of the step before, over the blocks named. A
	 * branch around the product alone would make the compiler wait for each part of it. */
	template <bool FIRST, bool SECOND>
	__device__ void start_step(float s[64], float o[64], const uint32_t p[8][4], int i) const
	{
		int now = i % STAGES, before = (i - 1) % STAGES;

		wgmma_fence();
		start_scores(s, &sh->q, group * WG_ROWS, sh->k + now);
		wgmma_commit();
		stage_wait(sh->v_full + before, (i - 1) / STAGES & 1);
		wgmma_fence();
		start_products<FIRST, SECOND>(o, p, sh->v + before);
		wgmma_commit();
	}

	__device__ void run(void) const
	{
		int lane = threadIdx.x % WARP, warp = threadIdx.x % GROUP_THREADS / WARP;
		int i0 = first + warp * 16 + lane / 4, steps = (n + 1) / 2;
		int end[2] = {i0 < (int)in.n_q ? attn_key_end(in, i0) : 0,
			i0 + 8 < (int)in.n_q ? attn_key_end(in, i0 + 8) : 0};
		online w = {{-HUGE_VALF, -HUGE_VALF}, {0.0f, 0.0f}, {0.0f, 0.0f}, {true, true}};
		float o[64], s[64];
		uint32_t p[8][4];

#pragma unroll
		for (int i = 0; i < 64; i++)
			o[i] = 0.0f;
		stage_wait(&sh->q_full, 0);
		if (steps > 0) {
			bool past = reaches_past(0);

			if (group == 1)
				turn_pass(false);
			stage_wait(sh->k_full, 0);
			turn_take();
			wgmma_fence();
			start_scores(s, &sh->q, group * WG_ROWS, sh->k);
			wgmma_commit();
			turn_pass(steps == 1);
			wgmma_wait<0>(s);
			release(sh->k_empty);
			if (past)
				hide(s, 0, end);
			softmax_step<STAGE2>(&w, s, in, group);
			count(w, 0);
			pack_weights(p, s);
		}
		for (int i = 1; i < steps; i++) {
			int now = i % STAGES, before = (i - 1) % STAGES;
			bool past = reaches_past(i);

			stage_wait(sh->k_full + now, i / STAGES & 1);
			turn_take();
			if (!STAGE2 || (w.use[0] && w.use[1]))
				start_step<true, true>(s, o, p, i);
			else if (w.use[0])
				start_step<true, false>(s, o, p, i);
			else if (w.use[1])
				start_step<false, true>(s, o, p, i);
			else
				start_step<false, false>(s, o, p, i);
			turn_pass(i == steps - 1);
			wgmma_wait<1>(s);
			release(sh->k_empty + now);
			if (past)
				hide(s, i, end);
			softmax_step<STAGE2>(&w, s, in, group);
			count(w, i);
			wgmma_wait<0>(o);
			release(sh->v_empty + before);
#pragma unroll
			for (int j = 0; j < 64; j++)
				o[j] *= w.shrink[j / 2 & 1];
			pack_weights(p, s);
		}
		if (steps > 0) {
			int last = (steps - 1) % STAGES;

			stage_wait(sh->v_full + last, (steps - 1) / STAGES & 1);
			if (STAGE2)
				drop_weights(p, w.use);
			wgmma_fence();
			start_products<true, true>(o, p, sh->v + last);
			wgmma_commit();
			wgmma_wait<0>(o);
		}
		store(o, w.sum);
	}

	/* A 16-byte piece of row @r of the warpgroup's rows of the output. */
	__device__ half *piece(int r, int c) const
	{
		return &sh->q.at[c / 8][group * WG_ROWS + r][((c ^ r) & 7) * 8];
	}

	/* Through the warp's rows of Q, so that whole rows are written. */
	__device__ void store(const float o[64], const float sum[2]) const
	{
		int lane = threadIdx.x % WARP, row0 = threadIdx.x % GROUP_THREADS / WARP * 16;

		barrier_sync(BARRIER_GROUP + group, GROUP_THREADS); /* all have read their Q */
#pragma unroll
		for (int r = 0; r < 2; r++) {
			float all = sum[r];

			all += __shfl_xor_sync(FULL_WARP, all, 1);
			all += __shfl_xor_sync(FULL_WARP, all, 2);
			float inv = all > 0.0f ? 1.0f / all : 0.0f;

#pragma unroll
			for (int d = 0; d < 16; d++)
				*(uint32_t *)(piece(row0 + lane / 4 + 8 * r, d) + lane % 4 * 2) =
					pack_halves(
						o[4 * d + 2 * r] * inv, o[4 * d + 2 * r + 1] * inv);
		}
		__syncwarp();
#pragma unroll
		for (int i = 0; i < 8; i++) {
			int r = row0 + 2 * i + lane / 16, c = lane % 16;
			half *to = in.out + head * in.out_head + (size_t)(first + r) * in.out_tok;

			if (first + r < (int)in.n_q)
				*(uint4 *)(to + 8 * c) = *(const uint4 *)piece(r, c);
		}
	}
};

__device__ static void barriers_init(wg_shared *sh)
{
	mbar_init(&sh->q_full, 1);
	for (int s = 0; s < STAGES; s++) {
		mbar_init(sh->k_full + s, 1);
		mbar_init(sh->v_full + s, 1);
		mbar_init(sh->k_empty + s, 2 * GROUP_THREADS / WARP);
		mbar_init(sh->v_empty + s, 2 * GROUP_THREADS / WARP);
	}
	fence_mbar_init();
	fence_async_proxy(); /* the first copy does not wait for the block */
}

struct place {
	int row, head;
};

/* So many heads at once that their keys stay in L2; among these the long rows first, which
 * leaves short ones to even out the end. */
__device__ static place place_of(const wg_in &all, unsigned block)
{
	unsigned at_once = all.heads_at_once, head0 = block / (all.row_blocks * at_once) * at_once;
	unsigned heads = min(at_once, all.in.heads - head0), i = block - head0 * all.row_blocks;

	return {(int)(all.row_blocks - 1 - i / heads), (int)(head0 + i % heads)};
}

template <bool STAGE2>
__global__ void __launch_bounds__(WG_THREADS, 1)
	attn_wgmma_kernel(const __grid_constant__ wg_in all)
{
	DYNAMIC_SHARED(char, raw);
	wg_shared *sh = (wg_shared *)(raw + (1024 - shared_address(raw) % 1024) % 1024);
	place at = place_of(all, blockIdx.x);
	int group = threadIdx.x / GROUP_THREADS, q0 = at.row * DAS_Q_BLOCK;
	bool fetches = threadIdx.x / WARP == 2 * GROUP_THREADS / WARP;

	if (threadIdx.x < WARP) {
		unsigned n = attn_list_cols(sh->cols, all.in, at.head, at.row);

		if (threadIdx.x == 0)
			sh->n_cols = n;
	} else if (fetches) {
		if (threadIdx.x % WARP == 0)
			barriers_init(sh);
		tile_fetch(&sh->q, all.q, q0, q0 + TILE_ROWS, at.head, &sh->q_full);
	}
	__syncthreads();
	if (group == 2) {
		registers_give<24>();
		fetcher f = {all, sh, at.head, (int)sh->n_cols};

		if (fetches)
			f.run();
	} else {
		registers_take<240>();
		computer<STAGE2> c = {all.in, sh, (unsigned)at.row, (unsigned)at.head,
			(int)sh->n_cols, group, q0 + group * WG_ROWS};

		c.run();
	}
}

template <bool STAGE2> static void attn_wgmma_launch(const attn_in &in, cudaStream_t stream)
{
	size_t shared = sizeof(wg_shared) + 1024, kv_bytes = (size_t)in.n_k * 4 * ATTN_DIM;
	unsigned rows = attn_blocks(in.n_q, DAS_Q_BLOCK);
	unsigned at_once = min(in.heads, (unsigned)(KV_CACHE_BYTES / kv_bytes));
	wg_in all = {in, tile_map_of(in.q, ATTN_DIM, in.n_q, in.heads, in.q_tok, in.q_head),
		tile_map_of(in.k, ATTN_DIM, in.n_k, in.heads, ATTN_DIM, in.kv_head),
		tile_map_of(in.v, ATTN_DIM, in.n_k, in.heads, ATTN_DIM, in.kv_head), rows,
		at_once ? at_once : 1};

	CUDA_TRY(cudaFuncSetAttribute(attn_wgmma_kernel<STAGE2>,
		cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared));
	launch_kernel(stream, attn_wgmma_kernel<STAGE2>, dim3(rows * in.heads), dim3(WG_THREADS),
		shared, all);
}

void attn_wgmma(const attn_in &in, cudaStream_t stream)
{
	if (in.lambda_nats > -HUGE_VALF)
		attn_wgmma_launch<true>(in, stream);
	else
		attn_wgmma_launch<false>(in, stream);
}
