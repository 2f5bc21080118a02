#ifndef OFFING_KERNELS_REF_GEMV_CUH
#define OFFING_KERNELS_REF_GEMV_CUH

#include "kernels-ref/cuda_common.cuh"
#include "kernels-ref/packed_rows.cuh"

/**
 * y[row][n] = sum_k x[row][k] w[n][k] for up to 64 rows of x: weights int8 (or half), packed
 * as llama_q8.cuh says, activations half, sums float.
 *
 * A block owns a contiguous run of output tiles (of 8) and, where @splits > 1, one share of the
 * inputs; its warps share these out again, each with a ring of copies of its own. Weights depend
 * on nothing, so the rings are filled while the previous kernel still runs. What becomes of
 * the sums is the epilogue's business: it is called with two neighbouring sums of one row.
 *
 * Inputs are read once per group of tiles, from L2, which is what limits many rows: hence wider
 * groups there, and splits, which give a block more tiles and fewer inputs.
 */
#define GEMV_WARPS 4
#define GEMV_THREADS (GEMV_WARPS * WARP)
#define GEMV_MAX_SPLITS 4
#define GEMV_MAX_ROWS 64

/** What an epilogue adds up over all its calls; by default nothing. */
template <class E> struct epilogue_sums {
	static constexpr bool squares = false;
	__device__ static void flush(const E &, const float *, unsigned)
	{
	}
};

struct gemv_in {
	const uint8_t *w;
	const half *x;
	unsigned tiles, units, rows; /* outputs / 8, inputs / 64, rows of x */
	unsigned splits;
	float2 *part;      /* splits > 1: [splits][tiles][rows][4] shares of the sums */
	unsigned *arrived; /* splits > 1: [tiles], zero before and after */
};

/** Sizes of one instance: M 16-row tiles of x (0: up to 8 rows), W bytes a weight. */
template <int M, int W> struct gemv_size {
	static constexpr int group = M ? 8 : 4;     /* tiles worked on together */
	static constexpr int unit = 512 * W;        /* 8 outputs x 64 inputs */
	static constexpr int units = M ? 1 : 4 / W; /* a stage */
	static constexpr int x_unit = M * 2048;
	static constexpr int x_at = group * units * unit;
	static constexpr int stage = x_at + units * x_unit;
	static constexpr int rows = M ? 16 * M : 8;
	static constexpr int sums = GEMV_WARPS * group * rows * 4; /* float2 */
	static constexpr int buffers = M == 4 ? 1 : 2; /* of sums: two spare a barrier */
	static constexpr int stages = M == 4 && W == 2 ? 2 : 3; /* in flight, per warp */
	static constexpr int ring = GEMV_WARPS * stages * stage;
	static constexpr int shared =
		ring + buffers * sums * (int)sizeof(float2) + GEMV_MAX_ROWS * 4 + 128;
};

/** Where a warp is in its list of stages: groups of tiles, and in each its share of inputs. */
struct gemv_cursor {
	unsigned group, unit;
};

