/*
 * Weights and state of the int8 Llama2 on a GPU: random, the same as the reference's, made on
 * the device; or copied from the reference's model.
 */
#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels-ref/cuda/gemv.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/row_attn.cuh"

#define BLOCK 256

static unsigned blocks_for(size_t n)
{
	size_t b = (n + BLOCK - 1) / BLOCK;

	return (unsigned)(b < 65536 ? b : 65536);
}

#define FOR_EACH(i, n) \
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < (n); \
		i += (size_t)gridDim.x * blockDim.x)

__global__ void random_q8(int8_t *w, size_t n, uint64_t stream)
{
	FOR_EACH(i, n)
	w[i] = (int8_t)((int)(device_rand_bits(stream, i) % 255) - 127);
}

__device__ static double rand_unit(uint64_t stream, uint64_t i)
{
	return ((double)(device_rand_bits(stream, i) >> 11) + 0.5) * 0x1p-53;
}

__global__ void random_scale(float *scale, size_t rows, size_t cols, uint64_t stream)
{
	double c = 1.0 / (73.6 * sqrt((double)cols));

	FOR_EACH(i, rows)
	scale[i] = (float)(c * (0.5 + rand_unit(stream, i)));
}

__global__ void random_half(half *to, size_t n, uint64_t stream, double mean, double sd)
{
	FOR_EACH(i, n)
	{
		double r = sqrt(-2.0 * log(rand_unit(stream, 2 * i)));
		double z = r * cos(6.283185307179586 * rand_unit(stream, 2 * i + 1));

		to[i] = __double2half(mean + sd * z);
	}
}

/* Row @n of the packed order is which row of the natural one: gate and up alternate. */
__device__ static size_t natural_row(size_t n, size_t rows, bool pairs)
{
	return pairs ? (n & 1) * (rows / 2) + n / 2 : n;
}

/* One 16-byte piece a thread: unit, tile, (piece, for halves,) lane. */
__global__ void pack_q8(uint4 *to, const int8_t *from, size_t rows, size_t cols, bool pairs)
{
	FOR_EACH(i, rows * cols / 16)
	{
		size_t lane = i % 32, tile = i / 32 % (rows / 8), unit = i / 32 / (rows / 8);
		size_t row = natural_row(tile * 8 + lane / 4, rows, pairs);
		uint4 w = *(const uint4 *)(from + row * cols + unit * 64 + lane % 4 * 16);
		const uint32_t flip = 0x80808080u; /* w to w + 128 */

		to[i] = make_uint4(w.x ^ flip, w.y ^ flip, w.z ^ flip, w.w ^ flip);
	}
}

__global__ void pack_half(uint4 *to, const half *from, size_t rows, size_t cols)
{
	FOR_EACH(i, rows * cols / 8)
	{
		size_t lane = i % 32, piece = i / 32 % 2, unit = i / 64 / (rows / 8);
		size_t row = i / 64 % (rows / 8) * 8 + lane / 4;

		to[i] = *(const uint4 *)(from + row * cols + unit * 64 + lane % 4 * 16 + piece * 8);
	}
}

__global__ void rope_table(float2 *to, size_t n, double base)
{
	FOR_EACH(i, n * 64)
	{
		double a = (double)(i / 64) * pow(base, -2.0 * (double)(i % 64) / 128.0);

		to[i] = make_float2((float)cos(a), (float)sin(a));
	}
}

/* --- matrices ------------------------------------------------------------------------------ */

static void matrix_finish(gpu_matrix *m, int8_t *natural, bool pairs, int keep)
{
	if (keep & GPU_PACKED) {
		m->packed = device_alloc<uint8_t>(m->rows * m->cols);
		launch_kernel(0, pack_q8, dim3(blocks_for(m->rows * m->cols / 16)), dim3(BLOCK), 0,
			(uint4 *)m->packed, natural, m->rows, m->cols, pairs);
	}
	CUDA_TRY(cudaDeviceSynchronize());
	if (keep & GPU_NATURAL)
		m->natural = natural;
	else
		CUDA_TRY(cudaFree(natural));
}

