/*
 * Every GPU kernel against the C truth: random data, outputs poisoned with NaN before each run,
 * lengths that are no multiple of a tile. Error is |out - truth| / |truth| (2-norm).
 */
#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>
#include <vector>

#include "kernels-ref/cuda/cuda_common.cuh"
#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/cuda/packed_rows.cuh"
#include "kernels-ref/cuda/prompt_store.cuh"
#include "kernels-ref/ref/num.h"
#include "kernels-ref/cuda/sparse_attn.cuh"
#include "kernels-ref/measure/verify.cuh"

struct tally {
	int done, failed;
};

static double relative_error(const float *out, const float *truth, size_t n)
{
	double d = 0.0, t = 0.0;

	for (size_t i = 0; i < n; i++) {
		double e = (double)out[i] - (double)truth[i];

		d += e * e;
		t += (double)truth[i] * (double)truth[i];
	}
	return sqrt(d / t);
}

static void judge(tally *t, const char *what, double error, double limit)
{
	bool good = error <= limit; /* NaN fails */

	t->done++;
	t->failed += !good;
	printf("%-58s %9.2e  limit %.0e  %s\n", what, error, limit, good ? "ok" : "FAILED");
	fflush(stdout);
}

static void poison(void *p, size_t bytes)
{
	CUDA_TRY(cudaMemset(p, 0xff, bytes));
}

template <class T> static std::vector<T> download(const T *from, size_t n)
{
	std::vector<T> v(n);

	CUDA_TRY(cudaDeviceSynchronize());
	CUDA_TRY(cudaMemcpy(v.data(), from, n * sizeof(T), cudaMemcpyDeviceToHost));
	return v;
}

template <class T> static T *upload(const std::vector<T> &v)
{
	T *to = device_alloc<T>(v.size());

	CUDA_TRY(cudaMemcpy(to, v.data(), v.size() * sizeof(T), cudaMemcpyHostToDevice));
	return to;
}

/* --- the Llama step ----------------------------------------------------------------------------
 */

static uint32_t token_of(size_t seq, size_t pos, size_t vocab)
{
	return (uint32_t)(rand_bits(77 + seq, pos) % vocab);
}

/* Logits [seq][vocab] after @steps tokens of each of @n sequences, threads over sequences. */
static std::vector<float> truth_decode(const llama_model *m, size_t n, size_t steps)
{
	size_t vocab = m->shape.vocab, n_threads = std::thread::hardware_concurrency();
	std::vector<float> logits(n * vocab);
	std::vector<std::thread> pool;

	auto work = [&](size_t first) {
		for (size_t s = first; s < n; s += n_threads) {
			llama_kv *kv = llama_kv_create(&m->shape, steps);
			llama_run run = {};

			run.path = LLAMA_W8A16;
			for (size_t i = 0; i < steps; i++) {
				uint32_t token = token_of(s, i, vocab);

				llama_step(logits.data() + s * vocab, m, kv, &token, 1, &run, NULL);
			}
			llama_kv_destroy(kv);
		}
	};
	for (size_t i = 0; i < n_threads; i++)
		pool.emplace_back(work, i);
	for (std::thread &t : pool)
		t.join();
	return logits;
}

static std::vector<float> gpu_decode(const gpu_llama *m, gpu_state *s, size_t n, size_t steps)
{
	std::vector<uint32_t> token(n), pos(n), seq(n);

	poison(s->x, STEP_MAX_ROWS * m->shape.hidden * sizeof(float));
	poison(s->xn, STEP_MAX_ROWS * m->shape.hidden * sizeof(half));
	poison(s->q, STEP_MAX_ROWS * m->shape.hidden * sizeof(half));
	poison(s->att, STEP_MAX_ROWS * m->shape.hidden * sizeof(half));
	poison(s->act, STEP_MAX_ROWS * m->shape.ffn * sizeof(half));
	poison(s->logits, STEP_MAX_ROWS * m->shape.vocab * sizeof(float));
	poison(s->k, m->shape.n_layers * m->shape.hidden * s->n_seq * s->cap_tok * sizeof(half));
	poison(s->v, m->shape.n_layers * m->shape.hidden * s->n_seq * s->cap_tok * sizeof(half));
	for (size_t i = 0; i < steps; i++) {
		for (size_t r = 0; r < n; r++) {
			token[r] = token_of(r, i, m->shape.vocab);
			pos[r] = (uint32_t)i;
			seq[r] = (uint32_t)r;
		}
		gpu_state_rows(s, n, token.data(), pos.data(), pos.data(), seq.data());
		gpu_step(m, s, n, i + 1, 0);
		CUDA_TRY(cudaDeviceSynchronize());
	}
	return download(s->logits, n * m->shape.vocab);
}

/* Decode of @n rows in each way that there is. */
static void verify_rows(tally *t, const gpu_llama *m, gpu_state *s, size_t n, size_t steps,
	const std::vector<float> &truth)
{
	const llama_shape *shape = &m->shape;
	bool have = s->warpgroups, few = n <= STEP_FEW_ROWS, wide = have && n > 16;
	char what[120];

	for (int way = 0; way < (few || wide ? STEP_WAYS : 1); way++) {
		if (few)
			s->way[n] = (enum step_way)way;
		s->warpgroups = have && way == 0;
		std::vector<float> out = gpu_decode(m, s, n, steps);

		snprintf(what, sizeof(what), "decode %s, %zu rows%s, %zu steps", shape->name, n,
			way == 0 ? ""
			: few    ? " by kernels"
				 : " without warpgroups",
			steps);
		judge(t, what, relative_error(out.data(), truth.data(), n * shape->vocab), 5e-3);
	}
	s->warpgroups = have;
}

static void verify_decode(tally *t, const llama_shape *shape, size_t steps)
{
	llama_model *host = llama_create_random(shape, 3, shape->n_layers);
	std::vector<float> truth = truth_decode(host, STEP_MAX_ROWS, steps);
	gpu_llama m, made;
	gpu_state s;
	char what[120];

	gpu_llama_upload(&m, host, GPU_PACKED, 4096);
	gpu_llama_create(&made, shape, 3, GPU_PACKED, 4096);
	gpu_state_create(&s, shape, STEP_MAX_ROWS * steps);
	gpu_state_shape(&s, STEP_MAX_ROWS, steps);
	for (size_t n : {1, 5, 8, 9, 16, 17, 33, 64})
		verify_rows(t, &m, &s, n, steps, truth);
	std::vector<float> a = gpu_decode(&m, &s, 3, steps), b = gpu_decode(&made, &s, 3, steps);

	snprintf(what, sizeof(what), "decode %s, weights made on the device", shape->name);
	judge(t, what, relative_error(b.data(), a.data(), a.size()), 1e-3);
	gpu_state_destroy(&s);
	gpu_llama_destroy(&m);
	gpu_llama_destroy(&made);
	llama_destroy(host);
}

