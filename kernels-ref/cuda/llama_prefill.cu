/*
 * Prefill through the int8 Llama2, with or without rows that decode beside it: activations to int8
 * with one scale a token, int8 GEMMs of cuBLASLt into int32, and between them one kernel each that
 * takes the sums back to real numbers and does all that lies between two GEMMs.
 */
#include <cmath>
#include <vector>

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/cuda/epilogues.cuh"
#include "kernels-ref/cuda/int8_gemm.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/packed_rows.cuh"
#include "kernels-ref/cuda/prompt_store.cuh"
#include "kernels-ref/cuda/sparse_attn.cuh"

#define ROW_THREADS 256
struct gpu_prefill {
	llama_shape shape;
	size_t max_tok;
	int8_gemm *gemm;
	float *x, *q_scale; /* [tok][hidden]; [tok] scale of xq */
	int8_t *xq;         /* [tok][ffn] */
	int32_t *sums;      /* [tok][2 ffn] */
	half *q, *att;      /* [tok][hidden] */
	gpu_das das;
	uint8_t *mask; /* NULL: dense */
	void *pools;
};

/* --- what lies between two GEMMs: a block a token ------------------------------------------- */

__device__ static float block_reduce(float x, float *part, bool max)
{
	x = max ? warp_max(x) : warp_sum(x);
	__syncthreads();
	if (threadIdx.x % WARP == 0)
		part[threadIdx.x / WARP] = x;
	__syncthreads();
	x = part[0];
	for (int i = 1; i < ROW_THREADS / WARP; i++)
		x = max ? fmaxf(x, part[i]) : x + part[i];
	return x;
}

/* int8 of a row in shared memory by q = round(x / scale), halves away from zero. */
__device__ static void quantise_row(
	int8_t *q, float *scale, const float *row, unsigned n, float top)
{
	float inv = top > 0.0f ? 127.0f / top : 0.0f;

	if (threadIdx.x == 0)
		*scale = top / 127.0f;
	for (unsigned i = threadIdx.x * 4; i < n; i += ROW_THREADS * 4) {
		char4 c;

		c.x = (signed char)roundf(row[i] * inv);
		c.y = (signed char)roundf(row[i + 1] * inv);
		c.z = (signed char)roundf(row[i + 2] * inv);
		c.w = (signed char)roundf(row[i + 3] * inv);
		*(char4 *)(q + i) = c;
	}
}

struct norm_in {
	float *x;            /* updated in place */
	const int32_t *sums; /* NULL: nothing to add */
	const float *sums_scale, *w_scale;
	const half *gain;
	int8_t *q;
	float *q_scale;
	half *xn; /* with it: last tokens, packed for the head as rows from @row on, instead of q */
	float *sumsq;
	unsigned row, rows;
	unsigned hidden;
	float eps;
};

/* x += sums; then RMSNorm and int8. One block a token. */
__global__ void __launch_bounds__(ROW_THREADS) add_norm_quantise(norm_in in)
{
	DYNAMIC_SHARED(float, row);
	__shared__ float part[ROW_THREADS / WARP];
	size_t at = (size_t)blockIdx.x * in.hidden;
	float scale = in.sums ? in.sums_scale[blockIdx.x] : 0.0f, sum = 0.0f, top = 0.0f;

	for (unsigned i = threadIdx.x * 4; i < in.hidden; i += ROW_THREADS * 4) {
		float4 x = *(const float4 *)(in.x + at + i);

		if (in.sums) {
			int4 s = *(const int4 *)(in.sums + at + i);
			float4 w = *(const float4 *)(in.w_scale + i);

			x.x += (float)s.x * scale * w.x;
			x.y += (float)s.y * scale * w.y;
			x.z += (float)s.z * scale * w.z;
			x.w += (float)s.w * scale * w.w;
			*(float4 *)(in.x + at + i) = x;
		}
		*(float4 *)(row + i) = x;
		sum += x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w;
	}
	sum = block_reduce(sum, part, false);
	if (in.xn) {
		unsigned to = in.row + blockIdx.x;

		for (unsigned i = threadIdx.x; i < in.hidden; i += ROW_THREADS)
			in.xn[packed_index(in.rows, to, i)] =
				__float2half(row[i] * __half2float(in.gain[i]));
		if (threadIdx.x == 0)
			in.sumsq[to] = sum;
		return;
	}
	float r = rsqrtf(sum / (float)in.hidden + in.eps);
	for (unsigned i = threadIdx.x * 4; i < in.hidden; i += ROW_THREADS * 4)
		for (unsigned j = i; j < i + 4; j++) {
			row[j] *= r * __half2float(in.gain[j]);
			top = fmaxf(top, fabsf(row[j]));
		}
	top = block_reduce(top, part, true);
	quantise_row(in.q + at, in.q_scale + blockIdx.x, row, in.hidden, top);
}