gpu_matrix gpu_matrix_random(size_t rows, size_t cols, uint64_t stream, bool pairs, int keep)
{
	gpu_matrix m = {NULL, NULL, device_alloc<float>(rows), rows, cols};
	int8_t *natural = device_alloc<int8_t>(rows * cols);

	launch_kernel(0, random_q8, dim3(blocks_for(rows * cols)), dim3(BLOCK), 0, natural,
		rows * cols, stream);
	launch_kernel(0, random_scale, dim3(blocks_for(rows)), dim3(BLOCK), 0, m.scale, rows, cols,
		stream + 1);
	matrix_finish(&m, natural, pairs, keep);
	return m;
}

template <class T> static T *upload(const void *from, size_t n)
{
	T *to = device_alloc<T>(n);

	CUDA_TRY(cudaMemcpy(to, from, n * sizeof(T), cudaMemcpyHostToDevice));
	return to;
}

static gpu_matrix matrix_upload(const q8_matrix *from, bool pairs, int keep)
{
	gpu_matrix m = {NULL, NULL, upload<float>(from->scale, from->rows), from->rows, from->cols};

	matrix_finish(&m, upload<int8_t>(from->w, from->rows * from->cols), pairs, keep);
	return m;
}

static half *half_random(size_t n, uint64_t stream, double mean, double sd)
{
	half *h = device_alloc<half>(n);

	launch_kernel(0, random_half, dim3(blocks_for(n)), dim3(BLOCK), 0, h, n, stream, mean, sd);
	return h;
}

static half *head_packed(half *natural, size_t vocab, size_t hidden)
{
	half *h = device_alloc<half>(vocab * hidden);

	launch_kernel(0, pack_half, dim3(blocks_for(vocab * hidden / 8)), dim3(BLOCK), 0,
		(uint4 *)h, natural, vocab, hidden);
	CUDA_TRY(cudaDeviceSynchronize());
	CUDA_TRY(cudaFree(natural));
	return h;
}

/* --- models --------------------------------------------------------------------------------- */

static void model_begin(gpu_llama *m, const llama_shape *shape, size_t max_tok)
{
	*m = {};
	m->shape = *shape;
	m->max_tok = max_tok;
	m->layers = (gpu_layer *)calloc(shape->n_layers, sizeof(gpu_layer));
	m->rope = device_alloc<float2>(max_tok * 64);
	launch_kernel(0, rope_table, dim3(blocks_for(max_tok * 64)), dim3(BLOCK), 0, m->rope,
		max_tok, shape->rope_base);
}

void gpu_llama_create(
	gpu_llama *m, const llama_shape *shape, uint64_t seed, int keep, size_t max_tok)
{
	size_t h = shape->hidden, f = shape->ffn, top = seed * 1000 + 20 * shape->n_layers;

	model_begin(m, shape, max_tok);
	for (size_t l = 0; l < shape->n_layers; l++) {
		uint64_t at = seed * 1000 + 20 * l;
		gpu_layer *w = &m->layers[l];

		w->qkv = gpu_matrix_random(3 * h, h, at, false, keep);
		w->o = gpu_matrix_random(h, h, at + 2, false, keep);
		w->gu = gpu_matrix_random(2 * f, h, at + 4, true, keep);
		w->down = gpu_matrix_random(h, f, at + 6, false, keep);
		w->norm_attn = half_random(h, at + 8, 1.0, 0.1);
		w->norm_ffn = half_random(h, at + 9, 1.0, 0.1);
	}
	m->embed = half_random(shape->vocab * h, top, 0.0, 0.02);
	m->head = head_packed(half_random(shape->vocab * h, top + 1, 0.0, 0.02), shape->vocab, h);
	m->norm_out = half_random(h, top + 2, 1.0, 0.1);
	m->layers_on_device = upload<gpu_layer>(m->layers, shape->n_layers);
	CUDA_TRY(cudaDeviceSynchronize());
}

