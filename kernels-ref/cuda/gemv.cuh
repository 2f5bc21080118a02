#ifndef OFFING_KERNELS_REF_GEMV_CUH
#define OFFING_KERNELS_REF_GEMV_CUH

#include <algorithm>
#include <cmath>

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/cuda/packed_rows.cuh"
#include "kernels-ref/cuda/wgmma_ops.cuh"

/**
 * y[row][n] = sum_k x[row][k] w[n][k] for up to 64 rows of x: weights int8 (or half), packed
 * as llama_q8.cuh says, activations half in panels (packed_rows.cuh), sums float.
 *
 * A block owns a run of output tiles (of 8) and, where @splits > 1, one share of the inputs. They
 * come through a ring of stages, each inputs and the weights they meet, so that inputs leave L2
 * once a block whatever its outputs. Some warps stand side by side over the tiles, and groups of
 * these take turns at the stages. Weights depend on nothing: the ring is filled with them while
 * the previous kernel still runs, on a multiprocessor whose block has ended. Two tiles make the 16
 * rows of a tensor-core operand, 8 rows of x the other; by warpgroups eight tiles and all of x.
 */
#define GEMV_WARPS 16
#define GEMV_THREADS (GEMV_WARPS * WARP)
#define GEMV_MAX_TILES 32 /* of a block */
#define GEMV_MAX_SPLITS 4
#ifdef EMULATE_CUDA
#define GEMV_MAX_STAGES 8 /* so that the short inputs of its tests come round, too */
#define GEMV_STAGE_BYTES 1
#else
#define GEMV_MAX_STAGES 24
#define GEMV_STAGE_BYTES 6144 /* about, where a unit is less */
#endif
#define GEMV_BARRIER_BYTES 1024
#define GEMV_SHARED (176 * 1024)

/**
 * What becomes of the sums is the epilogue's business, two neighbouring sums of one row at a time.
 * An epilogue has
 *	prefetch(n)                  at the kernel's start: output n and the next are ours
 *	of_row row(row)              what it needs to know of a row
 *	taken take(n, row, of_row)   what it needs from memory for outputs n and n + 1 of a row
 *	float operator()(n, row, a, b, taken)  their sums
 *	static constexpr bool squares   whether what that returns shall be added up
 *	add(row, sum)                ... over a block's outputs and handed on
 */
struct gemv_in {
	const uint8_t *w;
	const half *x;
	unsigned tiles, units, rows; /* outputs / 8, inputs / 64, rows of x */
	float2 *part;      /* where splits may be: [splits][tiles][rows][4] shares of the sums */
	uint32_t *arrived; /* with it: [tiles], zero before and after */
	bool warpgroups;   /* more than 16 rows by their tensor cores (9.0a) */
	/* of the launch: */
	unsigned splits = 1, step = 1, stages = 0, stage_bytes = 0; /* units of a stage, stages */
	unsigned x_bytes = 0; /* of the inputs of a unit in a stage, in front of the weights */
};

/** One lane's weights of STEPS steps (2 or 4) of 16 inputs of one tile, W words of 4 a step. */
template <int W, int STEPS> struct gemv_weights {
	alignas(W *STEPS == 2 ? 8 : 16) uint32_t word[W * STEPS];

	/* From step @step0 on of a tile in shared memory. */
	__device__ void load(const char *tile, unsigned step0)
	{
		const char *from = tile + threadIdx.x % WARP * 16;

		if constexpr (W * STEPS == 2) {
			*(uint2 *)word = *(const uint2 *)(from + step0 * 4);
		} else {
			*(uint4 *)word = *(const uint4 *)(from + (W == 2 ? step0 * 256 : 0));
			if constexpr (W * STEPS == 8)
				*(uint4 *)(word + 4) = *(const uint4 *)(from + 512);
		}
	}

	/* Those of step number @s of these, as halves. */
	__device__ void take(uint32_t to[2], unsigned s) const
	{
		if constexpr (W == 1) {
			halves_from_bytes(to[0], to[1], word[s]);
		} else {
			to[0] = word[2 * s];
			to[1] = word[2 * s + 1];
		}
	}
};

/** Where 16 bytes of row @row of a unit of a panel lie, for load_matrix4(). */
__device__ inline const char *panel_piece(const char *unit, unsigned row, unsigned piece)
{
	return unit + row * 128 + ((piece ^ (row & 7)) << 4);
}