/* Rows whose contexts differ, so that the longest are dealt out (row_attn.cuh): every way of few
 * rows against the kernels a layer with a block a context, over a cache of random numbers. */
static void verify_uneven(tally *t, const llama_shape *shape, size_t n)
{
	gpu_llama m;
	gpu_state s;
	std::vector<uint32_t> token(n), pos(n), seq(n);
	std::vector<float> plain;
	char what[120];

	gpu_llama_create(&m, shape, 3, GPU_PACKED, 2048);
	gpu_state_create(&s, shape, n * 1024);
	gpu_state_shape(&s, n, 1024);
	for (size_t i = 0; i < n; i++) {
		token[i] = token_of(i, 0, shape->vocab);
		pos[i] = (uint32_t)(i == n / 2 ? 999 : 10 + 50 * i);
		seq[i] = (uint32_t)i;
	}
	for (int way = STEP_WAYS; way-- > 0;) {
		s.spread = !plain.empty();
		s.way[n] = (enum step_way)way;
		gpu_state_rows(&s, n, token.data(), pos.data(), pos.data(), seq.data());
		poison(s.logits, n * shape->vocab * sizeof(float));
		gpu_step(&m, &s, n, 1000, 0);
		CUDA_TRY(cudaDeviceSynchronize());
		std::vector<float> out = download(s.logits, n * shape->vocab);

		if (plain.empty()) {
			plain = out;
			continue;
		}
		snprintf(what, sizeof(what), "decode of %zu rows, one far longer, way %d", n, way);
		judge(t, what, relative_error(out.data(), plain.data(), out.size()), 2e-3);
	}
	gpu_state_destroy(&s);
	gpu_llama_destroy(&m);
}

/* @n tokens after @context, in one prefill and as rows of one step, against the truth. */
static void verify_prefill(tally *t, const llama_model *host, const gpu_llama *m, gpu_state *s,
	size_t context, size_t n)
{
	const llama_shape *shape = &host->shape;
	llama_kv *kv = llama_kv_create(shape, context + n);
	llama_run w8a8 = {};
	std::vector<uint32_t> tokens(context + n), pos(n), cached(n), seq(n);
	std::vector<float> truth(shape->vocab);
	gpu_prefill *p = gpu_prefill_create(shape, context > n ? context : n);
	char what[120];
	uint32_t *device_tokens;

	w8a8.path = LLAMA_W8A8;
	for (size_t i = 0; i < context + n; i++)
		tokens[i] = token_of(900, i, shape->vocab);
	if (context)
		llama_step(truth.data(), host, kv, tokens.data(), context, &w8a8, NULL);
	llama_step(truth.data(), host, kv, tokens.data() + context, n, &w8a8, NULL);
	llama_kv_destroy(kv);

	device_tokens = upload(tokens);
	gpu_state_shape(s, 1, context + n + 3);
	poison(s->k, shape->n_layers * shape->hidden * s->cap_tok * sizeof(half));
	poison(s->v, shape->n_layers * shape->hidden * s->cap_tok * sizeof(half));
	if (context) {
		gpu_prefill_tune(p, m, context);
		gpu_prefill_run(p, m, s, device_tokens, context, 0, 0);
	}
	poison(s->logits, shape->vocab * sizeof(float));
	gpu_prefill_tune(p, m, n);
	gpu_prefill_run(p, m, s, device_tokens + context, n, context, 0);
	std::vector<float> out = download(s->logits, shape->vocab);
	snprintf(what, sizeof(what), "prefill %s, %zu tokens after %zu", shape->name, n, context);
	/* A rounding that falls the other way moves an int8 by a step, and the next layers' by
	 * more: two right answers differ by the quantisation noise itself, about 3 %. */
	judge(t, what, relative_error(out.data(), truth.data(), out.size()), 6e-2);

	if (n <= STEP_MAX_ROWS) {
		for (size_t i = 0; i < n; i++) {
			pos[i] = (uint32_t)(context + i);
			cached[i] = (uint32_t)context;
			seq[i] = 0;
		}
		gpu_state_rows(
			s, n, tokens.data() + context, pos.data(), cached.data(), seq.data());
		poison(s->logits, n * shape->vocab * sizeof(float));
		gpu_step(m, s, n, context + n, 0);
		out = download(s->logits + (n - 1) * shape->vocab, shape->vocab);
		snprintf(what, sizeof(what),
			"%zu rows of one sequence after %zu, W8A16 (W8A8 truth)", n, context);
		judge(t, what, relative_error(out.data(), truth.data(), out.size()), 6e-2);
	}
	CUDA_TRY(cudaFree(device_tokens));
	gpu_prefill_destroy(p);
}

/* Prompts in one prefill, each in a sequence of its own and one behind a context, against the
 * same one by one; and the greedy token of each. */
static void verify_prompts(tally *t, const gpu_llama *m, gpu_state *s)
{
	static const gpu_prompt all[] = {{2, 37, 0}, {0, 150, 0}, {3, 1, 20}, {1, 64, 0}};
	const size_t n_all = 4, cap = 160, vocab = m->shape.vocab,
		     kv = m->shape.n_layers * m->shape.hidden * n_all * cap;
	gpu_prefill *p = gpu_prefill_create(&m->shape, 512);
	std::vector<uint32_t> tokens, before(20);
	std::vector<float> truth, out, keys;
	uint32_t *device_tokens, *device_before, *greedy = device_alloc<uint32_t>(n_all);
	size_t at = 0;

	for (size_t i = 0; i < n_all; i++)
		for (size_t k = 0; k < all[i].n; k++)
			tokens.push_back(token_of(700 + i, k, vocab));
	for (size_t k = 0; k < before.size(); k++)
		before[k] = token_of(800, k, vocab);
	device_tokens = upload(tokens);
	device_before = upload(before);
	gpu_state_shape(s, n_all, cap);
	gpu_prefill_tune(p, m, 512);
	for (bool together : {false, true}) {
		gpu_prompt context = {3, 20, 0};

		poison(s->k, kv * sizeof(half));
		poison(s->v, kv * sizeof(half));
		gpu_prefill_prompts(p, m, s, device_before, &context, 1, 0);
		poison(s->logits, STEP_MAX_ROWS * vocab * sizeof(float));
		at = 0;
		for (size_t i = 0; i < n_all && !together; at += all[i++].n) {
			gpu_prefill_prompts(p, m, s, device_tokens + at, &all[i], 1, 0);
			std::vector<float> one = download(s->logits, vocab);
			truth.insert(truth.end(), one.begin(), one.end());
		}
		if (together)
			gpu_prefill_prompts(p, m, s, device_tokens, all, n_all, 0);
	}
	out = download(s->logits, n_all * vocab);
	judge(t, "prefill of four prompts, one behind a context, against one by one",
		relative_error(out.data(), truth.data(), out.size()), 1e-5);
	gpu_greedy(m, s, n_all, greedy, 0);
	std::vector<uint32_t> token = download(greedy, n_all);
	double wrong = 0.0;
	for (size_t i = 0; i < n_all; i++)
		wrong += token[i] != (uint32_t)(std::max_element(out.begin() + i * vocab,
							out.begin() + (i + 1) * vocab) -
						(out.begin() + i * vocab));
	judge(t, "greedy tokens", wrong, 0.5);
	CUDA_TRY(cudaFree(device_tokens));
	CUDA_TRY(cudaFree(device_before));
	CUDA_TRY(cudaFree(greedy));
	gpu_prefill_destroy(p);
}

