#ifndef OFFING_KERNELS_REF_GEMV_CUH
#define OFFING_KERNELS_REF_GEMV_CUH

#include "kernels-ref/cuda_common.cuh"
#include "kernels-ref/packed_rows.cuh"

/**
 * y[row][n] = sum_k x[row][k] w[n][k] for up to 64 rows of x: weights int8 (or half), packed
 * as llama_q8.cuh says, activations half, sums float. A block owns a contiguous run of output
 * tiles; its warps share out the inputs, each with a ring of copies of its own, filled before
 * the previous kernel has ended since weights depend on nothing. What becomes of the sums is
 * the epilogue's business: it is called with two neighbouring sums of one row.
 */

#define GEMV_WARPS 4
#define GEMV_THREADS (GEMV_WARPS * WARP)
#define GEMV_GROUP 4  /* tiles of 8 output rows worked on together */
#define GEMV_STAGES 3 /* of copies in flight, per warp */

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
};

/* Sizes of one instance: M 16-row tiles of x (0: up to 8 rows), W bytes a weight. */
template <int M, int W> struct gemv_size {
	static constexpr int unit = 512 * W; /* 8 outputs x 64 inputs */
	static constexpr int units = M == 0 ? 4 / W : M == 4 ? 1 : 2 / W; /* a stage */
	static constexpr int x_unit = M * 2048;
	static constexpr int x_at = GEMV_GROUP * units * unit;
	static constexpr int stage = x_at + units * x_unit;
	static constexpr int rows = M ? 16 * M : 8;
	static constexpr int sums = GEMV_WARPS * GEMV_GROUP * rows * 4; /* float2 */
	static constexpr int ring = GEMV_WARPS * GEMV_STAGES * stage;
	static constexpr int shared = ring + 2 * sums * (int)sizeof(float2) + 64 * 4 + 128;
};

/* Where a warp is in its list of stages: groups of tiles, and in each its share of the inputs. */
struct gemv_cursor {
	unsigned group, unit;

	__device__ void advance(unsigned units, unsigned first, unsigned end)
	{
		unit += units;
		if (unit >= end) {
			unit = first;
			group++;
		}
	}
};

