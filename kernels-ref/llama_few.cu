/*
 * A step of at most 8 rows as one kernel, a block to a multiprocessor. Weights stream through a
 * ring of copies that runs ahead of the computation, from one multiplication into the next and
 * through all that lies between them, so that memory is never idle: nothing that is waited
 * for decides which weights come next. The order of the work is that of llama_step.cu, with
 * the blocks meeting where a kernel there ends.
 */
#include "kernels-ref/epilogues.cuh"
#include "kernels-ref/gemv.cuh"
#include "kernels-ref/llama_q8.cuh"
#include "kernels-ref/row_attn.cuh"

#define FEW_WARPS 8
#define FEW_THREADS (FEW_WARPS * WARP)
#define FEW_TILES 4                      /* of 8 outputs, in a stage of a warp's ring */
#define FEW_TILE 1024                    /* bytes of a tile in a stage: 2 units of int8, 1 of half */
#define FEW_STAGE (FEW_TILES * FEW_TILE)
#define FEW_MAX_STAGES 7
#define FEW_AT_ONCE 32                   /* tiles whose sums a warp may keep */
#define FEW_BARRIER_BYTES 512

/** The multiplications of a layer; the head comes after those of all layers. */
enum few_product { FEW_QKV, FEW_OUT, FEW_GATE_UP, FEW_DOWN, FEW_PRODUCTS };

struct few_in {
	step_view v;
	row_attn_in attn; /* of layer 0 */
	unsigned stages, sums_bytes;
	uint32_t *meetings;
};

/** What one warp of one block has to do of one multiplication. */
struct few_share {
	const uint8_t *w;
	unsigned bytes;         /* a weight */
	unsigned units;         /* inputs / 64 */
	unsigned tile0, tile1;  /* the block's outputs */
	unsigned unit0, unit1;  /* the warp's inputs */
	unsigned at_once;       /* tiles per pass over the inputs */

	__device__ unsigned step(void) const /* units a stage */
	{
		return FEW_TILE / 512 / bytes;
	}

	__device__ bool empty(void) const
	{
		return tile0 == tile1 || unit0 == unit1;
	}
};

__device__ static few_share share_of(const step_view &v, unsigned product)
{
	unsigned l = product / FEW_PRODUCTS, kind = product % FEW_PRODUCTS;
	unsigned h = v.hidden, f = v.ffn, warp = threadIdx.x / WARP, outputs, inputs;
	few_share s;

	s.bytes = 1;
	if (l == v.n_layers) {
		s.w = (const uint8_t *)v.head;
		s.bytes = 2;
		outputs = v.vocab;
		inputs = h;
	} else {
		const gpu_layer *w = v.layers + l;

		s.w = (kind == FEW_QKV	     ? w->qkv
			: kind == FEW_OUT     ? w->o
			: kind == FEW_GATE_UP ? w->gu
					      : w->down)
			      .packed;
		outputs = kind == FEW_QKV ? 3 * h : kind == FEW_GATE_UP ? 2 * f : h;
		inputs = kind == FEW_DOWN ? f : h;
	}
	s.units = inputs / 64;
	s.tile0 = (unsigned)((uint64_t)outputs / 8 * blockIdx.x / gridDim.x);
	s.tile1 = (unsigned)((uint64_t)outputs / 8 * (blockIdx.x + 1) / gridDim.x);
	s.unit0 = s.units * warp / FEW_WARPS;
	s.unit1 = s.units * (warp + 1) / FEW_WARPS;
	s.at_once = l == v.n_layers ? 32 : kind == FEW_QKV ? 16 : kind == FEW_GATE_UP ? 32 : 8;
	return s;
}

/** A warp's ring: what is copied next, of whichever multiplication, and where it is read. */
struct few_ring {
	const step_view &v;
	char *at;
	uint64_t *full;
	unsigned stages, slot, parity;
	unsigned product; /* being copied */
	few_share s;
	unsigned base, unit, sub;

	__device__ few_ring(const few_in &in, char *shared, uint64_t *bars)
		: v(in.v), stages(in.stages), slot(0), parity(0)
	{
		unsigned warp = threadIdx.x / WARP;

		at = shared + warp * stages * FEW_STAGE;
		full = bars + warp * FEW_MAX_STAGES;
		seek(0);
	}

	/* To the first multiplication from @from on in which this warp has a share. */
	__device__ void seek(unsigned from)
	{
		unsigned all = v.n_layers * FEW_PRODUCTS + 1;

		for (product = from; product < all; product++) {
			s = share_of(v, product);
			if (!s.empty())
				break;
		}
		base = s.tile0;
		unit = s.unit0;
		sub = 0;
	}

