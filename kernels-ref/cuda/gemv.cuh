#ifndef OFFING_KERNELS_REF_GEMV_CUH
#define OFFING_KERNELS_REF_GEMV_CUH

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/cuda/packed_rows.cuh"

/**
 * y[row][n] = sum_k x[row][k] w[n][k] for up to 64 rows of x: weights int8 (or half), packed
 * as llama_q8.cuh says, activations half, sums float.
 *
 * A block owns a contiguous run of output tiles (of 8) and, where @splits > 1, one share of the
 * inputs; its warps share the inputs out again, each with a ring of copies of its own. Weights
 * depend on nothing, so the rings are filled while the previous kernel still runs. A warp keeps
 * the sums of as many tiles as its registers hold, so that inputs are read once or a few times
 * only. Two tiles make the 16 rows of a tensor-core operand, 8 rows of x the other. What
 * becomes of the sums is the epilogue's business: it is called with two neighbouring sums of
 * one row, after prefetch() has named them at the kernel's start.
 */
#define GEMV_WARPS 8
#define GEMV_THREADS (GEMV_WARPS * WARP)
#define GEMV_MAX_SPLITS 4
#define GEMV_BARRIER_BYTES 256

/**
 * An epilogue has
 *	prefetch(n)                  at the kernel's start: output n and the next are ours
 *	taken take(n, row)           what it needs from memory, read while the sums are made
 *	float operator()(n, row, a, b, taken)  the sums of outputs n and n + 1 of a row
 *	static constexpr bool squares   whether what that returns shall be added up
 *	add(row, sum)                ... over a block's outputs and handed on
 */
struct gemv_in {
	const uint8_t *w;
	const half *x;
	unsigned tiles, units, rows; /* outputs / 8, inputs / 64, rows of x */
	unsigned row_tiles;          /* of 16 rows that x is laid out for: packed_rows.cuh */
	unsigned splits;
	float2 *part;      /* splits > 1: [splits][tiles][rows][4] shares of the sums */
	unsigned *arrived; /* splits > 1: [tiles], zero before and after */
};

/**
 * Sizes of one instance: B 8-row tiles of x, G tiles of outputs kept at once, W bytes a weight.
 * Up to 8 rows a block leaves half of the shared memory and registers to the next kernel's;
 * the head is the last kernel of a step.
 */
template <int B, int G, int W> struct gemv_size {
	static constexpr int unit = 512 * W;                 /* 8 outputs x 64 inputs */
	static constexpr int tiles = B > 1 ? G : 4;          /* a stage */
	static constexpr int units = B > 1 || W > 1 ? 1 : 2; /* a stage */
	static constexpr int subs = G / tiles;               /* stages that share inputs */
	static constexpr int x_unit = B == 1 ? 0 : 1024 * B; /* more rows come through the ring */
	static constexpr int x_at = tiles * units * unit;
	static constexpr int stage = x_at + units * x_unit;
	static constexpr int stages = B == 1 ? 3 : 2; /* in flight, per warp */
	static constexpr int ring = GEMV_WARPS * stages * stage;
	static constexpr int sums = GEMV_WARPS * G * 8 * B * 8 * (int)sizeof(float);
	static constexpr int shared = (ring > sums ? ring : sums) + GEMV_BARRIER_BYTES;
	static constexpr int blocks = B == 1 && W == 1 ? 2 : 1; /* on a multiprocessor */
	static_assert(GEMV_WARPS * stages * 8 <= GEMV_BARRIER_BYTES, "room for the barriers");
	static_assert(blocks * (shared + 1024) <= 228 * 1024, "shared memory of a multiprocessor");
};

/** One lane's weights of half a unit (two steps of 16 inputs) of one tile as two registers each. */
template <int W> __device__ void take_weights(uint32_t to[4], const char *unit, unsigned piece)
{
	unsigned lane = threadIdx.x % WARP;

	if (W == 1) {
		uint2 w = *(const uint2 *)(unit + lane * 16 + piece * 8);

		halves_from_bytes(to[0], to[1], w.x);
		halves_from_bytes(to[2], to[3], w.y);
	} else {
		*(uint4 *)to = *(const uint4 *)(unit + piece * 512 + lane * 16);
	}
}