__global__ void __launch_bounds__(ROW_THREADS)
	embed_tokens(float *x, const half *embed, const uint32_t *token, unsigned hidden)
{
	const half *from = embed + (size_t)token[blockIdx.x] * hidden;

	for (unsigned i = threadIdx.x; i < hidden; i += ROW_THREADS)
		x[(size_t)blockIdx.x * hidden + i] = __half2float(from[i]);
}

__global__ void __launch_bounds__(ROW_THREADS)
	quantise_halves(int8_t *q, float *q_scale, const half *x, unsigned n)
{
	DYNAMIC_SHARED(float, row);
	__shared__ float part[ROW_THREADS / WARP];
	const half2 *from = (const half2 *)(x + (size_t)blockIdx.x * n);
	float top = 0.0f;

	for (unsigned i = threadIdx.x; i < n / 2; i += ROW_THREADS) {
		float2 v = __half22float2(from[i]);

		*(float2 *)(row + 2 * i) = v;
		top = fmaxf(top, fmaxf(fabsf(v.x), fabsf(v.y)));
	}
	top = block_reduce(top, part, true);
	quantise_row(q + (size_t)blockIdx.x * n, q_scale + blockIdx.x, row, n, top);
}

/* q_scale holds the GEMM's token scale on entry and the new one on exit. */
__global__ void __launch_bounds__(ROW_THREADS) swiglu_quantise(
	int8_t *q, float *q_scale, const int32_t *sums, const float *w_scale, unsigned ffn)
{
	DYNAMIC_SHARED(float, row);
	__shared__ float part[ROW_THREADS / WARP];
	const int32_t *from = sums + (size_t)blockIdx.x * 2 * ffn;
	float scale = q_scale[blockIdx.x], top = 0.0f;

	for (unsigned i = threadIdx.x * 4; i < ffn; i += ROW_THREADS * 4) {
		int4 g4 = *(const int4 *)(from + i), u4 = *(const int4 *)(from + ffn + i);
		float4 gs = *(const float4 *)(w_scale + i),
		       us = *(const float4 *)(w_scale + ffn + i);
		float g[4] = {(float)g4.x * gs.x, (float)g4.y * gs.y, (float)g4.z * gs.z,
			(float)g4.w * gs.w};
		float u[4] = {(float)u4.x * us.x, (float)u4.y * us.y, (float)u4.z * us.z,
			(float)u4.w * us.w};

		for (int j = 0; j < 4; j++) {
			float gate = g[j] * scale, y = gate / (1.0f + __expf(-gate)) * u[j] * scale;

			row[i + j] = y;
			top = fmaxf(top, fabsf(y));
		}
	}
	top = block_reduce(top, part, true);
	quantise_row(q + (size_t)blockIdx.x * ffn, q_scale + blockIdx.x, row, ffn, top);
}

/* --- the whole ------------------------------------------------------------------------------ */

void gpu_prefill_tune(gpu_prefill *p, const gpu_llama *m, size_t n)
{
	const gpu_matrix *all[4][4];
	size_t layers = m->shape.n_layers < 4 ? m->shape.n_layers : 4;

	for (size_t l = 0; l < layers; l++) {
		all[0][l] = &m->layers[l].qkv;
		all[1][l] = &m->layers[l].o;
		all[2][l] = &m->layers[l].gu;
		all[3][l] = &m->layers[l].down;
	}
	for (int i = 0; i < 4; i++)
		int8_gemm_tune(p->gemm, all[i], layers, {p->xq, p->sums}, n);
}