	__device__ void copy_next(unsigned to)
	{
		unsigned lane = threadIdx.x % WARP, first = base + sub * FEW_TILES;
		unsigned end = min(base + s.at_once, s.tile1), bytes;

		if (product > v.n_layers * FEW_PRODUCTS)
			return;
		bytes = min(s.step(), s.unit1 - unit) * 512 * s.bytes;
		stage_open(full + to, min((unsigned)FEW_TILES, end - first) * bytes);
		if (first + lane < end && lane < FEW_TILES)
			stage_copy(at + to * FEW_STAGE + lane * FEW_TILE,
				s.w + ((size_t)(first + lane) * s.units + unit) * 512 * s.bytes,
				bytes, full + to);
		stage_close(full + to);
		sub++;
		if (base + sub * FEW_TILES < end)
			return;
		sub = 0;
		unit += s.step();
		if (unit < s.unit1)
			return;
		unit = s.unit0;
		base += s.at_once;
		if (base >= s.tile1)
			seek(product + 1);
	}

	__device__ void start(void)
	{
		for (unsigned i = 0; i < stages; i++)
			copy_next(i);
	}

	__device__ const char *wait(void) const
	{
		stage_wait(full + slot, parity);
		return at + slot * FEW_STAGE;
	}

	/* The stage that was waited for has been read. */
	__device__ void next(void)
	{
		__syncwarp();
		copy_next(slot);
		if (++slot == stages) {
			slot = 0;
			parity ^= 1;
		}
	}
};

/** Shared memory beside the rings. */
union few_shared {
	float sums[1]; /* [warps][tiles][rows][8] */
	row_shared<FEW_WARPS> attn;
};

struct few_block {
	const few_in &in;
	few_shared *sh;
	few_ring ring;
	unsigned met; /* arrivals of all blocks that are due at the next meeting */

	__device__ few_block(const few_in &in, char *shared)
		: in(in), sh((few_shared *)shared), ring(in, shared + in.sums_bytes, bars_of(in, shared)),
		  met(0)
	{
	}

	__device__ static uint64_t *bars_of(const few_in &in, char *shared)
	{
		return (uint64_t *)(shared + in.sums_bytes +
				    FEW_WARPS * in.stages * FEW_STAGE);
	}

	/* What this block has written is there for all that have waited. */
	__device__ void arrive(void)
	{
		unsigned last = gridDim.x * (in.v.n_layers * (FEW_PRODUCTS + 1) + 1) - 1;

		met += gridDim.x;
		__syncthreads();
		if (threadIdx.x == 0)
			meeting_arrive(in.meetings, last);
	}

	__device__ void wait(void) const
	{
		if (threadIdx.x == 0)
			meeting_wait(in.meetings, met);
		__syncthreads();
	}

	__device__ float *sums_of(unsigned warp, unsigned tiles, unsigned tile) const
	{
		return sh->sums + (warp * tiles + tile) * in.v.rows * 8;
	}

	__device__ static void fetch_inputs(
		uint4 to[2][2], const half *x, const few_share &s, unsigned unit, unsigned rows)
	{
		unsigned lane = threadIdx.x % WARP;

		for (unsigned n = 0; n < 2; n++)
			if (n < s.step() && unit + n < s.unit1 && lane / 4 < rows) {
				const uint4 *p = (const uint4 *)(x + (size_t)(unit + n) * 512);

				to[n][0] = __ldcg(p + lane);
				to[n][1] = __ldcg(p + 32 + lane);
			}
	}

	/* The sums of this warp's inputs for tiles base..end. */
	template <int G, int W>
	__device__ void multiply(
		float acc[G / 2][1][4], const few_share &s, const half *x, unsigned base, unsigned end)
	{
		constexpr unsigned step = FEW_TILE / 512 / W;
		uint4 now[2][2] = {}, next[2][2] = {};

#pragma unroll
		for (int i = 0; i < G * 2; i++)
			(&acc[0][0][0])[i] = 0.0f;
		fetch_inputs(next, x, s, s.unit0, in.v.rows);
		for (unsigned unit = s.unit0; unit < s.unit1; unit += step) {
#pragma unroll
			for (int i = 0; i < 4; i++)
				now[i / 2][i % 2] = next[i / 2][i % 2];
			fetch_inputs(next, x, s, unit + step, in.v.rows);
#pragma unroll
			for (int sub = 0; sub < G / FEW_TILES; sub++) {
				if (base + sub * FEW_TILES >= end)
					break;
				const char *stage = ring.wait();
#pragma unroll
				for (unsigned n = 0; n < step; n++)
#pragma unroll
					for (unsigned piece = 0; piece < 2; piece++)
						if (unit + n < s.unit1)
							multiply_tiles<1, FEW_TILES, W>(
								acc + sub * FEW_TILES / 2,
								(const uint32_t(*)[4]) & now[n][piece],
								stage + n * 512 * W, FEW_TILE, piece);
				ring.next();
			}
		}
	}