/** Half a unit of TILES tiles, one after another, by the same inputs: two tiles make 16 rows. */
template <int B, int TILES, int W>
__device__ void multiply_tiles(
	float acc[TILES / 2][B][4], const uint32_t x[B][4], const char *first, unsigned piece)
{
	constexpr unsigned tile_bytes = 512 * W;

#pragma unroll
	for (int j = 0; j < TILES / 2; j++) {
		uint32_t lo[4], hi[4];

		take_weights<W>(lo, first + 2 * j * tile_bytes, piece);
		take_weights<W>(hi, first + (2 * j + 1) * tile_bytes, piece);
#pragma unroll
		for (int s = 0; s < 2; s++)
#pragma unroll
			for (int b = 0; b < B; b++)
				mma_16816(acc[j][b], lo[2 * s], hi[2 * s], lo[2 * s + 1],
					hi[2 * s + 1], x[b][2 * s], x[b][2 * s + 1]);
	}
}

/**
 * Sums are handed to an epilogue in items, two neighbouring outputs of a row: item i is of tile
 * i / rows / 4, row i / 4 % rows and its outputs 2 (i % 4) and the next.
 */
__device__ inline unsigned item_tile(unsigned i, unsigned rows)
{
	return i / 4 / rows;
}

__device__ inline unsigned item_row(unsigned i, unsigned rows)
{
	return i / 4 % rows;
}

/** Its first output, tiles counted from @tile on. */
__device__ inline unsigned item_output(unsigned tile, unsigned i, unsigned rows)
{
	return (tile + item_tile(i, rows)) * 8 + 2 * (i % 4);
}

/** By the whole block: name tiles @tile0 to @tile1 to the epilogue. */
template <int THREADS, class E>
__device__ void prefetch_outputs(const E &epilogue, unsigned tile0, unsigned tile1)
{
	for (unsigned n = 2 * threadIdx.x; n < (tile1 - tile0) * 8; n += 2 * THREADS)
		epilogue.prefetch(tile0 * 8 + n);
}

/** Where a warp is in its list of stages: passes over the inputs, units of these, tiles. */
struct gemv_cursor {
	unsigned pass, unit, sub;
};