std::vector<size_t> gpu_prefill_sizes(size_t most)
{
	std::vector<size_t> all;

	for (size_t n = 16; n < most; n += n < 128    ? 16
					   : n < 512  ? 32
					   : n < 1024 ? 64
					   : n < 2048 ? 128
						      : 256)
		all.push_back(n);
	all.push_back(most);
	return all;
}

void gpu_prefill_tune_all(gpu_prefill *p, const gpu_llama *m, size_t most)
{
	for (size_t n : gpu_prefill_sizes(most))
		gpu_prefill_tune(p, m, n);
}

void gpu_prefill_write_tuning(const gpu_prefill *p, FILE *to)
{
	int8_gemm_write(p->gemm, to);
}

bool gpu_prefill_read_tuning(gpu_prefill *p, FILE *from)
{
	return int8_gemm_read(p->gemm, from);
}

void gpu_prefill_gemm(gpu_prefill *p, const gpu_matrix *w, size_t n, cudaStream_t stream)
{
	int8_gemm_run(p->gemm, w, {p->xq, p->sums}, n, stream);
}

gpu_prefill *gpu_prefill_create(const llama_shape *shape, size_t max_tok)
{
	gpu_prefill *p = new gpu_prefill();
	size_t n = int8_gemm_rows(max_tok);

	p->shape = *shape;
	p->max_tok = max_tok;
	p->gemm = int8_gemm_create();
	p->x = device_alloc<float>(n * shape->hidden);
	p->q_scale = device_alloc<float>(n);
	p->xq = device_alloc<int8_t>(n * shape->ffn);
	p->sums = device_alloc<int32_t>(n * 2 * shape->ffn);
	p->q = device_alloc<half>(n * shape->hidden);
	p->att = device_alloc<half>(n * shape->hidden);
	/* Rows between n and the padded n reach the GEMM, and tuning runs on this. */
	CUDA_TRY(cudaMemset(p->xq, 0x35, n * shape->ffn));
	return p;
}

void gpu_prefill_sparse(gpu_prefill *p, const gpu_das *das)
{
	unsigned heads = (unsigned)(p->shape.hidden / 128), n = (unsigned)p->max_tok;

	CUDA_TRY(cudaFree(p->mask));
	CUDA_TRY(cudaFree(p->pools));
	p->mask = NULL;
	p->pools = NULL;
	if (!das)
		return;
	p->das = *das;
	p->mask = device_alloc<uint8_t>(das_mask_bytes(heads, n, n));
	p->pools = device_alloc<char>(das_predict_bytes(heads, n, n));
	das_predict_begin(p->pools, heads, n, n, 0);
	CUDA_TRY(cudaDeviceSynchronize());
}

void gpu_prefill_destroy(gpu_prefill *p)
{
	void *all[] = {p->x, p->q_scale, p->xq, p->sums, p->q, p->att, p->mask, p->pools};

	for (void *a : all)
		CUDA_TRY(cudaFree(a));
	int8_gemm_destroy(p->gemm);
	delete p;
}

/* Sequence @seq of layer @l in the cache. */
static size_t cache_at(const gpu_prefill *p, const gpu_state *s, size_t l, size_t seq)
{
	return (l * s->n_seq + seq) * (p->shape.hidden / 128) * s->cap_tok * 128;
}

/* @n tokens from number @at on to queries, and to the cache from sequence @seq on. */
static prompt_store store_of(const gpu_prefill *p, const gpu_llama *m, const gpu_state *s, size_t l,
	size_t at, size_t n, size_t seq)
{
	unsigned h = (unsigned)p->shape.hidden;
	size_t kv = cache_at(p, s, l, seq);

	return {p->sums + at * 3 * h, p->q_scale + at, m->layers[l].qkv.scale, m->rope,
		p->q + at * h, s->k + kv, s->v + kv, h, (unsigned)n, 0, s->cap_tok, NULL, NULL};
}

/* Keys and values of the rows that decode to the cache, and their attention. */
static void rows_attention(gpu_prefill *p, const gpu_llama *m, gpu_state *s, size_t l,
	const gpu_mix &x, cudaStream_t stream)
{
	prompt_store store = store_of(p, m, s, l, 0, x.n_rows, 0);

	store.pos = s->pos;
	store.seq = s->seq;
	prompt_store_gpu(store, NULL, stream);
	gpu_row_attn_of(m, s, l, x.n_rows, x.max_tok, {p->q, p->att}, stream);
}

