/*
 * A server whose prompts are computed by GPU 0 and whose answers by GPU 1. Three threads: one makes
 * the steps of either GPU, one sends keys and values. Rules as in docs/serving.md, "Phases apart":
 * a place and blocks where it goes on are set aside before anything is sent, for the oldest first;
 * what was computed is held until the last byte has left; KV goes one after the other.
 */
#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/pair.cuh"
#include "kernels-ref/measure/serve_batch.cuh"
#include "kernels-ref/measure/serve_clock.cuh"
#include "kernels-ref/measure/serve_device.cuh"

#define MAX_TOK 4096
#define BLOCK_TOK 16

struct side : serve_device {
	std::vector<served> requests;
	serve_batch batch;
	std::vector<step_log> log;
};

/* What becomes of the keys and values of a request. */
struct kv_trip {
	bool computed, granted, layered;
	double computed_s, granted_s, sent_s, arrived_s, joined_s, gpu_s;
	cudaEvent_t from, to; /* around its copies */
};

struct phases {
	phases_spec spec;
	serve_clock clock;
	side giver, taker;
	size_t next; /* arrival */
	cudaStream_t copy;
	std::vector<cudaEvent_t> stored; /* by layer */
	std::vector<kv_trip> trips;
	std::atomic<size_t> answered;

	std::mutex lock; /* over what follows, and places and blocks of the taker */
	std::deque<size_t> line, to_send, arrived, left;
};

/* --- before the first arrival ------------------------------------------------------------------
 */

static size_t rounded(size_t tok)
{
	return (tok + 127) / 128 * 128;
}

/* @cap tokens in each place, or a message. */
static bool make_cache(side *s, const phases_spec &spec, const char *what, size_t cap)
{
	if (cap * spec.max_batch > serve_device_room_tok(spec.shape)) {
		fprintf(stderr,
			"%s: error: %zu %s of up to %zu tokens need more memory than this "
			"GPU has\n",
			spec.arrivals.c_str(), spec.max_batch, what, cap);
		return false;
	}
	serve_batch_init(&s->batch, &s->requests,
		{spec.max_batch, spec.max_batch * cap / BLOCK_TOK, BLOCK_TOK, MAX_TOK});
	gpu_state_create(&s->state, spec.shape, cap * spec.max_batch);
	if (!s->prefill) /* it decodes */
		tune_steps(&s->model, &s->state, cap * spec.max_batch);
	gpu_state_shape(&s->state, spec.max_batch, cap);
	return true;
}

static bool giver_start(phases *p, size_t longest_prompt)
{
	CUDA_TRY(cudaSetDevice(0));
	serve_device_create(&p->giver, p->spec.shape, MAX_TOK, MAX_TOK);
	gpu_llama_drop(&p->giver.model, GPU_PACKED);
	if (!make_cache(&p->giver, p->spec, "prompts", rounded(longest_prompt + 1)))
		return false;
	CUDA_TRY(cudaStreamCreateWithFlags(&p->copy, cudaStreamNonBlocking));
	for (size_t l = 0; l < p->spec.shape->n_layers; l++) {
		cudaEvent_t e;

		CUDA_TRY(cudaEventCreateWithFlags(&e, cudaEventDisableTiming));
		p->stored.push_back(e);
	}
	for (kv_trip &t : p->trips) {
		CUDA_TRY(cudaEventCreate(&t.from));
		CUDA_TRY(cudaEventCreate(&t.to));
	}
	for (size_t n : {(size_t)16, (size_t)100, longest_prompt}) {
		gpu_prompt one = {0, std::min(n, longest_prompt), 0};

		gpu_prefill_prompts(p->giver.prefill, &p->giver.model, &p->giver.state,
			p->giver.device_prompt, &one, 1, p->giver.stream);
	}
	CUDA_TRY(cudaStreamSynchronize(p->giver.stream));
	return true;
}

static kv_ends ends_of(phases *p, size_t i)
{
	return {p->spec.shape, &p->giver.state, &p->taker.state, p->giver.requests[i].place,
		p->taker.requests[i].place};
}

