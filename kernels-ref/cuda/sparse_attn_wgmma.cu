/*
 * Block-sparse attention through the warpgroup tensor cores of compute capability 9.0. A block
 * stays on its multiprocessor and takes one piece of work after another: 128 queries of a head, of
 * which two warpgroups compute 64 rows each. Of a third, one warp claims pieces and lists the
 * blocks of keys that their masks name, up to LISTS ahead, another has the copy engine fetch, the
 * next piece's queries and first keys too: with a mask that leaves few of them, these are what a
 * piece would wait for. Keys come two listed blocks of 64 at a time, whichever they are, so that
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
#define PIECES 2 /* whose queries are there */
#define LISTS 2  /* pieces that are listed: who claims more ahead is left with them at the end */
#define PANEL_BYTES 128 /* a row of one panel: 64 of the 128 columns, swizzled */
#define NO_KEY (1 << 28)
#define KV_CACHE_BYTES (32u << 20) /* keys and values that are read at once stay in L2 */

static_assert(DAS_K_BLOCK == TILE_ROWS && WG_ROWS == TILE_ROWS, "a box is a block");

enum { BARRIER_GROUP = 1, BARRIER_TURN = 3 }; /* + warpgroup */

struct wg_tile {
	half at[2][STEP_KEYS][64]; /* panel, row, column */
};

/* A piece of work, and which blocks of keys it is to see; n < 0: there is no more. */
struct wg_list {
	int row, head, n;
	uint16_t cols[ATTN_MAX_COLS];
};

struct wg_shared {
	wg_tile q[PIECES]; /* each warpgroup's rows of the output in the end */
	wg_tile k[STAGES], v[STAGES];
	uint64_t q_full[PIECES], q_empty[PIECES], listed[LISTS], unlisted[LISTS];
	uint64_t k_full[STAGES], k_empty[STAGES], v_full[STAGES], v_empty[STAGES];
	wg_list list[LISTS];
};

struct wg_in {
	attn_in in;
	tile_map q, k, v;
	unsigned row_blocks, heads_at_once;
};

/* Pieces claimed beside each block's first, and blocks that have left; zero before and after. Of
 * the device: two launches at a time would share them. */
__device__ static unsigned wg_claimed, wg_left;

/* Of the @i-th use of one of @n places: the parity that says it is filled. */
__device__ static uint32_t parity_of(unsigned i, unsigned n)
{
	return i / n & 1;
}

/* --- the warp that lists ------------------------------------------------------------------------
 */

struct place {
	int row, head;
};

/* So many heads at once that their keys stay in L2; among these the long rows first, which
 * leaves short ones to even out the end. */
__device__ static place place_of(const wg_in &all, unsigned piece)
{
	unsigned at_once = all.heads_at_once, head0 = piece / (all.row_blocks * at_once) * at_once;
	unsigned heads = min(at_once, all.in.heads - head0), i = piece - head0 * all.row_blocks;

	return {(int)(all.row_blocks - 1 - i / heads), (int)(head0 + i % heads)};
}

__device__ static unsigned claim_piece(void)
{
	unsigned claim = threadIdx.x % WARP == 0 ? gridDim.x + atomicAdd(&wg_claimed, 1u) : 0;

	return __shfl_sync(FULL_WARP, claim, 0);
}

/* The warp that has claimed all there is to claim leaves; the last makes the counts ready. */
__device__ static void leave_pieces(void)
{
	if (threadIdx.x % WARP != 0)
		return;
	__threadfence();
	if (atomicInc(&wg_left, gridDim.x - 1) == gridDim.x - 1)
		wg_claimed = 0;
}

