/*
 * A real server of one GPU: the batch of serve_batch.cuh over the kernels of cuda/.
 */
#include "kernels-ref/measure/serve.cuh"

#include <algorithm>
#include <cmath>

#include "kernels-ref/cuda/llama_q8.cuh"
#include "kernels-ref/measure/harness.cuh"
#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/serve_batch.cuh"
#include "kernels-ref/measure/serve_clock.cuh"
#include "kernels-ref/measure/serve_device.cuh"

#define MAX_TOK SERVE_MAX_TOK
#define BLOCK_TOK 16

struct server {
	serve_spec spec;
	serve_device *d;
	std::vector<served> requests;
	serve_batch batch;
	size_t next; /* arrival */
	std::vector<step_log> log;
	serve_clock clock;
};

/* --- before the first arrival --------------------------------------------------------------- */

/* Every graph that may be wanted, each run once; and some steps with prompts. */
static void warm_up(server *s, size_t longest)
{
	serve_device_warm(s->d, s->spec.max_batch, s->spec.graphs ? longest : 0);
	for (size_t n : {16, 100, 1000}) {
		size_t rows = s->spec.chunk_tok > 0 && s->spec.max_batch > 1;
		size_t most = (s->spec.chunk_tok > 0 ? s->spec.chunk_tok : MAX_TOK) - rows;
		gpu_prompt one = {rows, std::min({n, longest, most}), 0};

		gpu_mixed_step(s->d->prefill, &s->d->model, &s->d->state, s->d->device_prompt,
			{rows, 1, &one, 1}, s->d->stream);
	}
	CUDA_TRY(cudaStreamSynchronize(s->d->stream));
}

/* The cache has a piece for the longest request in each place of the batch. */
static bool make_cache(server *s, size_t longest)
{
	size_t cap = (longest + 1 + 127) / 128 * 128, kv_tok = serve_device_room_tok(s->spec.shape);
	serve_limits limits = {
		s->spec.max_batch, s->spec.blocks, BLOCK_TOK, MAX_TOK, s->spec.chunk_tok};

	if (cap * s->spec.max_batch > kv_tok) {
		fprintf(stderr,
			"%s: error: a batch of %zu requests of up to %zu tokens needs more memory "
			"than this GPU has\n",
			s->spec.arrivals.c_str(), s->spec.max_batch, longest);
		return false;
	}
	if (limits.blocks == 0)
		limits.blocks = kv_tok / BLOCK_TOK;
	serve_batch_init(&s->batch, &s->requests, limits);
	for (const served &r : s->requests)
		if (!serve_batch_can_hold(&s->batch, r)) {
			fprintf(stderr, "%s: error: %zu blocks cannot hold a request of %u + %u\n",
				s->spec.arrivals.c_str(), limits.blocks, r.prompt_tok,
				r.output_tok);
			return false;
		}
	serve_device_cache(s->d, s->spec.max_batch, cap);
	return true;
}

static bool start(server *s, serve_device *d)
{
	size_t longest = 0;

	for (const served &r : s->requests)
		longest = std::max(longest, (size_t)r.prompt_tok + r.output_tok);
	serve_device_create(d, s->spec.shape, MAX_TOK, MAX_TOK, s->spec.tuned);
	s->d = d;
	if (!make_cache(s, longest))
		return false;
	warm_up(s, longest);
	return true;
}

/* --- steps ---------------------------------------------------------------------------------- */

/* Tokens @from to @to of a prompt, what was emitted before counted to it, behind what is in
 * @s->d->prompt already. */
static void put_tokens(server *s, size_t i, size_t from, size_t to, size_t *at)
{
	const served &r = s->requests[i];

	for (size_t k = from; k < to; k++)
		s->d->prompt[(*at)++] = k < r.prompt_tok ? prompt_token(s->spec.shape, i, k)
							 : r.tokens[k - r.prompt_tok];
}

