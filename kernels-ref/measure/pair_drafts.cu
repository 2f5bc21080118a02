/*
 * A server whose answers are drafted by Llama 68M on GPU 1 and verified by Llama 2 7B on GPU 0, two
 * threads, one for each. Rules as in docs/serving.md, "Speculation", apart: the drafter works in
 * steps of whoever wants a token; drafts and verdicts go from GPU to GPU; whoever's draft has come
 * is in the target's next step. Weights are random, so whether a drafted token is accepted is for a
 * coin to say; what the target says instead, or adds, is its own.
 */
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>

#include "kernels-ref/measure/harness.cuh"
#include "kernels-ref/measure/measure.cuh"
#include "kernels-ref/measure/pair.cuh"
#include "kernels-ref/measure/serve_batch.cuh"
#include "kernels-ref/measure/serve_clock.cuh"
#include "kernels-ref/measure/serve_device.cuh"

#define MAX_TOK 4096
#define BLOCK_TOK 16
#define MAX_DRAFT 8
#define DRAFT_BYTES 6   /* of a token: its id, and a probability in half precision */
#define VERDICT_BYTES 8 /* how many, and a token */

/* --- messages
 * ------------------------------------------------------------------------------------- */

/* Handed from one thread to the other. */
template <class T> class mailbag
{
	std::mutex lock;
	std::vector<T> in;
	std::atomic<size_t> n{0};

      public:
	void push(const T &x)
	{
		std::lock_guard<std::mutex> hold(lock);

		in.push_back(x);
		n = in.size();
	}

	std::vector<T> take()
	{
		std::vector<T> out;

		if (n == 0)
			return out;
		std::lock_guard<std::mutex> hold(lock);
		out.swap(in);
		n = 0;
		return out;
	}
};

#define SLOTS 64
#define SLOT_BYTES (STEP_MAX_ROWS * VERDICT_BYTES)

/* From GPU to GPU: put together by the host, which has fetched the tokens, copied to the one and
 * from there to the other, which waits for it. */
struct post {
	int from, to;
	char *written, *here, *there; /* [SLOTS][SLOT_BYTES]; pinned, on @from, on @to */
	cudaEvent_t sent[SLOTS], arrived[SLOTS];
	size_t n; /* sent so far */
};

static void post_create(post *p, int from, int to)
{
	void *pinned;

	*p = {};
	p->from = from;
	p->to = to;
	CUDA_TRY(cudaMallocHost(&pinned, SLOTS * SLOT_BYTES));
	p->written = (char *)pinned;
	CUDA_TRY(cudaSetDevice(to));
	p->there = device_alloc<char>(SLOTS * SLOT_BYTES);
	CUDA_TRY(cudaSetDevice(from));
	p->here = device_alloc<char>(SLOTS * SLOT_BYTES);
	for (int i = 0; i < SLOTS; i++) {
		CUDA_TRY(cudaEventCreate(&p->sent[i]));
		CUDA_TRY(cudaEventCreate(&p->arrived[i]));
	}
}

static void post_destroy(post *p)
{
	CUDA_TRY(cudaSetDevice(p->to));
	CUDA_TRY(cudaFree(p->there));
	CUDA_TRY(cudaSetDevice(p->from));
	CUDA_TRY(cudaFree(p->here));
	CUDA_TRY(cudaFreeHost(p->written));
	for (int i = 0; i < SLOTS; i++) {
		CUDA_TRY(cudaEventDestroy(p->sent[i]));
		CUDA_TRY(cudaEventDestroy(p->arrived[i]));
	}
}

/* Where the next message is to be written. */
static char *post_next(post *p)
{
	return p->written + p->n % SLOTS * SLOT_BYTES;
}

/* What was written there, @bytes of it; its slot. */
static size_t post_send(post *p, size_t bytes, cudaStream_t stream)
{
	size_t slot = p->n++ % SLOTS, at = slot * SLOT_BYTES;

	CUDA_TRY(cudaMemcpyAsync(
		p->here + at, p->written + at, bytes, cudaMemcpyHostToDevice, stream));
	CUDA_TRY(cudaEventRecord(p->sent[slot], stream));
	CUDA_TRY(cudaMemcpyPeerAsync(p->there + at, p->to, p->here + at, p->from, bytes, stream));
	CUDA_TRY(cudaEventRecord(p->arrived[slot], stream));
	return slot;
}