void gpu_llama_upload(gpu_llama *m, const llama_model *host, int keep, size_t max_tok)
{
	const llama_shape *s = &host->shape;

	model_begin(m, s, max_tok);
	for (size_t l = 0; l < s->n_layers; l++) {
		const llama_layer *from = &host->layers[l % host->n_own];
		gpu_layer *w = &m->layers[l];

		w->qkv = matrix_upload(&from->qkv, false, keep);
		w->o = matrix_upload(&from->o, false, keep);
		w->gu = matrix_upload(&from->gu, true, keep);
		w->down = matrix_upload(&from->down, false, keep);
		w->norm_attn = upload<half>(from->norm_attn, s->hidden);
		w->norm_ffn = upload<half>(from->norm_ffn, s->hidden);
	}
	m->embed = upload<half>(host->embed, s->vocab * s->hidden);
	m->head = head_packed(upload<half>(host->head, s->vocab * s->hidden), s->vocab, s->hidden);
	m->norm_out = upload<half>(host->norm_out, s->hidden);
	m->layers_on_device = upload<gpu_layer>(m->layers, s->n_layers);
	CUDA_TRY(cudaDeviceSynchronize());
}

static void matrix_drop(gpu_matrix *m, int which)
{
	if (which & GPU_PACKED) {
		CUDA_TRY(cudaFree(m->packed));
		m->packed = NULL;
	}
	if (which & GPU_NATURAL) {
		CUDA_TRY(cudaFree(m->natural));
		m->natural = NULL;
	}
}

void gpu_llama_drop(gpu_llama *m, int which)
{
	for (size_t l = 0; l < m->shape.n_layers; l++) {
		matrix_drop(&m->layers[l].qkv, which);
		matrix_drop(&m->layers[l].o, which);
		matrix_drop(&m->layers[l].gu, which);
		matrix_drop(&m->layers[l].down, which);
	}
}

void gpu_matrix_destroy(gpu_matrix *m)
{
	matrix_drop(m, GPU_PACKED | GPU_NATURAL);
	CUDA_TRY(cudaFree(m->scale));
}

void gpu_llama_destroy(gpu_llama *m)
{
	for (size_t l = 0; l < m->shape.n_layers; l++) {
		gpu_layer *w = &m->layers[l];

		gpu_matrix_destroy(&w->qkv);
		gpu_matrix_destroy(&w->o);
		gpu_matrix_destroy(&w->gu);
		gpu_matrix_destroy(&w->down);
		CUDA_TRY(cudaFree(w->norm_attn));
		CUDA_TRY(cudaFree(w->norm_ffn));
	}
	free(m->layers);
	CUDA_TRY(cudaFree(m->layers_on_device));
	CUDA_TRY(cudaFree(m->embed));
	CUDA_TRY(cudaFree(m->head));
	CUDA_TRY(cudaFree(m->norm_out));
	CUDA_TRY(cudaFree(m->rope));
}

/* --- state ----------------------------------------------------------------------------------- */

void gpu_state_create(gpu_state *s, const llama_shape *p, size_t kv_tok)
{
	size_t rows = STEP_MAX_ROWS, kv = p->n_layers * p->n_heads * 128 * kv_tok;
	size_t outputs = std::max(3 * p->hidden, 2 * p->ffn);

	*s = {};
	s->x = device_alloc<float>(rows * p->hidden);
	s->xn = device_alloc<half>(rows * p->hidden);
	s->q = device_alloc<half>(rows * p->hidden);
	s->att = device_alloc<half>(rows * p->hidden);
	s->act = device_alloc<half>(rows * p->ffn);
	s->logits = device_alloc<float>(rows * p->vocab);
	s->sumsq = device_alloc<float>((2 * p->n_layers + 1) * rows);
	s->part = device_alloc<float>(rows * p->n_heads * STEP_MAX_SPLITS * 132);
	s->arrived = device_alloc<uint32_t>(rows * p->n_heads);
	CUDA_TRY(cudaMemset(s->arrived, 0, rows * p->n_heads * sizeof(uint32_t)));
	s->share = device_alloc<float2>((size_t)multiprocessors() * GEMV_MAX_TILES * 4 * rows);
	s->shares_in = device_alloc<uint32_t>(outputs / 8);
	CUDA_TRY(cudaMemset(s->shares_in, 0, outputs / 8 * sizeof(uint32_t)));
	s->meetings = device_alloc<uint32_t>(1);
	CUDA_TRY(cudaMemset(s->meetings, 0, sizeof(uint32_t)));
	s->token = device_alloc<uint32_t>(STEP_ROW_WORDS);
	s->pos = s->token + rows;
	s->cached = s->pos + rows;
	s->seq = s->cached + rows;
	s->slot = s->seq + rows;
	s->spread = true;
	s->warpgroups = device_attribute(cudaDevAttrComputeCapabilityMajor) == 9;
	s->k = device_alloc<half>(kv);
	s->v = device_alloc<half>(kv);
	launch_kernel(0, random_half, dim3(blocks_for(kv < (1u << 24) ? kv : 1u << 24)),
		dim3(BLOCK), 0, s->k, kv < (1u << 24) ? kv : 1u << 24, 12345, 0.0, 1.0);
	/* Random data at the speed of a copy: the first 32 MiB over and over. */
	for (size_t at = 1u << 24; at < kv; at += 1u << 24)
		CUDA_TRY(cudaMemcpyAsync(s->k + at, s->k,
			(kv - at < (1u << 24) ? kv - at : 1u << 24) * sizeof(half),
			cudaMemcpyDeviceToDevice));
	CUDA_TRY(cudaMemcpy(s->v, s->k, kv * sizeof(half), cudaMemcpyDeviceToDevice));
	gpu_state_shape(s, 1, kv_tok);
}