/** By the whole block: name tiles @tile0 to @tile1 to the epilogue. */
template <int THREADS, class E>
__device__ void prefetch_outputs(const E &epilogue, unsigned tile0, unsigned tile1)
{
	for (unsigned n = 2 * threadIdx.x; n < (tile1 - tile0) * 8; n += 2 * THREADS)
		epilogue.prefetch(tile0 * 8 + n);
}

/** Sizes of one instance: B 8-row tiles of x, W bytes a weight, G whether by warpgroups. */
template <int B, int W, bool G> struct gemv_size {
	static constexpr int side = G ? 8 : W * (B > 2 ? B : 2); /* warps side by side: a group */
	static constexpr int turns = GEMV_WARPS / side;          /* groups, in turn */
	static constexpr int held = GEMV_MAX_TILES / 2 / side;   /* pairs of tiles a warp has */
	static constexpr int at_once = B == 1 ? 4 / W : B == 2 ? 2 : 1; /* of these */
	static constexpr int tile = 512 * W; /* 8 outputs x 64 inputs, bytes */
	static constexpr int align = G ? 1024 : 128; /* bytes, of the inputs of a unit */
	/* what may be read behind a stage: tiles or rows that are not there */
	static constexpr int more_rows = (B > 2 ? 4 * B : 8) * 128;
	static constexpr int more_tiles = 2 * at_once * side * tile;
	static constexpr int behind = more_rows > more_tiles ? more_rows : more_tiles;
	static_assert(!G || side % 4 == 0, "whole warpgroups");
	/* items of an epilogue: rows and tiles at once */
	static constexpr int rows = 8 * B, groups = GEMV_THREADS / 4 / rows;
};

/** A place in the ring, and which of the fillings it has. */
struct gemv_place {
	unsigned slot, parity;

	__device__ void advance(unsigned by, unsigned places)
	{
		slot += by;
		if (slot >= places) {
			slot -= places;
			parity ^= 1;
		}
	}
};