/* Of the last ones, from GPU to GPU alone. */
static double post_median_s(const post *p)
{
	std::vector<double> all;

	CUDA_TRY(cudaSetDevice(p->from));
	for (size_t i = 0; i < std::min(p->n, (size_t)SLOTS); i++) {
		float ms;

		CUDA_TRY(cudaEventElapsedTime(&ms, p->sent[i], p->arrived[i]));
		all.push_back((double)ms * 1e-3);
	}
	CUDA_TRY(cudaSetDevice(0));
	return all.empty() ? 0.0 : timing_of(all, 1.0).median_s;
}

/* --- the pair
 * -------------------------------------------------------------------------------------- */

/* A draft of each of @who, k tokens each, and where they lie. */
struct draft_note {
	std::vector<size_t> who;
	std::vector<uint32_t> tokens;
	size_t slot;
	double written_s;
};

/* What became of a draft: how many were accepted, and the token behind them; the first one behind a
 * prompt is told so as well. */
struct verdict {
	size_t who, accepted;
	uint32_t token;
};

struct verdict_note {
	std::vector<size_t> prompts; /* or these are to be computed */
	std::vector<verdict> all;
	size_t slot;
	double written_s;
};

/* What the drafter knows of a request. */
struct drafting {
	std::vector<uint32_t> answer; /* as far as it is told, and behind it what it has drafted */
	size_t told_tok, cached_tok;
	bool ready;
};

struct side : serve_device {
	std::vector<step_log> log;
};

struct rounds_count {
	size_t rounds, accepted, looked_at, emitted, ups, downs;
	double up_s, down_s;
};

struct drafts {
	drafts_spec spec;
	serve_clock clock;
	uint64_t seed; /* of coins */

	side target;
	serve_batch batch;
	std::vector<served> requests;
	std::vector<size_t> n_rounds; /* by request */
	size_t next;
	post verdicts;
	rounds_count count;

	side drafter;
	std::vector<drafting> drafting_of; /* by request; each has a sequence of its own */
	std::vector<size_t> wishes;        /* who wants tokens, in order of coming */
	std::vector<size_t> prompts;
	post drafted;

	mailbag<draft_note> to_target;
	mailbag<verdict_note> to_drafter;
	std::atomic<bool> over;
};

/* @cap tokens for each of @n_target and of @n_draft sequences. */
static void drafts_create(drafts *d, size_t n_target, size_t n_draft, size_t cap)
{
	CUDA_TRY(cudaSetDevice(1));
	serve_device_create(&d->drafter, &llama_68m, MAX_TOK, MAX_TOK);
	serve_device_cache(&d->drafter, n_draft, cap);
	serve_device_warm(&d->drafter, std::min(2 * n_target, (size_t)STEP_MAX_ROWS), cap);
	post_create(&d->drafted, 1, 0);
	CUDA_TRY(cudaSetDevice(0));
	serve_device_create(&d->target, &llama_7b, MAX_TOK, MAX_TOK);
	serve_device_cache(&d->target, n_target, cap);
	serve_device_warm(&d->target, STEP_MAX_ROWS, cap);
	post_create(&d->verdicts, 0, 1);
	CUDA_TRY(cudaSetDevice(0));
}

static void drafts_destroy(drafts *d)
{
	post_destroy(&d->drafted);
	CUDA_TRY(cudaSetDevice(1));
	serve_device_destroy(&d->drafter);
	post_destroy(&d->verdicts);
	CUDA_TRY(cudaSetDevice(0));
	serve_device_destroy(&d->target);
}

/* --- the drafter
 * ----------------------------------------------------------------------------------- */

static void log_step(side *s, step_log *log, double now_s)
{
	log->to_s = now_s;
	log->gpu_s = serve_device_gpu_s(s);
	s->log.push_back(*log);
}

