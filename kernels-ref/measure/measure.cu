/*
 * What is timed, and how it is set up.
 */
#include <cmath>
#include <functional>

#include "kernels-ref/cuda/attn_common.cuh"
#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/cuda/packed_rows.cuh"
#include "kernels-ref/cuda/prompt_store.cuh"

#define L2_SEVERAL ((size_t)400 << 20) /* bytes that rotating buffers should total */

std::string gpu_name(void)
{
	cudaDeviceProp prop;

	CUDA_TRY(cudaGetDeviceProperties(&prop, 0));
	return prop.name;
}

const gpu_sheet *gpu_sheet_of(const std::string &name)
{
	static const gpu_sheet all[] = {
		{"H200", "h200", 4.8e12, 1979e12},
		{"H100 80GB HBM3", "h100", 3.35e12, 1979e12},
		{"A100-SXM4-80GB", "a100", 2.039e12, 624e12},
	};

	for (const gpu_sheet &sheet : all)
		if (name.find(sheet.in_name) != std::string::npos)
			return &sheet;
	return NULL;
}

/* Where 1 - (1 + x) e^-x is @p: the sum of two waiting times. */
static double erlang_quantile(double p)
{
	double low = 0.0, high = 50.0;

	for (int i = 0; i < 60; i++) {
		double x = (low + high) / 2.0;

		(1.0 - (1.0 + x) * exp(-x) < p ? low : high) = x;
	}
	return low;
}

/* By which @q, ascending and capped at @most, come to @sum. */
static double scale_to_sum(const std::vector<double> &q, double most, double sum)
{
	double low = 0.0, high = most / q[0];

	for (int i = 0; i < 60; i++) {
		double scale = (low + high) / 2.0, all = 0.0;

		for (double x : q)
			all += fmin(most, scale * x);
		(all < sum ? low : high) = scale;
	}
	return low;
}

/* The served runs of lognormal prompts and answers have a deviation of .64 of the mean at 8, .7 at
 * 20 to 32 sequences and the longest at 2.4 and 3 times the mean. */
std::vector<size_t> served_contexts(size_t batch, size_t context, size_t most)
{
	std::vector<double> q(batch);
	std::vector<size_t> tok(batch);
	size_t sum = 0;

	for (size_t i = 0; i < batch; i++)
		q[i] = erlang_quantile(((double)i + 0.5) / (double)batch);
	double scale = scale_to_sum(q, (double)most, (double)(batch * context));
	for (size_t i = 0; i < batch; i++) {
		tok[i] = std::max((size_t)1, (size_t)fmin((double)most, scale * q[i]));
		sum += tok[i];
	}
	for (size_t i = 0; sum < batch * context; i = (i + 1) % batch)
		if (tok[i] < most) {
			tok[i]++;
			sum++;
		}
	for (size_t i = batch - 1; sum > batch * context; i = i > 0 ? i - 1 : batch - 1)
		if (tok[i] > 1) {
			tok[i]--;
			sum--;
		}
	return tok;
}

/* Rows of as many sequences, at the ends of contexts of @tok tokens; the longest of them. */
static size_t rows_of_many(const gpu_llama *m, gpu_state *s, const std::vector<size_t> &tok)
{
	size_t batch = tok.size();
	std::vector<uint32_t> token(batch), pos(batch), seq(batch);

	for (size_t i = 0; i < batch; i++) {
		token[i] = (uint32_t)(device_rand_bits(9, i) % m->shape.vocab);
		pos[i] = (uint32_t)(tok[i] - 1);
		seq[i] = (uint32_t)i;
	}
	gpu_state_rows(s, batch, token.data(), pos.data(), pos.data(), seq.data());
	return *std::max_element(tok.begin(), tok.end());
}

/* The same where all are of @context tokens. */
static size_t rows_alike(const gpu_llama *m, gpu_state *s, size_t batch, size_t context)
{
	return rows_of_many(m, s, std::vector<size_t>(batch, context));
}

static timing time_step(
	const gpu_llama *m, gpu_state *s, size_t rows, size_t max_tok, double budget_s)
{
	return time_for([&](int, cudaStream_t stream) { gpu_step(m, s, rows, max_tok, stream); }, 1,
		budget_s);
}

