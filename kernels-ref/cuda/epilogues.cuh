#ifndef OFFING_KERNELS_REF_EPILOGUES_CUH
#define OFFING_KERNELS_REF_EPILOGUES_CUH

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/packed_rows.cuh"

/**
 * What becomes of the sums of a step's multiplications, two neighbouring outputs of a row at a
 * time. gemv.cuh says what an epilogue has. All of a norm but its gain is a factor of the
 * row, so it is applied to the sums of what reads it.
 */

__device__ inline float norm_factor(const float *sumsq, unsigned row, float inv_cols, float eps)
{
	return rsqrtf(__ldcg(sumsq + row) * inv_cols + eps);
}

struct epilogue_qkv {
	const float *scale, *sumsq;
	const float2 *rope;
	const uint32_t *pos, *seq;
	half *q, *k, *v;
	float inv_hidden, eps;
	unsigned hidden, heads;
	size_t cap;

	static constexpr bool squares = false;
	struct of_row {
		float norm;
		size_t q, kv, turn; /* where its queries, keys and values, and angles begin */
	};
	struct taken {
		float2 scale, turn;
		half *to;
	};

	__device__ void prefetch(unsigned n) const
	{
		prefetch_l2(scale + n);
	}

	__device__ of_row row(unsigned row) const
	{
		size_t p = pos[row];

		return {norm_factor(sumsq, row, inv_hidden, eps), (size_t)row * hidden,
			((size_t)seq[row] * heads * cap + p) * 128, p * 64};
	}

	__device__ taken take(unsigned n, unsigned, const of_row &r) const
	{
		float2 w = *(const float2 *)(scale + n);
		unsigned which = (n >= hidden) + (n >= 2 * hidden), in = n - which * hidden;
		unsigned d = in % 128;
		size_t kv = r.kv + (size_t)(in / 128) * cap * 128 + d;
		taken t = {make_float2(r.norm * w.x, r.norm * w.y), make_float2(1.0f, 0.0f),
			which == 0 ? q + r.q + in : (which == 1 ? k : v) + kv};

		if (which < 2)
			t.turn = rope[r.turn + d / 2];
		return t;
	}

	__device__ float operator()(unsigned, unsigned, float a, float b, const taken &t) const
	{
		a *= t.scale.x;
		b *= t.scale.y;
		*(half2 *)t.to =
			__floats2half2_rn(a * t.turn.x - b * t.turn.y, a * t.turn.y + b * t.turn.x);
		return 0.0f;
	}
};

struct epilogue_residual {
	const float *scale;
	const half *gain; /* of the norm that reads x next */
	float *x, *sumsq_out;
	half *xn;
	unsigned hidden, rows;

	static constexpr bool squares = true;
	struct of_row {
		size_t at;
	};
	struct taken {
		float2 scale, x, gain;
	};

	__device__ void prefetch(unsigned n) const
	{
		prefetch_l2(scale + n);
		prefetch_l2(gain + n);
	}

	__device__ of_row row(unsigned row) const
	{
		return {(size_t)row * hidden};
	}

	__device__ taken take(unsigned n, unsigned, const of_row &r) const
	{
		return {*(const float2 *)(scale + n), __ldcg((const float2 *)(x + r.at + n)),
			__half22float2(*(const half2 *)(gain + n))};
	}

	__device__ float operator()(
		unsigned n, unsigned row, float a, float b, const taken &t) const
	{
		float2 y = make_float2(t.x.x + a * t.scale.x, t.x.y + b * t.scale.y);

		*(float2 *)(x + (size_t)row * hidden + n) = y;
		*(half2 *)(xn + packed_index(rows, row, n)) =
			__floats2half2_rn(y.x * t.gain.x, y.y * t.gain.y);
		return y.x * y.x + y.y * y.y;
	}

	__device__ void add(unsigned row, float sum) const
	{
		atomicAdd(sumsq_out + row, sum);
	}
};

struct epilogue_swiglu {
	const float *scale, *sumsq;
	half *act;
	float inv_hidden, eps;
	unsigned ffn, rows;