/* Attention of the tokens of @store over their sequence. */
static attn_in attention_of(const gpu_prefill *p, const gpu_state *s, const prompt_store &store)
{
	attn_in attn = {};

	attn.q = store.q;
	attn.k = store.k;
	attn.v = store.v;
	attn.out = p->att + (store.q - p->q);
	attn.q_head = attn.out_head = 128;
	attn.q_tok = attn.out_tok = store.hidden;
	attn.kv_head = s->cap_tok * 128;
	attn.heads = store.hidden / 128;
	attn.n_q = store.n;
	attn.n_k = store.context + store.n;
	attn.causal = true;
	attn.scale = 1.0f / sqrtf(128.0f);
	attn.lambda_nats = -HUGE_VALF;
	return attn;
}

/* The same under a mask. What is pooled while Q and K are written is all there is to know of a
 * prompt without cached tokens; of another its keys are summed anew. */
static void store_and_predict(
	gpu_prefill *p, const prompt_store &store, attn_in *attn, cudaStream_t stream)
{
	das_predict_in in = {attn->q, attn->k, attn->q_head, attn->q_tok, attn->kv_head,
		attn->heads, attn->n_q, attn->n_k, true, attn->scale, p->das.theta, p->das.tau,
		p->mask};

	prompt_store_gpu(store, store.context == 0 ? p->pools : NULL, stream);
	(store.context == 0 ? das_predict_pooled : das_predict_gpu)(in, p->pools, stream);
	attn->mask = p->mask;
	attn->lambda_nats = p->das.lambda_nats;
}

/* Keys and values of one prompt to the cache, and its attention; row @at is its first. */
static void prompt_attention(gpu_prefill *p, const gpu_llama *m, gpu_state *s, size_t l,
	const gpu_prompt *q, size_t at, cudaStream_t stream)
{
	prompt_store store = store_of(p, m, s, l, at, q->n, q->seq);

	store.context = (unsigned)q->context;
	attn_in attn = attention_of(p, s, store);

	if (p->mask && q->n > 1 && attn.n_k <= p->max_tok)
		store_and_predict(p, store, &attn, stream);
	else
		prompt_store_gpu(store, NULL, stream);
	attn_best(attn, stream);
}

/* @n tokens of all rows and prompts; the GEMMs take them as @padded. */
static void layer_prefill(gpu_prefill *p, const gpu_llama *m, gpu_state *s, size_t l,
	const gpu_mix &x, size_t n, size_t padded, cudaStream_t stream)
{
	const gpu_layer *w = &m->layers[l];
	unsigned h = (unsigned)p->shape.hidden, f = (unsigned)p->shape.ffn;
	norm_in norm = {p->x, p->sums, p->q_scale, w->o.scale, w->norm_ffn, p->xq, p->q_scale, NULL,
		NULL, 0, 0, h, (float)p->shape.norm_eps};
	size_t at = x.n_rows;

	gpu_prefill_gemm(p, &w->qkv, padded, stream);
	if (x.n_rows > 0)
		rows_attention(p, m, s, l, x, stream);
	for (size_t i = 0; i < x.n_prompts; at += x.prompts[i++].n)
		prompt_attention(p, m, s, l, &x.prompts[i], at, stream);
	if (x.stored)
		x.stored(l);
	launch_kernel(stream, quantise_halves, dim3((unsigned)n), dim3(ROW_THREADS),
		h * sizeof(float), p->xq, p->q_scale, p->att, h);
	gpu_prefill_gemm(p, &w->o, padded, stream);
	launch_kernel(stream, add_norm_quantise, dim3((unsigned)n), dim3(ROW_THREADS),
		h * sizeof(float), norm);
	gpu_prefill_gemm(p, &w->gu, padded, stream);
	launch_kernel(stream, swiglu_quantise, dim3((unsigned)n), dim3(ROW_THREADS),
		f * sizeof(float), p->xq, p->q_scale, p->sums, w->gu.scale, f);
	gpu_prefill_gemm(p, &w->down, padded, stream);
	CUDA_TRY(cudaGetLastError());
}