/* One more token of sequence @seq, which has @n. */
static std::vector<float> next_logits(const gpu_llama *m, gpu_state *s, size_t seq, size_t n)
{
	uint32_t token = token_of(1000, n, m->shape.vocab), pos = (uint32_t)n,
		 which = (uint32_t)seq;

	poison(s->logits, m->shape.vocab * sizeof(float));
	gpu_state_rows(s, 1, &token, &pos, &pos, &which);
	gpu_step(m, s, 1, n + 1, 0);
	return download(s->logits, m->shape.vocab);
}

/* A prompt's keys and values to another cache of another layout, layer by layer as they are stored
 * and in pieces: the next token is as where it was computed. */
static void verify_kv_copy(tally *t, const gpu_llama *m, gpu_state *s)
{
	const size_t n = 83, cut = 48, kv = m->shape.n_layers * m->shape.hidden * 3 * 110;
	gpu_prefill *p = gpu_prefill_create(&m->shape, n);
	gpu_prompt prompt = {3, n, 0};
	gpu_mix mix = {0, 0, &prompt, 1};
	std::vector<uint32_t> tokens;
	gpu_state other;

	for (size_t i = 0; i < n; i++)
		tokens.push_back(token_of(1000, i, m->shape.vocab));
	uint32_t *device_tokens = upload(tokens);
	gpu_state_create(&other, &m->shape, 3 * 110);
	gpu_state_shape(&other, 3, 110);
	gpu_state_shape(s, 4, 100);
	poison(other.k, kv * sizeof(half));
	poison(other.v, kv * sizeof(half));
	gpu_prefill_tune(p, m, n);
	mix.stored = [&](size_t l) {
		for (kv_extent what : {kv_extent{1, 0, cut}, kv_extent{1, cut, n - cut}})
			gpu_kv_copy(&m->shape, &other, {l, 1}, s, {l, 3}, what, 0);
	};
	gpu_mixed_step(p, m, s, device_tokens, mix, 0);
	std::vector<float> here = next_logits(m, s, 3, n), there = next_logits(m, &other, 1, n);
	judge(t, "keys and values moved to another cache, the next step",
		relative_error(there.data(), here.data(), here.size()),
		1e-3); /* sums in another order */
	CUDA_TRY(cudaFree(device_tokens));
	gpu_state_destroy(&other);
	gpu_prefill_destroy(p);
}

/* --- a step of rows and prompts ------------------------------------------------------------- */

/* Twelve sequences, by how much of each is cached before. */
static const size_t mixed_context[] = {5, 40, 130, 0, 64, 20, 7, 1, 3, 11, 2, 9};
#define MIXED_SEQS 12
#define MIXED_CAP 160

/* One row of each of @seqs behind @done tokens more than it had, and prompts. */
struct mixed_step {
	std::vector<uint32_t> seqs;
	size_t done;
	std::vector<gpu_prompt> prompts;
};

struct mixed_run {
	const gpu_llama *m;
	gpu_state *s;
	gpu_prefill *p;
};

static std::vector<float> gpu_mixed(const mixed_run *r, const mixed_step &step)
{
	size_t n = step.seqs.size(), vocab = r->m->shape.vocab;
	std::vector<uint32_t> tokens, pos;
	gpu_mix x = {n, 0, step.prompts.data(), step.prompts.size()};
	uint32_t *device_tokens;

	for (uint32_t q : step.seqs) {
		pos.push_back((uint32_t)(mixed_context[q] + step.done));
		tokens.push_back(token_of(600 + q, pos.back(), vocab));
		x.max_tok = std::max(x.max_tok, (size_t)pos.back() + 1);
	}
	for (const gpu_prompt &q : step.prompts)
		for (size_t k = 0; k < q.n; k++)
			tokens.push_back(token_of(600 + q.seq, q.context + k, vocab));
	device_tokens = upload(tokens);
	if (n > 0)
		gpu_state_rows(r->s, n, tokens.data(), pos.data(), pos.data(), step.seqs.data());
	poison(r->s->logits, STEP_MAX_ROWS * vocab * sizeof(float));
	n = gpu_mixed_step(r->p, r->m, r->s, device_tokens, x, 0);
	std::vector<float> out = download(r->s->logits, n * vocab);
	CUDA_TRY(cudaFree(device_tokens));
	return out;
}

/* The caches as they are before the first step. */
static void mixed_prepare(const mixed_run *r)
{
	size_t kv = r->m->shape.n_layers * r->m->shape.hidden * MIXED_SEQS * MIXED_CAP;
	mixed_step before = {{}, 0, {}};

	gpu_state_shape(r->s, MIXED_SEQS, MIXED_CAP);
	poison(r->s->k, kv * sizeof(half));
	poison(r->s->v, kv * sizeof(half));
	for (size_t q = 0; q < MIXED_SEQS; q++)
		if (mixed_context[q] > 0)
			before.prompts.push_back({q, mixed_context[q], 0, true});
	gpu_mixed(r, before);
}

/* Logits of sequence @q after its @pieces, one after another. */
static void add_truth(std::vector<float> *all, const llama_model *host, size_t q,
	const std::vector<size_t> &pieces)
{
	llama_kv *kv = llama_kv_create(&host->shape, MIXED_CAP);
	std::vector<float> logits(host->shape.vocab);
	llama_run run = {};

	run.path = LLAMA_W8A8;
	for (size_t n : pieces) {
		std::vector<uint32_t> tokens;

		for (size_t i = 0; i < n; i++)
			tokens.push_back(token_of(600 + q, kv->n_tok + i, host->shape.vocab));
		if (n > 0)
			llama_step(logits.data(), host, kv, tokens.data(), n, &run, NULL);
	}
	llama_kv_destroy(kv);
	all->insert(all->end(), logits.begin(), logits.end());
}

