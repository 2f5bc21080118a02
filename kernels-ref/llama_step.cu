/*
 * A step of up to 64 rows through an int8 Llama2: weights int8, activations half, sums
 * float. Five kernels a layer, each streaming its weights through shared memory and starting
 * to do so while its predecessor still runs:
 *	qkv   (norm factor, RoPE, KV write in the epilogue)
 *	attention over the cache, split over keys, combined by the last block to arrive
 *	o     (residual, next norm's gain and sum of squares in the epilogue)
 *	gu    (norm factor, SwiGLU in the epilogue)
 *	down  (as o)
 */
#include "kernels-ref/gemv.cuh"
#include "kernels-ref/llama_q8.cuh"

/* --- epilogues: what becomes of two neighbouring sums of one row --------------------------- */

__device__ static float norm_factor(const float *sumsq, unsigned row, float inv_cols, float eps)
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

	__device__ void prefetch(unsigned n) const
	{
		prefetch_l2(scale + n);
	}

	__device__ void operator()(unsigned n, unsigned row, float a, float b, float *) const
	{
		float r = norm_factor(sumsq, row, inv_hidden, eps);
		unsigned which = n / hidden, in = n - which * hidden, d = in % 128;
		size_t p = pos[row];
		size_t kv = (((size_t)seq[row] * heads + in / 128) * cap + p) * 128 + d;
		half *to = which == 0 ? q + (size_t)row * hidden + in : (which == 1 ? k : v) + kv;

		a *= r * scale[n];
		b *= r * scale[n + 1];
		if (which < 2) {
			float2 cs = rope[p * 64 + d / 2];
			float t = a * cs.x - b * cs.y;

			b = a * cs.y + b * cs.x;
			a = t;
		}
		*(half2 *)to = __floats2half2_rn(a, b);
	}
};

struct epilogue_residual {
	const float *scale;
	const half *gain; /* of the norm that reads x next */
	float *x, *sumsq_out;
	half *xn;
	unsigned hidden, tiles;

	__device__ void prefetch(unsigned n) const
	{
		prefetch_l2(scale + n);
		prefetch_l2(gain + n);
	}

	__device__ void operator()(unsigned n, unsigned row, float a, float b, float *sumsq) const
	{
		float2 *at = (float2 *)(x + (size_t)row * hidden + n);
		float2 y = __ldcg(at), g = __half22float2(*(const half2 *)(gain + n));

		y.x += a * scale[n];
		y.y += b * scale[n + 1];
		*at = y;
		*(half2 *)(xn + packed_index(tiles, row, n)) =
			__floats2half2_rn(y.x * g.x, y.y * g.y);
		atomicAdd(sumsq + row, y.x * y.x + y.y * y.y);
	}
};

struct epilogue_swiglu {
	const float *scale, *sumsq;
	half *act;
	float inv_hidden, eps;
	unsigned ffn, tiles;

	__device__ void prefetch(unsigned n) const
	{
		prefetch_l2(scale + n / 2);
		prefetch_l2(scale + ffn + n / 2);
	}

	__device__ void operator()(unsigned n, unsigned row, float a, float b, float *) const
	{
		float r = norm_factor(sumsq, row, inv_hidden, eps);
		float gate = a * r * scale[n / 2], up = b * r * scale[ffn + n / 2];

		act[packed_index(tiles, row, n / 2)] =
			__float2half(gate / (1.0f + __expf(-gate)) * up);
	}
};

struct epilogue_logits {
	const float *sumsq;
	float *logits;
	float inv_hidden, eps;
	unsigned vocab;

	__device__ void prefetch(unsigned) const
	{
	}

	__device__ void operator()(unsigned n, unsigned row, float a, float b, float *) const
	{
		float r = norm_factor(sumsq, row, inv_hidden, eps);

		*(float2 *)(logits + (size_t)row * vocab + n) = make_float2(a * r, b * r);
	}
};

template <> struct epilogue_sums<epilogue_residual> {
	static constexpr bool squares = true;
	__device__ static void flush(const epilogue_residual &e, const float *sumsq, unsigned rows)
	{
		if (threadIdx.x < rows)
			atomicAdd(e.sumsq_out + threadIdx.x, sumsq[threadIdx.x]);
	}
};

/* --- first kernel of a step ---------------------------------------------------------------- */

struct embed_in {
	const half *embed, *gain;
	const uint32_t *token;
	float *x, *sumsq;
	half *xn;
	unsigned hidden, tiles, norms;
};