	static constexpr bool squares = false;
	using of_row = float; /* the norm's factor */
	using taken = float2; /* scale of gate and up */

	__device__ void prefetch(unsigned n) const
	{
		prefetch_l2(scale + n / 2);
		prefetch_l2(scale + ffn + n / 2);
	}

	__device__ of_row row(unsigned row) const
	{
		return norm_factor(sumsq, row, inv_hidden, eps);
	}

	__device__ taken take(unsigned n, unsigned, of_row r) const
	{
		return make_float2(r * scale[n / 2], r * scale[ffn + n / 2]);
	}

	__device__ float operator()(
		unsigned n, unsigned row, float a, float b, const taken &t) const
	{
		float gate = a * t.x, up = b * t.y;

		act[packed_index(rows, row, n / 2)] =
			__float2half(gate / (1.0f + __expf(-gate)) * up);
		return 0.0f;
	}
};

struct epilogue_logits {
	const float *sumsq;
	float *logits;
	float inv_hidden, eps;
	unsigned vocab;

	static constexpr bool squares = false;
	using of_row = float;
	using taken = float;

	__device__ void prefetch(unsigned) const
	{
	}

	__device__ of_row row(unsigned row) const
	{
		return norm_factor(sumsq, row, inv_hidden, eps);
	}

	__device__ taken take(unsigned, unsigned, of_row r) const
	{
		return r;
	}

	__device__ float operator()(unsigned n, unsigned row, float a, float b, taken r) const
	{
		*(float2 *)(logits + (size_t)row * vocab + n) = make_float2(a * r, b * r);
		return 0.0f;
	}
};

/** Model and state of a step of @rows rows, and the epilogues of its multiplications. */
struct step_view {
	const gpu_layer *layers; /* in the memory of whoever asks: the host's or the device's */
	const half *head, *norm_out;
	const float2 *rope;
	gpu_state s;
	unsigned n_layers, hidden, ffn, heads, vocab, rows;
	float inv_hidden, eps;

	__host__ __device__ float *sumsq(unsigned norm) const
	{
		return s.sumsq + norm * STEP_MAX_ROWS;
	}

	/* Of keys and values of a layer. */
	__host__ __device__ size_t cache_at(unsigned l) const
	{
		return (size_t)l * s.n_seq * heads * s.cap_tok * 128;
	}

	__host__ __device__ epilogue_qkv qkv(unsigned l) const
	{
		return {layers[l].qkv.scale, sumsq(2 * l), rope, s.pos, s.seq, s.q,
			s.k + cache_at(l), s.v + cache_at(l), inv_hidden, eps, hidden, heads,
			s.cap_tok};
	}

	__host__ __device__ epilogue_residual out(unsigned l) const
	{
		return {layers[l].o.scale, layers[l].norm_ffn, s.x, sumsq(2 * l + 1), s.xn, hidden,
			rows};
	}

	__host__ __device__ epilogue_swiglu gate_up(unsigned l) const
	{
		return {layers[l].gu.scale, sumsq(2 * l + 1), s.act, inv_hidden, eps, ffn, rows};
	}

	__host__ __device__ epilogue_residual down(unsigned l) const
	{
		return {layers[l].down.scale, l + 1 < n_layers ? layers[l + 1].norm_attn : norm_out,
			s.x, sumsq(2 * l + 2), s.xn, hidden, rows};
	}

	__host__ __device__ epilogue_logits logits(void) const
	{
		return {sumsq(2 * n_layers), s.logits, inv_hidden, eps, vocab};
	}
};

inline step_view step_view_of(
	const gpu_llama *m, const gpu_state *s, const gpu_layer *layers, size_t rows)
{
	const llama_shape *p = &m->shape;

	return {layers, m->head, m->norm_out, m->rope, *s, (unsigned)p->n_layers,
		(unsigned)p->hidden, (unsigned)p->ffn, (unsigned)p->n_heads, (unsigned)p->vocab,
		(unsigned)rows, 1.0f / (float)p->hidden, (float)p->norm_eps};
}

#endif