static double error_of(const std::vector<float> &out, const std::vector<float> &truth)
{
	return out.size() == truth.size() ? relative_error(out.data(), truth.data(), out.size())
					  : HUGE_VAL;
}

/* Two steps: nine rows, a prompt, a chunk behind 64 and one token behind 20; the rows again and
 * the end of the chunk's prompt. */
static void verify_mixed(tally *t, const llama_model *host, const gpu_llama *m, gpu_state *s)
{
	mixed_run r = {m, s, gpu_prefill_create(&m->shape, 512)};
	const mixed_step first = {{2, 0, 11, 1, 6, 7, 8, 9, 10}, 0,
				 {{3, 37, 0}, {4, 50, 64, true}, {5, 1, 20}}},
			 second = {first.seqs, 1, {{4, 10, 114}}}, rows = {first.seqs, 0, {}},
			 prompts = {{}, 0, first.prompts};
	std::vector<float> truth, apart;

	gpu_prefill_tune(r.p, m, 512);
	for (uint32_t q : first.seqs)
		add_truth(&truth, host, q, {mixed_context[q], 1});
	add_truth(&truth, host, 3, {37});
	add_truth(&truth, host, 5, {20, 1});
	mixed_prepare(&r);
	std::vector<float> together = gpu_mixed(&r, first);
	judge(t, "nine rows, a prompt and two chunks in one step", error_of(together, truth), 6e-2);
	truth.clear();
	for (uint32_t q : first.seqs)
		add_truth(&truth, host, q, {mixed_context[q], 1, 1});
	add_truth(&truth, host, 4, {64, 50, 10});
	judge(t, "  the next step, which ends the cut prompt",
		error_of(gpu_mixed(&r, second), truth), 6e-2);
	mixed_prepare(&r);
	apart = gpu_mixed(&r, rows);
	for (float x : gpu_mixed(&r, prompts))
		apart.push_back(x);
	judge(t, "  against its rows and its prompts in steps of their own",
		error_of(together, apart), 1e-5);
	gpu_prefill_destroy(r.p);
}

static const llama_shape shape_two_heads = {"2x256", 256, 704, 2, 2, 2, 128, 520, 1e4, 1e-5};

/* A prompt behind @context cached tokens under DAS's mask, against the truth under its own; and
 * under a mask that keeps all, against none. */
static void verify_sparse_prefill(tally *t, const llama_model *host, const gpu_llama *m,
	gpu_state *s, size_t context, size_t n)
{
	const llama_shape *shape = &host->shape;
	llama_kv *kv = llama_kv_create(shape, context + n);
	gpu_prefill *p = gpu_prefill_create(shape, context + n);
	const gpu_das sparse = {-1.0f, 0.5f, -HUGE_VALF}, all = {-1.0f, 1.0f, -HUGE_VALF};
	das_params params = das_params_default();
	llama_run run = {};
	std::vector<uint32_t> tokens(context + n);
	std::vector<float> truth(shape->vocab), out[3];
	char what[120];

	params.theta = sparse.theta;
	params.tau = sparse.tau;
	params.lambda_nats = -HUGE_VAL;
	run.path = LLAMA_W8A8;
	for (size_t i = 0; i < context + n; i++)
		tokens[i] = token_of(901, i, shape->vocab);
	if (context)
		llama_step(truth.data(), host, kv, tokens.data(), context, &run, NULL);
	run.das = &params;
	llama_step(truth.data(), host, kv, tokens.data() + context, n, &run, NULL);
	llama_kv_destroy(kv);

	uint32_t *device_tokens = upload(tokens);

	gpu_state_shape(s, 1, context + n + 3);
	gpu_prefill_tune(p, m, context + n);
	if (context)
		gpu_prefill_run(p, m, s, device_tokens, context, 0, 0);
	for (int i = 0; i < 3; i++) {
		gpu_prefill_sparse(p, i == 0 ? &sparse : i == 1 ? &all : NULL);
		poison(s->logits, shape->vocab * sizeof(float));
		gpu_prefill_run(p, m, s, device_tokens + context, n, context, 0);
		out[i] = download(s->logits, shape->vocab);
	}
	snprintf(what, sizeof(what), "prefill %s under a mask, %zu tokens after %zu", shape->name,
		n, context);
	judge(t, what, relative_error(out[0].data(), truth.data(), truth.size()), 6e-2);
	judge(t, "  a mask that keeps all, against none",
		relative_error(out[1].data(), out[2].data(), truth.size()), 1e-6);
	double sparse_off = relative_error(out[0].data(), out[2].data(), truth.size());
	judge(t, "  a mask that does not changes something", sparse_off > 0.1 ? 0.0 : 1.0, 0.5);
	CUDA_TRY(cudaFree(device_tokens));
	gpu_prefill_destroy(p);
}

/* --- a linear layer -----------------------------------------------------------------------------
 */

/* x += w in scale for every row; and the rows' sums of squares of that. */
static std::vector<float> truth_linear(
	std::vector<float> *x, const gpu_matrix *m, const std::vector<half> &in, size_t n)
{
	std::vector<int8_t> w = download(m->natural, m->rows * m->cols);
	std::vector<float> scale = download(m->scale, m->rows), squares(n);

	for (size_t r = 0; r < n; r++) {
		double square = 0.0;

		for (size_t o = 0; o < m->rows; o++) {
			double sum = 0.0;

			for (size_t c = 0; c < m->cols; c++)
				sum += (double)w[o * m->cols + c] *
				       (double)__half2float(in[packed_index(n, r, c)]);
			sum = (double)(*x)[r * m->rows + o] + sum * (double)scale[o];
			(*x)[r * m->rows + o] = (float)sum;
			square += sum * sum;
		}
		squares[r] = (float)square;
	}
	return squares;
}

/* One layer of @n rows on top of a residual: so many inputs that they come round in the ring, and
 * blocks of odd numbers of tiles. */