	template <int G> __device__ void lay_down(const float acc[G / 2][1][4], unsigned tiles) const
	{
		unsigned lane = threadIdx.x % WARP, rows = in.v.rows;

#pragma unroll
		for (int j = 0; j < G; j++)
#pragma unroll
			for (unsigned i = 0; i < 2; i++) {
				unsigned row = lane % 4 * 2 + i;

				if ((unsigned)j < tiles && row < rows)
					sums_of(threadIdx.x / WARP, tiles, j)[row * 8 + lane / 4] =
						acc[j / 2][0][j % 2 * 2 + i];
			}
	}

	/* Item @i: tile i / rows / 4, row i / 4 % rows, pair i % 4. */
	__device__ float2 *item(unsigned warp, unsigned tiles, unsigned i) const
	{
		return (float2 *)sums_of(warp, tiles, 0) + i;
	}

	template <class E>
	__device__ typename E::taken take(const E &e, unsigned base, unsigned i) const
	{
		unsigned rows = in.v.rows;

		return e.take((base + i / 4 / rows) * 8 + 2 * (i % 4), i / 4 % rows);
	}

	template <class E>
	__device__ void finish(
		const E &e, unsigned base, unsigned tiles, unsigned i, const typename E::taken &t) const
	{
		unsigned rows = in.v.rows, row = i / 4 % rows;
		float2 sum = make_float2(0.0f, 0.0f);
		float square;

#pragma unroll
		for (int w = 0; w < FEW_WARPS; w++) {
			float2 part = *item(w, tiles, i);

			sum.x += part.x;
			sum.y += part.y;
		}
		square = e((base + i / 4 / rows) * 8 + 2 * (i % 4), row, sum.x, sum.y, t);
		if constexpr (E::squares)
			item(0, tiles, i)->x = square;
	}

	/* One warp a row. */
	template <class E> __device__ void add_squares(const E &e, unsigned tiles) const
	{
		unsigned row = threadIdx.x / WARP, lane = threadIdx.x % WARP, rows = in.v.rows;
		float sum = 0.0f;

		__syncthreads();
		if (row >= rows)
			return;
		for (unsigned i = lane; i < tiles * 4; i += WARP)
			sum += item(0, tiles, (i / 4 * rows + row) * 4 + i % 4)->x;
		sum = warp_sum(sum);
		if (lane == 0)
			e.add(row, sum);
	}

	template <class E> __device__ void prefetch(const E &e, unsigned product) const
	{
		few_share s = share_of(in.v, product);

		for (unsigned n = 2 * threadIdx.x; n < (s.tile1 - s.tile0) * 8; n += 2 * FEW_THREADS)
			e.prefetch(s.tile0 * 8 + n);
	}

	template <int G, int W, class E>
	__device__ void run(unsigned product, const half *x, const E &e)
	{
		few_share s = share_of(in.v, product);

		for (unsigned base = s.tile0; base < s.tile1; base += G) {
			unsigned end = min(base + G, s.tile1), i = threadIdx.x;
			unsigned tiles = end - base, items = tiles * in.v.rows * 4;
			typename E::taken t = {};
			float acc[G / 2][1][4];

			multiply<G, W>(acc, s, x, base, end);
			if (i < items)
				t = take(e, base, i);
			__syncthreads(); /* earlier sums have been read */
			lay_down<G>(acc, tiles);
			__syncthreads();
			while (i < items) {
				finish(e, base, tiles, i, t);
				i += FEW_THREADS;
				if (i < items)
					t = take(e, base, i);
			}
			if constexpr (E::squares)
				add_squares(e, tiles);
		}
	}

