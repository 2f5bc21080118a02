#ifndef OFFING_KERNELS_REF_ROW_ATTN_CUH
#define OFFING_KERNELS_REF_ROW_ATTN_CUH

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/packed_rows.cuh"

/**
 * Attention of single new rows over the KV cache (decode), one head at a time: split over the
 * keys, the shares combined by the last block to arrive. Half a warp holds one key.
 */
#define ROW_PART 132 /* floats of a split's share: 128 sums, maximum, sum of weights */

/**
 * A slot is one block of every head: a row and which of its shares. A row has one slot, the rows
 * of the longest contexts have more, so that a step does not wait for those; with @splits > 1
 * blocks share the keys of each slot out again. A word: the row, the slot's number among the
 * row's (from bit 8 on), how many the row has (from bit 16 on; 0: nothing to do).
 */
inline size_t row_slots(const gpu_state *s, size_t rows)
{
	return rows + (s->spread && rows > 1 ? (rows + 3) / 4 : 0);
}

/** How the outputs lie. */
enum row_out {
	ROW_OUT_PACKED,  /* packed_rows.cuh, @rows: for a multiplication of gemv.cuh */
	ROW_OUT_NATURAL, /* [rows][heads][128] */
};

struct row_attn_in {
	const half *q, *k, *v;
	half *out;
	float *part;
	uint32_t *arrived;
	const uint32_t *pos, *cached, *seq, *slot;
	unsigned heads, splits, rows;
	size_t cap;
	float scale_log2; /* of the scores, times log2(e) */
};

/** Of the keys that one lane has seen: weights relative to the largest score. */
struct row_sums {
	float max, sum, acc[8];
};

__device__ inline void floats_from_halves(float f[8], uint4 u)
{
	const half2 *h = (const half2 *)&u;

	for (int i = 0; i < 4; i++) {
		float2 v = __half22float2(h[i]);

		f[2 * i] = v.x;
		f[2 * i + 1] = v.y;
	}
}

/** Scores of eight keys from @first on, every other one, none from @end on. */
__device__ inline void row_scores(
	float p[8], const float q[8], const uint4 kk[8], unsigned first, unsigned end, float scale)
{
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
	}
}