template <int B, int W, bool G, class E> struct gemv_block {
	using size = gemv_size<B, W, G>;
	using taken = typename E::taken;

	const gemv_in &in;
	const E &epilogue;
	char *ring;
	uint64_t *full, *empty;
	unsigned turn, member, side; /* this warp's group, which of it, and where it stands */
	unsigned pairs; /* of its warpgroup; warps without one add up what nobody asks for */
	unsigned split, tile0, tiles, unit0, units, n_stages;

	__device__ gemv_block(const gemv_in &in, const E &epilogue, char *shared)
	    : in(in), epilogue(epilogue), ring(shared + GEMV_BARRIER_BYTES),
	      full((uint64_t *)shared), empty((uint64_t *)shared + GEMV_MAX_STAGES)
	{
		unsigned range = blockIdx.x / in.splits, ranges = gridDim.x / in.splits;

		turn = threadIdx.x / WARP / size::side;
		member = threadIdx.x / WARP % size::side;
		side = member;
		/* else one quarter of the multiprocessor would have a pair more in every turn */
		if (size::turns > 1 && threadIdx.x >= GEMV_THREADS / 2)
			side = size::side - 1 - side;
		split = blockIdx.x % in.splits;
		tile0 = (unsigned)((uint64_t)in.tiles * range / ranges);
		tiles = (unsigned)((uint64_t)in.tiles * (range + 1) / ranges) - tile0;
		unit0 = in.units * split / in.splits;
		units = in.units * (split + 1) / in.splits - unit0;
		n_stages = (units + in.step - 1) / in.step;
		/* of lane 0, so that the compiler sees that all have the same */
		pairs = (tiles + 2 * size::side - 1 - 2 * (side / 4 * 4)) / (2 * size::side);
		pairs = __shfl_sync(FULL_WARP, pairs, 0);
	}

	__device__ unsigned units_in(unsigned stage) const
	{
		return min(in.step, units - stage * in.step);
	}

	/* --- the ring --------------------------------------------------------------------- */

	__device__ void copy_weights(unsigned s, unsigned slot) const
	{
		unsigned lane = threadIdx.x % WARP, n = units_in(s);
		unsigned bytes = tiles * size::tile;
		size_t unit = unit0 + s * in.step + lane;

		stage_open(full + slot, n * (bytes + in.rows * 128));
		if (lane < n)
			stage_copy(ring + slot * in.stage_bytes + in.step * in.x_bytes + lane * bytes,
				in.w + (unit * in.tiles + tile0) * size::tile, bytes, full + slot);
	}

	__device__ void copy_inputs(unsigned s, unsigned slot) const
	{
		unsigned lane = threadIdx.x % WARP;
		size_t unit = unit0 + s * in.step + lane;

		if (lane < units_in(s))
			stage_copy(ring + slot * in.stage_bytes + lane * in.x_bytes,
				in.x + unit * in.rows * 64, in.rows * 128, full + slot);
		stage_close(full + slot);
	}

	/* A group's places for the first time, by its warps in turn; inputs when there are any. */
	__device__ void fill(void) const
	{
		unsigned ahead = min(in.stages, n_stages), from = turn + member * size::turns;

		for (unsigned s = from; s < ahead; s += GEMV_WARPS)
			copy_weights(s, s);
		launch_wait();
		for (unsigned s = from; s < ahead; s += GEMV_WARPS)
			copy_inputs(s, s);
	}

	/* The place of stage @s, which this warp has read, for whoever fills it next. */
	__device__ void refill(unsigned s, gemv_place at) const
	{
		if (s + in.stages >= n_stages || s / size::turns % size::side != member)
			return;
		stage_wait(empty + at.slot, at.parity);
		copy_weights(s + in.stages, at.slot);
		copy_inputs(s + in.stages, at.slot);
	}

	/* --- products ---------------------------------------------------------------------- */

	/* Some steps of inputs of a unit, of 8 B rows; of those that are not there something. */
	template <int STEPS>
	__device__ void take_inputs(
		uint32_t to[STEPS][B][2], const char *unit, unsigned step0) const
	{
		unsigned lane = threadIdx.x % WARP;
		uint32_t r[4];

		if constexpr (B == 1) {
#pragma unroll
			for (int s = 0; s < STEPS; s += 2) {
				load_matrix4(
					r, panel_piece(unit, lane % 8, 2 * (step0 + s) + lane / 8));
				to[s][0][0] = r[0];
				to[s][0][1] = r[1];
				to[s + 1][0][0] = r[2];
				to[s + 1][0][1] = r[3];
			}
		} else {
			unit += lane / 16 * 1024;
#pragma unroll
			for (int s = 0; s < STEPS; s++) {
				const char *rows =
					panel_piece(unit, lane % 8, 2 * (step0 + s) + lane / 8 % 2);

#pragma unroll
				for (int b = 0; b < B; b += 2) {
					load_matrix4(r, rows + b * 1024);
					to[s][b][0] = r[0];
					to[s][b][1] = r[1];
					to[s][b + 1][0] = r[2];
					to[s][b + 1][1] = r[3];
				}
			}
		}
	}

	/* Some pairs of tiles from @first on: products with the inputs @x of a unit. */
	__device__ void multiply_pairs(
		float acc[size::at_once][B][4], const uint32_t x[4][B][2], const char *first) const
	{
		gemv_weights<W, 4> lo[size::at_once], hi[size::at_once];

#pragma unroll
		for (int j = 0; j < size::at_once; j++) {
			const char *pair = first + j * size::side * 2 * size::tile;

			lo[j].load(pair, 0);
			hi[j].load(pair + size::tile, 0);
		}
#pragma unroll
		for (int s = 0; s < 4; s++)
#pragma unroll
			for (int j = 0; j < size::at_once; j++) {
				uint32_t a[2], b[2];

				lo[j].take(a, s);
				hi[j].take(b, s);
#pragma unroll
				for (int n = 0; n < B; n++)
					mma_16816(acc[j][n], a[0], b[0], a[1], b[1], x[s][n][0],
						x[s][n][1]);
			}
	}

	/* Pair j of this warp is number j * size::side + side of the block. */
	__device__ const char *pair_at(const char *w, int j) const
	{
		return w + (j * size::side + side) * 2 * size::tile;
	}

	__device__ bool has_pair(int j) const
	{
		return 2 * (j * size::side + side) < tiles;
	}

	/* Many rows: the inputs of a step come while those of the one before are multiplied. */
	__device__ void multiply_many(
		float acc[size::held][B][4], const char *w, const char *x) const
	{
		gemv_weights<W, 2> lo[size::held], hi[size::held];
		uint32_t xs[2][1][B][2];

		take_inputs<1>(xs[0], x, 0);
#pragma unroll
		for (int step = 0; step < 4; step++) {
			if (step % 2 == 0)
#pragma unroll
				for (int j = 0; j < size::held; j++)
					if (has_pair(j)) {
						lo[j].load(pair_at(w, j), step);
						hi[j].load(pair_at(w, j) + size::tile, step);
					}
			if (step < 3)
				take_inputs<1>(xs[(step + 1) % 2], x, step + 1);
#pragma unroll
			for (int j = 0; j < size::held; j++)
				if (has_pair(j)) {
					uint32_t a[2], b[2];

					lo[j].take(a, step % 2);
					hi[j].take(b, step % 2);
#pragma unroll
					for (int n = 0; n < B; n++)
						mma_16816(acc[j][n], a[0], b[0], a[1], b[1],
							xs[step % 2][0][n][0],
							xs[step % 2][0][n][1]);
				}
		}
	}

	__device__ void multiply_few(
		float acc[size::held][B][4], const char *w, const char *x) const
	{
		uint32_t xs[4][B][2];

		take_inputs<4>(xs, x, 0);
#pragma unroll
		for (int j = 0; j < size::held; j += size::at_once)
			if (has_pair(j))
				multiply_pairs(acc + j, xs, pair_at(w, j));
	}

	__device__ void multiply_unit(
		float acc[size::held][B][4], const char *w, const char *x) const
	{
		if constexpr (B >= 4)
			multiply_many(acc, w, x);
		else
			multiply_few(acc, w, x);
	}

	/* This warp has read a place. */
	__device__ void leave(unsigned slot) const
	{
		__syncwarp();
		if (threadIdx.x % WARP == 0)
			mbar_arrive(empty + slot);
	}

	/* Others of the group may still read what this warp has: it fills the place before that. */
	__device__ void multiply(float acc[size::held][B][4]) const
	{
		gemv_place at = {turn, 0}, before = at;

		for (unsigned s = turn; s < n_stages; s += size::turns) {
			const char *x = ring + at.slot * in.stage_bytes;
			const char *w = x + in.step * in.x_bytes;
			unsigned n = has_pair(0) ? units_in(s) : 0;

			if (s > turn)
				refill(s - size::turns, before);
			stage_wait(full + at.slot, at.parity);
			for (unsigned u = 0; u < n; u++) {
				multiply_unit(acc, w, x);
				w += tiles * size::tile;
				x += in.x_bytes;
			}
			leave(at.slot);
			before = at;
			at.advance(size::turns, in.stages);
		}
	}

	/* --- the same by warpgroups, a unit a stage ----------------------------------------------
	 *
	 * The tensor cores fetch the inputs by themselves, once for 64 outputs, and run on while the
	 * next weights are widened. Until waited for, a place of the ring, the widened weights and
	 * the sums are theirs.
	 */

	template <int N> struct group_words {
		gemv_weights<W, 4> lo[N], hi[N];

		/* Nothing that is made of them may be made before this. */
		__device__ void hold(void)
		{
#pragma unroll
			for (int j = 0; j < N; j++)
#pragma unroll
				for (int i = 0; i < 4 * W; i++) {
					hold_word(lo[j].word[i]);
					hold_word(hi[j].word[i]);
				}
		}
	};

	template <int N> __device__ group_words<N> load_pairs(const char *w) const
	{
		group_words<N> words;

#pragma unroll
		for (int j = 0; j < N; j++) {
			words.lo[j].load(pair_at(w, j), 0);
			words.hi[j].load(pair_at(w, j) + size::tile, 0);
		}
		return words;
	}

	/* Start the products of a unit with N pairs, widened to @a. */
	template <int N>
	__device__ void start_products(float acc[size::held][B][4], uint32_t a[N][4][4],
		const group_words<N> &words, const char *x) const
	{
		matrix_desc inputs = matrix_desc_of(x, 0, 1024);

#pragma unroll
		for (int j = 0; j < N; j++)
#pragma unroll
			for (int s = 0; s < 4; s++) {
				uint32_t lo[2], hi[2];

				words.lo[j].take(lo, s);
				words.hi[j].take(hi, s);
				a[j][s][0] = lo[0];
				a[j][s][1] = hi[0];
				a[j][s][2] = lo[1];
				a[j][s][3] = hi[1];
			}
		wgmma_fence();
#pragma unroll
		for (int j = 0; j < N; j++)
#pragma unroll
			for (int s = 0; s < 4; s++)
				wgmma_rows<B>(&acc[j][0][0], a[j][s],
					matrix_desc_advance(inputs, (uint32_t)s * 32));
		wgmma_commit();
	}

	/* Where registers allow it weights are widened while products run: to @a while they have
	 * the other place for them. */
	template <int N> static constexpr bool two_places = N == 1;

	template <int N>
	__device__ void multiply_stage(float acc[size::held][B][4], uint32_t a[N][4][4],
		unsigned s, gemv_place *at, gemv_place *before) const
	{
		const char *x = ring + at->slot * in.stage_bytes, *w = x + in.x_bytes;
		group_words<N> words;

		stage_wait(full + at->slot, at->parity);
		words = load_pairs<N>(w);
		if constexpr (two_places<N>) {
			start_products<N>(acc, a, words, x);
			wgmma_wait_rows<1, N * B * 4>(&acc[0][0][0]);
		} else {
			wgmma_wait_rows<0, N * B * 4>(&acc[0][0][0]);
			words.hold();
			start_products<N>(acc, a, words, x);
		}
		if (s > turn) {
			leave(before->slot);
			refill(s - size::turns, *before);
		}
		*before = *at;
		at->advance(size::turns, in.stages);
	}

	template <int N> __device__ void multiply_pairs_of_group(float acc[size::held][B][4]) const
	{
		gemv_place at = {turn, 0}, before = at;
		uint32_t a[two_places<N> ? 2 : 1][N][4][4];

		for (unsigned s = turn; s < n_stages; s += 2 * size::turns) {
			multiply_stage<N>(acc, a[0], s, &at, &before);
			if (s + size::turns < n_stages)
				multiply_stage<N>(acc, a[two_places<N>], s + size::turns, &at,
					&before);
		}
		wgmma_wait_rows<0, N * B * 4>(&acc[0][0][0]);
	}

	/* A warpgroup without a pair: its warps fill their share of the places. */
	__device__ void pass_stages(void) const
	{
		gemv_place at = {turn, 0};

		for (unsigned s = turn; s < n_stages; s += size::turns) {
			stage_wait(full + at.slot, at.parity);
			leave(at.slot);
			refill(s, at);
			at.advance(size::turns, in.stages);
		}
	}

	template <int N> __device__ void multiply_grouped(float acc[size::held][B][4]) const
	{
		if constexpr (N == 0)
			pass_stages();
		else if (pairs == N)
			multiply_pairs_of_group<N>(acc);
		else
			multiply_grouped<N - 1>(acc);
	}

	/* --- the sums, where the ring was: [turn][tile][row][4] of two outputs -----------------
	 */

	__device__ float2 *sums(unsigned of) const
	{
		return (float2 *)ring + of * tiles * in.rows * 4;
	}

	__device__ void lay_down(const float acc[size::held][B][4]) const
	{
		unsigned lane = threadIdx.x % WARP;
		float *to = (float *)sums(turn) + lane / 4;

#pragma unroll
		for (int j = 0; j < 2 * size::held; j++)
#pragma unroll
			for (int b = 0; b < B; b++)
#pragma unroll
				for (int i = 0; i < 2; i++) {
					unsigned row = 8 * b + lane % 4 * 2 + i;
					unsigned tile = 2 * (j / 2 * size::side + side) + j % 2;

					if (row < in.rows && tile < tiles)
						to[(tile * in.rows + row) * 8] =
							acc[j / 2][b][j % 2 * 2 + i];
				}
	}

	__device__ float2 add_up(unsigned i) const
	{
		float2 sum = sums(0)[i];

#pragma unroll
		for (int k = 1; k < size::turns; k++) {
			float2 s = sums(k)[i];

			sum.x += s.x;
			sum.y += s.y;
		}
		return sum;
	}

	__device__ float2 *part(unsigned of) const
	{
		return in.part + ((size_t)of * in.tiles + tile0) * in.rows * 4;
	}

	/* Each share of the inputs finishes its share of the outputs, from @begin to @end of the
	 * tiles; the others' go to them, and theirs come. */
	__device__ void exchange(unsigned begin, unsigned end) const
	{
		unsigned n = in.rows * 4;

		for (unsigned i = threadIdx.x; i < tiles * n; i += GEMV_THREADS)
			if (i < begin * n || i >= end * n)
				part(split)[i] = add_up(i);
		__syncthreads();
		if (threadIdx.x == 0) {
			meeting_arrive(in.arrived + tile0, 2 * in.splits - 1);
			meeting_wait(in.arrived + tile0, in.splits);
			atomicInc(in.arrived + tile0, 2 * in.splits - 1);
		}
		__syncthreads();
	}

	__device__ float2 sum_of(unsigned i) const
	{
		float2 sum = make_float2(0.0f, 0.0f), theirs[GEMV_MAX_SPLITS];

		if (in.splits == 1)
			return add_up(i);
#pragma unroll
		for (unsigned k = 0; k < GEMV_MAX_SPLITS; k++)
			if (k < in.splits)
				theirs[k] = k == split ? add_up(i) : __ldcg(part(k) + i);
#pragma unroll
		for (unsigned k = 0; k < GEMV_MAX_SPLITS; k++)
			if (k < in.splits) {
				sum.x += theirs[k].x;
				sum.y += theirs[k].y;
			}
		return sum;
	}

	/* Some tiles of one row: what they need is fetched together. */
	template <int N>
	__device__ void finish_tiles(
		unsigned tile, unsigned end, unsigned row, const typename E::of_row &of) const
	{
		unsigned pair = threadIdx.x % 4;
		float2 sum[N];
		taken t[N];

#pragma unroll
		for (int k = 0; k < N; k++) {
			unsigned at = tile + k * size::groups;

			if (at < end) {
				t[k] = epilogue.take((tile0 + at) * 8 + 2 * pair, row, of);
				sum[k] = sum_of((at * in.rows + row) * 4 + pair);
			}
		}
#pragma unroll
		for (int k = 0; k < N; k++) {
			unsigned at = tile + k * size::groups;

			if (at < end) {
				float square = epilogue(
					(tile0 + at) * 8 + 2 * pair, row, sum[k].x, sum[k].y, t[k]);

				if constexpr (E::squares)
					sums(0)[(at * in.rows + row) * 4 + pair].x = square;
			}
		}
	}

	__device__ void finish(unsigned begin, unsigned end) const
	{
		constexpr int together = 4;
		unsigned row = threadIdx.x / 4 % size::rows;

		if (row < in.rows) {
			typename E::of_row of = epilogue.row(row);

			for (unsigned t = begin + threadIdx.x / 4 / size::rows; t < end;
				t += together * size::groups)
				finish_tiles<together>(t, end, row, of);
		}
		if constexpr (E::squares)
			add_squares(begin, end);
	}

	/* A thread a row and pair, four of them a row. */
	__device__ void add_squares(unsigned begin, unsigned end) const
	{
		unsigned n = in.rows * 4;

		__syncthreads();
		for (unsigned first = 0; first < n; first += GEMV_THREADS) {
			unsigned i = first + threadIdx.x;
			float sum = 0.0f;

			if (i < n)
				for (unsigned t = begin; t < end; t++)
					sum += sums(0)[t * n + i].x;
			sum += __shfl_xor_sync(FULL_WARP, sum, 1);
			sum += __shfl_xor_sync(FULL_WARP, sum, 2);
			if (i < n && i % 4 == 0)
				epilogue.add(i / 4, sum);
		}
	}

	__device__ void work(void) const
	{
		unsigned begin = tiles * split / in.splits, end = tiles * (split + 1) / in.splits;
		float acc[size::held][B][4];

		prefetch_outputs<GEMV_THREADS>(epilogue, tile0, tile0 + tiles);
#pragma unroll
		for (int i = 0; i < size::held * B * 4; i++)
			(&acc[0][0][0])[i] = 0.0f;
		fill();
		if constexpr (G)
			multiply_grouped<size::held>(acc);
		else
			multiply(acc);
		__syncthreads();
		lay_down(acc);
		__syncthreads();
		if (in.splits > 1)
			exchange(begin, end);
		finish(begin, end);
	}
};