template <int M, int W, class E> struct gemv_block {
	using size = gemv_size<M, W>;
	static constexpr int MX = M ? M : 1, GROUP = size::group;

	const gemv_in &in;
	const E &epilogue;
	char *ring; /* this warp's */
	uint64_t *full;
	float2 *sums;
	float *sumsq;
	unsigned split, tile0, tile1, unit0, unit1, groups;
	uint4 xa, xb; /* M == 0: the next unit's inputs */

	__device__ gemv_block(const gemv_in &in, const E &epilogue) : in(in), epilogue(epilogue)
	{
	}

	__device__ void advance(gemv_cursor *c) const
	{
		c->unit += size::units;
		if (c->unit >= unit1) {
			c->unit = unit0;
			c->group++;
		}
	}

	__device__ unsigned units_at(const gemv_cursor &c) const
	{
		return min((unsigned)size::units, unit1 - c.unit);
	}

	__device__ unsigned tiles_in(unsigned group) const
	{
		return min((unsigned)GROUP, tile1 - tile0 - group * GROUP);
	}

	__device__ void copy_weights(const gemv_cursor &c, unsigned slot) const
	{
		unsigned lane = threadIdx.x % WARP, n = units_at(c), tiles = tiles_in(c.group);
		size_t tile = tile0 + c.group * GROUP + lane;

		stage_open(full + slot, n * (tiles * size::unit + size::x_unit));
		if (lane < tiles)
			stage_copy(ring + slot * size::stage + lane * size::units * size::unit,
				in.w + (tile * in.units + c.unit) * size::unit, n * size::unit,
				full + slot);
	}

	__device__ void copy_inputs(const gemv_cursor &c, unsigned slot) const
	{
		if (M && threadIdx.x % WARP == GROUP)
			stage_copy(ring + slot * size::stage + size::x_at,
				(const char *)in.x + (size_t)c.unit * size::x_unit,
				units_at(c) * size::x_unit, full + slot);
		stage_close(full + slot);
	}

	/* Past L1, which may hold what was there before the kernel that made them. */
	__device__ void fetch_inputs(unsigned unit)
	{
		const uint4 *p = (const uint4 *)(in.x + (size_t)unit * 512);
		unsigned lane = threadIdx.x % WARP;

		if (lane / 4 < in.rows) {
			xa = __ldcg(p + lane);
			xb = __ldcg(p + 32 + lane);
		}
	}

	__device__ void take_inputs(uint32_t x[MX][2][8], const char *stage, unsigned v)
	{
		const uint4 *p = (const uint4 *)(stage + size::x_at + v * size::x_unit);

		if (M == 0) {
			*(uint4 *)x[0][0] = xa;
			*(uint4 *)(x[0][0] + 4) = xb;
			*(uint4 *)x[0][1] = *(uint4 *)(x[0][1] + 4) = make_uint4(0, 0, 0, 0);
		} else {
#pragma unroll
			for (int i = 0; i < 4 * MX; i++)
				*(uint4 *)(x[i / 4][i / 2 % 2] + 4 * (i % 2)) =
					p[i * WARP + threadIdx.x % WARP];
		}
	}

	/* One tile of 8 outputs by 64 inputs. */
	__device__ static void multiply(
		float acc[MX][4], const uint32_t x[MX][2][8], const uint4 *packed)
	{
		uint32_t w[4 * W];

		*(uint4 *)w = packed[0];
		if (W == 2)
			*(uint4 *)(w + 4 * (W - 1)) = packed[WARP];
#pragma unroll
		for (int s = 0; s < 4; s++) {
			uint32_t b0, b1;

			if (W == 1) {
				halves_from_bytes(b0, b1, w[s]);
			} else {
				b0 = w[2 * s % (4 * W)];
				b1 = w[(2 * s + 1) % (4 * W)];
			}
#pragma unroll
			for (int m = 0; m < MX; m++)
				mma_16816(acc[m], x[m][0][2 * s], x[m][1][2 * s],
					x[m][0][2 * s + 1], x[m][1][2 * s + 1], b0, b1);
		}
	}

	__device__ void compute_stage(
		float acc[GROUP][MX][4], const gemv_cursor &c, const char *stage)
	{
		unsigned n = units_at(c);

#pragma unroll
		for (unsigned v = 0; v < size::units; v++) {
			uint32_t x[MX][2][8];

			if (v >= n)
				break;
			take_inputs(x, stage, v);
			if (M == 0) /* the next group starts at the first unit again */
				fetch_inputs(c.unit + v + 1 < unit1 ? c.unit + v + 1 : unit0);
#pragma unroll
			for (int j = 0; j < GROUP; j++)
				multiply(acc[j], x,
					(const uint4 *)(stage +
							(j * size::units + v) * size::unit) +
						threadIdx.x % WARP);
		}
	}

	/* Every warp's share of the group's sums into shared memory. */
	__device__ void lay_down(float2 *to, const float acc[GROUP][MX][4]) const
	{
		unsigned warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;

#pragma unroll
		for (int j = 0; j < GROUP; j++)
#pragma unroll
			for (int m = 0; m < MX; m++) {
				float2 *at =
					to + ((warp * GROUP + j) * size::rows + m * 16) * 4 + lane;

				at[0] = make_float2(acc[j][m][0], acc[j][m][1]);
				if (M)
					at[32] = make_float2(acc[j][m][2], acc[j][m][3]);
			}
	}

	/* Item @i of the group: tile i / rows / 4, row i / 4 % rows, pair i % 4. */
	__device__ float2 add_up(const float2 *from, unsigned i) const
	{
		unsigned row = i / 4 % in.rows, j = i / 4 / in.rows;
		float2 sum = make_float2(0.0f, 0.0f);

#pragma unroll
		for (int w = 0; w < GEMV_WARPS; w++) {
			float2 s = from[((w * GROUP + j) * size::rows + row) * 4 + i % 4];

			sum.x += s.x;
			sum.y += s.y;
		}
		return sum;
	}

	__device__ void finish(unsigned tile, unsigned i, float2 sum) const
	{
		unsigned row = i / 4 % in.rows, j = i / 4 / in.rows;

		epilogue((tile + j) * 8 + 2 * (i % 4), row, sum.x, sum.y, sumsq);
	}

	/* The block of a group that arrives last adds up what all its splits have laid down. */
	__device__ void join_splits(unsigned tile, unsigned items, const float2 *mine) const
	{
		size_t at = (size_t)tile * in.rows * 4, stride = (size_t)in.tiles * in.rows * 4;
		unsigned last;

		for (unsigned i = threadIdx.x; i < items; i += GEMV_THREADS)
			in.part[split * stride + at + i] = add_up(mine, i);
		__threadfence();
		__syncthreads();
		last = threadIdx.x == 0 &&
		       atomicInc(in.arrived + tile, in.splits - 1) == in.splits - 1;
		if (!__syncthreads_or((int)last))
			return;
		__threadfence();
		for (unsigned i = threadIdx.x; i < items; i += GEMV_THREADS) {
			float2 sum = make_float2(0.0f, 0.0f);

			for (unsigned s = 0; s < in.splits; s++) {
				float2 part = __ldcg(in.part + s * stride + at + i);

				sum.x += part.x;
				sum.y += part.y;
			}
			finish(tile, i, sum);
		}
	}

	__device__ void end_group(unsigned group, const float acc[GROUP][MX][4]) const
	{
		float2 *mine = sums + group % size::buffers * size::sums;
		unsigned items = tiles_in(group) * in.rows * 4, tile = tile0 + group * GROUP;

		lay_down(mine, acc);
		__syncthreads();
		if (in.splits > 1)
			join_splits(tile, items, mine);
		else
			for (unsigned i = threadIdx.x; i < items; i += GEMV_THREADS)
				finish(tile, i, add_up(mine, i));
		if (size::buffers == 1)
			__syncthreads();
	}

	__device__ void run(void)
	{
		gemv_cursor put = {0, unit0}, filled = put, get = put;
		unsigned work = unit0 < unit1 ? groups : 0, slot = 0, parity = 0;

		for (unsigned s = 0; s < size::stages && put.group < work; s++) {
			copy_weights(put, s);
			advance(&put);
		}
		launch_wait();
		for (unsigned s = 0; s < size::stages && filled.group < work; s++) {
			copy_inputs(filled, s);
			advance(&filled);
		}
		xa = xb = make_uint4(0, 0, 0, 0);
		if (M == 0 && work > 0)
			fetch_inputs(unit0);
		for (unsigned group = 0; group < groups; group++) {
			float acc[GROUP][MX][4];

#pragma unroll
			for (int j = 0; j < GROUP; j++)
#pragma unroll
				for (int m = 0; m < MX; m++)
#pragma unroll
					for (int i = 0; i < 4; i++)
						acc[j][m][i] = 0.0f;
			while (get.group == group && get.group < work) {
				stage_wait(full + slot, parity);
				compute_stage(acc, get, ring + slot * size::stage);
				__syncwarp();
				if (put.group < work) {
					copy_weights(put, slot);
					copy_inputs(put, slot);
					advance(&put);
				}
				advance(&get);
				slot = slot + 1 == size::stages ? 0 : slot + 1;
				parity ^= slot == 0;
			}
			end_group(group, acc);
		}
		if (epilogue_sums<E>::squares) {
			__syncthreads();
			epilogue_sums<E>::flush(epilogue, sumsq, in.rows);
		}
	}
};