	__device__ void attend(unsigned layer)
	{
		row_attn_in a = in.attn;
		unsigned items = in.v.rows * a.heads * a.splits;
		bool waited = false;

		a.k += in.v.cache_at(layer);
		a.v += in.v.cache_at(layer);
		for (unsigned i = blockIdx.x; i < items; i += gridDim.x) {
			row_block<FEW_WARPS> b(a, &sh->attn, i / a.splits % a.heads,
				i / a.splits / a.heads, i % a.splits);

			b.begin_cached();
			if (!waited)
				wait();
			else
				__syncthreads(); /* the last item's sums have been read */
			waited = true;
			b.run();
		}
		if (!waited)
			wait();
	}

	__device__ void run_layer(unsigned l)
	{
		unsigned p = l * FEW_PRODUCTS;
		const step_view &v = in.v;

		run<16, 1>(p + FEW_QKV, v.s.xn, v.qkv(l));
		arrive();
		prefetch(v.out(l), p + FEW_OUT);
		attend(l);
		arrive();
		prefetch(v.gate_up(l), p + FEW_GATE_UP);
		wait();
		run<8, 1>(p + FEW_OUT, v.s.att, v.out(l));
		arrive();
		prefetch(v.down(l), p + FEW_DOWN);
		wait();
		run<32, 1>(p + FEW_GATE_UP, v.s.xn, v.gate_up(l));
		arrive();
		if (l + 1 < v.n_layers)
			prefetch(v.qkv(l + 1), p + FEW_PRODUCTS + FEW_QKV);
		wait();
		run<8, 1>(p + FEW_DOWN, v.s.act, v.down(l));
		arrive();
		wait();
	}

	__device__ void run_step(void)
	{
		ring.start();
		for (unsigned l = 0; l < in.v.n_layers; l++)
			run_layer(l);
		run<32, 2>(in.v.n_layers * FEW_PRODUCTS, in.v.s.xn, in.v.logits());
		arrive(); /* the last brings the count back to zero */
	}
};

__global__ void __launch_bounds__(FEW_THREADS, 1) step_few(const __grid_constant__ few_in in)
{
	DYNAMIC_SHARED(char, shared);
	uint64_t *bars = few_block::bars_of(in, shared);

	for (unsigned i = threadIdx.x; i < FEW_WARPS * FEW_MAX_STAGES; i += FEW_THREADS)
		stage_init(bars + i);
	fence_mbar_init();
	__syncthreads();
	few_block(in, shared).run_step();
}

/* Splits of the keys that make the longest block's work least: rounds of 128 keys, and half as
 * much again to begin and to end. */
static unsigned few_splits(size_t rows, size_t heads, size_t max_tok, size_t blocks)
{
	size_t best = 1;
	double least = HUGE_VAL;

	for (size_t s = 1; s <= STEP_MAX_SPLITS && s * 16 <= max_tok + 15; s++) {
		size_t keys = (max_tok + s - 1) / s, each = (keys + 127) / 128;
		size_t rounds = (rows * heads * s + blocks - 1) / blocks;
		double cost = (double)rounds * ((double)each + (s > 1 ? 1.5 : 1.0));

		if (cost < least) {
			least = cost;
			best = s;
		}
	}
	return (unsigned)best;
}

static unsigned block_shared_bytes(void)
{
	int device, bytes;

	CUDA_TRY(cudaGetDevice(&device));
	CUDA_TRY(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
	return (unsigned)bytes;
}

bool gpu_step_few(
	const gpu_llama *m, gpu_state *s, size_t n, size_t max_tok, cudaStream_t stream)
{
	unsigned blocks = multiprocessors(), most = block_shared_bytes(), ring = FEW_WARPS * FEW_STAGE;
	size_t sums = FEW_WARPS * FEW_AT_ONCE * 8 * sizeof(float) * n;
	few_in in = {step_view_of(m, s, m->layers_on_device, n),
		row_attn_of(m, s, 0, n, few_splits(n, m->shape.n_heads, max_tok, blocks)), 0,
		(unsigned)(sums > sizeof(few_shared) ? (sums + 127) / 128 * 128
						     : (sizeof(few_shared) + 127) / 128 * 128),
		s->meetings};

	if (n > 8 || most < in.sums_bytes + FEW_BARRIER_BYTES + 2 * ring)
		return false;
	in.stages = (most - in.sums_bytes - FEW_BARRIER_BYTES) / ring;
	in.stages = in.stages < FEW_MAX_STAGES ? in.stages : FEW_MAX_STAGES;
	launch_together(stream, step_few, dim3(blocks), dim3(FEW_THREADS),
		in.sums_bytes + in.stages * ring + FEW_BARRIER_BYTES, in);
	return true;
}