static bool start(phases *p)
{
	size_t longest_prompt = 0, longest = 0;

	for (const served &r : p->giver.requests) {
		longest_prompt = std::max(longest_prompt, (size_t)r.prompt_tok);
		longest = std::max(longest, (size_t)r.prompt_tok + r.output_tok);
	}
	p->taker.requests = p->giver.requests;
	p->trips.resize(p->giver.requests.size());
	CUDA_TRY(cudaSetDevice(1));
	serve_device_create(&p->taker, p->spec.shape, MAX_TOK, 0);
	if (!make_cache(&p->taker, p->spec, "requests", rounded(longest + 1)))
		return false;
	serve_device_warm(&p->taker, p->spec.max_batch, longest);
	if (!giver_start(p, longest_prompt))
		return false;
	for (int k = 0; k < 3; k++)
		pair_copy(ends_of(p, 0), p->spec.way, longest_prompt, p->copy);
	CUDA_TRY(cudaStreamSynchronize(p->copy));
	return true;
}

static void stop(phases *p)
{
	CUDA_TRY(cudaSetDevice(1));
	serve_device_destroy(&p->taker);
	CUDA_TRY(cudaSetDevice(0));
	for (kv_trip &t : p->trips)
		for (cudaEvent_t e : {t.from, t.to})
			CUDA_TRY(cudaEventDestroy(e));
	for (cudaEvent_t e : p->stored)
		CUDA_TRY(cudaEventDestroy(e));
	CUDA_TRY(cudaStreamDestroy(p->copy));
	serve_device_destroy(&p->giver);
}

/* --- from one to the other ---------------------------------------------------------------------
 */

/* With the lock: those first in line go on where there is a place and blocks for them. */
static void grant(phases *p)
{
	while (!p->line.empty() && serve_batch_reserve(&p->taker.batch, p->line.front())) {
		kv_trip &t = p->trips[p->line.front()];

		t.granted = true;
		t.granted_s = p->clock.now_s();
		if (t.computed)
			p->to_send.push_back(p->line.front());
		p->line.pop_front();
	}
}

/* Of @from, the first; false: there is none. */
static bool take_first(phases *p, std::deque<size_t> *from, size_t *i)
{
	std::lock_guard<std::mutex> hold(p->lock);

	if (from->empty())
		return false;
	*i = from->front();
	from->pop_front();
	return true;
}

static void send(phases *p, size_t i)
{
	kv_trip &t = p->trips[i];

	if (!t.layered) {
		t.sent_s = p->clock.now_s();
		CUDA_TRY(cudaEventRecord(t.from, p->copy));
		pair_copy(ends_of(p, i), p->spec.way, p->giver.requests[i].prompt_tok, p->copy);
		CUDA_TRY(cudaEventRecord(t.to, p->copy));
	}
	CUDA_TRY(cudaEventSynchronize(t.to));
	t.arrived_s = p->clock.now_s();
	std::lock_guard<std::mutex> hold(p->lock);
	p->arrived.push_back(i);
	p->left.push_back(i);
}

static void sender(phases *p)
{
	size_t i;

	CUDA_TRY(cudaSetDevice(0));
	while (p->answered < p->trips.size())
		if (take_first(p, &p->to_send, &i))
			send(p, i);
		else
			serve_pause();
}

/* --- prompts -----------------------------------------------------------------------------------
 */

static void put_prompt(side *s, const llama_shape *shape, size_t i, size_t *at)
{
	for (size_t k = 0; k < s->requests[i].prompt_tok; k++)
		s->prompt[(*at)++] = prompt_token(shape, i, k);
}

/* Before their prompts are computed: who has a place on the other side already goes on by layers.
 */
static std::vector<size_t> layered_of(phases *p, const std::vector<size_t> &admitted)
{
	std::lock_guard<std::mutex> hold(p->lock);
	std::vector<size_t> layered;

	for (size_t i : admitted)
		if (p->giver.requests[i].output_tok > 1)
			p->line.push_back(i);
	grant(p);
	for (size_t i : admitted)
		if (p->trips[i].granted) {
			p->trips[i].layered = true;
			layered.push_back(i);
		}
	return layered;
}