static void begins(server *s, size_t i, double now_s)
{
	if (s->requests[i].start_s < 0.0)
		s->requests[i].start_s = now_s;
}

/* The step is over: its tokens go to those that ran, then to those whose prompt has been computed.
 */
static void step_ends(server *s, const std::vector<size_t> &ended, step_log *log)
{
	size_t at = 0;

	log->to_s = s->clock.now_s();
	if (log->rows > 0)
		for (size_t i : s->batch.running)
			serve_batch_token(&s->batch, i, s->d->token[at++], log->to_s);
	for (size_t i : ended)
		serve_batch_token(&s->batch, i, s->d->token[at++], log->to_s);
	serve_batch_settle(&s->batch, ended, log->to_s);
	log->gpu_s = serve_device_gpu_s(s->d);
	s->log.push_back(*log);
}

static void step_prefill(server *s, const std::vector<size_t> &admitted)
{
	std::vector<gpu_prompt> prompts;
	step_log log = {STEP_PREFILL, s->clock.now_s(), 0.0, 0.0, 0, 0, admitted.size(), 0};

	for (size_t i : admitted) {
		const served &r = s->requests[i];
		size_t tok = r.prompt_tok + r.tokens.size();

		begins(s, i, log.from_s);
		prompts.push_back({r.place, tok, 0});
		put_tokens(s, i, 0, tok, &log.prompt_tok);
	}
	serve_device_prompts(s->d, {0, 0, prompts.data(), prompts.size()}, log.prompt_tok);
	step_ends(s, admitted, &log);
}

static void step_decode(server *s)
{
	step_log log = {STEP_DECODE, s->clock.now_s(), 0.0, 0.0, 0, 0, 0, 0};
	size_t longest = serve_device_running(s->d, s->batch, &log);

	serve_device_decode(s->d, log.rows, longest, s->spec.graphs);
	step_ends(s, {}, &log);
}

/* What was formed: chunks of prompts, beside those that run. */
static void step_chunks(server *s)
{
	std::vector<gpu_prompt> prompts;
	step_log log = {STEP_PREFILL, s->clock.now_s(), 0.0, 0.0, 0, 0, 0, 0};
	gpu_mix x = {s->batch.running.size(), 0, NULL, 0};
	size_t tok = 0;

	if (x.n_rows > 0) {
		log.kind = STEP_MIXED;
		x.max_tok = serve_device_running(s->d, s->batch, &log);
		std::copy(s->d->rows, s->d->rows + x.n_rows, s->d->prompt);
		tok = x.n_rows;
	}
	for (size_t i : s->batch.prompts) {
		const served &r = s->requests[i];

		if (r.chunk_tok == 0)
			continue;
		begins(s, i, log.from_s);
		prompts.push_back({r.place, r.chunk_tok, r.computed_tok, !serve_batch_ends(r)});
		put_tokens(s, i, r.computed_tok, r.computed_tok + r.chunk_tok, &tok);
	}
	log.prompts = x.n_prompts = prompts.size();
	log.prompt_tok = tok - x.n_rows;
	x.prompts = prompts.data();
	serve_device_prompts(s->d, x, tok);
	step_ends(s, serve_batch_computed(&s->batch), &log);
}

/* Everybody who has come by now stands in line. */
static void let_in(server *s)
{
	double now = s->clock.now_s();

	while (s->next < s->requests.size() && s->requests[s->next].arrival_s <= now)
		s->batch.line.push_back(s->next++);
}

/* False when there is nobody to make a step for. */
static bool step_continuous(server *s)
{
	std::vector<size_t> admitted = serve_batch_admit(&s->batch);

	if (!admitted.empty()) {
		step_prefill(s, admitted);
	} else if (!s->batch.running.empty()) {
		serve_batch_make_room(&s->batch);
		step_decode(s);
	} else {
		return false;
	}
	return true;
}

static bool step_chunked(server *s)
{
	serve_batch_form(&s->batch);
	if (!s->batch.prompts.empty())
		step_chunks(s);
	else if (!s->batch.running.empty())
		step_decode(s);
	else
		return false;
	return true;
}