template <int M, int W, class E>
__global__ void __launch_bounds__(GEMV_THREADS) gemv(gemv_in in, E epilogue)
{
	using size = gemv_size<M, W>;
	DYNAMIC_SHARED(char, shared);
	float2 *sums = (float2 *)(shared + size::ring);
	float *sumsq = (float *)(sums + size::buffers * size::sums);
	uint64_t *bars = (uint64_t *)(sumsq + GEMV_MAX_ROWS);
	unsigned warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
	unsigned range = blockIdx.x / in.splits, ranges = gridDim.x / in.splits;
	unsigned share = blockIdx.x % in.splits * GEMV_WARPS + warp,
		 shares = in.splits * GEMV_WARPS;
	gemv_block<M, W, E> b(in, epilogue);

	launch_next();
	if (lane < size::stages)
		stage_init(bars + warp * size::stages + lane);
	for (unsigned i = threadIdx.x; i < GEMV_MAX_ROWS; i += GEMV_THREADS)
		sumsq[i] = 0.0f;
	fence_mbar_init();
	__syncthreads();
	b.ring = shared + warp * size::stages * size::stage;
	b.full = bars + warp * size::stages;
	b.sums = sums;
	b.sumsq = sumsq;
	b.split = blockIdx.x % in.splits;
	b.tile0 = (unsigned)((uint64_t)in.tiles * range / ranges);
	b.tile1 = (unsigned)((uint64_t)in.tiles * (range + 1) / ranges);
	b.unit0 = in.units * share / shares;
	b.unit1 = in.units * (share + 1) / shares;
	b.groups = (b.tile1 - b.tile0 + size::group - 1) / size::group;
	b.run();
}