template <int B, int W, bool G, class E>
__global__ void __launch_bounds__(GEMV_THREADS, 1) gemv(gemv_in in, E epilogue)
{
	DYNAMIC_SHARED(char, raw);
	char *shared = raw + (1024 - shared_address(raw) % 1024) % 1024;
	gemv_block<B, W, G, E> b(in, epilogue, shared);

	launch_next();
	if (threadIdx.x < in.stages) {
		stage_init(b.full + threadIdx.x);
		mbar_init(b.empty + threadIdx.x, gemv_size<B, W, G>::side);
	}
	fence_mbar_init();
	__syncthreads();
	if (b.tiles == 0)
		return;
	b.work();
}

inline unsigned round_up(unsigned x, unsigned to)
{
	return (x + to - 1) / to * to;
}

/* Blocks with one share of the inputs. */
inline unsigned gemv_ranges(unsigned tiles, unsigned blocks, unsigned splits)
{
	return std::max(blocks / splits, round_up(tiles, GEMV_MAX_TILES) / GEMV_MAX_TILES);
}

/* Bytes of weights and inputs of a unit in a stage. */
template <class size> unsigned gemv_unit(const gemv_in &in, unsigned ranges)
{
	return round_up(in.tiles, ranges) / ranges * size::tile + in.x_bytes;
}

