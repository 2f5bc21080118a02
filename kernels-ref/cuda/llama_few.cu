/*
 * A step of at most 8 rows as one kernel, a block to a multiprocessor. Weights stream through a
 * ring of copies that runs ahead of the computation, from one multiplication into the next and
 * through all that lies between them, so that memory is never idle: nothing that is waited
 * for decides which weights come next. The order of the work is that of llama_step.cu, with
 * the blocks meeting where a kernel there ends.
 */
#include "kernels-ref/cuda/epilogues.cuh"
#include "kernels-ref/cuda/gemv.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/row_attn.cuh"

#define FEW_WARPS 8
#define FEW_THREADS (FEW_WARPS * WARP)
#define FEW_TILES 4                  /* of 8 outputs, in a stage of a warp's ring */
#define FEW_STAGE (FEW_TILES * 1024) /* bytes: 2 units of int8 weights, 1 of half */
#define FEW_MAX_STAGES 7
#ifdef EMULATE_CUDA
#define FEW_X_BYTES 1024 /* so that the short inputs of its tests come in chunks, too */
#else
#define FEW_X_BYTES 4096 /* of a warp's inputs, at most, at a time */
#endif
#define FEW_PIECES (FEW_X_BYTES / 16 / WARP) /* of 16 bytes, that a lane has of them */
#define FEW_BARRIER_BYTES 512

/** The multiplications of a layer; the head comes after those of all layers. */
enum few_product { FEW_QKV, FEW_OUT, FEW_GATE_UP, FEW_DOWN, FEW_PRODUCTS };

/** Shared memory: barriers, rings, inputs, sums. Attention has the place of the sums. */
struct few_in {
	step_view v;
	row_attn_in attn;       /* of layer 0 */
	unsigned slots;         /* row_attn.cuh; the longest come first */
	unsigned stages, chunk; /* units of inputs a warp has at a time */
	uint32_t *meetings;

	/* Of a warp's inputs. */
	__host__ __device__ unsigned x_bytes(void) const
	{
		return chunk * v.rows * 128;
	}

	__host__ __device__ unsigned x_at(void) const
	{
		return FEW_BARRIER_BYTES + FEW_WARPS * stages * FEW_STAGE;
	}

	__host__ __device__ unsigned sums_at(void) const
	{
		return x_at() + FEW_WARPS * x_bytes();
	}
};

/** What one warp of one block has to do of one multiplication. */
struct few_share {
	const uint8_t *w;
	unsigned tile_bytes;   /* of 8 outputs by 64 inputs */
	unsigned step;         /* units of inputs in a stage */
	unsigned tiles;        /* outputs / 8, of all blocks */
	unsigned tile0, tile1; /* the block's outputs */
	unsigned unit0, unit1; /* the warp's inputs */

	__device__ bool empty(void) const
	{
		return tile0 == tile1 || unit0 == unit1;
	}
};

__device__ static few_share share_of(const step_view &v, unsigned product)
{
	unsigned l = product / FEW_PRODUCTS, kind = product % FEW_PRODUCTS;
	unsigned h = v.hidden, f = v.ffn, warp = threadIdx.x / WARP, outputs, units;
	few_share s;

	if (l == v.n_layers) {
		s.w = (const uint8_t *)v.head;
		s.tile_bytes = 1024;
		s.step = 1;
		outputs = v.vocab;
		units = h / 64;
	} else {
		const gpu_layer *w = v.layers + l;

		s.w = (kind == FEW_QKV        ? w->qkv
			: kind == FEW_OUT     ? w->o
			: kind == FEW_GATE_UP ? w->gu
					      : w->down)
			      .packed;
		s.tile_bytes = 512;
		s.step = 2;
		outputs = kind == FEW_QKV ? 3 * h : kind == FEW_GATE_UP ? 2 * f : h;
		units = (kind == FEW_DOWN ? f : h) / 64;
	}
	s.tiles = outputs / 8;
	s.tile0 = (unsigned)((uint64_t)s.tiles * blockIdx.x / gridDim.x);
	s.tile1 = (unsigned)((uint64_t)s.tiles * (blockIdx.x + 1) / gridDim.x);
	s.unit0 = units * warp / FEW_WARPS;
	s.unit1 = units * (warp + 1) / FEW_WARPS;
	return s;
}