/* Prompts that came together, as many as a step takes. */
static void draft_prompts(drafts *d)
{
	side *s = &d->drafter;
	std::vector<gpu_prompt> prompts;
	step_log log = {STEP_PREFILL, d->clock.now_s(), 0.0, 0.0, 0, 0, 0, 0};
	size_t n = 0;

	for (; n < d->prompts.size() && n < STEP_MAX_ROWS; n++) {
		const served &r = d->requests[d->prompts[n]];

		if (n > 0 && log.prompt_tok + r.prompt_tok > MAX_TOK)
			break;
		prompts.push_back({d->prompts[n], r.prompt_tok, 0});
		for (size_t k = 0; k < r.prompt_tok; k++)
			s->prompt[log.prompt_tok++] = prompt_token(&llama_68m, d->prompts[n], k);
	}
	log.prompts = n;
	serve_device_prompts(s, {0, 0, prompts.data(), n}, log.prompt_tok);
	for (size_t i = 0; i < n; i++) {
		drafting *q = &d->drafting_of[d->prompts[i]];

		q->ready = true;
		q->cached_tok = prompts[i].n;
		if (q->told_tok > 0)
			d->wishes.push_back(d->prompts[i]);
	}
	d->prompts.erase(d->prompts.begin(), d->prompts.begin() + (long)n);
	log_step(s, &log, d->clock.now_s());
}

/* Its tokens that are not in the cache yet, one or two, as rows from @at on. */
static size_t put_drafting(drafts *d, size_t who, size_t at, size_t *longest)
{
	uint32_t *rows = d->drafter.rows;
	const drafting &q = d->drafting_of[who];
	size_t prompt_tok = d->requests[who].prompt_tok, all = prompt_tok + q.answer.size();

	for (size_t pos = q.cached_tok; pos < all; pos++, at++) {
		rows[at] = q.answer[pos - prompt_tok];
		rows[STEP_MAX_ROWS + at] = (uint32_t)pos;
		rows[2 * STEP_MAX_ROWS + at] = (uint32_t)q.cached_tok;
		rows[3 * STEP_MAX_ROWS + at] = (uint32_t)who;
	}
	*longest = std::max(*longest, all);
	return at;
}

/* Those who have all that they want, in one message. */
static void send_drafts(drafts *d, const std::vector<size_t> &who)
{
	draft_note note = {who, {}, 0, 0.0};
	size_t k = d->spec.k;
	char *to = post_next(&d->drafted);

	if (who.empty())
		return;
	for (size_t i : who) {
		const drafting &q = d->drafting_of[i];

		note.tokens.insert(note.tokens.end(), q.answer.end() - (long)k, q.answer.end());
	}
	memcpy(to, note.tokens.data(), note.tokens.size() * sizeof(uint32_t));
	/* no probabilities of random weights: as many bytes */
	memset(to + note.tokens.size() * sizeof(uint32_t), 0, note.tokens.size() * 2);
	note.written_s = d->clock.now_s();
	note.slot = post_send(&d->drafted, note.tokens.size() * DRAFT_BYTES, d->drafter.stream);
	d->to_target.push(note);
}

/* A token more for each of the first that want one. */
static void draft_tokens(drafts *d)
{
	side *s = &d->drafter;
	size_t n = std::min(d->wishes.size(), d->spec.max_batch), at = 0, longest = 0;
	step_log log = {STEP_DRAFT, d->clock.now_s(), 0.0, 0.0, n, 0, 0, 0};
	std::vector<size_t> last(n), done;

	for (size_t i = 0; i < n; i++) {
		at = put_drafting(d, d->wishes[i], at, &longest);
		last[i] = at - 1;
		log.context_tok += s->rows[STEP_MAX_ROWS + at - 1] + 1;
	}
	serve_device_rows(s, at);
	serve_device_decode(s, at, longest, true);
	for (size_t i = 0; i < n; i++) {
		drafting *q = &d->drafting_of[d->wishes[i]];

		q->cached_tok = d->requests[d->wishes[i]].prompt_tok + q->answer.size();
		q->answer.push_back(s->token[last[i]]);
		if (q->answer.size() == q->told_tok + d->spec.k)
			done.push_back(d->wishes[i]);
	}
	for (size_t i : done)
		d->wishes.erase(std::find(d->wishes.begin(), d->wishes.end(), i));
	send_drafts(d, done);
	log_step(s, &log, d->clock.now_s());
}