static void verify_linear(tally *t, size_t outputs, size_t inputs, size_t n)
{
	gpu_matrix m = gpu_matrix_random(outputs, inputs, 5, false, GPU_PACKED | GPU_NATURAL);
	llama_shape shape = shape_two_heads;
	std::vector<half> in(n * inputs), gain(outputs, __float2half(1.0f));
	std::vector<float> x(n * outputs), squares;
	gpu_state s;
	char what[120];

	shape.hidden = outputs;
	gpu_state_create(&s, &shape, 16);
	for (size_t i = 0; i < in.size(); i++)
		in[i] = __float2half((float)rand_normal(40, i));
	for (size_t i = 0; i < x.size(); i++)
		x[i] = (float)rand_normal(41, i);
	half *on_device = upload(in), *gains = upload(gain);

	CUDA_TRY(cudaMemcpy(s.x, x.data(), x.size() * sizeof(float), cudaMemcpyHostToDevice));
	CUDA_TRY(cudaMemset(s.sumsq, 0, STEP_MAX_ROWS * sizeof(float)));
	gpu_linear(&m, gains, on_device, &s, n, 0);
	squares = truth_linear(&x, &m, in, n);
	std::vector<float> out = download(s.x, x.size());

	snprintf(what, sizeof(what), "linear layer %zu x %zu, %zu rows", outputs, inputs, n);
	judge(t, what, relative_error(out.data(), x.data(), x.size()), 1e-5);
	out = download(s.sumsq, n);
	judge(t, "  its sums of squares", relative_error(out.data(), squares.data(), n), 1e-5);
	CUDA_TRY(cudaFree(on_device));
	CUDA_TRY(cudaFree(gains));
	gpu_state_destroy(&s);
	gpu_matrix_destroy(&m);
}

static void verify_prefills(tally *t, bool few)
{
	const llama_shape *shape = &shape_two_heads;
	llama_model *host = llama_create_random(shape, 5, shape->n_layers);
	gpu_llama m;
	gpu_state s;

	gpu_llama_upload(&m, host, GPU_PACKED | GPU_NATURAL, 4096);
	gpu_state_create(&s, shape, MIXED_SEQS * MIXED_CAP);
	verify_prefill(t, host, &m, &s, 0, 1);
	verify_prefill(t, host, &m, &s, 70, 7);
	verify_prefill(t, host, &m, &s, 33, 129);
	verify_sparse_prefill(t, host, &m, &s, 0, 300);
	verify_sparse_prefill(t, host, &m, &s, 70, 257);
	verify_prompts(t, &m, &s);
	verify_kv_copy(t, &m, &s);
	verify_mixed(t, host, &m, &s);
	if (!few)
		for (size_t n : {1, 7, 64, 300})
			for (size_t context : {0, 70, 257})
				verify_prefill(t, host, &m, &s, context, n);
	gpu_state_destroy(&s);
	gpu_llama_destroy(&m);
	llama_destroy(host);
}

/* --- attention
 * ------------------------------------------------------------------------------------ */

struct attn_case {
	attn_shape shape;
	std::vector<float> q, k, v; /* exactly representable as halves */
	half *gq, *gk, *gv, *gout;
};

/* Keys with structure, so that blocks differ: a slow drift along the sequence plus noise. */
static std::vector<float> structured(size_t heads, size_t n, uint64_t seed, double drift)
{
	std::vector<float> x(heads * n * 128);

	for (size_t h = 0; h < heads; h++)
		for (size_t i = 0; i < n; i++)
			for (size_t d = 0; d < 128; d++) {
				double slow = drift *
					      rand_normal(seed + 1, (h * 1000 + i / 150) * 128 + d);
				double v = slow + rand_normal(seed, (h * n + i) * 128 + d);

				x[(h * n + i) * 128 + d] = half_to_float(half_from_float((float)v));
			}
	return x;
}

static half *upload_halves(const std::vector<float> &x)
{
	std::vector<half> h(x.size());

	for (size_t i = 0; i < x.size(); i++)
		h[i] = __float2half(x[i]);
	return upload(h);
}

static attn_case attn_case_create(size_t heads, size_t n_q, size_t n_k, bool causal, double drift)
{
	attn_case c = {};

	c.shape = {heads, heads, n_q, n_k, 128, causal, 0.0};
	c.q = structured(heads, n_q, 11, drift);
	c.k = structured(heads, n_k, drift > 0.0 ? 11 : 21, drift);
	c.v = structured(heads, n_k, 31, 0.0);
	c.gq = upload_halves(c.q);
	c.gk = upload_halves(c.k);
	c.gv = upload_halves(c.v);
	c.gout = device_alloc<half>(c.q.size());
	return c;
}

static void attn_case_destroy(attn_case *c)
{
	CUDA_TRY(cudaFree(c->gq));
	CUDA_TRY(cudaFree(c->gk));
	CUDA_TRY(cudaFree(c->gv));
	CUDA_TRY(cudaFree(c->gout));
}

static attn_in attn_case_in(const attn_case *c)
{
	attn_in in = {};

	in.q = c->gq;
	in.k = c->gk;
	in.v = c->gv;
	in.out = c->gout;
	in.q_tok = in.out_tok = 128;
	in.q_head = in.out_head = c->shape.n_q_tok * 128;
	in.kv_head = c->shape.n_k_tok * 128;
	in.heads = (unsigned)c->shape.n_heads;
	in.n_q = (unsigned)c->shape.n_q_tok;
	in.n_k = (unsigned)c->shape.n_k_tok;
	in.causal = c->shape.causal;
	in.scale = (float)attn_scale(&c->shape);
	in.lambda_nats = -HUGE_VALF;
	return in;
}

typedef void attn_fn(const attn_in &, cudaStream_t);

static void attn_check(tally *t, const attn_case *c, const attn_in &in, attn_fn *run,
	const std::vector<float> &truth, const char *what)
{
	poison(c->gout, truth.size() * sizeof(half));
	run(in, 0);
	CUDA_TRY(cudaGetLastError());
	std::vector<half> out = download(c->gout, truth.size());
	std::vector<float> f(out.size());

	for (size_t i = 0; i < f.size(); i++)
		f[i] = __half2float(out[i]);
	judge(t, what, relative_error(f.data(), truth.data(), f.size()), 2e-3);
}

static void verify_dense(
	tally *t, attn_fn *run, const char *name, size_t n_q, size_t n_k, bool causal)
{
	attn_case c = attn_case_create(3, n_q, n_k, causal, 0.0);
	std::vector<float> truth(c.q.size());
	char what[120];

	attn_dense(truth.data(), &c.shape, c.q.data(), c.k.data(), c.v.data(), NULL);
	snprintf(what, sizeof(what), "%s dense %zu x %zu%s", name, n_q, n_k,
		causal ? " causal" : "");
	attn_check(t, &c, attn_case_in(&c), run, truth, what);
	attn_case_destroy(&c);
}