template <int B, int G, int W, class E> struct gemv_block {
	using size = gemv_size<B, G, W>;

	const gemv_in &in;
	const E &epilogue;
	char *shared;
	char *ring; /* this warp's */
	uint64_t *full;
	unsigned split, tile0, tile1, unit0, unit1, passes;
	uint4 x[size::units][2]; /* B == 1: this stage's inputs, and the next's */
	uint4 x_next[size::units][2];

	__device__ gemv_block(const gemv_in &in, const E &epilogue) : in(in), epilogue(epilogue)
	{
	}

	__device__ unsigned tiles_in(unsigned pass) const
	{
		return min((unsigned)G, tile1 - tile0 - pass * G);
	}

	__device__ unsigned subs_in(unsigned pass) const
	{
		return (tiles_in(pass) + size::tiles - 1) / size::tiles;
	}

	/* Within a pass: the next pass waits until shared memory has been read. */
	__device__ bool advance(gemv_cursor *c) const
	{
		if (++c->sub < subs_in(c->pass))
			return true;
		c->sub = 0;
		c->unit += size::units;
		return c->unit < unit1;
	}

	__device__ unsigned units_at(unsigned unit) const
	{
		return min((unsigned)size::units, unit1 - unit);
	}

	__device__ void copy_weights(const gemv_cursor &c, unsigned slot) const
	{
		unsigned lane = threadIdx.x % WARP, n = units_at(c.unit),
			 first = c.sub * size::tiles;
		unsigned tiles = min((unsigned)size::tiles, tiles_in(c.pass) - first);
		size_t tile = tile0 + c.pass * G + first;

		stage_open(full + slot, n * (tiles * size::unit + size::x_unit));
		if (lane < n)
			stage_copy(ring + slot * size::stage + lane * size::tiles * size::unit,
				in.w + ((size_t)(c.unit + lane) * in.tiles + tile) * size::unit,
				tiles * size::unit, full + slot);
	}

	__device__ void copy_inputs(const gemv_cursor &c, unsigned slot) const
	{
		if (B > 1 && threadIdx.x % WARP == WARP - 1)
			stage_copy(ring + slot * size::stage + size::x_at,
				(const char *)in.x + (size_t)c.unit * size::x_unit,
				units_at(c.unit) * size::x_unit, full + slot);
		stage_close(full + slot);
	}

	/* Past L1, which may hold what was there before the kernel that made them. */
	__device__ void fetch_inputs(uint4 to[size::units][2], unsigned unit) const
	{
		unsigned lane = threadIdx.x % WARP;

#pragma unroll
		for (unsigned v = 0; v < size::units; v++)
			if (lane / 4 < in.rows && unit + v < unit1) {
				const uint4 *p = (const uint4 *)(in.x + (size_t)(unit + v) * 512);

				to[v][0] = __ldcg(p + lane);
				to[v][1] = __ldcg(p + 32 + lane);
			}
	}

	/* Half a unit of inputs (two steps of 16) for all rows. */
	__device__ void take_inputs(
		uint32_t to[B][4], const char *stage, unsigned v, unsigned piece) const
	{
		if (B == 1) {
			*(uint4 *)to[0] = x[v % size::units][piece];
			return;
		}
		const uint4 *p = (const uint4 *)(stage + size::x_at + v * size::x_unit);
#pragma unroll
		for (int b = 0; b < B; b++)
			*(uint4 *)to[b] = p[(2 * b + piece) * WARP + threadIdx.x % WARP];
	}

	__device__ void compute_unit(
		float acc[size::tiles / 2][B][4], const char *stage, unsigned v)
	{
#pragma unroll
		for (int piece = 0; piece < 2; piece++) {
			uint32_t xs[B][4];

			take_inputs(xs, stage, v, piece);
			multiply_tiles<B, size::tiles, W>(
				acc, xs, stage + v * size::tiles * size::unit, piece);
		}
	}

	/* Sums of a warp in shared memory: [tile][row][output], tiles of 8 by 8 rows. */
	__device__ float *sums_of(unsigned warp) const
	{
		return (float *)shared + warp * G * 64 * B;
	}

	__device__ void lay_down(const float acc[G / 2][B][4]) const
	{
		unsigned lane = threadIdx.x % WARP, t = lane % 4;
		float *to = sums_of(threadIdx.x / WARP) + lane / 4;

#pragma unroll
		for (int j = 0; j < G; j++)
#pragma unroll
			for (int b = 0; b < B; b++)
#pragma unroll
				for (int i = 0; i < 2; i++) {
					unsigned row = 8 * b + 2 * t + i;

					if (row < in.rows)
						to[(j * 8 * B + row) * 8] =
							acc[j / 2][b][j % 2 * 2 + i];
				}
	}

	__device__ float2 add_up(unsigned i) const
	{
		unsigned row = item_row(i, in.rows), j = item_tile(i, in.rows);
		float2 sum = make_float2(0.0f, 0.0f);

#pragma unroll
		for (int w = 0; w < GEMV_WARPS; w++) {
			float2 s =
				*(const float2 *)(sums_of(w) + (j * 8 * B + row) * 8 + i % 4 * 2);

			sum.x += s.x;
			sum.y += s.y;
		}
		return sum;
	}

	using taken = typename E::taken;

	__device__ taken take(unsigned tile, unsigned i) const
	{
		return epilogue.take(item_output(tile, i, in.rows), item_row(i, in.rows));
	}

	/* The sums of item @i to the epilogue; what it returns replaces them in shared memory. */
	__device__ void finish(unsigned tile, unsigned i, float2 sum, const taken &t) const
	{
		unsigned row = item_row(i, in.rows), j = item_tile(i, in.rows);
		float square = epilogue(item_output(tile, i, in.rows), row, sum.x, sum.y, t);

		if constexpr (E::squares)
			sums_of(0)[(j * 8 * B + row) * 8 + i % 4 * 2] = square;
	}

	/* One warp a row. */
	__device__ void add_squares(unsigned tiles) const
	{
		unsigned lane = threadIdx.x % WARP;

		__syncthreads();
		for (unsigned row = threadIdx.x / WARP; row < in.rows; row += GEMV_WARPS) {
			float sum = 0.0f;

			for (unsigned i = lane; i < tiles * 4; i += WARP)
				sum += sums_of(0)[(i / 4 * 8 * B + row) * 8 + i % 4 * 2];
			sum = warp_sum(sum);
			if (lane == 0)
				epilogue.add(row, sum);
		}
	}

	/* The block of a pass that arrives last adds up what all its splits have laid down. */
	__device__ bool arrive_last(unsigned tile, unsigned items) const
	{
		size_t at = (size_t)tile * in.rows * 4, stride = (size_t)in.tiles * in.rows * 4;
		unsigned last;

		for (unsigned i = threadIdx.x; i < items; i += GEMV_THREADS)
			in.part[split * stride + at + i] = add_up(i);
		__threadfence();
		__syncthreads();
		last = threadIdx.x == 0 &&
		       atomicInc(in.arrived + tile, in.splits - 1) == in.splits - 1;
		if (!__syncthreads_or((int)last))
			return false;
		__threadfence();
		return true;
	}

	__device__ float2 add_up_splits(unsigned tile, unsigned i) const
	{
		size_t at = (size_t)tile * in.rows * 4, stride = (size_t)in.tiles * in.rows * 4;
		float2 part[GEMV_MAX_SPLITS], sum = make_float2(0.0f, 0.0f);

#pragma unroll
		for (unsigned s = 0; s < GEMV_MAX_SPLITS; s++)
			if (s < in.splits)
				part[s] = __ldcg(in.part + s * stride + at + i);
#pragma unroll
		for (unsigned s = 0; s < GEMV_MAX_SPLITS; s++)
			if (s < in.splits) {
				sum.x += part[s].x;
				sum.y += part[s].y;
			}
		return sum;
	}

	__device__ void end_pass(unsigned pass, const float acc[G / 2][B][4]) const
	{
		unsigned items = tiles_in(pass) * in.rows * 4, tile = tile0 + pass * G;
		unsigned i = threadIdx.x;
		taken t = {};

		if (i < items)
			t = take(tile, i);
		__syncthreads(); /* the sums take the place of the rings */
		lay_down(acc);
		__syncthreads();
		if (in.splits > 1 && !arrive_last(tile, items))
			return;
		while (i < items) {
			finish(tile, i, in.splits > 1 ? add_up_splits(tile, i) : add_up(i), t);
			i += GEMV_THREADS;
			if (i < items)
				t = take(tile, i);
		}
		if constexpr (E::squares)
			add_squares(tiles_in(pass));
	}

	__device__ void run_pass(unsigned pass, unsigned *slot, unsigned *parity)
	{
		float acc[size::subs][size::tiles / 2][B][4];
		gemv_cursor put = {pass, unit0, 0}, filled = put;
		bool more = unit0 < unit1, fill = more;

		for (unsigned s = 0; s < size::stages && more; s++) {
			copy_weights(put, (*slot + s) % size::stages);
			more = advance(&put);
		}
		if (pass == 0) {
			prefetch_outputs<GEMV_THREADS>(epilogue, tile0, tile1);
			launch_wait();
		}
		for (unsigned s = 0; s < size::stages && fill; s++) {
			copy_inputs(filled, (*slot + s) % size::stages);
			fill = advance(&filled);
		}
		if (B == 1)
			fetch_inputs(x_next, unit0);
#pragma unroll
		for (int i = 0; i < size::subs * size::tiles / 2 * B * 4; i++)
			(&acc[0][0][0][0])[i] = 0.0f;
		for (unsigned unit = unit0; unit < unit1; unit += size::units) {
			if (B == 1) {
#pragma unroll
				for (int v = 0; v < size::units; v++) {
					x[v][0] = x_next[v][0];
					x[v][1] = x_next[v][1];
				}
				fetch_inputs(x_next, unit + size::units);
			}
#pragma unroll
			for (int sub = 0; sub < size::subs; sub++) {
				if ((unsigned)sub >= subs_in(pass))
					break;
				const char *stage = ring + *slot * size::stage;

				stage_wait(full + *slot, *parity);
#pragma unroll
				for (unsigned v = 0; v < size::units; v++)
					if (v < units_at(unit))
						compute_unit(acc[sub], stage, v);
				__syncwarp();
				if (more) {
					copy_weights(put, *slot);
					copy_inputs(put, *slot);
					more = advance(&put);
				}
				*slot = *slot + 1 == size::stages ? 0 : *slot + 1;
				*parity ^= *slot == 0;
			}
		}
		end_pass(pass, &acc[0][0]);
	}

	__device__ void run(void)
	{
		unsigned slot = 0, parity = 0;

		for (int v = 0; v < size::units; v++)
			x_next[v][0] = x_next[v][1] = make_uint4(0, 0, 0, 0);
		for (unsigned pass = 0; pass < passes; pass++) {
			run_pass(pass, &slot, &parity);
			if (pass + 1 < passes) {
				fence_async_proxy(); /* copies come where sums were */
				__syncthreads();
			}
		}
	}
};

