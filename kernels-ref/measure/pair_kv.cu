/*
 * Keys and values of a prompt from GPU 0 to GPU 1: are they right, and how long does it take; and
 * messages of a few bytes.
 */
#include <chrono>
#include <cmath>

#include "kernels-ref/measure/harness.cuh"
#include "kernels-ref/measure/pair.cuh"
#include "kernels-ref/measure/serve_batch.cuh"

#define MAX_TOK 4096
#define N_SEQ 2
static const size_t prompt_sizes[] = {128, 256, 512, 1024, 2048, 4096};
static const size_t message_sizes[] = {
	8, 64, 768, 4096, 65536, 1 << 20, 8 << 20, 64 << 20, 256 << 20};

/* A model on GPU 0, and a cache on either, of different layouts. */
struct rig {
	gpu_llama model;
	gpu_prefill *prefill;
	gpu_state from, to;
	cudaStream_t compute, copy; /* of GPU 0 */
	cudaEvent_t began, computed, arrived;
	std::vector<cudaEvent_t> stored; /* by layer */
	uint32_t *tokens;
	kv_ends ends;
};

static cudaEvent_t event_create(void)
{
	cudaEvent_t e;

	CUDA_TRY(cudaEventCreate(&e));
	return e;
}

static double seconds_between(cudaEvent_t from, cudaEvent_t to)
{
	float ms;

	CUDA_TRY(cudaEventElapsedTime(&ms, from, to));
	return (double)ms * 1e-3;
}

static uint32_t *drawn_tokens(const llama_shape *shape, size_t n)
{
	std::vector<uint32_t> token(n);
	uint32_t *to = device_alloc<uint32_t>(n);

	for (size_t i = 0; i < n; i++)
		token[i] = (uint32_t)(device_rand_bits(9, i) % shape->vocab);
	CUDA_TRY(cudaMemcpy(to, token.data(), n * sizeof(uint32_t), cudaMemcpyHostToDevice));
	return to;
}

static void rig_create(rig *r, const llama_shape *shape, size_t tuned_tok, size_t cap)
{
	CUDA_TRY(cudaSetDevice(1));
	gpu_state_create(&r->to, shape, N_SEQ * (cap + 128));
	gpu_state_shape(&r->to, N_SEQ, cap + 128);
	CUDA_TRY(cudaDeviceSynchronize());
	CUDA_TRY(cudaSetDevice(0));
	gpu_llama_create(&r->model, shape, 1, GPU_PACKED | GPU_NATURAL, MAX_TOK);
	gpu_state_create(&r->from, shape, N_SEQ * cap);
	gpu_state_shape(&r->from, N_SEQ, cap);
	r->prefill = gpu_prefill_create(shape, cap);
	gpu_prefill_tune_all(r->prefill, &r->model, tuned_tok);
	CUDA_TRY(cudaStreamCreateWithFlags(&r->compute, cudaStreamNonBlocking));
	CUDA_TRY(cudaStreamCreateWithFlags(&r->copy, cudaStreamNonBlocking));
	r->began = event_create();
	r->computed = event_create();
	r->arrived = event_create();
	for (size_t l = 0; l < shape->n_layers; l++)
		r->stored.push_back(event_create());
	r->tokens = drawn_tokens(shape, cap);
	r->ends = {shape, &r->from, &r->to, 1, 0};
}

static void rig_destroy(rig *r)
{
	for (cudaEvent_t e : r->stored)
		CUDA_TRY(cudaEventDestroy(e));
	for (cudaEvent_t e : {r->began, r->computed, r->arrived})
		CUDA_TRY(cudaEventDestroy(e));
	CUDA_TRY(cudaStreamDestroy(r->compute));
	CUDA_TRY(cudaStreamDestroy(r->copy));
	CUDA_TRY(cudaFree(r->tokens));
	gpu_prefill_destroy(r->prefill);
	gpu_state_destroy(&r->from);
	gpu_llama_destroy(&r->model);
	CUDA_TRY(cudaSetDevice(1));
	gpu_state_destroy(&r->to);
	CUDA_TRY(cudaSetDevice(0));
}

/* --- are they right -----------------------------------------------------------------------------
 */