static void verify_das(tally *t, attn_fn *run, const char *name, size_t group, size_t n_q,
	size_t n_k, double tau, double lambda, das_denominator denominator)
{
	attn_case c = attn_case_create(2, n_q, n_k, true, 0.6);
	das_params p = das_params_default();
	std::vector<float> truth(c.q.size());
	attn_count count = {};
	attn_in in = attn_case_in(&c);
	unsigned long long *groups = device_alloc<unsigned long long>(2), got[2];
	char what[160];

	p.theta = -1.0;
	p.tau = tau;
	p.group_tok = group;
	p.lambda_nats = lambda;
	p.denominator = denominator;
	p.dense_below_tok = 0;
	das_mask *m = das_mask_create(&c.shape, &p);
	das_predict(m, &c.shape, &p, c.q.data(), c.k.data());
	das_attn(truth.data(), NULL, &c.shape, &p, m, c.q.data(), c.k.data(), c.v.data(), &count);
	std::vector<uint8_t> why(m->why, m->why + m->n_heads * m->n_rows * m->n_cols);
	uint8_t *mask = upload(why);

	in.mask = mask;
	in.lambda_nats = (float)lambda;
	in.sum_all = denominator == DAS_SUM_ALL;
	in.groups = groups;
	in.groups_pv = groups + 1;
	CUDA_TRY(cudaMemset(groups, 0, 2 * sizeof(*groups)));
	snprintf(what, sizeof(what), "%s DAS %zu x %zu, %.0f%% of blocks, lambda %g%s", name, n_q,
		n_k, 100.0 * (double)count.blocks_qk / (double)count.blocks, lambda,
		denominator == DAS_SUM_ALL ? ", all in sum" : "");
	attn_check(t, &c, in, run, truth, what);
	CUDA_TRY(cudaMemcpy(got, groups, sizeof(got), cudaMemcpyDeviceToHost));
	snprintf(what, sizeof(what), "  its groups %llu (truth %llu), with V %llu (truth %llu)",
		got[0], (unsigned long long)count.groups, got[1],
		(unsigned long long)count.groups_pv);
	double off = fabs((double)got[0] - (double)count.groups) +
		     fabs((double)got[1] - (double)count.groups_pv);
	judge(t, what, off / (double)count.groups, 5e-3);
	das_mask_destroy(m);
	CUDA_TRY(cudaFree(mask));
	CUDA_TRY(cudaFree(groups));
	attn_case_destroy(&c);
}

static void verify_attention(tally *t, attn_fn *run, const char *name, size_t group, bool few)
{
	for (size_t n : {1, 64, 127, 129, 300})
		verify_dense(t, run, name, n, n, true);
	verify_dense(t, run, name, 130, 450, false);
	verify_das(t, run, name, group, 500, 500, 0.6, -HUGE_VAL, DAS_SUM_KEPT);
	verify_das(t, run, name, group, 320, 451, 0.98, -1.0, DAS_SUM_ALL);
	verify_das(t, run, name, group, 320, 451, 0.98, -1.0, DAS_SUM_KEPT);
	if (few)
		return;
	for (size_t n : {63, 128, 1000, 2100})
		verify_dense(t, run, name, n, n, true);
	verify_dense(t, run, name, 200, 333, true);
	verify_dense(t, run, name, 1, 777, true);
	for (size_t n : {1024, 1300, 3001}) {
		verify_das(t, run, name, group, n, n, 0.6, -HUGE_VAL, DAS_SUM_KEPT);
		verify_das(t, run, name, group, n, n, 0.95, -2.0, DAS_SUM_KEPT);
	}
	verify_das(t, run, name, group, 700, 1111, 0.98, -1.0, DAS_SUM_ALL);
}

/* --- decode attention
 * --------------------------------------------------------------------------------- */

/* @n rows of as many sequences, the next always @less shorter, over a cache of @cap tokens each. */
static void verify_row_attn(tally *t, size_t n, size_t cap, size_t less)
{
	llama_shape shape = {"3 heads", 384, 704, 1, 3, 3, 128, 520, 1e4, 1e-5};
	gpu_llama m = {};
	gpu_state s;
	std::vector<uint32_t> zero(n), pos(n), seq(n);
	std::vector<float> q = structured(n * 3, 1, 41, 0.0);
	std::vector<float> k = structured(n * 3, cap, 42, 0.0), v = structured(n * 3, cap, 43, 0.0);
	std::vector<float> truth(n * 384), out(n * 384);
	half *dq = upload_halves(q), *dk = upload_halves(k), *dv = upload_halves(v);
	half *natural = device_alloc<half>(n * 384);
	size_t kv_bytes = n * 3 * cap * 128 * sizeof(half);
	char what[120];

	m.shape = shape;
	gpu_state_create(&s, &shape, n * cap);
	gpu_state_shape(&s, n, cap);
	for (size_t i = 0; i < n; i++) {
		size_t tok = less * i < cap ? cap - less * i : i;
		attn_shape one = {3, 3, 1, tok, 128, true, 0.0};

		pos[i] = (uint32_t)one.n_k_tok - 1;
		seq[i] = (uint32_t)i;
		std::vector<float> kk, vv;
		for (size_t h = 0; h < 3; h++) {
			size_t at = (i * 3 + h) * cap * 128;

			kk.insert(kk.end(), k.begin() + at, k.begin() + at + one.n_k_tok * 128);
			vv.insert(vv.end(), v.begin() + at, v.begin() + at + one.n_k_tok * 128);
		}
		attn_dense(truth.data() + i * 384, &one, q.data() + i * 384, kk.data(), vv.data(),
			NULL);
	}
	gpu_state_rows(&s, n, zero.data(), pos.data(), pos.data(), seq.data());
	CUDA_TRY(cudaMemcpy(s.q, dq, n * 384 * sizeof(half), cudaMemcpyDeviceToDevice));
	CUDA_TRY(cudaMemcpy(s.k, dk, kv_bytes, cudaMemcpyDeviceToDevice));
	CUDA_TRY(cudaMemcpy(s.v, dv, kv_bytes, cudaMemcpyDeviceToDevice));
	for (int again = 0; again < 2; again++) { /* the arrival counters must be back at zero */
		poison(s.att, STEP_MAX_ROWS * 384 * sizeof(half));
		gpu_row_attn(&m, &s, 0, n, cap, 0);
		std::vector<half> att = download(s.att, STEP_MAX_ROWS * 384);
		for (size_t i = 0; i < n; i++)
			for (size_t c = 0; c < 384; c++)
				out[i * 384 + c] = __half2float(att[packed_index(n, i, c)]);
		snprintf(what, sizeof(what), "decode attention, %zu rows over up to %zu keys", n,
			cap);
		judge(t, what, relative_error(out.data(), truth.data(), out.size()), 2e-3);
	}
	poison(natural, n * 384 * sizeof(half));
	poison(s.q, n * 384 * sizeof(half));
	gpu_row_attn_of(&m, &s, 0, n, cap, {dq, natural}, 0);
	std::vector<half> att = download(natural, n * 384);
	for (size_t i = 0; i < n * 384; i++)
		out[i] = __half2float(att[i]);
	judge(t, "  row after row", relative_error(out.data(), truth.data(), out.size()), 2e-3);
	gpu_state_destroy(&s);
	CUDA_TRY(cudaFree(natural));
	CUDA_TRY(cudaFree(dq));
	CUDA_TRY(cudaFree(dk));
	CUDA_TRY(cudaFree(dv));
}