template <int B, int G, int W, class E>
__global__ void __launch_bounds__(GEMV_THREADS, gemv_size<B, G, W>::blocks)
	gemv(gemv_in in, E epilogue)
{
	using size = gemv_size<B, G, W>;
	DYNAMIC_SHARED(char, shared);
	uint64_t *bars = (uint64_t *)(shared + size::shared - GEMV_BARRIER_BYTES);
	unsigned warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	unsigned range = blockIdx.x / in.splits, ranges = gridDim.x / in.splits;
	unsigned share = blockIdx.x % in.splits * GEMV_WARPS + warp,
		 shares = in.splits * GEMV_WARPS;
	gemv_block<B, G, W, E> b(in, epilogue);

	launch_next();
	if (lane < size::stages)
		stage_init(bars + warp * size::stages + lane);
	fence_mbar_init();
	__syncthreads();
	b.shared = shared;
	b.ring = shared + warp * size::stages * size::stage;
	b.full = bars + warp * size::stages;
	b.split = blockIdx.x % in.splits;
	b.tile0 = (unsigned)((uint64_t)in.tiles * range / ranges);
	b.tile1 = (unsigned)((uint64_t)in.tiles * (range + 1) / ranges);
	b.unit0 = in.units * share / shares;
	b.unit1 = in.units * (share + 1) / shares;
	b.passes = (b.tile1 - b.tile0 + G - 1) / G;
	b.run();
}

