/*
 * Attention of single new rows over the KV cache (decode): split over the keys, the shares
 * combined by the last block to arrive. Keys of earlier steps are fetched before the previous
 * kernel has ended.
 */
#include "kernels-ref/gemv.cuh"
#include "kernels-ref/llama_q8.cuh"

#define ROW_WARPS 4
#define ROW_PART 132 /* floats of a split's share: 128 sums, maximum, sum of weights */

struct row_attn_in {
	const half *q, *k, *v;
	half *out;
	float *part;
	uint32_t *arrived;
	const uint32_t *pos, *cached, *seq;
	unsigned heads, splits, tiles;
	size_t cap;
	float scale_log2; /* of the scores, times log2(e) */
};

struct row_sums {
	float max, sum, acc[8];

	__device__ void merge(const row_sums &o)
	{
		float m = fmaxf(max, o.max);
		float a = max == -HUGE_VALF ? 0.0f : exp2_fast(max - m);
		float b = o.max == -HUGE_VALF ? 0.0f : exp2_fast(o.max - m);

		for (int i = 0; i < 8; i++)
			acc[i] = acc[i] * a + o.acc[i] * b;
		sum = sum * a + o.sum * b;
		max = m;
	}
};

__device__ static void floats_from_halves(float f[8], uint4 u)
{
	const half2 *h = (const half2 *)&u;

	for (int i = 0; i < 4; i++) {
		float2 v = __half22float2(h[i]);

		f[2 * i] = v.x;
		f[2 * i + 1] = v.y;
	}
}

__device__ static void row_attn_step(row_sums *s, const float q[8], const uint4 kk[8],
	const uint4 vv[8], unsigned first, unsigned end, float scale)
{
	float p[8], top = s->max;

#pragma unroll
	for (int i = 0; i < 8; i++) {
		float k[8], dot = 0.0f;

		floats_from_halves(k, kk[i]);
#pragma unroll
		for (int d = 0; d < 8; d++)
			dot += q[d] * k[d];
#pragma unroll
		for (int o = 8; o; o /= 2)
			dot += __shfl_xor_sync(FULL_WARP, dot, o);
		p[i] = first + 2 * i < end ? dot * scale : -HUGE_VALF;
		top = fmaxf(top, p[i]);
	}
	if (top == -HUGE_VALF)
		return;
	float shrink = exp2_fast(s->max - top);
	s->max = top;
	s->sum *= shrink;
#pragma unroll
	for (int d = 0; d < 8; d++)
		s->acc[d] *= shrink;
#pragma unroll
	for (int i = 0; i < 8; i++) {
		float v[8];

		p[i] = exp2_fast(p[i] - top);
		s->sum += p[i];
		floats_from_halves(v, vv[i]);
#pragma unroll
		for (int d = 0; d < 8; d++)
			s->acc[d] += p[i] * v[d];
	}
}