static void hear(drafts *d, const verdict_note &note)
{
	double now = d->clock.now_s();

	for (size_t i : note.prompts)
		d->prompts.push_back(i);
	if (note.all.empty())
		return;
	CUDA_TRY(cudaStreamWaitEvent(d->drafter.stream, d->verdicts.arrived[note.slot], 0));
	d->count.down_s += now - note.written_s;
	d->count.downs++;
	for (const verdict &v : note.all) {
		drafting *q = &d->drafting_of[v.who];
		size_t known = q->told_tok + v.accepted;

		q->answer.resize(known);
		q->cached_tok = std::min(q->cached_tok, d->requests[v.who].prompt_tok + known);
		q->answer.push_back(v.token);
		q->told_tok = known + 1;
		if (q->ready)
			d->wishes.push_back(v.who);
	}
}

static void draft(drafts *d)
{
	CUDA_TRY(cudaSetDevice(1));
	while (!d->over) {
		for (const verdict_note &note : d->to_drafter.take())
			hear(d, note);
		if (!d->prompts.empty())
			draft_prompts(d);
		else if (!d->wishes.empty())
			draft_tokens(d);
		else
			serve_pause();
	}
	CUDA_TRY(cudaStreamSynchronize(d->drafter.stream));
}

/* --- the target
 * ------------------------------------------------------------------------------------ */

/* Of the drafted tokens of a round, those up to the first that the coin rejects. */
static size_t accepted_of(const drafts *d, size_t who)
{
	uint64_t coins = device_rand_bits(d->seed + who, d->n_rounds[who]);
	size_t n = 0;

	while (n < d->spec.k &&
		(double)(device_rand_bits(coins, n) >> 11) * 0x1p-53 < d->spec.acceptance)
		n++;
	return n;
}

static void tell(drafts *d, verdict_note *note)
{
	char *to = post_next(&d->verdicts);

	if (note->all.empty())
		return;
	for (size_t i = 0; i < note->all.size(); i++) {
		uint32_t words[2] = {(uint32_t)note->all[i].accepted, note->all[i].token};

		memcpy(to + i * VERDICT_BYTES, words, sizeof(words));
	}
	note->written_s = d->clock.now_s();
	note->slot = post_send(&d->verdicts, note->all.size() * VERDICT_BYTES, d->target.stream);
	d->to_drafter.push(*note);
}

static bool is_open(const drafts *d, size_t i)
{
	return d->requests[i].tokens.size() < d->requests[i].output_tok;
}

static void target_prompts(drafts *d, const std::vector<size_t> &admitted)
{
	side *s = &d->target;
	std::vector<gpu_prompt> prompts;
	step_log log = {STEP_PREFILL, d->clock.now_s(), 0.0, 0.0, 0, 0, admitted.size(), 0};
	verdict_note note = {};
	size_t at = 0;

	for (size_t i : admitted) {
		served *r = &d->requests[i];

		r->start_s = log.from_s;
		prompts.push_back({r->place, r->prompt_tok, 0});
		for (size_t k = 0; k < r->prompt_tok; k++)
			s->prompt[log.prompt_tok++] = prompt_token(&llama_7b, i, k);
	}
	serve_device_prompts(s, {0, 0, prompts.data(), prompts.size()}, log.prompt_tok);
	double now = d->clock.now_s();
	for (size_t i : admitted) {
		serve_batch_token(&d->batch, i, s->token[at], now);
		if (is_open(d, i))
			note.all.push_back({i, 0, s->token[at]});
		at++;
	}
	serve_batch_settle(&d->batch, admitted, now);
	tell(d, &note);
	log_step(s, &log, now);
}