/** Splits that read the inputs from L2 least: passes over them times the share of each. */
inline unsigned gemv_splits(unsigned tiles, unsigned blocks, unsigned at_once)
{
	unsigned best = 1;
	double least = HUGE_VAL;

	for (unsigned s = 1; s <= GEMV_MAX_SPLITS && s <= blocks; s++) {
		unsigned ranges = blocks / s, each = (tiles + ranges - 1) / ranges;
		double read = (double)((each + at_once - 1) / at_once) / (double)s;

		if (read < least) {
			least = read;
			best = s;
		}
	}
	return best;
}

template <int B, int G, int W, class E>
void gemv_launch(const gemv_in &in, const E &epilogue, unsigned blocks, cudaStream_t stream)
{
	constexpr int shared = gemv_size<B, G, W>::shared;

	CUDA_TRY(cudaFuncSetAttribute(
		gemv<B, G, W, E>, cudaFuncAttributeMaxDynamicSharedMemorySize, shared));
	launch_overlapped(stream, gemv<B, G, W, E>, dim3(blocks / in.splits * in.splits),
		dim3(GEMV_THREADS), shared, in, epilogue);
}

/** Up to 8 rows. */
template <int W, class E>
void gemv_few_rows(const gemv_in &in, const E &epilogue, unsigned blocks, cudaStream_t stream)
{
	if ((in.tiles + blocks - 1) / blocks <= 8)
		return gemv_launch<1, 8, W>(in, epilogue, blocks, stream);
	gemv_launch<1, 16, W>(in, epilogue, blocks, stream);
}

template <int B, int G, int W, class E>
void gemv_more_rows(gemv_in in, const E &epilogue, unsigned blocks, cudaStream_t stream)
{
	in.splits = in.part ? gemv_splits(in.tiles, blocks, G) : 1;
	gemv_launch<B, G, W>(in, epilogue, blocks, stream);
}

/** @in.part NULL: no splits. */
template <int W, class E> void gemv_any(const gemv_in &in, const E &epilogue, cudaStream_t stream)
{
	unsigned blocks = multiprocessors();

	switch (in.row_tiles) {
	case 0:
		return gemv_few_rows<W>(in, epilogue, blocks, stream);
	case 1:
		return gemv_more_rows<2, 16 / W, W>(in, epilogue, blocks, stream);
	case 2:
		return gemv_more_rows<4, 16 / W, W>(in, epilogue, blocks, stream);
	default:
		return gemv_more_rows<8, 8 / W, W>(in, epilogue, blocks, stream);
	}
}

#endif