/* One block: one head of one row, one split of its keys. Half a warp holds one key. */
__global__ void __launch_bounds__(ROW_WARPS *WARP) row_attn(row_attn_in in)
{
	__shared__ row_sums share[2 * ROW_WARPS][16];
	__shared__ bool last;
	unsigned head = blockIdx.x, row = blockIdx.y, split = blockIdx.z;
	unsigned warp = threadIdx.x / WARP, lane = threadIdx.x % WARP, side = lane / 16;
	unsigned at = lane % 16, n = in.pos[row] + 1, cached = in.cached[row];
	unsigned step = (n + in.splits - 1) / in.splits;
	unsigned begin = min(n, split * step), end = min(n, begin + step);
	size_t base = ((size_t)in.seq[row] * in.heads + head) * in.cap * 128 + at * 8;
	const uint4 none = make_uint4(0, 0, 0, 0);
	uint4 kk[8], vv[8], qq;
	float q[8];
	row_sums s = {-HUGE_VALF, 0.0f, {}};

	launch_next();
	auto load = [&](unsigned first, unsigned from, unsigned to) {
#pragma unroll
		for (int i = 0; i < 8; i++) {
			unsigned p = first + 2 * i;

			if (p >= from && p < to) {
				kk[i] = __ldcg((const uint4 *)(in.k + base + (size_t)p * 128));
				vv[i] = __ldcg((const uint4 *)(in.v + base + (size_t)p * 128));
			}
		}
	};
#pragma unroll
	for (int i = 0; i < 8; i++)
		kk[i] = vv[i] = none;
	/* Keys of earlier steps are there already; this step's come from the kernel before. */
	unsigned first = begin + warp * 16 + side;
	load(first, 0, min(end, cached));
	launch_wait();
	qq = __ldcg((const uint4 *)(in.q + ((size_t)row * in.heads + head) * 128 + at * 8));
	floats_from_halves(q, qq);
	load(first, cached, end);
	while (first - side < end) {
		row_attn_step(&s, q, kk, vv, first, end, in.scale_log2);
		first += ROW_WARPS * 16;
		load(first, 0, end);
	}

	share[warp * 2 + side][at] = s;
	__syncthreads();
	if (warp == 0 && side == 0) {
		for (int i = 1; i < 2 * ROW_WARPS; i++)
			s.merge(share[i][at]);
	}
	size_t slot = (size_t)row * in.heads + head;
	if (in.splits > 1) {
		float *mine = in.part + (slot * in.splits + split) * ROW_PART;

		if (threadIdx.x < 16) {
			*(float4 *)(mine + at * 8) =
				make_float4(s.acc[0], s.acc[1], s.acc[2], s.acc[3]);
			*(float4 *)(mine + at * 8 + 4) =
				make_float4(s.acc[4], s.acc[5], s.acc[6], s.acc[7]);
			if (at == 0)
				*(float2 *)(mine + 128) = make_float2(s.max, s.sum);
			__threadfence();
		}
		__syncthreads();
		if (threadIdx.x == 0)
			last = atomicInc(in.arrived + slot, in.splits - 1) == in.splits - 1;
		__syncthreads();
		if (!last)
			return;
		__threadfence();
		row_sums all = {-HUGE_VALF, 0.0f, {}};
		for (unsigned i = warp * 2 + side; i < in.splits; i += 2 * ROW_WARPS) {
			const float *part = in.part + (slot * in.splits + i) * ROW_PART;
			float4 a = __ldcg((const float4 *)(part + at * 8));
			float4 b = __ldcg((const float4 *)(part + at * 8 + 4));
			float2 c = __ldcg((const float2 *)(part + 128));
			row_sums o = {c.x, c.y, {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};

			all.merge(o);
		}
		share[warp * 2 + side][at] = all;
		__syncthreads();
		if (warp == 0 && side == 0) {
			s = share[0][at];
			for (int i = 1; i < 2 * ROW_WARPS; i++)
				s.merge(share[i][at]);
		}
	}
	if (threadIdx.x < 16) {
		float inv = 1.0f / s.sum;
		uint4 o = make_uint4(pack_halves(s.acc[0] * inv, s.acc[1] * inv),
			pack_halves(s.acc[2] * inv, s.acc[3] * inv),
			pack_halves(s.acc[4] * inv, s.acc[5] * inv),
			pack_halves(s.acc[6] * inv, s.acc[7] * inv));

		*(uint4 *)(in.out + packed_index(in.tiles, row, head * 128 + at * 8)) = o;
	}
}

/* Enough blocks to fill the device a few times over, and at least 64 keys in each. */
static unsigned row_attn_splits(size_t rows, size_t heads, size_t max_tok)
{
	size_t want = (4 * (size_t)multiprocessors() + rows * heads - 1) / (rows * heads);
	size_t most = (max_tok + 63) / 64;
	size_t n = want < most ? want : most;

	return (unsigned)(n < STEP_MAX_SPLITS ? n : STEP_MAX_SPLITS);
}

static row_attn_in row_attn_of(
	const gpu_llama *m, const gpu_state *s, size_t layer, size_t n, size_t max_tok)
{
	row_attn_in in = {};
	size_t kv = layer * s->n_seq * m->shape.n_heads * s->cap_tok * 128;

	in.q = s->q;
	in.k = s->k + kv;
	in.v = s->v + kv;
	in.out = s->att;
	in.part = s->part;
	in.arrived = s->arrived;
	in.pos = s->pos;
	in.cached = s->cached;
	in.seq = s->seq;
	in.heads = (unsigned)m->shape.n_heads;
	in.splits = row_attn_splits(n, m->shape.n_heads, max_tok);
	in.tiles = (unsigned)packed_tiles(n);
	in.cap = s->cap_tok;
	in.scale_log2 = 1.4426950408889634f / sqrtf(128.0f);
	return in;
}

void gpu_row_attn(const gpu_llama *m, gpu_state *s, size_t layer, size_t n, size_t max_tok,
	cudaStream_t stream)
{
	row_attn_in in = row_attn_of(m, s, layer, n, max_tok);

	launch_overlapped(stream, row_attn, dim3(in.heads, (unsigned)n, in.splits),
		dim3(ROW_WARPS * WARP), 0, in);
}