template <int M, int W, class E>
__global__ void __launch_bounds__(GEMV_THREADS) gemv(gemv_in in, E epilogue)
{
	using size = gemv_size<M, W>;
	constexpr int MX = M ? M : 1, STAGES = GEMV_STAGES, GROUP = GEMV_GROUP;
	DYNAMIC_SHARED(char, shared);
	float2 *sums = (float2 *)(shared + size::ring);
	float *sumsq = (float *)(sums + 2 * size::sums);
	uint64_t *bars = (uint64_t *)(sumsq + 64);
	unsigned warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, g = lane / 4, t = lane % 4;
	unsigned tile0 = (unsigned)((uint64_t)in.tiles * blockIdx.x / gridDim.x);
	unsigned tile1 = (unsigned)((uint64_t)in.tiles * (blockIdx.x + 1) / gridDim.x);
	unsigned groups = (tile1 - tile0 + GROUP - 1) / GROUP;
	unsigned unit0 = in.units * warp / GEMV_WARPS, unit1 = in.units * (warp + 1) / GEMV_WARPS;
	char *ring = shared + warp * STAGES * size::stage;
	uint64_t *full = bars + warp * STAGES;
	gemv_cursor put = {0, unit0}, get = {0, unit0};
	unsigned slot = 0, parity = 0;

	launch_next();
	if (lane < STAGES)
		stage_init(full + lane);
	for (unsigned i = threadIdx.x; i < 64; i += GEMV_THREADS)
		sumsq[i] = 0.0f;
	fence_mbar_init();
	__syncthreads();
	if (unit0 == unit1)
		groups = 0;

	auto copy_w = [&](const gemv_cursor &c, unsigned s) {
		unsigned tile = tile0 + c.group * GROUP + lane;
		unsigned n = min((unsigned)size::units, unit1 - c.unit);

		if (lane < GROUP && tile < tile1)
			stage_copy(ring + s * size::stage + lane * size::units * size::unit,
				in.w + ((size_t)tile * in.units + c.unit) * size::unit,
				n * size::unit, full + s);
	};
	auto copy_x = [&](const gemv_cursor &c, unsigned s) {
		unsigned n = min((unsigned)size::units, unit1 - c.unit);

		if (M && lane == GROUP)
			stage_copy(ring + s * size::stage + size::x_at,
				(const char *)in.x + (size_t)c.unit * size::x_unit,
				n * size::x_unit, full + s);
	};
	auto open = [&](const gemv_cursor &c, unsigned s) {
		unsigned n = min((unsigned)size::units, unit1 - c.unit);
		unsigned tiles = min((unsigned)GROUP, tile1 - tile0 - c.group * GROUP);

		stage_open(full + s, n * (tiles * size::unit + size::x_unit));
	};

	/* Weights do not depend on the kernel before: start on them at once. */
	gemv_cursor later = put;
	for (unsigned s = 0; s < STAGES && put.group < groups; s++) {
		open(put, s);
		copy_w(put, s);
		put.advance(size::units, unit0, unit1);
	}
	launch_wait();
	for (unsigned s = 0; s < STAGES && later.group < groups; s++) {
		copy_x(later, s);
		stage_close(full + s);
		later.advance(size::units, unit0, unit1);
	}

	const uint4 none = make_uint4(0, 0, 0, 0);
	uint4 xa = none, xb = none; /* M == 0: the next unit's inputs, straight from L2 */
	auto fetch_x = [&](unsigned unit) {
		const uint4 *p = (const uint4 *)(in.x + (size_t)unit * 512);

		if (g < in.rows) {
			xa = p[lane];
			xb = p[32 + lane];
		}
	};
	if (M == 0 && groups)
		fetch_x(unit0);

	for (unsigned group = 0; group < (tile1 - tile0 + GROUP - 1) / GROUP; group++) {
		float acc[GROUP][MX][4];

#pragma unroll
		for (int j = 0; j < GROUP; j++)
#pragma unroll
			for (int m = 0; m < MX; m++)
#pragma unroll
				for (int i = 0; i < 4; i++)
					acc[j][m][i] = 0.0f;

		while (get.group == group && get.group < groups) {
			const char *at = ring + slot * size::stage;
			unsigned n = min((unsigned)size::units, unit1 - get.unit);

			stage_wait(full + slot, parity);
#pragma unroll
			for (unsigned v = 0; v < size::units; v++) {
				uint32_t x[MX][2][8];

				if (v >= n)
					break;
				if (M == 0) {
					*(uint4 *)x[0][0] = xa;
					*(uint4 *)(x[0][0] + 4) = xb;
					*(uint4 *)x[0][1] = none;
					*(uint4 *)(x[0][1] + 4) = none;
					unsigned next = get.unit + v + 1;
					fetch_x(next < unit1 ? next : unit0);
				} else {
					const uint4 *p =
						(const uint4 *)(at + size::x_at + v * size::x_unit);

#pragma unroll
					for (int m = 0; m < MX; m++)
#pragma unroll
						for (int i = 0; i < 4; i++)
							*(uint4 *)(x[m][i / 2] + 4 * (i % 2)) =
								p[m * 128 + i * 32 + lane];
				}
#pragma unroll
				for (int j = 0; j < GROUP; j++) {
					const uint4 *p =
						(const uint4 *)(at + (j * size::units + v) *
									     size::unit) +
						lane;
					uint32_t w[4 * W];

					*(uint4 *)w = p[0];
					if (W == 2)
						*(uint4 *)(w + 4 * (W - 1)) = p[32];
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
							mma_16816(acc[j][m], x[m][0][2 * s],
								x[m][1][2 * s], x[m][0][2 * s + 1],
								x[m][1][2 * s + 1], b0, b1);
					}
				}
			}
			__syncwarp();
			if (put.group < groups) {
				open(put, slot);
				copy_w(put, slot);
				copy_x(put, slot);
				stage_close(full + slot);
				put.advance(size::units, unit0, unit1);
			}
			get.advance(size::units, unit0, unit1);
			slot = slot + 1 == STAGES ? 0 : slot + 1;
			parity ^= slot == 0;
		}

		/* Add up the warps' shares of the inputs; two buffers, so one barrier will do. */
		float2 *mine = sums + (group & 1) * size::sums;
		unsigned tiles = min((unsigned)GROUP, tile1 - tile0 - group * GROUP);
#pragma unroll
		for (int j = 0; j < GROUP; j++)
#pragma unroll
			for (int m = 0; m < MX; m++) {
				unsigned at =
					((warp * GROUP + j) * size::rows + m * 16 + g) * 4 + t;

				mine[at] = make_float2(acc[j][m][0], acc[j][m][1]);
				if (M)
					mine[at + 32] = make_float2(acc[j][m][2], acc[j][m][3]);
			}
		__syncthreads();
		for (unsigned i = threadIdx.x; i < tiles * in.rows * 4; i += GEMV_THREADS) {
			unsigned row = i / 4 % in.rows, j = i / 4 / in.rows;
			float2 sum = make_float2(0.0f, 0.0f);

#pragma unroll
			for (int w = 0; w < GEMV_WARPS; w++) {
				float2 s = mine[((w * GROUP + j) * size::rows + row) * 4 + i % 4];

				sum.x += s.x;
				sum.y += s.y;
			}
			epilogue((tile0 + group * GROUP + j) * 8 + 2 * (i % 4), row, sum.x, sum.y,
				sumsq);
		}
	}
	if (epilogue_sums<E>::squares) {
		__syncthreads();
		epilogue_sums<E>::flush(epilogue, sumsq, in.rows);
	}
}

inline int multiprocessors(void)
{
	int device, n;

	CUDA_TRY(cudaGetDevice(&device));
	CUDA_TRY(cudaDeviceGetAttribute(&n, cudaDevAttrMultiProcessorCount, device));
	return n;
}

template <int M, int W, class E>
void gemv_launch(const gemv_in &in, const E &epilogue, cudaStream_t stream)
{
	constexpr int shared = gemv_size<M, W>::shared;

	CUDA_TRY(cudaFuncSetAttribute(
		gemv<M, W, E>, cudaFuncAttributeMaxDynamicSharedMemorySize, shared));
	launch_overlapped(stream, gemv<M, W, E>, dim3(multiprocessors()), dim3(GEMV_THREADS),
		shared, in, epilogue);
}

template <int W, class E>
void gemv_any(const void *w, size_t outputs, size_t inputs, const half *x, size_t rows,
	const E &epilogue, cudaStream_t stream)
{
	gemv_in in = {(const uint8_t *)w, x, (unsigned)(outputs / 8), (unsigned)(inputs / 64),
		(unsigned)rows};

	switch (packed_tiles(rows)) {
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