__device__ static void list_pieces(const wg_in &all, wg_shared *sh)
{
	unsigned pieces = all.row_blocks * all.in.heads, piece = blockIdx.x;

	launch_wait();
	for (unsigned i = 0;; i++) {
		wg_list *to = sh->list + i % LISTS;

		stage_wait(sh->unlisted + i % LISTS, parity_of(i, LISTS) ^ 1);
		if (i > 0)
			piece = claim_piece();
		bool more = piece < pieces;
		place at = place_of(all, more ? piece : 0);
		int n = more ? (int)attn_list_cols(to->cols, all.in, at.head, at.row) : -1;

		if (threadIdx.x % WARP == 0) {
			to->row = at.row;
			to->head = at.head;
			to->n = n;
			mbar_arrive(sh->listed + i % LISTS);
		}
		if (!more)
			break;
	}
	leave_pieces();
}

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
	const wg_list *list;
	unsigned steps_before; /* of earlier pieces */

	/* A block that is not there is fetched from beyond the keys: zeros. */
	__device__ int key_of(int block) const
	{
		return block < list->n ? list->cols[block] * DAS_K_BLOCK : (int)all.in.n_k;
	}

	/* Step @i of one operand, once its stage has been read. */
	__device__ void fetch(
		const tile_map &from, wg_tile *tiles, uint64_t *full, uint64_t *empty, int i) const
	{
		unsigned at = steps_before + (unsigned)i, s = at % STAGES;

		stage_wait(empty + s, parity_of(at, STAGES) ^ 1);
		tile_fetch(tiles + s, from, key_of(2 * i), key_of(2 * i + 1), list->head, full + s);
	}

	__device__ void fetch_queries(unsigned piece, const place &at) const
	{
		int q0 = at.row * DAS_Q_BLOCK;

		tile_fetch(sh->q + piece, all.q, q0, q0 + TILE_ROWS, at.head, sh->q_full + piece);
	}

	/* In the order in which the others come to need them; the first piece is known before it
	 * is listed. */
	__device__ void run(void)
	{
		launch_wait();
		fetch_queries(0, place_of(all, blockIdx.x));
		for (unsigned i = 0;; i++) {
			list = sh->list + i % LISTS;
			stage_wait(sh->listed + i % LISTS, parity_of(i, LISTS));
			if (list->n < 0)
				break;
			if (i > 0) {
				stage_wait(sh->q_empty + i % PIECES, parity_of(i, PIECES) ^ 1);
				fetch_queries(i % PIECES, {list->row, list->head});
			}
			int steps = (list->n + 1) / 2;

			for (int k = 0; k <= steps; k++) {
				if (k < steps)
					fetch(all.k, sh->k, sh->k_full, sh->k_empty, k);
				if (k > 0)
					fetch(all.v, sh->v, sh->v_full, sh->v_empty, k - 1);
			}
			steps_before += (unsigned)steps;
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
	int group;
	unsigned steps_before; /* of earlier pieces */
	wg_tile *q;
	const uint16_t *cols;
	int n, head, first; /* blocks; the first of the warpgroup's queries */

	__device__ int key_of(int block) const
	{
		return block < n ? cols[block] * DAS_K_BLOCK : NO_KEY;
	}

	__device__ unsigned stage_of(int step) const
	{
		return (steps_before + (unsigned)step) % STAGES;
	}

	__device__ void wait_for(uint64_t *full, int step) const
	{
		stage_wait(full + stage_of(step), parity_of(steps_before + (unsigned)step, STAGES));
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
		wgmma_fence();
		start_scores(s, q, group * WG_ROWS, sh->k + stage_of(i));
		wgmma_commit();
		wait_for(sh->v_full, i - 1);
		wgmma_fence();
		start_products<FIRST, SECOND>(o, p, sh->v + stage_of(i - 1));
		wgmma_commit();
	}

	/* The piece whose queries are in @q. */
	__device__ void compute(int steps) const
	{
		int lane = threadIdx.x % WARP, warp = threadIdx.x % GROUP_THREADS / WARP;
		int i0 = first + warp * 16 + lane / 4;
		int end[2] = {i0 < (int)in.n_q ? attn_key_end(in, i0) : 0,
			i0 + 8 < (int)in.n_q ? attn_key_end(in, i0 + 8) : 0};
		online w = {{-HUGE_VALF, -HUGE_VALF}, {0.0f, 0.0f}, {0.0f, 0.0f}, {true, true}};
		float o[64], s[64];
		uint32_t p[8][4];

#pragma unroll
		for (int i = 0; i < 64; i++)
			o[i] = 0.0f;
		if (steps > 0) {
			bool past = reaches_past(0);

			if (group == 1)
				turn_pass(false);
			wait_for(sh->k_full, 0);
			turn_take();
			wgmma_fence();
			start_scores(s, q, group * WG_ROWS, sh->k + stage_of(0));
			wgmma_commit();
			turn_pass(steps == 1);
			wgmma_wait<0>(s);
			release(sh->k_empty + stage_of(0));
			if (past)
				hide(s, 0, end);
			softmax_step<STAGE2>(&w, s, in, group);
			count(w, 0);
			pack_weights(p, s);
		}
		for (int i = 1; i < steps; i++) {
			bool past = reaches_past(i);

			wait_for(sh->k_full, i);
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
			release(sh->k_empty + stage_of(i));
			if (past)
				hide(s, i, end);
			softmax_step<STAGE2>(&w, s, in, group);
			count(w, i);
			wgmma_wait<0>(o);
			release(sh->v_empty + stage_of(i - 1));
#pragma unroll
			for (int j = 0; j < 64; j++)
				o[j] *= w.shrink[j / 2 & 1];
			pack_weights(p, s);
		}
		if (steps > 0) {
			wait_for(sh->v_full, steps - 1);
			if (STAGE2)
				drop_weights(p, w.use);
			wgmma_fence();
			start_products<true, true>(o, p, sh->v + stage_of(steps - 1));
			wgmma_commit();
			wgmma_wait<0>(o);
			release(sh->v_empty + stage_of(steps - 1));
		}
		store(o, w.sum);
	}

	/* A 16-byte piece of row @r of the warpgroup's rows of the output. */
	__device__ half *piece(int r, int c) const
	{
		return &q->at[c / 8][group * WG_ROWS + r][((c ^ r) & 7) * 8];
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

	__device__ void run(void)
	{
		for (unsigned i = 0;; i++) {
			const wg_list *list = sh->list + i % LISTS;

			stage_wait(sh->listed + i % LISTS, parity_of(i, LISTS));
			n = list->n;
			if (n < 0)
				break;
			cols = list->cols;
			head = list->head;
			first = list->row * DAS_Q_BLOCK + group * WG_ROWS;
			q = sh->q + i % PIECES;
			stage_wait(sh->q_full + i % PIECES, parity_of(i, PIECES));
			compute((n + 1) / 2);
			steps_before += (unsigned)(n + 1) / 2;
			fence_async_proxy(); /* queries are fetched to where we have written */
			release(sh->q_empty + i % PIECES);
			release(sh->unlisted + i % LISTS);
		}
	}
};

__device__ static void barriers_init(wg_shared *sh)
{
	const uint32_t warps = 2 * GROUP_THREADS / WARP; /* that compute */

	for (int i = 0; i < PIECES; i++) {
		mbar_init(sh->q_full + i, 1);
		mbar_init(sh->q_empty + i, warps);
	}
	for (int i = 0; i < LISTS; i++) {
		mbar_init(sh->listed + i, 1);
		mbar_init(sh->unlisted + i, warps);
	}
	for (int s = 0; s < STAGES; s++) {
		mbar_init(sh->k_full + s, 1);
		mbar_init(sh->v_full + s, 1);
		mbar_init(sh->k_empty + s, warps);
		mbar_init(sh->v_empty + s, warps);
	}
	fence_mbar_init();
	fence_async_proxy(); /* the first copy does not wait for the block */
}

template <bool STAGE2>
__global__ void __launch_bounds__(WG_THREADS, 1)
	attn_wgmma_kernel(const __grid_constant__ wg_in all)
{
	DYNAMIC_SHARED(char, raw);
	wg_shared *sh = (wg_shared *)(raw + (1024 - shared_address(raw) % 1024) % 1024);
	int group = threadIdx.x / GROUP_THREADS, warp = threadIdx.x % GROUP_THREADS / WARP;

	launch_next();
	if (threadIdx.x == 0)
		barriers_init(sh);
	__syncthreads();
	if (group == 2) {
		registers_give<40>();
		fetcher f = {all, sh, NULL, 0};

		if (warp == 0)
			f.run();
		else if (warp == 1)
			list_pieces(all, sh);
	} else {
		registers_take<232>();
		computer<STAGE2> c = {all.in, sh, group, 0, NULL, NULL, 0, 0, 0};

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
	launch_overlapped(stream, attn_wgmma_kernel<STAGE2>,
		dim3(min(rows * in.heads, multiprocessors())), dim3(WG_THREADS), shared, all);
}

void attn_wgmma(const attn_in &in, cudaStream_t stream)
{
	if (in.lambda_nats > -HUGE_VALF)
		attn_wgmma_launch<true>(in, stream);
	else
		attn_wgmma_launch<false>(in, stream);
}