/**
 * A warp's ring: what is copied next, of whichever multiplication, and where it is read. The
 * order: chunks of inputs, tiles of outputs, inputs.
 */
struct few_ring {
	const few_in &in;
	char *at;
	uint64_t *full;
	unsigned slot, parity;
	unsigned product; /* being copied */
	few_share s;
	unsigned chunk, tile, unit;

	__device__ few_ring(const few_in &in, char *rings, uint64_t *bars)
	    : in(in), slot(0), parity(0)
	{
		unsigned warp = threadIdx.x / WARP;

		at = rings + warp * in.stages * FEW_STAGE;
		full = bars + warp * FEW_MAX_STAGES;
		seek(0);
	}

	/* To the first multiplication from @from on in which this warp has a share. */
	__device__ void seek(unsigned from)
	{
		unsigned all = in.v.n_layers * FEW_PRODUCTS + 1;

		for (product = from; product < all; product++) {
			s = share_of(in.v, product);
			if (!s.empty())
				break;
		}
		chunk = unit = s.unit0;
		tile = s.tile0;
	}

	__device__ void advance(void)
	{
		unsigned end = min(chunk + in.chunk, s.unit1);

		unit += s.step;
		if (unit < end)
			return;
		unit = chunk;
		tile += FEW_TILES;
		if (tile < s.tile1)
			return;
		tile = s.tile0;
		chunk = unit = end;
		if (chunk == s.unit1)
			seek(product + 1);
	}

	__device__ void copy_next(unsigned to)
	{
		unsigned lane = threadIdx.x % WARP, units, bytes;

		if (product > in.v.n_layers * FEW_PRODUCTS)
			return;
		units = min(s.step, min(chunk + in.chunk, s.unit1) - unit);
		bytes = min((unsigned)FEW_TILES, s.tile1 - tile) * s.tile_bytes;
		stage_open(full + to, units * bytes);
		if (lane < units)
			stage_copy(at + to * FEW_STAGE + lane * FEW_TILES * s.tile_bytes,
				s.w + ((size_t)(unit + lane) * s.tiles + tile) * s.tile_bytes,
				bytes, full + to);
		stage_close(full + to);
		advance();
	}

	__device__ void start(void)
	{
		for (unsigned i = 0; i < in.stages; i++)
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
		if (++slot == in.stages) {
			slot = 0;
			parity ^= 1;
		}
	}
};

/**
 * Sums are handed to an epilogue in items, two neighbouring outputs of a row: item i is of tile
 * i / rows / 4, row i / 4 % rows and its outputs 2 (i % 4) and the next.
 */
__device__ static unsigned item_row(unsigned i, unsigned rows)
{
	return i / 4 % rows;
}

/* Its first output, tiles counted from @tile on. */
__device__ static unsigned item_output(unsigned tile, unsigned i, unsigned rows)
{
	return (tile + i / 4 / rows) * 8 + 2 * (i % 4);
}

struct few_block {
	const few_in &in;
	uint4 *xs;   /* this warp's inputs: panels, as packed_rows.cuh has them */
	float *sums; /* [warps][tiles][rows][8] */
	row_shared<FEW_WARPS> *attn;
	few_ring ring;
	unsigned met; /* arrivals of all blocks that are due at the next meeting */