static void replay(server *s)
{
	bool (*step)(server *) = s->spec.chunk_tok ? step_chunked : step_continuous;

	s->clock = {};
	for (;;) {
		let_in(s);
		if (step(s))
			continue;
		if (s->next == s->requests.size())
			break;
		s->clock.wait_until(s->requests[s->next].arrival_s);
	}
}

/* --- what came of it ------------------------------------------------------------------------ */

/* Only steps that the next one follows at once: after others the server waited. */
static host_times host_times_of(const std::vector<step_log> &log)
{
	double n[2] = {}, sum[2] = {}, squares[2] = {}, mean[2], sd[2];

	for (size_t i = 0; i + 1 < log.size(); i++) {
		double host = log[i + 1].from_s - log[i].from_s - log[i].gpu_s;
		bool prompts = log[i].kind != STEP_DECODE;

		if (log[i + 1].from_s - log[i].to_s > 1e-3)
			continue;
		n[prompts]++;
		sum[prompts] += host;
		squares[prompts] += host * host;
	}
	for (int k : {0, 1}) {
		mean[k] = n[k] > 0.0 ? sum[k] / n[k] : 0.0;
		sd[k] = n[k] > 1.0 ? sqrt(fmax(squares[k] / n[k] - mean[k] * mean[k], 0.0)) : 0.0;
	}
	return {mean[0], sd[0], mean[1], sd[1]};
}

static void print_summary(const server *s)
{
	double ttft = 0.0, e2e = 0.0, tok = 0.0, end = s->log.back().to_s;
	host_times host = host_times_of(s->log);
	unsigned long preemptions = 0;

	for (const served &r : s->requests) {
		ttft += r.first_token_s - r.arrival_s;
		e2e += r.last_token_s - r.arrival_s;
		tok += r.output_tok;
		preemptions += r.preemptions;
	}
	printf("%s %s: %zu requests in %.3f s, %.1f tokens/s; mean first token %.4f s, end to end "
	       "%.4f s; %lu preemptions; %zu steps; host %.1f us a decode, %.1f a step with "
	       "prompts\n",
		s->spec.shape->name, s->spec.arrivals.c_str(), s->requests.size(), end, tok / end,
		ttft / (double)s->requests.size(), e2e / (double)s->requests.size(), preemptions,
		s->log.size(), host.decode_s * 1e6, host.prefill_s * 1e6);
	fflush(stdout);
}

bool serve(const serve_spec &spec)
{
	serve_device d = {};
	server s = {};
	bool ok;

	s.spec = spec;
	if (!read_arrivals(&s.requests, spec.arrivals, MAX_TOK) || !start(&s, &d))
		return false;
	replay(&s);
	print_summary(&s);
	ok = write_served(spec.out, s.requests);
	ok = write_steps(spec.out + ".steps", s.log) && ok;
	serve_device_destroy(&d);
	return ok;
}

host_times measure_host(serve_device *d)
{
	server s = {};
	size_t longest = 0;

	s.spec = {&d->model.shape, "128 requests", "", 32, 0, true, 0, ""};
	s.d = d;
	for (uint32_t i = 0; i < 128; i++) {
		served r = {};

		r.start_s = r.first_token_s = r.last_token_s = -1.0;
		r.prompt_tok = 50 + (uint32_t)(device_rand_bits(1, i) % 500);
		r.output_tok = 20 + (uint32_t)(device_rand_bits(2, i) % 200);
		longest = std::max(longest, (size_t)r.prompt_tok + r.output_tok);
		s.requests.push_back(r);
	}
	serve_batch_init(&s.batch, &s.requests, {32, 32 * 1024 / BLOCK_TOK, BLOCK_TOK, 1024});
	serve_device_shape(d, 32, 1024);
	warm_up(&s, longest);
	replay(&s);
	return host_times_of(s.log);
}