/* The rows of a draft: the last token that it has, and those drafted, which are on the GPU. */
static size_t put_draft(drafts *d, const draft_note &note, size_t at, size_t *longest)
{
	uint32_t *rows = d->target.rows;

	for (size_t i : note.who) {
		const served &r = d->requests[i];
		size_t cached = r.prompt_tok + r.tokens.size() - 1;

		for (size_t k = 0; k <= d->spec.k; k++, at++) {
			rows[at] = r.tokens.back();
			rows[STEP_MAX_ROWS + at] = (uint32_t)(cached + k);
			rows[2 * STEP_MAX_ROWS + at] = (uint32_t)cached;
			rows[3 * STEP_MAX_ROWS + at] = (uint32_t)r.place;
		}
		*longest = std::max(*longest, cached + d->spec.k + 1);
	}
	return at;
}

/* Drafted tokens to their rows, once they have arrived. */
static void place_draft(drafts *d, const draft_note &note, size_t at)
{
	size_t k = d->spec.k, word = sizeof(uint32_t);

	CUDA_TRY(cudaStreamWaitEvent(d->target.stream, d->drafted.arrived[note.slot], 0));
	CUDA_TRY(cudaMemcpy2DAsync(d->target.state.token + at + 1, (k + 1) * word,
		d->drafted.there + note.slot * SLOT_BYTES, k * word, k * word, note.who.size(),
		cudaMemcpyDeviceToDevice, d->target.stream));
}

/* Row @at is the first of request @i, whose drafted tokens are @drafted. */
static verdict judge_draft(drafts *d, size_t i, const uint32_t *drafted, size_t at, double now_s)
{
	verdict v = {i, accepted_of(d, i), 0};

	v.token = d->target.token[at + v.accepted];
	d->n_rounds[i]++;
	d->count.rounds++;
	d->count.accepted += v.accepted;
	d->count.looked_at += std::min(v.accepted + 1, d->spec.k);
	for (size_t k = 0; k <= v.accepted && is_open(d, i); k++) {
		serve_batch_token(&d->batch, i, k < v.accepted ? drafted[k] : v.token, now_s);
		d->count.emitted++;
	}
	return v;
}

static void verify(drafts *d, const std::vector<draft_note> &notes)
{
	side *s = &d->target;
	step_log log = {STEP_VERIFY, d->clock.now_s(), 0.0, 0.0, 0, 0, 0, 0};
	size_t n = 0, longest = 0;
	verdict_note note = {};

	for (const draft_note &x : notes) {
		d->count.up_s += log.from_s - x.written_s;
		d->count.ups++;
		log.rows += x.who.size();
		for (size_t i : x.who)
			log.context_tok +=
				d->requests[i].prompt_tok + d->requests[i].tokens.size() - 1;
		n = put_draft(d, x, n, &longest);
	}
	serve_device_rows(s, n);
	n = 0;
	for (const draft_note &x : notes) {
		place_draft(d, x, n);
		n += x.who.size() * (d->spec.k + 1);
	}
	serve_device_decode(s, n, longest, true);
	double now = d->clock.now_s();
	n = 0;
	for (const draft_note &x : notes)
		for (size_t i = 0; i < x.who.size(); i++, n += d->spec.k + 1) {
			verdict v =
				judge_draft(d, x.who[i], x.tokens.data() + i * d->spec.k, n, now);

			if (is_open(d, x.who[i]))
				note.all.push_back(v);
		}
	serve_batch_settle(&d->batch, {}, now);
	tell(d, &note);
	log_step(s, &log, now);
}

/* Everybody who has come by now stands in line, and the drafter has his prompt. */
static void let_in(drafts *d)
{
	verdict_note note = {};

	while (d->next < d->requests.size() && d->requests[d->next].arrival_s <= d->clock.now_s()) {
		d->batch.line.push_back(d->next);
		if (d->requests[d->next].output_tok > 1)
			note.prompts.push_back(d->next);
		d->next++;
	}
	if (!note.prompts.empty())
		d->to_drafter.push(note);
}

static void verify_all_day(drafts *d)
{
	std::vector<draft_note> notes;

	while (d->next < d->requests.size() || !d->batch.line.empty() ||
		!d->batch.running.empty()) {
		let_in(d);
		std::vector<size_t> admitted = serve_batch_admit(&d->batch);
		for (const draft_note &note : d->to_target.take())
			notes.push_back(note);
		if (!admitted.empty()) {
			target_prompts(d, admitted);
		} else if (!notes.empty()) {
			verify(d, notes);
			notes.clear();
		} else if (d->batch.running.empty() && d->next < d->requests.size()) {
			d->clock.wait_until(d->requests[d->next].arrival_s);
		} else {
			serve_pause();
		}
	}
}