	__device__ few_block(const few_in &in, char *shared)
	    : in(in), xs((uint4 *)(shared + in.x_at() + threadIdx.x / WARP * in.x_bytes())),
	      sums((float *)(shared + in.sums_at())),
	      attn((row_shared<FEW_WARPS> *)(shared + in.sums_at())),
	      ring(in, shared + FEW_BARRIER_BYTES, (uint64_t *)shared), met(0)
	{
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

	/* --- the sums of a multiplication ------------------------------------------------- */

	/* A chunk of inputs, a lane 16 bytes of each of eight rounds; none from the end on. */
	__device__ void fetch_inputs(
		uint4 piece[FEW_PIECES], const half *x, unsigned from, unsigned end) const
	{
		unsigned lane = threadIdx.x % WARP;
		unsigned all = from < end ? (min(from + in.chunk, end) - from) * 8 * in.v.rows : 0;
		const uint4 *p = (const uint4 *)(x + (size_t)from * 64 * in.v.rows);

#pragma unroll
		for (unsigned i = 0; i < FEW_PIECES; i++)
			if (lane + i * WARP < all)
				piece[i] = __ldcg(p + lane + i * WARP);
	}

	/* What was fetched comes where the chunk before it has been read. */
	__device__ void put_inputs(const uint4 piece[FEW_PIECES], unsigned units)
	{
		unsigned lane = threadIdx.x % WARP, all = units * 8 * in.v.rows;

		__syncwarp();
#pragma unroll
		for (unsigned i = 0; i < FEW_PIECES; i++)
			if (lane + i * WARP < all)
				xs[lane + i * WARP] = piece[i];
		__syncwarp();
	}

	/* A unit of FEW_TILES tiles, one pair after another, by the same inputs. */
	template <int W>
	__device__ void multiply_unit(
		float acc[FEW_TILES / 2][1][4], const char *tiles, const uint32_t x[4][2]) const
	{
#pragma unroll
		for (int j = 0; j < FEW_TILES / 2; j++) {
			gemv_weights<W, 4> lo, hi;

			lo.load(tiles + 2 * j * 512 * W, 0);
			hi.load(tiles + (2 * j + 1) * 512 * W, 0);
#pragma unroll
			for (int s = 0; s < 4; s++) {
				uint32_t a[2], b[2];

				lo.take(a, s);
				hi.take(b, s);
				mma_16816(acc[j][0], a[0], b[0], a[1], b[1], x[s][0], x[s][1]);
			}
		}
	}

	/* Products of UNITS units of a stage with the inputs @x: in one stretch, so that the
	 * latencies of one unit hide behind the other's. */
	template <int W, int UNITS>
	__device__ void multiply_units(
		float acc[FEW_TILES / 2][1][4], const char *stage, const char *x) const
	{
		unsigned lane = threadIdx.x % WARP, row = min(lane % 8, in.v.rows - 1);

#pragma unroll
		for (int u = 0; u < UNITS; u++) {
			const char *unit = x + u * 128 * in.v.rows;
			uint32_t xs[4][2];

			load_matrix4(xs[0], panel_piece(unit, row, lane / 8));
			load_matrix4(xs[2], panel_piece(unit, row, 4 + lane / 8));
			multiply_unit<W>(acc, stage + u * FEW_TILES * 512 * W, xs);
		}
	}

	/* Products of one stage: tiles of outputs, units of inputs from number @unit of xs on. */
	template <int W>
	__device__ void multiply_stage(float acc[FEW_TILES / 2][1][4], const char *stage,
		unsigned unit, unsigned units) const
	{
		const char *x = (const char *)xs + unit * 128 * in.v.rows;

		if (units >= 2 / W)
			multiply_units<W, 2 / W>(acc, stage, x);
		else
			multiply_units<W, 1>(acc, stage, x);
	}

	__device__ float *sums_of(unsigned warp, const few_share &s, unsigned tile) const
	{
		return sums + ((warp * (s.tile1 - s.tile0)) + tile - s.tile0) * in.v.rows * 8;
	}

	/* Sums of four tiles from @tile on to this warp's place, or on top of what is there. */
	__device__ void lay_down(const few_share &s, unsigned tile,
		const float acc[FEW_TILES / 2][1][4], bool add) const
	{
		unsigned lane = threadIdx.x % WARP, rows = in.v.rows;
		float *to = sums_of(threadIdx.x / WARP, s, tile) + lane / 4;

#pragma unroll
		for (unsigned j = 0; j < FEW_TILES; j++)
#pragma unroll
			for (unsigned i = 0; i < 2; i++) {
				unsigned row = lane % 4 * 2 + i, at = (j * rows + row) * 8;

				if (tile + j < s.tile1 && row < rows)
					to[at] = acc[j / 2][0][j % 2 * 2 + i] +
						 (add ? to[at] : 0.0f);
			}
	}

	template <int W> __device__ void multiply(const few_share &s, const half *x)
	{
		constexpr unsigned step = 2 / W;
		uint4 piece[FEW_PIECES] = {};

		fetch_inputs(piece, x, s.unit0, s.unit1);
		for (unsigned from = s.unit0; from < s.unit1; from += in.chunk) {
			unsigned to = min(from + in.chunk, s.unit1);

			put_inputs(piece, to - from);
			fetch_inputs(piece, x, to, s.unit1); /* the next, while this is computed */
			for (unsigned tile = s.tile0; tile < s.tile1; tile += FEW_TILES) {
				float acc[FEW_TILES / 2][1][4] = {};

				for (unsigned unit = from; unit < to; unit += step) {
					multiply_stage<W>(acc, ring.wait(), unit - from, to - unit);
					ring.next();
				}
				lay_down(s, tile, acc, from > s.unit0);
			}
		}
		if (s.unit0 == s.unit1)
			for (unsigned i = threadIdx.x % WARP;
				i < (s.tile1 - s.tile0) * in.v.rows * 8; i += WARP)
				sums_of(threadIdx.x / WARP, s, s.tile0)[i] = 0.0f;
	}

	/* --- what becomes of them ---------------------------------------------------------- */

	__device__ float2 *item(unsigned warp, const few_share &s, unsigned i) const
	{
		return (float2 *)sums_of(warp, s, s.tile0) + i;
	}

	__device__ float2 add_up(const few_share &s, unsigned i) const
	{
		float2 sum = make_float2(0.0f, 0.0f);

#pragma unroll
		for (int w = 0; w < FEW_WARPS; w++) {
			float2 part = *item(w, s, i);

			sum.x += part.x;
			sum.y += part.y;
		}
		return sum;
	}

	/* One warp a row. */
	template <class E> __device__ void add_squares(const few_share &s, const E &e) const
	{
		unsigned row = threadIdx.x / WARP, lane = threadIdx.x % WARP, rows = in.v.rows;
		float sum = 0.0f;

		__syncthreads();
		if (row >= rows)
			return;
		for (unsigned i = lane; i < (s.tile1 - s.tile0) * 4; i += WARP)
			sum += item(0, s, (i / 4 * rows + row) * 4 + i % 4)->x;
		sum = warp_sum(sum);
		if (lane == 0)
			e.add(row, sum);
	}

	template <class E>
	__device__ typename E::taken take(const few_share &s, const E &e, unsigned i) const
	{
		unsigned row = item_row(i, in.v.rows);

		return e.take(item_output(s.tile0, i, in.v.rows), row, e.row(row));
	}

	/* A multiplication and what becomes of its sums; what that needs is fetched before. */
	template <int W, class E> __device__ void run(const few_share &s, const half *x, const E &e)
	{
		unsigned i = threadIdx.x, items = (s.tile1 - s.tile0) * in.v.rows * 4;
		typename E::taken t = {};

		if (i < items)
			t = take(s, e, i);
		multiply<W>(s, x);
		__syncthreads();
		while (i < items) {
			float2 sum = add_up(s, i);
			float square = e(item_output(s.tile0, i, in.v.rows), item_row(i, in.v.rows),
				sum.x, sum.y, t);

			if constexpr (E::squares)
				item(0, s, i)->x = square;
			i += FEW_THREADS;
			if (i < items)
				t = take(s, e, i);
		}
		if constexpr (E::squares)
			add_squares(s, e);
	}

	/* --- the whole ----------------------------------------------------------------------- */

	__device__ void attend(unsigned layer)
	{
		row_attn_in a = in.attn;
		unsigned items = in.slots * a.heads * a.splits;

		a.k += in.v.cache_at(layer);
		a.v += in.v.cache_at(layer);
		for (unsigned i = blockIdx.x, first = i; i == first || i < items; i += gridDim.x) {
			uint32_t slot = i < items ? a.slot[i / a.splits / a.heads] : 0;
			row_block<FEW_WARPS> b(a, attn, i / a.splits % a.heads, slot & 0xff,
				(slot >> 8 & 0xff) * a.splits + i % a.splits,
				max(slot >> 16, 1u) * a.splits);

			if (slot)
				b.begin_cached();
			if (i == first)
				wait();
			else
				__syncthreads(); /* the last item's sums have been read */
			if (slot)
				b.run();
		}
	}

	/* Everything between the meetings before and after product @kind of a layer. */
	template <class E>
	__device__ void run_between(unsigned layer, unsigned kind, const half *x, const E &e)
	{
		few_share s = share_of(in.v, layer * FEW_PRODUCTS + kind);

		prefetch_outputs<FEW_THREADS>(e, s.tile0, s.tile1);
		if (layer + kind > 0) /* the first follows another kernel */
			wait();
		run<1>(s, x, e);
		arrive();
	}

	__device__ void run_product(unsigned layer, unsigned kind)
	{
		const step_view &v = in.v;

		if (kind == FEW_QKV)
			run_between(layer, kind, v.s.xn, v.qkv(layer));
		else if (kind == FEW_GATE_UP)
			run_between(layer, kind, v.s.xn, v.gate_up(layer));
		else
			run_between(layer, kind, kind == FEW_OUT ? v.s.att : v.s.act,
				kind == FEW_OUT ? v.out(layer) : v.down(layer));
	}

	__device__ void run_step(void)
	{
		few_share head = share_of(in.v, in.v.n_layers * FEW_PRODUCTS);

		ring.start();
#pragma unroll 1
		for (unsigned p = 0; p < in.v.n_layers * FEW_PRODUCTS; p++) {
			run_product(p / FEW_PRODUCTS, p % FEW_PRODUCTS);
			if (p % FEW_PRODUCTS == FEW_QKV) {
				attend(p / FEW_PRODUCTS);
				arrive();
			}
		}
		wait();
		run<2>(head, in.v.s.xn, in.v.logits());
		arrive(); /* the last brings the count back to zero */
	}
};

__global__ void __launch_bounds__(FEW_THREADS, 1) step_few(const __grid_constant__ few_in in)
{
	DYNAMIC_SHARED(char, shared);

	for (unsigned i = threadIdx.x; i < FEW_WARPS * FEW_MAX_STAGES; i += FEW_THREADS)
		stage_init((uint64_t *)shared + i);
	fence_mbar_init();
	__syncthreads();
	few_block(in, shared).run_step();
}

/* Splits of the keys that make the longest block's work least: rounds of 128 keys, and half as
 * much again to begin and to end; @slots of one row at most. */
static unsigned few_splits(size_t rows, size_t heads, size_t max_tok, size_t blocks, size_t slots)
{
	size_t best = 1;
	double least = HUGE_VAL;

	for (size_t s = 1; s * slots <= STEP_MAX_SPLITS && s * 16 <= max_tok + 15; s++) {
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

/* Units of inputs that a warp has at a time: all of them, if they fit. */
static unsigned few_chunk(const step_view &v)
{
	unsigned inputs = v.hidden > v.ffn ? v.hidden : v.ffn;
	unsigned all = (inputs / 64 + FEW_WARPS - 1) / FEW_WARPS, most = FEW_X_BYTES / 128 / v.rows;

	return all < most ? all : most;
}

/* Of the sums of a block, or of attention if that is more. */
static unsigned few_sums_bytes(const step_view &v, unsigned blocks)
{
	unsigned outputs = 2 * v.ffn > 3 * v.hidden ? 2 * v.ffn : 3 * v.hidden;
	unsigned tiles = ((outputs > v.vocab ? outputs : v.vocab) / 8 + blocks - 1) / blocks;
	size_t sums = FEW_WARPS * tiles * v.rows * 8 * sizeof(float);

	return (unsigned)(sums > sizeof(row_shared<FEW_WARPS>) ? sums
							       : sizeof(row_shared<FEW_WARPS>));
}

bool gpu_step_few(const gpu_llama *m, gpu_state *s, size_t n, size_t max_tok, cudaStream_t stream)
{
	unsigned blocks = multiprocessors(), slots = (unsigned)row_slots(s, n), rest, stages;
	unsigned most = device_attribute(cudaDevAttrMaxSharedMemoryPerBlockOptin);

	if (n > STEP_FEW_ROWS)
		return false;
	step_view v = step_view_of(m, s, m->layers_on_device, n);
	unsigned splits = few_splits(n, m->shape.n_heads, max_tok, blocks, slots - n + 1);
	few_in in = {v, row_attn_of(m, s, 0, n, splits), slots, 0, 0, s->meetings};

	in.chunk = few_chunk(v);
	rest = in.sums_at() + few_sums_bytes(v, blocks); /* without rings */
	stages = most < rest ? 0 : (most - rest) / (FEW_WARPS * FEW_STAGE);
	if (stages < 2)
		return false;
	in.stages = stages < FEW_MAX_STAGES ? stages : FEW_MAX_STAGES;
	launch_together(stream, step_few, dim3(blocks), dim3(FEW_THREADS),
		rest + in.stages * FEW_WARPS * FEW_STAGE, in);
	return true;
}