/* One more token of sequence @seq, which has @tok, on the device in use. */
static std::vector<float> next_logits(const gpu_llama *m, gpu_state *s, size_t seq, size_t tok)
{
	std::vector<float> logits(m->shape.vocab);
	uint32_t token = 7, pos = (uint32_t)tok, which = (uint32_t)seq;

	gpu_state_rows(s, 1, &token, &pos, &pos, &which);
	gpu_step(m, s, 1, tok + 1, 0);
	CUDA_TRY(cudaDeviceSynchronize());
	CUDA_TRY(cudaMemcpy(
		logits.data(), s->logits, logits.size() * sizeof(float), cudaMemcpyDeviceToHost));
	return logits;
}

static void poison_cache(gpu_state *s, const llama_shape *shape)
{
	size_t bytes = shape->n_layers * shape->hidden * s->n_seq * s->cap_tok * sizeof(half);

	CUDA_TRY(cudaMemset(s->k, 0xff, bytes));
	CUDA_TRY(cudaMemset(s->v, 0xff, bytes));
	CUDA_TRY(cudaDeviceSynchronize());
}

static std::vector<uint16_t> cache_of(const llama_shape *shape, const gpu_state *s, bool values)
{
	std::vector<uint16_t> all(shape->n_layers * shape->hidden * s->n_seq * s->cap_tok);

	CUDA_TRY(cudaMemcpy(all.data(), values ? s->v : s->k, all.size() * sizeof(uint16_t),
		cudaMemcpyDeviceToHost));
	return all;
}

/* Halves of the first @tok tokens that are not there as they were sent. */
static size_t halves_that_differ(const rig *r, size_t tok, bool values)
{
	const llama_shape *shape = &r->model.shape;
	std::vector<uint16_t> from = cache_of(shape, &r->from, values),
			      to = cache_of(shape, &r->to, values);
	size_t differ = 0;

	for (size_t l = 0; l < shape->n_layers; l++)
		for (size_t h = 0; h < shape->n_heads; h++) {
			size_t a = gpu_kv_at(shape, &r->from, {l, r->ends.from_seq}, 0) +
				   h * r->from.cap_tok * 128,
			       b = gpu_kv_at(shape, &r->to, {l, r->ends.to_seq}, 0) +
				   h * r->to.cap_tok * 128;

			for (size_t i = 0; i < tok * 128; i++)
				differ += from[a + i] != to[b + i];
		}
	return differ;
}

static double relative_error(const std::vector<float> &a, const std::vector<float> &truth)
{
	double d = 0.0, t = 0.0;

	for (size_t i = 0; i < a.size(); i++) {
		d += ((double)a[i] - (double)truth[i]) * ((double)a[i] - (double)truth[i]);
		t += (double)truth[i] * (double)truth[i];
	}
	return sqrt(d / t);
}

/* The step adds up in an order of its own each time: to 1e-3. */
static bool same_there(rig *r, const gpu_llama *there, enum kv_way way, size_t tok)
{
	std::vector<float> a, b;
	size_t differ;

	CUDA_TRY(cudaSetDevice(1));
	poison_cache(&r->to, &r->model.shape);
	CUDA_TRY(cudaSetDevice(0));
	pair_copy(r->ends, way, tok, r->copy);
	CUDA_TRY(cudaStreamSynchronize(r->copy));
	differ = halves_that_differ(r, tok, false) + halves_that_differ(r, tok, true);
	a = next_logits(&r->model, &r->from, r->ends.from_seq, tok);
	CUDA_TRY(cudaSetDevice(1));
	b = next_logits(there, &r->to, r->ends.to_seq, tok);
	CUDA_TRY(cudaSetDevice(0));
	double error = relative_error(b, a);
	bool good = differ == 0 && error <= 1e-3; /* NaN fails */
	printf("%s, %zu tokens by %s: %zu halves differ, the next token's logits by %.1e: %s\n",
		r->model.shape.name, tok, kv_way_names[way], differ, error, good ? "ok" : "FAILED");
	fflush(stdout);
	return good;
}

