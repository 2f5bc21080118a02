/*
 * One GPU of a server: what a step needs, and steps.
 */
#include "kernels-ref/measure/serve_device.cuh"

#include <cstring>

#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/serve_batch.cuh"

uint32_t *pinned_words(size_t n)
{
	void *p;

	CUDA_TRY(cudaMallocHost(&p, n * sizeof(uint32_t)));
	memset(p, 0, n * sizeof(uint32_t));
	return (uint32_t *)p;
}

void serve_device_create(
	serve_device *d, const llama_shape *shape, size_t max_tok, size_t tuned_tok)
{
	gpu_llama_create(
		&d->model, shape, 1, GPU_PACKED | (tuned_tok > 0 ? GPU_NATURAL : 0), max_tok);
	if (tuned_tok > 0) {
		d->prefill = gpu_prefill_create(shape, max_tok);
		gpu_prefill_tune_all(d->prefill, &d->model, tuned_tok);
	}
	CUDA_TRY(cudaStreamCreate(&d->stream));
	CUDA_TRY(cudaEventCreate(&d->from));
	CUDA_TRY(cudaEventCreate(&d->to));
	d->rows = pinned_words(STEP_ROW_WORDS);
	d->token = pinned_words(STEP_MAX_ROWS);
	d->prompt = pinned_words(max_tok);
	d->device_prompt = device_alloc<uint32_t>(max_tok);
	CUDA_TRY(cudaMemset(d->device_prompt, 0, max_tok * sizeof(uint32_t)));
	d->device_token = device_alloc<uint32_t>(STEP_MAX_ROWS);
}

void serve_device_destroy(serve_device *d)
{
	for (auto &g : d->graphs)
		CUDA_TRY(cudaGraphExecDestroy(g.second));
	for (uint32_t *p : {d->rows, d->token, d->prompt})
		CUDA_TRY(cudaFreeHost(p));
	CUDA_TRY(cudaFree(d->device_prompt));
	CUDA_TRY(cudaFree(d->device_token));
	CUDA_TRY(cudaEventDestroy(d->from));
	CUDA_TRY(cudaEventDestroy(d->to));
	CUDA_TRY(cudaStreamDestroy(d->stream));
	if (d->prefill)
		gpu_prefill_destroy(d->prefill);
	gpu_state_destroy(&d->state);
	gpu_llama_destroy(&d->model);
}

size_t serve_device_room_tok(const llama_shape *shape)
{
	size_t free_bytes, total;

	CUDA_TRY(cudaMemGetInfo(&free_bytes, &total));
	return (free_bytes - ((size_t)2 << 30)) / llama_kv_bytes_per_tok(shape);
}

void serve_device_cache(serve_device *d, size_t n_seq, size_t cap_tok)
{
	gpu_state_create(&d->state, &d->model.shape, cap_tok * n_seq);
	tune_steps(&d->model, &d->state, cap_tok * n_seq);
	gpu_state_shape(&d->state, n_seq, cap_tok);
}

static void launch_decode(serve_device *d, size_t n, size_t max_tok)
{
	gpu_step(&d->model, &d->state, n, max_tok, d->stream);
	gpu_greedy(&d->model, &d->state, n, d->device_token, d->stream);
}

cudaGraphExec_t serve_device_graph(serve_device *d, size_t n, size_t max_tok)
{
	cudaGraphExec_t &exec = d->graphs[{n, max_tok}];
	cudaGraph_t graph;

	if (exec)
		return exec;
	CUDA_TRY(cudaStreamBeginCapture(d->stream, cudaStreamCaptureModeThreadLocal));
	launch_decode(d, n, max_tok);
	CUDA_TRY(cudaStreamEndCapture(d->stream, &graph));
	CUDA_TRY(cudaGraphInstantiate(&exec, graph, 0));
	CUDA_TRY(cudaGraphDestroy(graph));
	return exec;
}

void serve_device_rows(serve_device *d, size_t n)
{
	gpu_state_rows_async(&d->state, n, d->rows, d->stream);
}

/* The @n tokens of the step that has been launched, to @d->token. */
static void fetch_tokens(serve_device *d, size_t n)
{
	CUDA_TRY(cudaEventRecord(d->to, d->stream));
	CUDA_TRY(cudaMemcpyAsync(d->token, d->device_token, n * sizeof(uint32_t),
		cudaMemcpyDeviceToHost, d->stream));
	CUDA_TRY(cudaStreamSynchronize(d->stream));
}

void serve_device_decode(serve_device *d, size_t n, size_t longest, bool graph)
{
	CUDA_TRY(cudaEventRecord(d->from, d->stream));
	if (graph)
		CUDA_TRY(cudaGraphLaunch(
			serve_device_graph(d, n, gpu_step_class(n, longest)), d->stream));
	else
		launch_decode(d, n, longest);
	fetch_tokens(d, n);
}

void serve_device_prompts(serve_device *d, const gpu_mix &x, size_t tok)
{
	size_t n;

	CUDA_TRY(cudaMemcpyAsync(d->device_prompt, d->prompt, tok * sizeof(uint32_t),
		cudaMemcpyHostToDevice, d->stream));
	CUDA_TRY(cudaEventRecord(d->from, d->stream));
	n = gpu_mixed_step(d->prefill, &d->model, &d->state, d->device_prompt, x, d->stream);
	if (n > 0)
		gpu_greedy(&d->model, &d->state, n, d->device_token, d->stream);
	fetch_tokens(d, n);
}

double serve_device_gpu_s(const serve_device *d)
{
	float ms;

	CUDA_TRY(cudaEventElapsedTime(&ms, d->from, d->to));
	return (double)ms * 1e-3;
}

uint32_t prompt_token(const llama_shape *shape, size_t request, size_t k)
{
	return (uint32_t)(device_rand_bits(request, k) % shape->vocab);
}

bool write_steps(const std::string &file, const std::vector<step_log> &log)
{
	static const char *const kinds[] = {"decode", "prefill", "mixed", "verify", "draft"};
	FILE *to = open_served(file);

	if (!to)
		return false;
	fprintf(to, "kind,sequences,context_tokens,prompts,prompt_tokens,from_s,to_s,gpu_s\n");
	for (const step_log &l : log)
		fprintf(to, "%s,%zu,%zu,%zu,%zu,%.6f,%.6f,%.6f\n", kinds[l.kind], l.rows,
			l.context_tok, l.prompts, l.prompt_tok, l.from_s, l.to_s, l.gpu_s);
	return fclose(to) == 0;
}