timing measure_decode(const gpu_llama *m, gpu_state *s, size_t batch, size_t context)
{
	gpu_state_shape(s, batch, context);
	return time_step(m, s, batch, rows_alike(m, s, batch, context), 0.06);
}

/* As served: a way that deals out long contexts should be seen to. */
void tune_steps(const gpu_llama *m, gpu_state *s, size_t room)
{
	for (size_t n = 1; n <= STEP_FEW_ROWS && n <= room; n++) {
		enum step_way best = STEP_ONE_KERNEL;
		double least = HUGE_VAL;

		for (int way = 0; way < STEP_WAYS; way++) {
			s->way[n] = (enum step_way)way;
			double t = measure_served(m, s, n, std::min((size_t)512, room / n),
				std::min((size_t)2048, room / n))
					   .median_s;

			if (t < 0.99 * least) { /* less is noise */
				least = t;
				best = s->way[n];
			}
		}
		s->way[n] = best;
	}
}

timing measure_served(const gpu_llama *m, gpu_state *s, size_t batch, size_t context, size_t most)
{
	uint32_t *token = device_alloc<uint32_t>(batch);

	gpu_state_shape(s, batch, most);
	size_t longest =
		gpu_step_class(batch, rows_of_many(m, s, served_contexts(batch, context, most)));
	timing t = time_for(
		[&](int, cudaStream_t stream) {
			gpu_step(m, s, batch, longest, stream);
			gpu_greedy(m, s, batch, token, stream);
		},
		1, 0.05);
	CUDA_TRY(cudaFree(token));
	return t;
}

/* @rows tokens of each of @batch sequences behind @context cached ones. */
static void rows_behind(
	const gpu_llama *m, gpu_state *s, const std::vector<size_t> &context, size_t rows)
{
	size_t n = context.size() * rows;
	std::vector<uint32_t> token(n), pos(n), cached(n), seq(n);

	for (size_t i = 0; i < n; i++) {
		token[i] = (uint32_t)(device_rand_bits(9, i) % m->shape.vocab);
		seq[i] = (uint32_t)(i / rows);
		cached[i] = (uint32_t)context[i / rows];
		pos[i] = (uint32_t)(context[i / rows] + i % rows);
	}
	gpu_state_rows(s, n, token.data(), pos.data(), cached.data(), seq.data());
}

timing measure_verify(const gpu_llama *m, gpu_state *s, const verify_size &x)
{
	size_t batch = x.batch, rows = x.rows;
	std::vector<size_t> context = served_contexts(batch, x.context, x.most - rows);
	uint32_t *token = device_alloc<uint32_t>(batch * rows);

	gpu_state_shape(s, batch, x.most);
	rows_behind(m, s, context, rows);
	size_t longest = gpu_step_class(
		batch * rows, *std::max_element(context.begin(), context.end()) + rows);
	timing t = time_for(
		[&](int, cudaStream_t stream) {
			gpu_step(m, s, batch * rows, longest, stream);
			gpu_greedy(m, s, batch * rows, token, stream);
		},
		1, 0.05);
	CUDA_TRY(cudaFree(token));
	return t;
}

timing measure_step_part(
	const gpu_llama *m, gpu_state *s, enum step_part part, size_t batch, size_t context)
{
	gpu_state_shape(s, batch, context);
	rows_alike(m, s, batch, context);
	return time_for(
		[&](int i, cudaStream_t stream) {
			gpu_step_part(m, s, (size_t)i, part, batch, context, stream);
		},
		(int)m->shape.n_layers, 0.03);
}

timing measure_head(const gpu_llama *m, gpu_state *s, size_t batch)
{
	gpu_state_shape(s, batch, 1);
	rows_alike(m, s, batch, 1);
	return time_for([&](int, cudaStream_t stream) { gpu_head(m, s, batch, stream); }, 8, 0.03);
}