static size_t longest_of(const std::vector<served> &all)
{
	size_t tok = 0;

	for (const served &r : all)
		tok = std::max(tok, (size_t)r.prompt_tok + r.output_tok);
	return tok;
}

/* Tokens a sequence of @longest may come to, with what is drafted beyond its end. */
static size_t cap_of(size_t longest)
{
	return (longest + 2 * MAX_DRAFT + 127) / 128 * 128;
}

/* Serve @all from the start; the caches hold them. */
static void replay(drafts *d, const std::vector<served> &all, uint64_t seed)
{
	d->requests = all;
	d->seed = seed * 1000003;
	d->n_rounds.assign(all.size(), 0);
	d->drafting_of.assign(all.size(), {});
	d->next = 0;
	d->over = false;
	serve_batch_init(&d->batch, &d->requests,
		{d->spec.max_batch, d->spec.max_batch * d->target.state.cap_tok / BLOCK_TOK,
			BLOCK_TOK, MAX_TOK});
	d->clock = {};
	std::thread other(draft, d);
	verify_all_day(d);
	d->over = true;
	other.join();
	d->to_target.take();
	d->to_drafter.take();
	d->wishes.clear();
	d->prompts.clear();
}

/* From first tokens to last ones: what rounds take, the parts of two steps that overlap counted to
 * each. */
static double answering_s(const drafts *d)
{
	double s = 0.0;

	for (const served &r : d->requests)
		s += r.last_token_s - r.first_token_s;
	return s;
}

bool pair_drafts(const drafts_spec &spec)
{
	std::unique_ptr<drafts> p(new drafts());
	drafts &d = *p;
	std::vector<served> all;
	bool ok;

	if (!read_arrivals(&all, spec.arrivals, MAX_TOK - 2 * MAX_DRAFT))
		return false;
	d.spec = spec;
	drafts_create(&d, spec.max_batch, all.size(), cap_of(longest_of(all)));
	replay(&d, all, 1);
	printf("%s, %zu drafted elsewhere, %.2f accepted: %zu requests, %zu rounds of %.3f tokens "
	       "and "
	       "%.3f ms; drafts on their way %.1f us, verdicts %.1f\n",
		spec.arrivals.c_str(), spec.k, spec.acceptance, all.size(), d.count.rounds,
		(double)d.count.emitted / (double)d.count.rounds,
		answering_s(&d) / (double)d.count.rounds * 1e3, post_median_s(&d.drafted) * 1e6,
		post_median_s(&d.verdicts) * 1e6);
	fflush(stdout);
	ok = write_served(spec.out, d.requests);
	ok = write_steps(spec.out + ".steps", d.target.log) && ok;
	ok = write_steps(spec.out + ".drafts", d.drafter.log) && ok;
	drafts_destroy(&d);
	return ok;
}

/* --- rounds of so many
 * ------------------------------------------------------------------------------ */

#define ROUNDS_PROMPT 256
#define ROUNDS_OUTPUT 160
#define ROUNDS_SEQS 16 /* of each size in all, */
#define ROUNDS_WAVES 8 /* or as many as come in so many waves */
static const size_t rounds_sequences[] = {1, 2, 3, 4, 6, 8, 12, 16};
static const size_t rounds_k[] = {1, 2, 3, 4, 5, 6, 8};
static const double rounds_acceptance[] = {0.5, 0.9};

/* One of a token, during whose prefill @n come together. */
static std::vector<served> together(size_t n)
{
	std::vector<served> all(n + 1);

	for (size_t i = 0; i <= n; i++) {
		served *r = &all[i];

		r->start_s = r->first_token_s = r->last_token_s = -1.0;
		r->arrival_s = i > 0 ? 1e-3 : 0.0;
		r->prompt_tok = i > 0 ? ROUNDS_PROMPT : 16;
		r->output_tok = i > 0 ? ROUNDS_OUTPUT : 1;
	}
	return all;
}