void gpu_state_shape(gpu_state *s, size_t n_seq, size_t cap_tok)
{
	s->n_seq = n_seq;
	s->cap_tok = cap_tok;
}

#define SLOT_LEAST_TOK 256

/* Slot by slot to the row whose shares are the longest, while those are longer than the mean; the
 * longest are begun first. */
static void fill_slots(uint32_t *slot, const gpu_state *s, size_t n, const uint32_t *pos)
{
	uint32_t count[STEP_MAX_ROWS] = {}, order[STEP_MAX_ROWS], tok = 0;
	auto each = [&](uint32_t r) { return (pos[r] + count[r]) / count[r]; };
	auto longer = [&](uint32_t a, uint32_t b) { return each(a) > each(b); };

	for (uint32_t r = 0; r < n; r++) {
		order[r] = r;
		count[r] = 1;
		tok += pos[r] + 1;
	}
	uint32_t least = std::max<uint32_t>(SLOT_LEAST_TOK, tok / (uint32_t)n);
	for (size_t more = row_slots(s, n) - n; more > 0; more--) {
		uint32_t *r = std::min_element(order, order + n, longer);

		if (each(*r) > least)
			count[*r]++;
	}
	std::sort(order, order + n, longer);
	memset(slot, 0, STEP_MAX_SLOTS * sizeof(*slot));
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t i = 0; i < count[order[k]]; i++)
			*slot++ = order[k] | i << 8 | count[order[k]] << 16;
}

void gpu_state_rows(gpu_state *s, size_t n, const uint32_t *token, const uint32_t *pos,
	const uint32_t *cached, const uint32_t *seq)
{
	uint32_t slot[STEP_MAX_SLOTS];

	fill_slots(slot, s, n, pos);
	CUDA_TRY(cudaMemcpy(s->slot, slot, sizeof(slot), cudaMemcpyHostToDevice));
	CUDA_TRY(cudaMemcpy(s->token, token, n * sizeof(*token), cudaMemcpyHostToDevice));
	CUDA_TRY(cudaMemcpy(s->pos, pos, n * sizeof(*pos), cudaMemcpyHostToDevice));
	CUDA_TRY(cudaMemcpy(s->cached, cached, n * sizeof(*cached), cudaMemcpyHostToDevice));
	CUDA_TRY(cudaMemcpy(s->seq, seq, n * sizeof(*seq), cudaMemcpyHostToDevice));
}

void gpu_state_rows_async(gpu_state *s, size_t n, uint32_t *rows, cudaStream_t stream)
{
	fill_slots(rows + 4 * STEP_MAX_ROWS, s, n, rows + STEP_MAX_ROWS);
	CUDA_TRY(cudaMemcpyAsync(
		s->token, rows, STEP_ROW_WORDS * sizeof(*rows), cudaMemcpyHostToDevice, stream));
}

void gpu_state_destroy(gpu_state *s)
{
	void *all[] = {s->x, s->xn, s->q, s->att, s->act, s->logits, s->sumsq, s->part, s->arrived,
		s->share, s->shares_in, s->meetings, s->token, s->k, s->v};

	for (void *p : all)
		CUDA_TRY(cudaFree(p));
}
