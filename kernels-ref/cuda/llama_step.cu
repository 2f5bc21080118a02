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
#include "kernels-ref/cuda/epilogues.cuh"
#include "kernels-ref/cuda/gemv.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"

/* --- first kernel of a step ---------------------------------------------------------------- */

struct embed_in {
	const half *embed, *gain;
	const uint32_t *token;
	float *x, *sumsq;
	half *xn;
	unsigned hidden, rows, norms;
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
		in.xn[packed_index(in.rows, row, i)] = __float2half(v * __half2float(in.gain[i]));
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

/* Where outputs are few, or rows many, blocks may share the inputs. */
static gemv_in gemv_of(const gpu_matrix *w, const half *x, size_t n, const gpu_state *s)
{
	bool shared = w->rows <= w->cols || (s->warpgroups && n > 16);
	gemv_in in = {w->packed, x, (unsigned)(w->rows / 8), (unsigned)(w->cols / 64), (unsigned)n,
		shared ? s->share : NULL, shared ? s->shares_in : NULL, s->warpgroups};

	return in;
}

void gpu_linear(const gpu_matrix *w, const half *gain, const half *x, gpu_state *s, size_t n,
	cudaStream_t stream)
{
	epilogue_residual e = {
		w->scale, gain, s->x, s->sumsq, s->xn, (unsigned)w->rows, (unsigned)n};

	gemv_any<1>(gemv_of(w, x, n, s), e, stream);
}

void gpu_step_part(const gpu_llama *m, gpu_state *s, size_t l, enum step_part part, size_t n,
	size_t max_tok, cudaStream_t stream)
{
	const gpu_layer *w = &m->layers[l];
	step_view v = step_view_of(m, s, m->layers, n);

	switch (part) {
	case STEP_QKV:
		return gemv_any<1>(gemv_of(&w->qkv, s->xn, n, s), v.qkv((unsigned)l), stream);
	case STEP_ATTENTION:
		return gpu_row_attn(m, s, l, n, max_tok, stream);
	case STEP_OUT:
		return gemv_any<1>(gemv_of(&w->o, s->att, n, s), v.out((unsigned)l), stream);
	case STEP_GATE_UP:
		return gemv_any<1>(gemv_of(&w->gu, s->xn, n, s), v.gate_up((unsigned)l), stream);
	case STEP_DOWN:
		return gemv_any<1>(gemv_of(&w->down, s->act, n, s), v.down((unsigned)l), stream);
	}
}

void gpu_head(const gpu_llama *m, gpu_state *s, size_t n, cudaStream_t stream)
{
	const llama_shape *p = &m->shape;
	gemv_in in = {(const uint8_t *)m->head, s->xn, (unsigned)(p->vocab / 8),
		(unsigned)(p->hidden / 64), (unsigned)n, NULL, NULL, s->warpgroups};

	gemv_any<2>(in, step_view_of(m, s, m->layers, n).logits(), stream);
}

void gpu_step(const gpu_llama *m, gpu_state *s, size_t n, size_t max_tok, cudaStream_t stream)
{
	const llama_shape *p = &m->shape;
	embed_in in = {m->embed, m->layers[0].norm_attn, s->token, s->x, s->sumsq, s->xn,
		(unsigned)p->hidden, (unsigned)n, (unsigned)(2 * p->n_layers + 1)};

	launch_kernel(stream, embed_rows, dim3((unsigned)n), dim3(256), 0, in);
	if (n <= STEP_FEW_ROWS && s->way[n] == STEP_ONE_KERNEL &&
		gpu_step_few(m, s, n, max_tok, stream))
		return;
	for (size_t l = 0; l < p->n_layers; l++)
		for (enum step_part part : step_parts)
			gpu_step_part(m, s, l, part, n, max_tok, stream);
	gpu_head(m, s, n, stream);
}

/* One kernel deals its keys out by the longest context; the others do not look at it so closely. */
size_t gpu_step_class(size_t n, size_t max_tok)
{
	size_t c = 256;

	if (n <= STEP_FEW_ROWS)
		return (max_tok + c - 1) / c * c;
	while (c < max_tok)
		c *= 2;
	return c;
}

#define LOGIT_THREADS 1024

/* A block a row; of equals the first. */
__global__ void __launch_bounds__(LOGIT_THREADS)
	largest_logit(uint32_t *token, const float *logits, unsigned vocab)
{
	__shared__ float top[LOGIT_THREADS];
	__shared__ unsigned at[LOGIT_THREADS];
	const float *row = logits + (size_t)blockIdx.x * vocab;
	unsigned t = threadIdx.x, where = 0;
	float most = -HUGE_VALF;

#pragma unroll 8
	for (unsigned i = t; i < vocab; i += LOGIT_THREADS) {
		float x = row[i];

		where = x > most ? i : where;
		most = fmaxf(x, most);
	}
	top[t] = most;
	at[t] = where;
	for (unsigned o = LOGIT_THREADS / 2; o; o /= 2) {
		__syncthreads();
		if (t < o && (top[t + o] > top[t] || (top[t + o] == top[t] && at[t + o] < at[t]))) {
			top[t] = top[t + o];
			at[t] = at[t + o];
		}
	}
	if (t == 0)
		token[blockIdx.x] = at[0];
}

void gpu_greedy(
	const gpu_llama *m, const gpu_state *s, size_t n, uint32_t *token, cudaStream_t stream)
{
	launch_kernel(stream, largest_logit, dim3((unsigned)n), dim3(LOGIT_THREADS), 0, token,
		s->logits, (unsigned)m->shape.vocab);
}