/* --- prediction
 * -------------------------------------------------------------------------------------- */

/* What prediction is to come to, and where it is asked for. */
struct predict_case {
	das_mask *truth;
	size_t n; /* bytes of the mask */
	das_predict_in in;
	void *scratch;
};

static predict_case predict_case_create(const attn_shape *shape, double theta, double tau,
	const std::vector<float> &q, const std::vector<float> &k)
{
	das_params params = das_params_default();
	predict_case c = {};
	das_predict_in in = {};

	params.theta = theta;
	params.tau = tau;
	c.truth = das_mask_create(shape, &params);
	das_predict(c.truth, shape, &params, q.data(), k.data());
	c.n = c.truth->n_heads * c.truth->n_rows * c.truth->n_cols;
	in.heads = (unsigned)shape->n_heads;
	in.n_q = (unsigned)shape->n_q_tok;
	in.n_k = (unsigned)shape->n_k_tok;
	in.causal = shape->causal;
	in.scale = (float)attn_scale(shape);
	in.theta = (float)theta;
	in.tau = (float)tau;
	in.mask = device_alloc<uint8_t>(c.n);
	c.in = in;
	c.scratch = device_alloc<char>(das_predict_bytes(in.heads, in.n_q, in.n_k));
	poison(c.scratch, das_predict_bytes(in.heads, in.n_q, in.n_k));
	das_predict_begin(c.scratch, in.heads, in.n_q, in.n_k, 0);
	return c;
}

static void predict_case_destroy(predict_case *c)
{
	das_mask_destroy(c->truth);
	CUDA_TRY(cudaFree(c->in.mask));
	CUDA_TRY(cudaFree(c->scratch));
}

#define PREDICT_CALLS 3 /* the scratch must be ready anew */

/* @predict, some times over. */
template <class F> static void predict_check(tally *t, predict_case *c, const char *name, F predict)
{
	size_t wrong = 0, kept = 0;
	char what[120];

	for (int call = 0; call < PREDICT_CALLS; call++) {
		poison(c->in.mask, c->n);
		predict();
		std::vector<uint8_t> out = download(c->in.mask, c->n);

		kept = 0;
		for (size_t i = 0; i < c->n; i++) {
			wrong += out[i] != c->truth->why[i];
			kept += out[i] != 0;
		}
	}
	snprintf(what, sizeof(what), "%s %u x %u, theta %g, tau %g: %zu of %zu set", name,
		c->in.n_q, c->in.n_k, c->in.theta, c->in.tau, kept, c->n);
	/* A figure that lies on its threshold to rounding may fall either way. */
	judge(t, what, (double)wrong / (double)(PREDICT_CALLS * c->n), 2e-3);
}

static void verify_predict(tally *t, size_t n_q, size_t n_k, double theta, double tau, bool causal)
{
	attn_case c = attn_case_create(3, n_q, n_k, causal, 1.0);
	predict_case p = predict_case_create(&c.shape, theta, tau, c.q, c.k);

	p.in.q = c.gq;
	p.in.k = c.gk;
	p.in.q_tok = 128;
	p.in.q_head = n_q * 128;
	p.in.k_head = n_k * 128;
	predict_check(t, &p, "mask", [&] { das_predict_gpu(p.in, p.scratch, 0); });
	predict_case_destroy(&p);
	attn_case_destroy(&c);
}

/* --- what a prompt's first multiplication leaves ---------------------------------------------- */

#define STORE_HEADS 3
#define STORE_HIDDEN (STORE_HEADS * 128)

/* Sums whose queries and keys change slowly along the prompt, as structured() makes them. */
struct store_case {
	std::vector<int32_t> sums;
	std::vector<float> tok_scale, w_scale;
	std::vector<float2> rope;
	std::vector<float> q, k, v; /* what is to come of it, [head][token][128] */
};

static double store_number(const store_case &c, size_t tok, size_t column)
{
	return (double)c.sums[tok * 3 * STORE_HIDDEN + column] * (double)c.tok_scale[tok] *
	       (double)c.w_scale[column];
}

/* Columns 2 i and 2 i + 1 of one of the three parts, turned. */
static void store_pair(
	const store_case &c, std::vector<float> *to, size_t part, size_t n, size_t tok, size_t pair)
{
	size_t head = pair / 64, i = pair % 64, at = (head * n + tok) * 128 + 2 * i;
	double a = store_number(c, tok, part * STORE_HIDDEN + 2 * pair);
	double b = store_number(c, tok, part * STORE_HIDDEN + 2 * pair + 1);
	float2 turn = part < 2 ? c.rope[tok * 64 + i] : make_float2(1.0f, 0.0f);
	double x = a * (double)turn.x - b * (double)turn.y;
	double y = a * (double)turn.y + b * (double)turn.x;

	(*to)[at] = half_to_float(half_from_float((float)x));
	(*to)[at + 1] = half_to_float(half_from_float((float)y));
}

static store_case store_case_create(size_t n)
{
	store_case c;

	for (size_t tok = 0; tok < n; tok++) {
		c.tok_scale.push_back((float)(0.5 + rand_uniform(51, tok)) * 1e-3f);
		for (size_t i = 0; i < 64; i++) {
			double angle = 1e-3 * (double)tok / (double)(i + 1);

			c.rope.push_back(make_float2((float)cos(angle), (float)sin(angle)));
		}
		for (size_t column = 0; column < 3 * STORE_HIDDEN; column++) {
			double slow =
				rand_normal(52, tok / 150 * STORE_HIDDEN + column % STORE_HIDDEN);
			double x = slow + rand_normal(53, tok * 3 * STORE_HIDDEN + column);

			c.sums.push_back((int32_t)(1000.0 * x / (double)(c.tok_scale[tok] * 1e3f)));
		}
	}
	for (size_t column = 0; column < 3 * STORE_HIDDEN; column++)
		c.w_scale.push_back((float)(0.8 + 0.4 * rand_uniform(54, column)));
	for (std::vector<float> *to : {&c.q, &c.k, &c.v})
		to->resize(n * STORE_HIDDEN);
	for (size_t tok = 0; tok < n; tok++)
		for (size_t pair = 0; pair < STORE_HIDDEN / 2; pair++) {
			store_pair(c, &c.q, 0, n, tok, pair);
			store_pair(c, &c.k, 1, n, tok, pair);
			store_pair(c, &c.v, 2, n, tok, pair);
		}
	return c;
}