/** Their values, weighted. */
__device__ inline void row_values(row_sums *s, float p[8], const uint4 vv[8])
{
	float top = s->max;

#pragma unroll
	for (int i = 0; i < 8; i++)
		top = fmaxf(top, p[i]);
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

/** Shared memory of a block of WARPS warps: the sums of its half warps. */
template <int WARPS> struct row_shared {
	alignas(16) float acc[2 * WARPS][128];
	float max[2 * WARPS], sum[2 * WARPS];
	bool last;
};

__device__ inline float row_weight(float max, float top)
{
	return max == -HUGE_VALF ? 0.0f : exp2_fast(max - top);
}

/** Share @split of @splits of head @head of row @row. */
template <int WARPS, enum row_out OUT = ROW_OUT_PACKED> struct row_block {
	static constexpr unsigned step = WARPS * 16; /* keys at a time */

	const row_attn_in &in;
	row_shared<WARPS> *sh;
	unsigned head, row, split, splits;
	unsigned at, side, group; /* column / 8, half of the warp, half warp of the block */
	unsigned begin, end, cached;
	const half *k, *v;
	uint4 kk[8], vv[8];
	row_sums s;
	float top, sum, acc; /* thread d < 128: of column d, joined */

	__device__ row_block(const row_attn_in &in, row_shared<WARPS> *sh, unsigned head,
		unsigned row, unsigned split, unsigned splits)
	    : in(in), sh(sh), head(head), row(row), split(split), splits(splits)
	{
		unsigned n = in.pos[row] + 1, each = (n + splits - 1) / splits;
		size_t base;

		at = threadIdx.x % 16;
		side = threadIdx.x % WARP / 16;
		group = threadIdx.x / 16;
		begin = min(n, split * each);
		end = min(n, begin + each);
		cached = in.cached[row];
		base = ((size_t)in.seq[row] * in.heads + head) * in.cap * 128 + at * 8;
		k = in.k + base;
		v = in.v + base;
#pragma unroll
		for (int i = 0; i < 8; i++)
			kk[i] = vv[i] = make_uint4(0, 0, 0, 0);
		s = {-HUGE_VALF, 0.0f, {}};
	}

	__device__ unsigned first(void) const
	{
		return begin + threadIdx.x / WARP * 16 + side;
	}

	/* Of eight keys from @first on, those that are @from to @to. */
	__device__ void load(
		uint4 x[8], const half *of, unsigned first, unsigned from, unsigned to) const
	{
#pragma unroll
		for (int i = 0; i < 8; i++) {
			unsigned p = first + 2 * i;

			if (p >= from && p < to)
				x[i] = __ldcg((const uint4 *)(of + (size_t)p * 128));
		}
	}

	/** Keys of earlier steps are there whatever else still runs; begin with those. */
	__device__ void begin_cached(void)
	{
		load(kk, k, first(), 0, min(end, cached));
		load(vv, v, first(), 0, min(end, cached));
	}

	__device__ size_t out_at(void) const
	{
		size_t col = (size_t)head * 128 + threadIdx.x;

		return OUT == ROW_OUT_NATURAL ? (size_t)row * in.heads * 128 + col
					      : packed_index(in.rows, row, col);
	}

	/** The rest, once this step's query and key are there. */
	__device__ void run(void)
	{
		unsigned p = first();
		uint4 qq;
		float q[8];

		load(kk, k, p, cached, end);
		load(vv, v, p, cached, end);
		qq = __ldcg((const uint4 *)(in.q + ((size_t)row * in.heads + head) * 128 + at * 8));
		floats_from_halves(q, qq);
		while (p - side < end) { /* the next keys come while values are added, and so on */
			float score[8];

			row_scores(score, q, kk, p, end, in.scale_log2);
			p += step;
			load(kk, k, p, 0, end);
			row_values(&s, score, vv);
			load(vv, v, p, 0, end);
		}
		join();
		if (splits > 1 && !join_splits())
			return;
		if (threadIdx.x < 128)
			in.out[out_at()] = __float2half(acc / sum);
	}

	/* The sums of the block's half warps, a thread a column. */
	__device__ void join(void)
	{
		float *to = sh->acc[group] + at * 8;

		*(float4 *)to = make_float4(s.acc[0], s.acc[1], s.acc[2], s.acc[3]);
		*(float4 *)(to + 4) = make_float4(s.acc[4], s.acc[5], s.acc[6], s.acc[7]);
		if (at == 0) {
			sh->max[group] = s.max;
			sh->sum[group] = s.sum;
		}
		__syncthreads();
		if (threadIdx.x >= 128)
			return;
		top = -HUGE_VALF;
#pragma unroll
		for (int i = 0; i < 2 * WARPS; i++)
			top = fmaxf(top, sh->max[i]);
		sum = acc = 0.0f;
#pragma unroll
		for (int i = 0; i < 2 * WARPS; i++) {
			float w = row_weight(sh->max[i], top);

			sum += sh->sum[i] * w;
			acc += sh->acc[i][threadIdx.x] * w;
		}
	}

	__device__ float *part(unsigned i) const
	{
		return in.part + (((size_t)row * in.heads + head) * STEP_MAX_SPLITS + i) * ROW_PART;
	}

	/* True in the block that comes last and then has the sums of all splits. */
	__device__ bool join_splits(void)
	{
		if (threadIdx.x < 128)
			part(split)[threadIdx.x] = acc;
		if (threadIdx.x == 0)
			*(float2 *)(part(split) + 128) = make_float2(top, sum);
		__syncthreads();
		if (threadIdx.x == 0) {
			__threadfence();
			sh->last = atomicInc(in.arrived + (size_t)row * in.heads + head,
					   splits - 1) == splits - 1;
			__threadfence();
		}
		__syncthreads();
		if (!sh->last)
			return false;
		if (threadIdx.x >= 128)
			return true;
		top = -HUGE_VALF;
#pragma unroll 4
		for (unsigned i = 0; i < splits; i++)
			top = fmaxf(top, __ldcg(part(i) + 128));
		sum = acc = 0.0f;
#pragma unroll 4
		for (unsigned i = 0; i < splits; i++) {
			float2 c = __ldcg((const float2 *)(part(i) + 128));
			float w = row_weight(c.x, top);

			sum += c.y * w;
			acc += __ldcg(part(i) + threadIdx.x) * w;
		}
		return true;
	}
};

row_attn_in row_attn_of(
	const gpu_llama *m, const gpu_state *s, size_t layer, size_t n, unsigned splits);

#endif