/* @n tokens on the device, drawn. */
static uint32_t *drawn_tokens(const gpu_llama *m, size_t n)
{
	std::vector<uint32_t> token(n);
	uint32_t *to = device_alloc<uint32_t>(n);

	for (size_t i = 0; i < n; i++)
		token[i] = (uint32_t)(device_rand_bits(9, i) % m->shape.vocab);
	CUDA_TRY(cudaMemcpy(to, token.data(), n * sizeof(uint32_t), cudaMemcpyHostToDevice));
	return to;
}

timing measure_prefill(const gpu_llama *m, gpu_state *s, gpu_prefill *p, size_t n, size_t context)
{
	uint32_t *token = drawn_tokens(m, n);
	timing t;

	gpu_state_shape(s, 1, context + n);
	gpu_prefill_tune(p, m, n);
	t = time_for(
		[&](int, cudaStream_t stream) {
			gpu_prefill_run(p, m, s, token, n, context, stream);
		},
		1, 0.06);
	if (n <= STEP_MAX_ROWS) {
		rows_behind(m, s, {context}, n);
		timing rows = time_step(m, s, n, context + n, 0.06);

		if (rows.median_s < t.median_s)
			t = rows;
	}
	CUDA_TRY(cudaFree(token));
	return t;
}

/* Each row keeps its diagonal blocks and a random choice of the others. */
static std::vector<uint8_t> forced_mask(unsigned heads, unsigned n, double sparsity, double *got)
{
	unsigned rows = attn_blocks(n, DAS_Q_BLOCK), cols = attn_blocks(n, DAS_K_BLOCK);
	std::vector<uint8_t> mask((size_t)heads * rows * cols);
	size_t visible = 0, kept = 0;

	for (unsigned h = 0; h < heads; h++)
		for (unsigned r = 0; r < rows; r++) {
			unsigned end = std::min(cols, (r + 1) * (DAS_Q_BLOCK / DAS_K_BLOCK));
			unsigned first = r * (DAS_Q_BLOCK / DAS_K_BLOCK);
			size_t at = ((size_t)h * rows + r) * cols;
			std::vector<unsigned> order(first);

			for (unsigned c = first; c < end; c++)
				mask[at + c] = DAS_BY_DIAGONAL;
			for (unsigned c = 0; c < first; c++)
				order[c] = c;
			for (unsigned c = first; c > 1; c--)
				std::swap(
					order[c - 1], order[device_rand_bits(h * 7919 + r, c) % c]);
			visible += end;
			kept += end - first;
			/* Carry the fraction from row to row, so that the total comes out. */
			double want = (1.0 - sparsity) * (double)visible - (double)kept;

			for (unsigned c = 0; c < first && want > (double)c + 0.5; c++) {
				mask[at + order[c]] = DAS_BY_MAP;
				kept++;
			}
		}
	*got = 1.0 - (double)kept / (double)visible;
	return mask;
}

static int copies_for(size_t bytes)
{
	size_t n = (L2_SEVERAL + bytes - 1) / bytes;

	return (int)(n < 1 ? 1 : n > 64 ? 64 : n);
}

timing measure_attention(unsigned heads, unsigned n, double sparsity, double *got, bool wgmma)
{
	size_t one = (size_t)heads * n * ATTN_DIM;
	int copies = copies_for(one * 3 * sizeof(half));
	half *all = device_alloc<half>(one * 3 * copies), *out = device_alloc<half>(one);
	uint8_t *mask = NULL;
	timing t;

	fill_normal(all, one * 3 * copies, 5);
	*got = 0.0;
	if (sparsity > 0.0) {
		std::vector<uint8_t> host = forced_mask(heads, n, sparsity, got);

		mask = device_alloc<uint8_t>(host.size());
		CUDA_TRY(cudaMemcpy(mask, host.data(), host.size(), cudaMemcpyHostToDevice));
	}
	t = time_for(
		[&](int i, cudaStream_t stream) {
			attn_in in = {};

			in.q = all + one * 3 * i;
			in.k = in.q + one;
			in.v = in.k + one;
			in.out = out;
			in.q_tok = in.out_tok = ATTN_DIM;
			in.q_head = in.kv_head = in.out_head = (size_t)n * ATTN_DIM;
			in.heads = heads;
			in.n_q = in.n_k = n;
			in.causal = true;
			in.scale = 1.0f / sqrtf((float)ATTN_DIM);
			in.lambda_nats = -HUGE_VALF;
			in.mask = mask;
			(wgmma ? attn_best : attn_mma)(in, stream);
		},
		copies, 0.05);
	CUDA_TRY(cudaFree(all));
	CUDA_TRY(cudaFree(out));
	CUDA_TRY(cudaFree(mask));
	return t;
}

