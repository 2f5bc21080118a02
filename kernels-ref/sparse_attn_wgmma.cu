/*
 * Block-sparse attention through the warpgroup tensor cores of compute capability 9.0. A block
 * owns 128 queries of a head: two warpgroups compute 64 rows each, a third fetches. Keys come
 * two listed blocks of 64 at a time, whichever they are, so that the products are 128 wide
 * whatever the mask; the next scores are computed while the last product with V runs.
 * After FlashAttention-3 (Shah et al. 2024), without its exchange between the warpgroups.
 */
#include "kernels-ref/attn_common.cuh"
#include "kernels-ref/wgmma_ops.cuh"

#define GROUP_THREADS 128 /* a warpgroup */
#define WG_THREADS (3 * GROUP_THREADS)
#define WG_ROWS 64
#define STEP_KEYS (2 * DAS_K_BLOCK)
#define STAGES 2
#define PANEL_BYTES 128 /* a row of one panel: 64 of the 128 columns, swizzled */
#define NO_KEY (1 << 28)

enum { BARRIER_GROUP = 1 }; /* + warpgroup */

struct wg_tile {
	half at[2][STEP_KEYS][64]; /* panel, row, column */
};

struct wg_shared {
	wg_tile q;
	wg_tile k[STAGES], v[STAGES];
	uint64_t k_full[STAGES], k_empty[STAGES], v_full[STAGES], v_empty[STAGES];
	uint16_t cols[ATTN_MAX_COLS];
	unsigned n_cols;
};

/* @rows rows from @from into rows @row0... of a tile by @threads threads; from @valid on zero. */
__device__ static void tile_fetch(wg_tile *to, int row0, const half *from, size_t stride, int rows,
	int valid, int thread, int threads)
{
	for (int i = thread; i < rows * 16; i += threads) {
		int r = i / 16, c = i % 16, row = row0 + r;
		half *at = &to->at[c / 8][row][((c ^ row) & 7) * 8];

		copy_async16(at, from + (r < valid ? (size_t)r * stride : 0) + c * 8, r < valid);
	}
}

/* --- the warpgroup that fetches ----------------------------------------------------------------
 */

struct fetcher {
	const attn_in &in;
	wg_shared *sh;
	const half *k, *v;
	int n, thread;

	/* Copies of step @i of one operand, once its stage has been read. */
	__device__ void fetch(const half *from, wg_tile *tiles, uint64_t *empty, int i) const
	{
		int s = i % STAGES;

		stage_wait(empty + s, (i / STAGES & 1) ^ 1);
		for (int h = 0; h < 2; h++) {
			bool real = 2 * i + h < n;
			int key0 = real ? sh->cols[2 * i + h] * DAS_K_BLOCK : 0;

			tile_fetch(tiles + s, h * DAS_K_BLOCK, from + (size_t)key0 * ATTN_DIM,
				ATTN_DIM, DAS_K_BLOCK, real ? (int)in.n_k - key0 : 0, thread,
				GROUP_THREADS);
		}
		copy_async_commit();
	}

	/* What wgmma reads must be fenced by the thread whose copies it is, and then signed for. */
	__device__ static void sign(uint64_t *full)
	{
		fence_async_proxy();
		mbar_arrive(full);
	}

