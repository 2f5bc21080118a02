/*
 * Attention of single new rows as a kernel of its own. Keys of earlier steps are fetched before
 * the previous kernel has ended.
 */
#include <algorithm>

#include "kernels-ref/cuda/epilogues.cuh"
#include "kernels-ref/cuda/gemv.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/row_attn.cuh"

#define ROW_WARPS 4

template <enum row_out OUT>
__global__ void __launch_bounds__(ROW_WARPS *WARP) row_attn(row_attn_in in)
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

/* Enough blocks to fill the device a few times over, and at least 64 keys in each; @slots of one
 * row at most. */
static unsigned row_attn_splits(size_t rows, size_t heads, size_t max_tok, size_t slots)
{
	size_t want = (4 * (size_t)multiprocessors() + rows * heads - 1) / (rows * heads);

	return (unsigned)std::min({want, (max_tok + 63) / 64, STEP_MAX_SPLITS / slots});
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
	in.tiles = (unsigned)step_tiles(s, n);
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