static void send_layer(phases *p, const std::vector<size_t> &who, size_t l)
{
	bool first = l == 0, last = l + 1 == p->spec.shape->n_layers;

	if (who.empty())
		return;
	CUDA_TRY(cudaEventRecord(p->stored[l], p->giver.stream));
	CUDA_TRY(cudaStreamWaitEvent(p->copy, p->stored[l], 0));
	for (size_t i : who) {
		kv_trip &t = p->trips[i];

		if (first) {
			t.sent_s = p->clock.now_s();
			CUDA_TRY(cudaEventRecord(t.from, p->copy));
		}
		pair_copy_layer(
			ends_of(p, i), p->spec.way, l, p->giver.requests[i].prompt_tok, p->copy);
		if (last)
			CUDA_TRY(cudaEventRecord(t.to, p->copy));
	}
}

/* The step is over: first tokens; who has more to come waits for the other side, or is on his way.
 */
static void computed(phases *p, const std::vector<size_t> &admitted, step_log *log)
{
	side *s = &p->giver;
	size_t at = 0;

	log->to_s = p->clock.now_s();
	for (size_t i : admitted)
		serve_batch_token(&s->batch, i, s->token[at++], log->to_s);
	serve_batch_settle(&s->batch, admitted, log->to_s);
	log->gpu_s = serve_device_gpu_s(s);
	s->log.push_back(*log);
	std::lock_guard<std::mutex> hold(p->lock);
	for (size_t i : admitted) {
		kv_trip &t = p->trips[i];

		if (s->requests[i].output_tok == 1) {
			p->answered++;
			continue;
		}
		p->taker.requests[i].tokens = s->requests[i].tokens;
		t.computed = true;
		t.computed_s = log->to_s;
		if (t.granted)
			p->to_send.push_back(i);
		else if (!p->spec.overlap)
			p->line.push_back(i);
	}
	grant(p);
}

static void step_prompts(phases *p, const std::vector<size_t> &admitted)
{
	side *s = &p->giver;
	std::vector<gpu_prompt> prompts;
	std::vector<size_t> layered;
	step_log log = {STEP_PREFILL, p->clock.now_s(), 0.0, 0.0, 0, 0, admitted.size(), 0};
	gpu_mix x = {};

	for (size_t i : admitted) {
		s->requests[i].start_s = log.from_s;
		prompts.push_back({s->requests[i].place, s->requests[i].prompt_tok, 0});
		put_prompt(s, p->spec.shape, i, &log.prompt_tok);
	}
	x.prompts = prompts.data();
	x.n_prompts = prompts.size();
	if (p->spec.overlap) {
		layered = layered_of(p, admitted);
		x.stored = [&](size_t l) { send_layer(p, layered, l); };
	}
	serve_device_prompts(s, x, log.prompt_tok);
	computed(p, admitted, &log);
}

/* Everybody who has come by now stands in line. */
static void let_in(phases *p)
{
	side *s = &p->giver;

	while (p->next < s->requests.size() && s->requests[p->next].arrival_s <= p->clock.now_s())
		s->batch.line.push_back(p->next++);
}

static void give(phases *p)
{
	side *s = &p->giver;
	size_t i;

	CUDA_TRY(cudaSetDevice(0));
	while (p->answered < p->trips.size()) {
		let_in(p);
		while (take_first(p, &p->left, &i))
			serve_batch_leave(&s->batch, i);
		std::vector<size_t> admitted = serve_batch_admit(&s->batch);
		if (!admitted.empty())
			step_prompts(p, admitted);
		else if (s->batch.running.empty() && s->batch.line.empty() &&
			 p->next < s->requests.size())
			p->clock.wait_until(s->requests[p->next].arrival_s);
		else
			serve_pause();
	}
}

/* --- answers -----------------------------------------------------------------------------------
 */

static void join_arrived(phases *p)
{
	std::lock_guard<std::mutex> hold(p->lock);

	for (size_t i : p->arrived) {
		serve_batch_join(&p->taker.batch, i);
		p->trips[i].joined_s = p->clock.now_s();
	}
	p->arrived.clear();
	serve_batch_make_room(&p->taker.batch);
}

