/*
 * One GPU of a server: what a step needs, and steps.
 */
#include "kernels-ref/measure/serve_device.cuh"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/serve_batch.cuh"

/* --- what was tuned, from process to process ------------------------------------------------- */

/* Of whom a file of tunings is: without a version of its own, as it is of no use elsewhere. */
static std::string tuned_title(const serve_device *d)
{
	return "offing-tuned " KERNELS_VERSION " " + std::string(d->model.shape.name) + " on " +
	       gpu_name() + "\n";
}

static bool read_ways(serve_device *d, FILE *from)
{
	for (size_t n = 1; n <= STEP_FEW_ROWS; n++) {
		int way;

		if (fscanf(from, "way %d\n", &way) != 1 || way < 0 || way >= STEP_WAYS)
			return false;
		d->state.way[n] = (enum step_way)way;
	}
	return true;
}

/* Ways first: they are kept in @d->state until the cache is made. */
static bool read_tuned(serve_device *d)
{
	FILE *from = d->tuned.empty() ? NULL : fopen(d->tuned.c_str(), "r");
	char title[200];
	bool ok;

	if (!from)
		return false;
	ok = fgets(title, sizeof(title), from) && title == tuned_title(d) && read_ways(d, from) &&
	     gpu_prefill_read_tuning(d->prefill, from);
	fclose(from);
	return ok;
}

static void write_tuned(const serve_device *d)
{
	FILE *to = fopen(d->tuned.c_str(), "w");

	if (!to) {
		perror(d->tuned.c_str());
		exit(1);
	}
	fputs(tuned_title(d).c_str(), to);
	for (size_t n = 1; n <= STEP_FEW_ROWS; n++)
		fprintf(to, "way %d\n", d->state.way[n]);
	gpu_prefill_write_tuning(d->prefill, to);
	if (fclose(to) != 0) {
		perror(d->tuned.c_str());
		exit(1);
	}
}

/* --- from begin to end ------------------------------------------------------------------------ */

uint32_t *pinned_words(size_t n)
{
	void *p;

	CUDA_TRY(cudaMallocHost(&p, n * sizeof(uint32_t)));
	memset(p, 0, n * sizeof(uint32_t));
	return (uint32_t *)p;
}

void serve_device_create(serve_device *d, const llama_shape *shape, size_t max_tok,
	size_t tuned_tok, const std::string &tuned)
{
	d->tuned = tuned.empty() ? "" : tuned + "-" + shape->name;
	gpu_llama_create(
		&d->model, shape, 1, GPU_PACKED | (tuned_tok > 0 ? GPU_NATURAL : 0), max_tok);
	if (tuned_tok > 0) {
		d->prefill = gpu_prefill_create(shape, max_tok);
		d->ways_known = read_tuned(d);
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

static void forget_graphs(serve_device *d)
{
	for (auto &g : d->graphs)
		CUDA_TRY(cudaGraphExecDestroy(g.second));
	d->graphs.clear();
}

void serve_device_destroy(serve_device *d)
{
	forget_graphs(d);
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
	enum step_way way[STEP_FEW_ROWS + 1];

	std::copy(std::begin(d->state.way), std::end(d->state.way), way);
	gpu_state_create(&d->state, &d->model.shape, cap_tok * n_seq);
	if (d->ways_known) {
		std::copy(std::begin(way), std::end(way), d->state.way);
	} else {
		tune_steps(&d->model, &d->state, cap_tok * n_seq);
		if (!d->tuned.empty())
			write_tuned(d);
	}
	d->ways_known = true;
	gpu_state_shape(&d->state, n_seq, cap_tok);
}

void serve_device_shape(serve_device *d, size_t n_seq, size_t cap_tok)
{
	forget_graphs(d);
	gpu_state_shape(&d->state, n_seq, cap_tok);
}

/* --- steps ------------------------------------------------------------------------------------ */

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

void serve_device_warm(serve_device *d, size_t most, size_t longest)
{
	for (size_t i = 0; i < STEP_MAX_ROWS; i++) {
		d->rows[i] = 1;
		d->rows[STEP_MAX_ROWS + i] = d->rows[2 * STEP_MAX_ROWS + i] = 0;
		d->rows[3 * STEP_MAX_ROWS + i] = 0;
	}
	for (size_t n = 1; n <= most; n++) {
		serve_device_rows(d, n);
		for (size_t tok = 1; tok <= longest; tok++) {
			tok = gpu_step_class(n, tok);
			CUDA_TRY(cudaGraphLaunch(serve_device_graph(d, n, tok), d->stream));
			CUDA_TRY(cudaStreamSynchronize(d->stream));
		}
	}
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

size_t serve_device_running(serve_device *d, const serve_batch &b, step_log *log)
{
	size_t longest = 0;

	for (size_t i = 0; i < b.running.size(); i++) {
		const served &r = (*b.requests)[b.running[i]];
		size_t at = r.prompt_tok + r.tokens.size() - 1; /* of the token computed now */

		d->rows[i] = r.tokens.back();
		d->rows[STEP_MAX_ROWS + i] = d->rows[2 * STEP_MAX_ROWS + i] = (uint32_t)at;
		d->rows[3 * STEP_MAX_ROWS + i] = (uint32_t)r.place;
		longest = std::max(longest, at + 1);
		log->context_tok += at + 1;
	}
	log->rows = b.running.size();
	serve_device_rows(d, log->rows);
	return longest;
}