__global__ void embed_rows(embed_in in)
{
	__shared__ float part[8];
	unsigned row = blockIdx.x;
	const half *from = in.embed + (size_t)in.token[row] * in.hidden;
	float sum = 0.0f;

	launch_next();
	for (unsigned i = threadIdx.x; i < in.hidden; i += blockDim.x) {
		float v = __half2float(from[i]);

		in.x[(size_t)row * in.hidden + i] = v;
		in.xn[packed_index(in.tiles, row, i)] = __float2half(v * __half2float(in.gain[i]));
		sum += v * v;
	}
	for (unsigned i = threadIdx.x + 1; i < in.norms; i += blockDim.x)
		in.sumsq[i * STEP_MAX_ROWS + row] = 0.0f;
	sum = warp_sum(sum);
	if (threadIdx.x % WARP == 0)
		part[threadIdx.x / WARP] = sum;
	__syncthreads();
	if (threadIdx.x == 0) {
		sum = 0.0f;
		for (unsigned i = 0; i < blockDim.x / WARP; i++)
			sum += part[i];
		in.sumsq[row] = sum;
	}
}

/* A multiplication whose outputs are few has room for shares of its sums. */
static gemv_in gemv_of(const gpu_matrix *w, const half *x, size_t n, const gpu_state *s, bool split)
{
	gemv_in in = {w->packed, x, (unsigned)(w->rows / 8), (unsigned)(w->cols / 64), (unsigned)n,
		1, split ? s->share : NULL, split ? s->shares_in : NULL};

	return in;
}

void gpu_linear(const gpu_matrix *w, const half *gain, const half *x, gpu_state *s, size_t n,
	cudaStream_t stream)
{
	epilogue_residual e = {w->scale, gain, s->x, s->sumsq, s->xn, (unsigned)w->rows,
		(unsigned)packed_tiles(n)};

	gemv_any<1>(gemv_of(w, x, n, s, true), e, stream);
}

void gpu_step_part(const gpu_llama *m, gpu_state *s, size_t l, enum step_part part, size_t n,
	size_t max_tok, cudaStream_t stream)
{
	const gpu_layer *w = &m->layers[l];
	unsigned hidden = (unsigned)m->shape.hidden, ffn = (unsigned)m->shape.ffn;
	unsigned tiles = (unsigned)packed_tiles(n), heads = (unsigned)m->shape.n_heads;
	float inv = 1.0f / (float)hidden, eps = (float)m->shape.norm_eps;
	float *sumsq = s->sumsq + 2 * l * STEP_MAX_ROWS;
	size_t kv = l * s->n_seq * heads * s->cap_tok * 128;
	const half *next = l + 1 < m->shape.n_layers ? m->layers[l + 1].norm_attn : m->norm_out;
	epilogue_qkv qkv = {w->qkv.scale, sumsq, m->rope, s->pos, s->seq, s->q, s->k + kv,
		s->v + kv, inv, eps, hidden, heads, s->cap_tok};
	epilogue_residual o = {
		w->o.scale, w->norm_ffn, s->x, sumsq + STEP_MAX_ROWS, s->xn, hidden, tiles};
	epilogue_swiglu gu = {w->gu.scale, sumsq + STEP_MAX_ROWS, s->act, inv, eps, ffn, tiles};
	epilogue_residual down = {
		w->down.scale, next, s->x, sumsq + 2 * STEP_MAX_ROWS, s->xn, hidden, tiles};

	switch (part) {
	case STEP_QKV:
		return gemv_any<1>(gemv_of(&w->qkv, s->xn, n, s, false), qkv, stream);
	case STEP_ATTENTION:
		return gpu_row_attn(m, s, l, n, max_tok, stream);
	case STEP_OUT:
		return gemv_any<1>(gemv_of(&w->o, s->att, n, s, true), o, stream);
	case STEP_GATE_UP:
		return gemv_any<1>(gemv_of(&w->gu, s->xn, n, s, false), gu, stream);
	case STEP_DOWN:
		return gemv_any<1>(gemv_of(&w->down, s->act, n, s, true), down, stream);
	}
}

void gpu_head(const gpu_llama *m, gpu_state *s, size_t n, cudaStream_t stream)
{
	const llama_shape *p = &m->shape;
	gemv_in in = {(const uint8_t *)m->head, s->xn, (unsigned)(p->vocab / 8),
		(unsigned)(p->hidden / 64), (unsigned)n, 1, NULL, NULL};
	epilogue_logits logits = {s->sumsq + 2 * p->n_layers * STEP_MAX_ROWS, s->logits,
		1.0f / (float)p->hidden, (float)p->norm_eps, (unsigned)p->vocab};

	gemv_any<2>(in, logits, stream);
}

void gpu_step(const gpu_llama *m, gpu_state *s, size_t n, size_t max_tok, cudaStream_t stream)
{
	const llama_shape *p = &m->shape;
	embed_in in = {m->embed, m->layers[0].norm_attn, s->token, s->x, s->sumsq, s->xn,
		(unsigned)p->hidden, (unsigned)packed_tiles(n), (unsigned)(2 * p->n_layers + 1)};

	launch_kernel(stream, embed_rows, dim3((unsigned)n), dim3(256), 0, in);
	for (size_t l = 0; l < p->n_layers; l++)
		for (enum step_part part : step_parts)
			gpu_step_part(m, s, l, part, n, max_tok, stream);
	gpu_head(m, s, n, stream);
}