/* Tokens from number @at on that give logits: how many, and from which row of the head on. */
struct head_rows {
	size_t at, n, row;
};

/* Those of the rows, then the last of each prompt that is not cut. */
static std::vector<head_rows> head_rows_of(const gpu_mix &x)
{
	std::vector<head_rows> all;
	size_t end = x.n_rows, row = x.n_rows;

	if (x.n_rows > 0)
		all.push_back({0, x.n_rows, 0});
	for (size_t i = 0; i < x.n_prompts; i++) {
		end += x.prompts[i].n;
		if (!x.prompts[i].cut)
			all.push_back({end - 1, 1, row++});
	}
	return all;
}

/* Last tokens, normed, as the rows of the head; their number. */
static size_t head_of(
	gpu_prefill *p, const gpu_llama *m, gpu_state *s, const gpu_mix &x, cudaStream_t stream)
{
	unsigned h = (unsigned)p->shape.hidden;
	size_t layers = p->shape.n_layers;
	std::vector<head_rows> all = head_rows_of(x);
	size_t n = all.empty() ? 0 : all.back().row + all.back().n;

	for (const head_rows &r : all) {
		norm_in norm = {p->x + r.at * h, p->sums + r.at * h, p->q_scale + r.at,
			m->layers[layers - 1].down.scale, m->norm_out, NULL, NULL, s->xn,
			s->sumsq + 2 * layers * STEP_MAX_ROWS, (unsigned)r.row, (unsigned)n, h,
			(float)p->shape.norm_eps};

		launch_kernel(stream, add_norm_quantise, dim3((unsigned)r.n), dim3(ROW_THREADS),
			h * sizeof(float), norm);
	}
	if (n > 0)
		gpu_head(m, s, n, stream);
	return n;
}

size_t gpu_mixed_step(gpu_prefill *p, const gpu_llama *m, gpu_state *s, const uint32_t *token,
	const gpu_mix &x, cudaStream_t stream)
{
	unsigned h = (unsigned)p->shape.hidden;
	size_t layers = p->shape.n_layers, n = x.n_rows, padded;
	norm_in norm = {p->x, NULL, p->q_scale, NULL, m->layers[0].norm_attn, p->xq, p->q_scale,
		NULL, NULL, 0, 0, h, (float)p->shape.norm_eps};

	for (size_t i = 0; i < x.n_prompts; i++)
		n += x.prompts[i].n;
	padded = int8_gemm_tuned(p->gemm, n);
	CUDA_TRY(cudaFuncSetAttribute(swiglu_quantise, cudaFuncAttributeMaxDynamicSharedMemorySize,
		(int)(p->shape.ffn * sizeof(float))));
	launch_kernel(stream, embed_tokens, dim3((unsigned)n), dim3(ROW_THREADS), 0, p->x, m->embed,
		token, h);
	launch_kernel(stream, add_norm_quantise, dim3((unsigned)n), dim3(ROW_THREADS),
		h * sizeof(float), norm);
	for (size_t l = 0; l < layers; l++) {
		layer_prefill(p, m, s, l, x, n, padded, stream);
		if (l + 1 == layers)
			break;
		norm.sums = p->sums;
		norm.sums_scale = p->q_scale;
		norm.w_scale = m->layers[l].down.scale;
		norm.gain = m->layers[l + 1].norm_attn;
		launch_kernel(stream, add_norm_quantise, dim3((unsigned)n), dim3(ROW_THREADS),
			h * sizeof(float), norm);
	}
	return head_of(p, m, s, x, stream);
}

void gpu_prefill_prompts(gpu_prefill *p, const gpu_llama *m, gpu_state *s, const uint32_t *token,
	const gpu_prompt *prompts, size_t n_prompts, cudaStream_t stream)
{
	gpu_mixed_step(p, m, s, token, {0, 0, prompts, n_prompts}, stream);
}

void gpu_prefill_run(gpu_prefill *p, const gpu_llama *m, gpu_state *s, const uint32_t *token,
	size_t n, size_t context, cudaStream_t stream)
{
	gpu_prompt one = {0, n, context};

	gpu_prefill_prompts(p, m, s, token, &one, 1, stream);
}