__global__ void random_sums(int32_t *to, size_t n, int most)
{
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
		i += (size_t)gridDim.x * blockDim.x)
		to[i] = (int)(device_rand_bits(8, i) % (2 * (uint64_t)most + 1)) - most;
}

__global__ void fill_floats(float *to, size_t n, float x)
{
	for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < n;
		i += (size_t)gridDim.x * blockDim.x)
		to[i] = x;
}

static float *alike_floats(size_t n, float x)
{
	float *to = device_alloc<float>(n);

	launch_kernel(0, fill_floats, dim3(1024), dim3(256), 0, to, n, x);
	return to;
}

/* A prompt's sums, as random as a product of random numbers, and where they go. */
struct predict_bench {
	prompt_store store;
	das_predict_in in;
	void *scratch;
};

static predict_bench predict_bench_create(unsigned heads, unsigned n)
{
	unsigned hidden = heads * ATTN_DIM;
	size_t one = (size_t)n * hidden;
	half *all = device_alloc<half>(3 * one);
	int32_t *sums = device_alloc<int32_t>(3 * one);
	float *scale = alike_floats(n, 1e-3f), *w_scale = alike_floats(3 * hidden, 1.0f);
	float2 *rope = (float2 *)alike_floats((size_t)n * ATTN_DIM, sqrtf(0.5f));
	predict_bench b = {};

	launch_kernel(0, random_sums, dim3(4096), dim3(256), 0, sums, 3 * one, 1732);
	b.store = {sums, scale, w_scale, rope, all, all + one, all + 2 * one, hidden, n, 0, n, NULL,
		NULL};
	b.in = {all, all + one, ATTN_DIM, hidden, (size_t)n * ATTN_DIM, heads, n, n, true,
		1.0f / sqrtf((float)ATTN_DIM), -1.0f, 0.98f,
		device_alloc<uint8_t>(das_mask_bytes(heads, n, n))};
	b.scratch = device_alloc<char>(das_predict_bytes(heads, n, n));
	das_predict_begin(b.scratch, heads, n, n, 0);
	prompt_store_gpu(b.store, NULL, 0);
	CUDA_TRY(cudaDeviceSynchronize());
	return b;
}

static void predict_bench_destroy(predict_bench *b)
{
	for (const void *x : {(const void *)b->store.sums, (const void *)b->store.tok_scale,
		     (const void *)b->store.w_scale, (const void *)b->store.rope,
		     (const void *)b->store.q, (const void *)b->in.mask, (const void *)b->scratch})
		CUDA_TRY(cudaFree((void *)x));
}

static double median_of(const std::function<void(cudaStream_t)> &run)
{
	return time_for([&](int, cudaStream_t stream) { run(stream); }, 1, 0.05).median_s;
}

predict_times measure_predict(unsigned heads, unsigned n)
{
	predict_bench b = predict_bench_create(heads, n);
	predict_times t;

	t.store_s = median_of([&](cudaStream_t s) { prompt_store_gpu(b.store, NULL, s); });
	t.pooled_s = median_of([&](cudaStream_t s) {
		prompt_store_gpu(b.store, b.scratch, s);
		das_predict_pooled(b.in, b.scratch, s);
	});
	t.tasks_s = median_of([&](cudaStream_t s) { das_predict_pooled(b.in, b.scratch, s); });
	t.alone_s = median_of([&](cudaStream_t s) { das_predict_gpu(b.in, b.scratch, s); });
	predict_bench_destroy(&b);
	return t;
}