struct mean {
	double sum, n;
	void add(double x)
	{
		sum += x;
		n += 1.0;
	}
	double of() const
	{
		return n > 0.0 ? sum / n : 0.0;
	}
};

/* Of the steps of a kind with @n sequences: from begin to end, the GPU's part, and their context.
 */
struct step_means {
	mean s, gpu_s, context_tok;
};

static step_means means_of(const std::vector<step_log> &log, enum step_kind kind, size_t n)
{
	step_means m = {};

	for (const step_log &l : log)
		if (l.kind == kind && l.rows == n) {
			m.s.add(l.to_s - l.from_s);
			m.gpu_s.add(l.gpu_s);
			m.context_tok.add((double)l.context_tok);
		}
	return m;
}

static void rounds_of(FILE *to, drafts *d, size_t n, size_t k, double acceptance)
{
	size_t waves = std::min((size_t)ROUNDS_WAVES, std::max((size_t)1, ROUNDS_SEQS / n));
	double s = 0.0;

	d->spec.max_batch = n;
	d->spec.k = k;
	d->spec.acceptance = acceptance;
	d->count = {};
	d->target.log.clear();
	d->drafter.log.clear();
	for (size_t w = 0; w < waves; w++) {
		replay(d, together(n), 1 + w + 100 * k + 1000 * n);
		s += answering_s(d);
	}
	step_means v = means_of(d->target.log, STEP_VERIFY, n),
		   q = means_of(d->drafter.log, STEP_DRAFT, n);
	const rounds_count &c = d->count;
	fprintf(to,
		"%zu,%zu,%.2f,%zu,%d,%d,%zu,%zu,%zu,%zu,%.6g,%.6g,%.6g,%.4g,%.6g,%.6g,%.4g,%.4g,"
		"%.4g,%.4g\n",
		n, k, acceptance, waves, ROUNDS_PROMPT, ROUNDS_OUTPUT, c.rounds, c.accepted,
		c.looked_at, c.emitted, s / (double)c.rounds, v.s.of(), v.gpu_s.of(),
		v.context_tok.of(), q.s.of(), q.gpu_s.of(), c.up_s / (double)c.ups,
		post_median_s(&d->drafted), c.down_s / (double)c.downs,
		post_median_s(&d->verdicts));
	printf("%zu sequences, k %zu, %.2f accepted: %zu rounds of %.3f tokens and %.3f ms; verify "
	       "%.3f, a draft's step %.3f, up %.4f, down %.4f ms\n",
		n, k, acceptance, c.rounds, (double)c.emitted / (double)c.rounds,
		s / (double)c.rounds * 1e3, v.s.of() * 1e3, q.s.of() * 1e3,
		c.up_s / (double)c.ups * 1e3, c.down_s / (double)c.downs * 1e3);
	fflush(stdout);
	fflush(to);
}

bool pair_measure_rounds(const char *dir)
{
	std::unique_ptr<drafts> p(new drafts());
	drafts &d = *p;
	FILE *to = open_served(std::string(dir) + "/rounds.csv");
	size_t most = 0;

	if (!to)
		return false;
	for (size_t n : rounds_sequences)
		most = std::max(most, n);
	fprintf(to,
		"sequences,k,acceptance,waves,prompt_tokens,output_tokens,rounds,accepted,looked_"
		"at,"
		"emitted,round_s,verify_s,verify_gpu_s,verify_context_tokens,draft_s,draft_gpu_s,"
		"up_s,up_gpu_s,down_s,down_gpu_s\n");
	drafts_create(&d, most, most + 1, cap_of(ROUNDS_PROMPT + ROUNDS_OUTPUT));
	for (size_t n : rounds_sequences)
		for (size_t k : rounds_k)
			if (n * (k + 1) <= STEP_MAX_ROWS)
				rounds_of(to, &d, n, k, 0.7);
	for (double acceptance : rounds_acceptance)
		for (size_t n : {(size_t)1, (size_t)8})
			rounds_of(to, &d, n, 4, acceptance);
	drafts_destroy(&d);
	return fclose(to) == 0;
}