bool pair_check(const pair_gpus &p)
{
	gpu_llama there;
	rig r = {};
	bool ok = true;

	rig_create(&r, &llama_68m, 256, 256);
	CUDA_TRY(cudaSetDevice(1));
	gpu_llama_create(&there, &llama_68m, 1, GPU_PACKED, MAX_TOK);
	CUDA_TRY(cudaSetDevice(0));
	for (size_t tok : {1, 83, 200}) {
		gpu_prompt prompt = {r.ends.from_seq, tok, 0};

		gpu_prefill_prompts(r.prefill, &r.model, &r.from, r.tokens, &prompt, 1, r.compute);
		CUDA_TRY(cudaStreamSynchronize(r.compute));
		for (enum kv_way way : {KV_ENGINE, KV_LAYERS, KV_BLOCKS, KV_KERNEL})
			if (way != KV_KERNEL || p.peer)
				ok = same_there(&r, &there, way, tok) && ok;
	}
	CUDA_TRY(cudaSetDevice(1));
	gpu_llama_destroy(&there);
	CUDA_TRY(cudaSetDevice(0));
	rig_destroy(&r);
	return ok;
}

/* --- how long it takes -------------------------------------------------------------------------
 */

/* The GPU's time, and the host's from before the first call until it sees the end. */
struct copy_times {
	timing gpu;
	double host_s;
};

template <class F> static copy_times time_copy(rig *r, F launch, int rounds)
{
	std::vector<double> gpu, host;

	for (int i = -3; i < rounds; i++) {
		auto from = std::chrono::steady_clock::now();

		CUDA_TRY(cudaEventRecord(r->began, r->copy));
		launch();
		CUDA_TRY(cudaEventRecord(r->arrived, r->copy));
		CUDA_TRY(cudaEventSynchronize(r->arrived));
		std::chrono::duration<double> took = std::chrono::steady_clock::now() - from;
		if (i < 0) /* warm by then */
			continue;
		gpu.push_back(seconds_between(r->began, r->arrived));
		host.push_back(took.count());
	}
	return {timing_of(gpu, 1.0), timing_of(host, 1.0).median_s};
}

static void write_times(FILE *to, const copy_times &t)
{
	fprintf(to, "%.4g,%.4g,%.4g,%.4g\n", t.gpu.median_s, t.gpu.p10_s, t.gpu.p90_s, t.host_s);
}

static void write_prompts(FILE *to, rig *r, bool peer)
{
	const llama_shape *shape = &r->model.shape;

	for (size_t tok : prompt_sizes)
		for (int way = 0; way < KV_WAYS; way++) {
			double bytes = (double)(llama_kv_bytes_per_tok(shape) * tok);

			if (way == KV_KERNEL && !peer)
				continue;
			copy_times t = time_copy(
				r, [&] { pair_copy(r->ends, (enum kv_way)way, tok, r->copy); }, 31);
			fprintf(to, "%s,%zu,%s,%.0f,", shape->name, tok, kv_way_names[way], bytes);
			write_times(to, t);
			printf("%s %zu tokens by %s: %.1f us, %.1f GB/s; host %.1f us\n",
				shape->name, tok, kv_way_names[way], t.gpu.median_s * 1e6,
				bytes / t.gpu.median_s * 1e-9, t.host_s * 1e6);
		}
	fflush(stdout);
}

static void write_messages(FILE *to, rig *r)
{
	for (size_t bytes : message_sizes)
		for (bool back : {false, true}) {
			half *a = r->from.k, *b = r->to.k;
			copy_times t = time_copy(
				r,
				[&] {
					CUDA_TRY(cudaMemcpyPeerAsync(back ? a : b, !back,
						back ? b : a, back, bytes, r->copy));
				},
				51);

			fprintf(to, "%d,%d,%zu,", (int)back, (int)!back, bytes);
			write_times(to, t);
			printf("%zu B from %d to %d: %.2f us, %.1f GB/s; host %.1f us\n", bytes,
				back, !back, t.gpu.median_s * 1e6,
				(double)bytes / t.gpu.median_s * 1e-9, t.host_s * 1e6);
		}
	fflush(stdout);
}

/* --- while the prompt is computed --------------------------------------------------------------
 */

enum when { ALONE, AFTER, LAYER_BY_LAYER };
static const char *const when_names[] = {"alone", "after", "layers"};