static void step_answers(phases *p)
{
	side *s = &p->taker;
	step_log log = {STEP_DECODE, p->clock.now_s(), 0.0, 0.0, 0, 0, 0, 0};
	size_t longest = serve_device_running(s, s->batch, &log), at = 0;

	serve_device_decode(s, log.rows, longest, true);
	log.to_s = p->clock.now_s();
	for (size_t i : s->batch.running)
		serve_batch_token(&s->batch, i, s->token[at++], log.to_s);
	{
		std::lock_guard<std::mutex> hold(p->lock);

		serve_batch_settle(&s->batch, {}, log.to_s);
		grant(p);
	}
	p->answered += log.rows - s->batch.running.size();
	log.gpu_s = serve_device_gpu_s(s);
	s->log.push_back(log);
}

static void answer(phases *p)
{
	CUDA_TRY(cudaSetDevice(1));
	while (p->answered < p->trips.size()) {
		join_arrived(p);
		if (!p->taker.batch.running.empty())
			step_answers(p);
		else
			serve_pause();
	}
}

/* --- what came of it ----------------------------------------------------------------------------
 */

static bool write_trips(phases *p)
{
	FILE *to = open_served(p->spec.out + ".kv");
	double tok_bytes = (double)llama_kv_bytes_per_tok(p->spec.shape);

	if (!to)
		return false;
	fprintf(to, "request,bytes,computed_s,granted_s,sent_s,arrived_s,joined_s,gpu_s\n");
	for (size_t i = 0; i < p->trips.size(); i++) {
		const kv_trip &t = p->trips[i];
		float ms;

		if (p->giver.requests[i].output_tok == 1)
			continue;
		CUDA_TRY(cudaEventElapsedTime(&ms, t.from, t.to));
		fprintf(to, "%zu,%.0f,%.6f,%.6f,%.6f,%.6f,%.6f,%.6f\n", i + 1,
			tok_bytes * p->giver.requests[i].prompt_tok, t.computed_s, t.granted_s,
			t.sent_s, t.arrived_s, t.joined_s, (double)ms * 1e-3);
	}
	return fclose(to) == 0;
}

static bool write_all(phases *p)
{
	std::vector<served> all = p->giver.requests;
	double ttft = 0.0, e2e = 0.0, end = 0.0, way = 0.0;
	bool ok;

	for (size_t i = 0; i < all.size(); i++) {
		if (all[i].output_tok > 1)
			all[i].last_token_s = p->taker.requests[i].last_token_s;
		ttft += all[i].first_token_s - all[i].arrival_s;
		e2e += all[i].last_token_s - all[i].arrival_s;
		end = std::max(end, all[i].last_token_s);
		if (all[i].output_tok > 1)
			way += p->trips[i].joined_s - p->trips[i].computed_s;
	}
	double n = (double)all.size();
	printf("%s %s, phases apart: %zu requests in %.3f s; mean first token %.4f s, end to end "
	       "%.4f s, KV %.5f s from prompt to answer; %zu and %zu steps\n",
		p->spec.shape->name, p->spec.arrivals.c_str(), all.size(), end, ttft / n, e2e / n,
		way / n, p->giver.log.size(), p->taker.log.size());
	fflush(stdout);
	ok = write_served(p->spec.out, all);
	ok = write_trips(p) && ok;
	ok = write_steps(p->spec.out + ".steps", p->giver.log) && ok;
	return write_steps(p->spec.out + ".answers", p->taker.log) && ok;
}

bool pair_phases(const phases_spec &spec)
{
	std::unique_ptr<phases> p(new phases());
	bool ok;

	p->spec = spec;
	if (!read_arrivals(&p->giver.requests, spec.arrivals, MAX_TOK) || !start(p.get()))
		return false;
	p->clock = {};
	std::thread one(give, p.get()), two(sender, p.get());
	answer(p.get());
	one.join();
	two.join();
	CUDA_TRY(cudaSetDevice(0));
	ok = write_all(p.get());
	stop(p.get());
	return ok;
}