/** Shares of the inputs by which a block reads least. */
template <class size> unsigned gemv_splits(const gemv_in &in, unsigned blocks)
{
	unsigned best = 1;
	double least = HUGE_VAL;

	for (unsigned s = 1; s <= GEMV_MAX_SPLITS && s <= in.units && s <= blocks; s++) {
		unsigned ranges = gemv_ranges(in.tiles, blocks, s);
		double bytes = (double)gemv_unit<size>(in, ranges) * (double)in.units / s;

		/* shares wait for each other: all must be there at once */
		if (bytes < least && (s == 1 || (in.part && ranges * s <= blocks))) {
			least = bytes;
			best = s;
		}
	}
	return best;
}

template <int B, int W, bool G, class E>
void gemv_launch(gemv_in in, const E &epilogue, cudaStream_t stream)
{
	using size = gemv_size<B, W, G>;
	unsigned blocks = multiprocessors(), shared, room, ranges, unit, at_least;
	dim3 threads(GEMV_THREADS), grid;

	shared = std::min(
		device_attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin), (unsigned)GEMV_SHARED);
	/* the first kilobyte aligns the rest */
	room = shared - 1024 - GEMV_BARRIER_BYTES - size::behind;
	in.x_bytes = round_up(in.rows * 128, size::align);
	in.splits = gemv_splits<size>(in, blocks);
	ranges = gemv_ranges(in.tiles, blocks, in.splits);
	/* a stage for every turn, of warpgroups two, and room for the sums of all */
	at_least = size::turns * (G ? 2 : 1);
	while (unit = gemv_unit<size>(in, ranges),
		round_up(unit, size::align) * at_least > room ||
			(unit - in.x_bytes) / size::tile * in.rows * 32 * size::turns > room) {
		ranges *= 2;
		in.splits = 1;
	}
	in.step = G ? 1 : std::min(std::max(1u, GEMV_STAGE_BYTES / unit), room / at_least / unit);
	in.stage_bytes = round_up(in.step * unit, size::align);
	/* whole turns: a place in the ring is always the same warps', in order, so that none waits
	 * for a filling that is two ahead of what is there */
	in.stages = std::min(room / in.stage_bytes, (unsigned)GEMV_MAX_STAGES) / size::turns *
		    size::turns;
	CUDA_TRY(cudaFuncSetAttribute(
		gemv<B, W, G, E>, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shared));
	grid = dim3(ranges * in.splits);
	if (in.splits > 1)
		launch_resident(stream, gemv<B, W, G, E>, grid, threads, shared, in, epilogue);
	else
		launch_overlapped(stream, gemv<B, W, G, E>, grid, threads, shared, in, epilogue);
}

template <int W, class E> void gemv_any(const gemv_in &in, const E &epilogue, cudaStream_t stream)
{
	if (in.rows <= 8)
		return gemv_launch<1, W, false>(in, epilogue, stream);
	if (in.rows <= 16)
		return gemv_launch<2, W, false>(in, epilogue, stream);
	if constexpr (W == 1) {
		if (in.warpgroups && in.rows <= 32)
			return gemv_launch<4, W, true>(in, epilogue, stream);
		if (in.warpgroups)
			return gemv_launch<8, W, true>(in, epilogue, stream);
	}
	if (in.rows <= 32)
		return gemv_launch<4, W, false>(in, epilogue, stream);
	gemv_launch<8, W, false>(in, epilogue, stream);
}

#endif