	__device__ void run(void) const
	{
		int steps = (n + 1) / 2;

		for (int i = 0; i < steps; i++) {
			fetch(k, sh->k, sh->k_empty, i);
			if (i > 0) {
				copy_async_wait<1>();
				sign(sh->v_full + (i - 1) % STAGES);
			}
			fetch(v, sh->v, sh->v_empty, i);
			copy_async_wait<1>();
			sign(sh->k_full + i % STAGES);
		}
		if (steps > 0) {
			copy_async_wait<0>();
			sign(sh->v_full + (steps - 1) % STAGES);
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

/* o += p v, with stage 2 over the blocks that @use names; started, not waited for. */
template <bool STAGE2>
__device__ static void start_products(
	float o[64], const uint32_t p[8][4], const wg_tile *v, const bool use[2])
{
	matrix_desc b = matrix_desc_of(v->at[0][0], STEP_KEYS * PANEL_BYTES, 8 * PANEL_BYTES);

#pragma unroll
	for (int h = 0; h < 2; h++)
		if (!STAGE2 || use[h]) {
			if (STAGE2)
				wgmma_fence();
#pragma unroll
			for (int c = 4 * h; c < 4 * h + 4; c++)
				wgmma_products(
					o, p[c], matrix_desc_advance(b, 16 * PANEL_BYTES * c));
		}
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
#pragma unroll
	for (int r = 0; r < 2; r++)
#pragma unroll
		for (int o = 1; o < 4; o *= 2)
			top[r] = fmaxf(top[r], __shfl_xor_sync(FULL_WARP, top[r], o));
}

__device__ static void hide_keys(float *s, int key0, const int end[2])
{
	int first = key0 + 2 * (threadIdx.x % 4);

#pragma unroll
	for (int i = 0; i < 32; i++)
		if (first + i / 4 * 8 + (i & 1) >= end[i / 2 & 1])
			s[i] = -HUGE_VALF;
}

/* Scores to weights relative to the new running maximum; stage 2 block by block. */
template <bool STAGE2>
__device__ static void softmax_step(online *w, float s[64], const attn_in &in, int group)
{
	float scale = in.scale * 1.4426950408889634f, lambda = in.lambda_nats * 1.4426950408889634f;
	float now[2] = {w->top[0], w->top[1]};

#pragma unroll
	for (int h = 0; h < 2; h++) {
		float top[2];
		bool near = false;

		block_max(top, s + 32 * h);
#pragma unroll
		for (int r = 0; r < 2; r++) {
			now[r] = fmaxf(now[r], top[r] * scale);
			near |= top[r] > -HUGE_VALF && top[r] * scale - now[r] >= lambda;
		}
		/* The shuffle tells the compiler that the whole warp takes the same branch. */
		w->use[h] =
			!STAGE2 ||
			__shfl_sync(FULL_WARP,
				(int)barrier_any(BARRIER_GROUP + group, GROUP_THREADS, near), 0);
	}
#pragma unroll
	for (int r = 0; r < 2; r++) {
		float base = now[r] == -HUGE_VALF ? 0.0f : now[r];

		w->shrink[r] = exp2_fast(w->top[r] - base);
		w->top[r] = now[r];
		w->sum[r] *= w->shrink[r];
		now[r] = base;
	}
#pragma unroll
	for (int h = 0; h < 2; h++) {
		float part[2] = {0.0f, 0.0f};

#pragma unroll
		for (int i = 32 * h; i < 32 * h + 32; i++) {
			s[i] = exp2_fast(s[i] * scale - now[i / 2 & 1]);
			part[i / 2 & 1] += s[i];
		}
		if (!STAGE2 || w->use[h] || in.sum_all) {
			w->sum[0] += part[0];
			w->sum[1] += part[1];
		}
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

	/* Only steps that reach past what the first row sees, or rows that are not there. */
	__device__ void hide(float s[64], int step, const int end[2]) const
	{
		int last = key_of(2 * step + 1) + DAS_K_BLOCK;

		if (last <= attn_key_end(in, first) && first + WG_ROWS <= (int)in.n_q)
			return;
		hide_keys(s, key_of(2 * step), end);
		hide_keys(s + 32, key_of(2 * step + 1), end);
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

	__device__ void run(void) const
	{
		int lane = threadIdx.x % WARP, warp = threadIdx.x % GROUP_THREADS / WARP;
		int i0 = first + warp * 16 + lane / 4, steps = (n + 1) / 2;
		int end[2] = {i0 < (int)in.n_q ? attn_key_end(in, i0) : 0,
			i0 + 8 < (int)in.n_q ? attn_key_end(in, i0 + 8) : 0};
		online w = {{-HUGE_VALF, -HUGE_VALF}, {0.0f, 0.0f}, {0.0f, 0.0f}, {false, false}};
		float o[64], s[64];
		uint32_t p[8][4];

#pragma unroll
		for (int i = 0; i < 64; i++)
			o[i] = 0.0f;
		if (steps > 0) {
			stage_wait(sh->k_full, 0);
			wgmma_fence();
			start_scores(s, &sh->q, group * WG_ROWS, sh->k);
			wgmma_commit();
			wgmma_wait<0>(s);
			release(sh->k_empty);
			hide(s, 0, end);
			softmax_step<STAGE2>(&w, s, in, group);
			count(w, 0);
			pack_weights(p, s);
		}
		for (int i = 1; i < steps; i++) {
			int now = i % STAGES, before = (i - 1) % STAGES;
			bool use[2] = {w.use[0], w.use[1]};

			stage_wait(sh->k_full + now, i / STAGES & 1);
			wgmma_fence();
			start_scores(s, &sh->q, group * WG_ROWS, sh->k + now);
			wgmma_commit();
			stage_wait(sh->v_full + before, (i - 1) / STAGES & 1);
			wgmma_fence();
			start_products<STAGE2>(o, p, sh->v + before, use);
			wgmma_commit();
			wgmma_wait<1>(s);
			release(sh->k_empty + now);
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
			wgmma_fence();
			start_products<STAGE2>(o, p, sh->v + last, w.use);
			wgmma_commit();
			wgmma_wait<0>(o);
		}
		store(o, w.sum, i0);
	}

	__device__ void store(const float o[64], const float sum[2], int i0) const
	{
		int t = threadIdx.x % 4;

#pragma unroll
		for (int r = 0; r < 2; r++) {
			int i = i0 + 8 * r;
			float all = sum[r];

			all += __shfl_xor_sync(FULL_WARP, all, 1);
			all += __shfl_xor_sync(FULL_WARP, all, 2);
			float inv = all > 0.0f ? 1.0f / all : 0.0f;
			half *to = in.out + head * in.out_head + (size_t)i * in.out_tok + 2 * t;

			if (i < (int)in.n_q)
#pragma unroll
				for (int d = 0; d < 16; d++)
					*(uint32_t *)(to + d * 8) = pack_halves(
						o[4 * d + 2 * r] * inv, o[4 * d + 2 * r + 1] * inv);
		}
	}
};

template <bool STAGE2>
__global__ void __launch_bounds__(WG_THREADS, 1) attn_wgmma_kernel(attn_in in)
{
	DYNAMIC_SHARED(char, raw);
	wg_shared *sh = (wg_shared *)(raw + (1024 - shared_address(raw) % 1024) % 1024);
	unsigned row = gridDim.x - 1 - blockIdx.x, head = blockIdx.y; /* long rows first */
	int group = threadIdx.x / GROUP_THREADS, q0 = (int)row * DAS_Q_BLOCK;

	tile_fetch(&sh->q, 0, in.q + head * in.q_head + (size_t)q0 * in.q_tok, in.q_tok,
		DAS_Q_BLOCK, (int)in.n_q - q0, threadIdx.x, WG_THREADS);
	copy_async_commit();
	if (threadIdx.x < WARP) {
		unsigned n = attn_list_cols(sh->cols, in, head, row);

		if (threadIdx.x == 0)
			sh->n_cols = n;
	} else if (threadIdx.x == WARP) {
		for (int s = 0; s < STAGES; s++) {
			mbar_init(sh->k_full + s, GROUP_THREADS);
			mbar_init(sh->v_full + s, GROUP_THREADS);
			mbar_init(sh->k_empty + s, 2 * GROUP_THREADS / WARP);
			mbar_init(sh->v_empty + s, 2 * GROUP_THREADS / WARP);
		}
		fence_mbar_init();
	}
	copy_async_wait<0>();
	fence_async_proxy();
	__syncthreads();
	if (group == 2) {
		registers_give<40>();
		fetcher f = {in, sh, in.k + head * in.kv_head, in.v + head * in.kv_head,
			(int)sh->n_cols, (int)threadIdx.x - 2 * GROUP_THREADS};

		f.run();
	} else {
		registers_take<232>();
		computer<STAGE2> c = {
			in, sh, row, head, (int)sh->n_cols, group, q0 + group * WG_ROWS};

		c.run();
	}
}

template <bool STAGE2> static void attn_wgmma_launch(const attn_in &in, cudaStream_t stream)
{
	dim3 grid(attn_blocks(in.n_q, DAS_Q_BLOCK), in.heads);
	size_t shared = sizeof(wg_shared) + 1024;

	CUDA_TRY(cudaFuncSetAttribute(attn_wgmma_kernel<STAGE2>,
		cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared));
	launch_kernel(stream, attn_wgmma_kernel<STAGE2>, grid, dim3(WG_THREADS), shared, in);
}

void attn_wgmma(const attn_in &in, cudaStream_t stream)
{
	if (in.lambda_nats > -HUGE_VALF)
		attn_wgmma_launch<true>(in, stream);
	else
		attn_wgmma_launch<false>(in, stream);
}