/* Queries [token][head], keys or values [head][@cap], as [head][token] of @n. */
static std::vector<float> stored(const half *from, size_t n, size_t cap, bool queries)
{
	std::vector<half> x = download(from, cap * STORE_HIDDEN);
	std::vector<float> out(n * STORE_HIDDEN);

	for (size_t head = 0; head < STORE_HEADS; head++)
		for (size_t tok = 0; tok < n; tok++)
			for (size_t d = 0; d < 128; d++)
				out[(head * n + tok) * 128 + d] =
					__half2float(x[queries ? tok * STORE_HIDDEN + head * 128 + d
							       : (head * cap + tok) * 128 + d]);
	return out;
}

/* The writer of Q, K and V, with and without pooling, and the mask that comes of what it pooled. */
static void verify_store(tally *t, size_t n, double theta, double tau)
{
	size_t cap = n + 5, bytes = cap * STORE_HIDDEN * sizeof(half);
	store_case c = store_case_create(n);
	attn_shape shape = {STORE_HEADS, STORE_HEADS, n, n, 128, true, 0.0};
	predict_case p = predict_case_create(&shape, theta, tau, c.q, c.k);
	int32_t *sums = upload(c.sums);
	float *tok_scale = upload(c.tok_scale), *w_scale = upload(c.w_scale);
	float2 *rope = upload(c.rope);
	half *to[3];
	char what[120];

	for (half *&x : to)
		x = device_alloc<half>(cap * STORE_HIDDEN);
	prompt_store store = {sums, tok_scale, w_scale, rope, to[0], to[1], to[2], STORE_HIDDEN,
		(unsigned)n, 0, cap, NULL, NULL};

	p.in.q = to[0];
	p.in.k = to[1];
	p.in.q_tok = STORE_HIDDEN;
	p.in.q_head = 128;
	p.in.k_head = cap * 128;
	for (bool pool : {false, true}) {
		for (half *x : to)
			poison(x, bytes);
		prompt_store_gpu(store, pool ? p.scratch : NULL, 0);
		snprintf(what, sizeof(what), "queries, keys, values of %zu tokens%s", n,
			pool ? ", pooled" : "");
		double worst = 0.0;

		for (int i = 0; i < 3; i++) {
			const std::vector<float> &truth = i == 0 ? c.q : i == 1 ? c.k : c.v;
			std::vector<float> out = stored(to[i], n, cap, i == 0);
			double error = relative_error(out.data(), truth.data(), out.size());

			worst = error <= worst ? worst : error; /* NaN stays */
		}
		judge(t, what, worst, 2e-4);
	}
	das_predict_pooled(p.in, p.scratch, 0);
	predict_check(t, &p, "mask of what was pooled,", [&] {
		prompt_store_gpu(store, p.scratch, 0);
		das_predict_pooled(p.in, p.scratch, 0);
	});
	predict_check(
		t, &p, "mask of what was written,", [&] { das_predict_gpu(p.in, p.scratch, 0); });
	predict_case_destroy(&p);
	for (void *x : {(void *)sums, (void *)tok_scale, (void *)w_scale, (void *)rope,
		     (void *)to[0], (void *)to[1], (void *)to[2]})
		CUDA_TRY(cudaFree(x));
}

static void verify_predicts(tally *t, bool few)
{
	for (size_t n : few ? std::vector<size_t>{100, 500} : std::vector<size_t>{128, 1024, 5000})
		for (double tau : {0.5, 0.9, 0.98})
			verify_predict(t, n, n, 0.3, tau, true);
	verify_predict(t, 1500, 1500, 0.45, 0.8, true);
	verify_predict(t, 1500, 1500, -1.0, 0.8, false);
	verify_predict(t, 300, 1500, 0.3, 0.8, true);
	verify_predict(t, 1024, 1024, 1.0, 0.5, true);
	verify_predict(t, 1024, 1024, -1.0, 1.0, true);
	for (size_t n : few ? std::vector<size_t>{1, 300, 1500}
			    : std::vector<size_t>{1, 127, 128, 1500, 5000})
		verify_store(t, n, 0.3, 0.8);
}

static void one_layer_of(tally *t, const llama_shape *whole)
{
	llama_shape s = *whole;

	s.n_layers = 1;
	s.vocab = 1000;
	verify_decode(t, &s, 2);
}

static void verify_llama_and_attention(tally *t, enum verify_what what)
{
	bool few = what == VERIFY_FEW;
	unsigned major = device_attribute(cudaDevAttrComputeCapabilityMajor);

	verify_decode(t, &shape_two_heads, few ? 3 : 70);
	for (size_t n : {2, 5, 8})
		verify_uneven(t, &shape_two_heads, n);
	for (size_t n : {1, 8, 9, 16, 17, 32, 33, 64})
		verify_linear(t, 320, 64 * 37, n);
	verify_prefills(t, few);
	verify_attention(t, attn_mma, "mma", 16, few);
	if (major == 9)
		verify_attention(t, attn_wgmma, "wgmma", 64, few);
	else
		printf("wgmma left out: compute capability %u.x\n", major);
	verify_row_attn(t, 1, 777, 37);
	verify_row_attn(t, 3, 130, 37);
	verify_row_attn(t, 11, 500, 37);
	verify_row_attn(t, 21, 1400, 600); /* some have several slots: row_attn.cuh */
	verify_row_attn(t, 2, 900, 880);
	if (what == VERIFY_ALL) {
		one_layer_of(t, &llama_68m);
		one_layer_of(t, &llama_7b);
		one_layer_of(t, &llama_13b);
	}
}

bool verify_all(enum verify_what what)
{
	bool few = what == VERIFY_FEW;
	tally t = {};

	printf("# against the C truth: |out - truth| / |truth|\n");
	if (what != VERIFY_PREDICTION)
		verify_llama_and_attention(&t, what);
	verify_predicts(&t, few || what == VERIFY_PREDICTION);
	printf("%d checks, %d failed\n", t.done, t.failed);
	return t.failed == 0;
}