struct overlap_times {
	double first_s, computed_s, arrived_s; /* the first layer, the prompt, all its KV */
};

static overlap_times one_prompt(rig *r, enum when when, enum kv_way way, size_t tok)
{
	gpu_prompt prompt = {r->ends.from_seq, tok, 0};
	gpu_mix mix = {0, 0, &prompt, 1};

	mix.stored = [&](size_t l) {
		CUDA_TRY(cudaEventRecord(r->stored[l], r->compute));
		if (when != LAYER_BY_LAYER)
			return;
		CUDA_TRY(cudaStreamWaitEvent(r->copy, r->stored[l], 0));
		pair_copy_layer(r->ends, way, l, tok, r->copy);
	};
	CUDA_TRY(cudaEventRecord(r->began, r->compute));
	gpu_mixed_step(r->prefill, &r->model, &r->from, r->tokens, mix, r->compute);
	CUDA_TRY(cudaEventRecord(r->computed, r->compute));
	if (when == AFTER) {
		CUDA_TRY(cudaStreamWaitEvent(r->copy, r->computed, 0));
		pair_copy(r->ends, way, tok, r->copy);
	}
	CUDA_TRY(cudaEventRecord(r->arrived, r->copy));
	CUDA_TRY(cudaStreamSynchronize(r->compute));
	CUDA_TRY(cudaStreamSynchronize(r->copy));
	return {seconds_between(r->began, r->stored[0]), seconds_between(r->began, r->computed),
		when == ALONE ? 0.0 : seconds_between(r->began, r->arrived)};
}

static double median(std::vector<double> v)
{
	return timing_of(v, 1.0).median_s;
}

static void write_overlap(FILE *to, rig *r, enum kv_way way)
{
	for (size_t tok : prompt_sizes)
		for (enum when when : {ALONE, AFTER, LAYER_BY_LAYER}) {
			std::vector<double> first, computed, arrived;

			for (int i = -2; i < 11; i++) {
				overlap_times t = one_prompt(r, when, way, tok);

				if (i < 0)
					continue;
				first.push_back(t.first_s);
				computed.push_back(t.computed_s);
				arrived.push_back(t.arrived_s);
			}
			fprintf(to, "%s,%zu,%s,%s,%.5g,%.5g,%.5g\n", r->model.shape.name, tok,
				kv_way_names[way], when_names[when], median(first),
				median(computed), median(arrived));
			printf("%s prompt of %zu, KV by %s %s: first layer %.3f, computed %.3f, "
			       "there %.3f ms\n",
				r->model.shape.name, tok, kv_way_names[way], when_names[when],
				median(first) * 1e3, median(computed) * 1e3, median(arrived) * 1e3);
		}
	fflush(stdout);
}

/* --- files -------------------------------------------------------------------------------------
 */

static FILE *open_table(const char *dir, const char *name, const char *heading)
{
	FILE *to = open_served(std::string(dir) + "/" + name);

	if (to)
		fprintf(to, "%s\n", heading);
	return to;
}

bool pair_measure_kv(const pair_gpus &p, const char *dir)
{
	FILE *kv = open_table(
		dir, "kv.csv", "model,prompt_tokens,way,bytes,gpu_s,gpu_p10_s,gpu_p90_s,host_s");
	FILE *messages =
		open_table(dir, "messages.csv", "from,to,bytes,gpu_s,gpu_p10_s,gpu_p90_s,host_s");
	FILE *overlap = open_table(dir, "overlap.csv",
		"model,prompt_tokens,way,when,first_layer_s,computed_s,arrived_s");

	if (!kv || !messages || !overlap)
		return false;
	for (const llama_shape *shape : {&llama_7b, &llama_13b}) {
		rig r = {};

		rig_create(&r, shape, MAX_TOK, MAX_TOK);
		write_prompts(kv, &r, p.peer);
		if (shape == &llama_7b)
			write_messages(messages, &r);
		write_overlap(overlap, &r, KV_ENGINE);
		if (p.peer && shape == &llama_7b)
			write_overlap(overlap, &r, KV_KERNEL);
		rig_destroy(&r);
	}
	return (fclose(kv) == 0) & (fclose(messages) == 0) & (fclose(overlap) == 0);
}