inline unsigned multiprocessors(void)
{
	int device, n;

	CUDA_TRY(cudaGetDevice(&device));
	CUDA_TRY(cudaDeviceGetAttribute(&n, cudaDevAttrMultiProcessorCount, device));
	return (unsigned)n;
}

/** Splits that read the inputs from L2 least: passes over them times the share of each. */
inline unsigned gemv_splits(unsigned tiles, unsigned blocks, unsigned group)
{
	unsigned best = 1;
	double least = HUGE_VAL;

	for (unsigned s = 1; s <= GEMV_MAX_SPLITS && s <= blocks; s++) {
		unsigned ranges = blocks / s, each = (tiles + ranges - 1) / ranges;
		double read = (double)((each + group - 1) / group) / (double)s;

		if (read < least) {
			least = read;
			best = s;
		}
	}
	return best;
}

/** @in.part NULL: no splits. */
template <int M, int W, class E>
void gemv_launch(gemv_in in, const E &epilogue, cudaStream_t stream)
{
	constexpr int shared = gemv_size<M, W>::shared;
	unsigned blocks = multiprocessors();

	in.splits = M && in.part ? gemv_splits(in.tiles, blocks, gemv_size<M, W>::group) : 1;
	CUDA_TRY(cudaFuncSetAttribute(
		gemv<M, W, E>, cudaFuncAttributeMaxDynamicSharedMemorySize, shared));
	launch_overlapped(stream, gemv<M, W, E>, dim3(blocks / in.splits * in.splits),
		dim3(GEMV_THREADS), shared, in, epilogue);
}

template <int W, class E> void gemv_any(const gemv_in &in, const E &epilogue, cudaStream_t stream)
{
	switch (packed_tiles(in.rows)) {
	case 0:
		return gemv_launch<0, W>(in, epilogue, stream);
	case 1:
		return gemv_launch<1, W>(in, epilogue, stream);
	case 2:
		return gemv_launch<2, W>(in, epilogue, stream);
	default:
		return gemv_launch<4, W>(in, epilogue, stream);
	}
}

#endif
