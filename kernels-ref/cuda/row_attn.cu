/*
 * Attention of single new rows as a kernel of its own. Keys of earlier steps are fetched before
 * the previous kernel has ended.
 */
#include <cmath>

#include "kernels-ref/cuda/epilogues.cuh"
#include "kernels-ref/cuda/gemv.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/row_attn.cuh"

#define ROW_WARPS 4
#define ROW_BLOCKS 4 /* on a multiprocessor */

template <enum row_out OUT>
__global__ void __launch_bounds__(ROW_WARPS *WARP, ROW_BLOCKS) row_attn(row_attn_in in)
{
	__shared__ row_shared<ROW_WARPS> shared;
	uint32_t slot = in.slot[blockIdx.y];

	launch_next();
	if (slot == 0)
		return;
	row_block<ROW_WARPS, OUT> b(in, &shared, blockIdx.x, slot & 0xff,
		(slot >> 8 & 0xff) * in.splits + blockIdx.z, (slot >> 16) * in.splits);

	b.begin_cached();
	launch_wait();
	b.run();
}

/* About how long, in rounds of 64 keys by one of a multiprocessor's blocks (1 us on an H200):
 * fillings of all multiprocessors one after another, the last of which is as long as its own
 * blocks, and what it takes to begin and to join. Fitted to 2 to 24 rows of 32 and 40 heads. */
static double row_attn_cost(size_t blocks, size_t rounds, bool join)
{
	size_t all = multiprocessors(), full = blocks / (ROW_BLOCKS * all);
	size_t rest = (blocks % (ROW_BLOCKS * all) + all - 1) / all;
	double n = (double)rounds, cost = (double)full * (ROW_BLOCKS * n + 1.2);

	if (rest > 0)
		cost += fmax((double)rest, 1.25) * n + 1.5;
	return join ? cost + 0.9 : cost;
}

/* Splits of the keys; @slots of one row at most. */
static unsigned row_attn_splits(size_t rows, size_t heads, size_t max_tok, size_t slots)
{
	size_t best = 1;
	double least = HUGE_VAL;

	for (size_t s = 1; s * slots <= STEP_MAX_SPLITS && s * 64 < max_tok + 64; s++) {
		size_t keys = (max_tok + s - 1) / s;
		double cost = row_attn_cost(rows * heads * s, (keys + 63) / 64, s > 1);

		if (cost < least) {
			least = cost;
			best = s;
		}
	}
	return (unsigned)best;
}

row_attn_in row_attn_of(
	const gpu_llama *m, const gpu_state *s, size_t layer, size_t n, unsigned splits)
{
	row_attn_in in = {};
	size_t kv = step_view_of(m, s, m->layers, n).cache_at((unsigned)layer);

	in.q = s->q;
	in.k = s->k + kv;
	in.v = s->v + kv;
	in.out = s->att;
	in.part = s->part;
	in.arrived = s->arrived;
	in.pos = s->pos;
	in.cached = s->cached;
	in.seq = s->seq;
	in.slot = s->slot;
	in.heads = (unsigned)m->shape.n_heads;
	in.splits = splits;
	in.rows = (unsigned)n;
	in.cap = s->cap_tok;
	in.scale_log2 = 1.4426950408889634f / sqrtf(128.0f);
	return in;
}

static row_attn_in row_attn_in_of(
	const gpu_llama *m, const gpu_state *s, size_t layer, size_t n, size_t max_tok)
{
	size_t slots = row_slots(s, n) - n + 1;

	return row_attn_of(m, s, layer, n, row_attn_splits(n, m->shape.n_heads, max_tok, slots));
}

template <enum row_out OUT>
static void launch_row_attn(const row_attn_in &in, size_t slots, cudaStream_t stream)
{
	launch_overlapped(stream, row_attn<OUT>, dim3(in.heads, (unsigned)slots, in.splits),
		dim3(ROW_WARPS * WARP), 0, in);
}

void gpu_row_attn(const gpu_llama *m, gpu_state *s, size_t layer, size_t n, size_t max_tok,
	cudaStream_t stream)
{
	launch_row_attn<ROW_OUT_PACKED>(
		row_attn_in_of(m, s, layer, n, max_tok), row_slots(s, n), stream);
}

void gpu_row_attn_of(const gpu_llama *m, gpu_state *s, size_t layer, size_t n, size_t max_tok,
	const row_io &io, cudaStream_t stream)
{
	row_attn_in in = row_attn_in_of(m, s, layer, n, max_tok);

	in.q = io.q;
	in.out = io.out;
	launch_row_attn<ROW_OUT_NATURAL>(in, row_slots(s, n), stream);
}