timing measure_layer_gemm(const gpu_llama *m, gpu_prefill *p, size_t n)
{
	int layers = (int)std::min(m->shape.n_layers, (size_t)8);

	gpu_prefill_tune(p, m, n);
	return time_for(
		[&](int i, cudaStream_t stream) {
			const gpu_layer *w = &m->layers[i];

			gpu_prefill_gemm(p, &w->qkv, n, stream);
			gpu_prefill_gemm(p, &w->o, n, stream);
			gpu_prefill_gemm(p, &w->gu, n, stream);
			gpu_prefill_gemm(p, &w->down, n, stream);
		},
		layers, 0.05);
}

/* --- size sweeps ---------------------------------------------------------------------------- */

static size_fit fit_line(const std::vector<double> &bytes, const std::vector<double> &s)
{
	double a = 0.0, b = 0.0, c = 0.0, d = 0.0, e = 0.0;
	size_fit f = {};

	/* Minimise sum ((t0 + k x - y) / y)^2. */
	for (size_t i = 0; i < s.size(); i++) {
		double u = 1.0 / s[i], v = bytes[i] / s[i];

		a += u * u;
		b += u * v;
		c += v * v;
		d += u;
		e += v;
	}
	double det = a * c - b * b, t0 = (d * c - b * e) / det, k = (a * e - b * d) / det;

	f.t0_s = fmax(t0, 0.0);
	f.bytes_per_s = 1.0 / k;
	for (size_t i = 0; i < s.size(); i++)
		f.worst = fmax(f.worst, fabs((t0 + k * bytes[i]) / s[i] - 1.0));
	return f;
}

size_fit measure_linear_sweep(size_t cols)
{
	llama_shape shape = llama_7b;
	std::vector<double> bytes, s;
	gpu_state state;

	shape.hidden = 32768; /* room for the widest output */
	shape.n_layers = 1;
	shape.n_heads = 1;
	gpu_state_create(&state, &shape, 16);
	half *gain = device_alloc<half>(shape.hidden), *x = device_alloc<half>(8 * cols);
	fill_normal(gain, shape.hidden, 1);
	fill_normal(x, 8 * cols, 2);
	for (size_t rows : {1024, 2048, 4096, 8192, 12288, 16384, 24576, 32768}) {
		int copies = std::max(4, copies_for(rows * cols));
		std::vector<gpu_matrix> w;

		for (int i = 0; i < copies; i++)
			w.push_back(gpu_matrix_random(rows, cols, 100 + 2 * i, false, GPU_PACKED));
		timing t = time_for(
			[&](int i, cudaStream_t stream) {
				gpu_linear(&w[i], gain, x, &state, 1, stream);
			},
			copies, 0.03);
		bytes.push_back((double)(rows * cols));
		s.push_back(t.median_s);
		printf("# linear %zu x %zu: %.2f us, %.2f TB/s\n", rows, cols, t.median_s * 1e6,
			(double)(rows * cols) / t.median_s * 1e-12);
		for (gpu_matrix &m : w)
			gpu_matrix_destroy(&m);
	}
	CUDA_TRY(cudaFree(gain));
	CUDA_TRY(cudaFree(x));
	gpu_state_destroy(&state);
	return fit_line(bytes, s);
}

size_fit measure_attention_sweep(const gpu_llama *m, gpu_state *s, size_t batch)
{
	std::vector<double> bytes, times;

	for (size_t context : {128, 256, 512, 1024, 2048, 4096}) {
		timing t = measure_step_part(m, s, STEP_ATTENTION, batch, context);

		bytes.push_back((double)(batch * context * m->shape.hidden * 4));
		times.push_back(t.median_s);
		printf("# decode attention batch %zu context %zu: %.2f us, %.2f TB/s\n", batch,
			context, t.median_s * 1e6, bytes.back() / t.median_s * 1e-12);
	}
	return fit_line(bytes, times);
}

__global__ void nothing(void)
{
}

void measure_launch(double *stream_s, double *graph_node_s, double *graph_s)
{
	auto launch = [](int, cudaStream_t stream) {
		launch_kernel(stream, nothing, dim3(1), dim3(32), 0);
	};

	*graph_node_s = time_graph(launch, 500, 21).median_s;
	*graph_s = time_graph(launch, 1, 101).median_s;
	*stream_s = time_stream(launch, 500, 21).median_s;
}
