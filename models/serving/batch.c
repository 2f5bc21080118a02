#include "models/serving/batch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/serving/kvcache.h"
#include "models/state.h"
#include "sim/waitline.h"

/* More than any memory has: sums of blocks stay far below 2^64. */
static const double KV_MOST_BLOCKS = 1e15;

enum phase {
	PHASE_IDLE,
	PHASE_BOUNDARY, /* between two steps: what arrives now may join the next */
	PHASE_PREFILL,
	PHASE_DECODE,
};

struct member {
	uint64_t last_step; /* the count of decode steps at which it is done */
	uint64_t order;     /* of joining, for ties; the largest is the youngest */
	uint32_t request;
};

struct batch {
	struct world *w;
	const struct instance_host *host;
	struct instance_id id;
	const struct cost *cost;
	uint32_t max_batch;
	uint64_t prefill_cap_tok; /* new tokens in one prefill step, unless one prompt alone has
				     more */
	double block_bytes;

	struct kvcache kv;

	struct waitline line; /* prompts here, oldest first */
	size_t n_preempted;   /* of them, those that were in the batch before */

	struct member *heap; /* the batch, first to finish first */
	size_t n;
	uint64_t joined;
	double context_tok; /* sum over the batch at the next step */

	enum phase phase;
	uint32_t *prefill; /* requests in the prefill step */
	size_t n_prefill;

	/* the jump in flight */
	int64_t from_ns;
	uint64_t k;
	uint64_t stepped; /* when stepping: steps made, where the next began, their sum */
	int64_t step_from_ns;
	struct cost_affine step;
	double stepped_s;
	struct event_id end;
};

static void boundary(struct batch *b);

static struct request *request_of(const struct batch *b, uint32_t slot)
{
	return &b->w->requests.at[slot];
}

/* The batch as a heap by last step. */

static bool member_before(const struct member *x, const struct member *y)
{
	return x->last_step != y->last_step ? x->last_step < y->last_step : x->order < y->order;
}

static void heap_up(struct batch *b, size_t i, struct member m)
{
	while (i > 0 && member_before(&m, &b->heap[(i - 1) / 2])) {
		b->heap[i] = b->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	b->heap[i] = m;
}

static void heap_down(struct batch *b, size_t i, struct member m)
{
	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= b->n)
			break;
		if (c + 1 < b->n && member_before(&b->heap[c + 1], &b->heap[c]))
			c++;
		if (!member_before(&b->heap[c], &m))
			break;
		b->heap[i] = b->heap[c];
		i = c;
	}
	b->heap[i] = m;
}

static void heap_remove(struct batch *b, size_t i)
{
	struct member last = b->heap[--b->n];

	if (i == b->n)
		return;
	if (i > 0 && member_before(&last, &b->heap[(i - 1) / 2]))
		heap_up(b, i, last);
	else
		heap_down(b, i, last);
}

/* Time of a jump */

static double jump_s(const struct batch *b, uint64_t k)
{
	double n = (double)k, size = (double)b->n;

	return n * (b->step.base_s + b->step.per_tok_s * b->context_tok) +
	       b->step.per_tok_s * size * (0.5 * n * (n - 1.0));
}

static int64_t jump_end_ns(const struct batch *b, uint64_t k)
{
	return ns_after(b->from_ns, ns_of_s(jump_s(b, k)));
}

/** The step in flight at @now_ns: the first whose end is not before it. */
static uint64_t jump_at(const struct batch *b, int64_t now_ns)
{
	double t = s_of_ns(now_ns - b->from_ns);
	double quad = 0.5 * b->step.per_tok_s * (double)b->n;
	double lin = b->step.base_s + b->step.per_tok_s * b->context_tok - quad;
	double guess = lin > 0.0 ? 2.0 * t / (lin + sqrt(lin * lin + 4.0 * quad * t)) : 0.0;
	uint64_t k = guess < (double)b->k ? (uint64_t)guess : b->k;

	while (k > 0 && jump_end_ns(b, k - 1) >= now_ns)
		k--;
	while (k < b->k && jump_end_ns(b, k) < now_ns)
		k++;
	return k;
}

/** When stepping: does the step in flight begin at this instant? */
static bool step_begins_now(const struct batch *b)
{
	return b->step_from_ns == engine_now_ns(b->w->engine);
}

/** Steps of the jump that began before now, and so hold their blocks. */
static uint64_t steps_begun(const struct batch *b)
{
	if (b->phase != PHASE_DECODE)
		return 0;
	if (b->w->setup.step_by_step)
		return b->stepped + (step_begins_now(b) ? 0 : 1);
	return jump_at(b, engine_now_ns(b->w->engine));
}

/* Members come and go */

static uint64_t stored_tok(const struct batch *b, const struct request *r)
{
	return (uint64_t)r->prompt_tok + r->emitted_tok + (b->kv.steps - r->joined_step);
}

static void join(struct batch *b, uint32_t slot)
{
	struct request *r = request_of(b, slot);
	struct member m = {
		.last_step = b->kv.steps + (r->output_tok - r->emitted_tok),
		.order = b->joined++,
		.request = slot,
	};

	r->joined_step = b->kv.steps;
	b->context_tok += (double)stored_tok(b, r);
	kvcache_join(&b->kv, stored_tok(b, r));
	heap_up(b, b->n++, m);
}

/** Take member @i of the heap out of the batch and free its blocks. */
static void leave(struct batch *b, size_t i)
{
	const struct request *r = request_of(b, b->heap[i].request);

	b->context_tok -= (double)stored_tok(b, r);
	kvcache_leave(&b->kv, r->joined_step, stored_tok(b, r));
	heap_remove(b, i);
}

static void preempt_youngest(struct batch *b)
{
	struct request *r;
	size_t youngest = 0;
	uint32_t slot;

	for (size_t i = 1; i < b->n; i++)
		if (b->heap[i].order > b->heap[youngest].order)
			youngest = i;
	slot = b->heap[youngest].request;
	r = request_of(b, slot);
	leave(b, youngest);
	r->emitted_tok += (uint32_t)(b->kv.steps - r->joined_step);
	r->preemptions++;
	b->n_preempted++;
	b->w->instances[b->id.i].metrics.preemptions++;
	waitline_push_front(&b->line, slot);
	b->w->instances[b->id.i].held = true;
	b->host->room(b->w, b->id);
}

/* Admission */

static bool admissible(const struct batch *b, const struct request *r, uint64_t new_tok)
{
	uint64_t tok = (uint64_t)r->prompt_tok + r->emitted_tok;

	if (b->n + b->n_prefill >= b->max_batch)
		return false;
	if (b->n_prefill > 0 && new_tok + tok > b->prefill_cap_tok)
		return false;
	return r->reserved_blocks > 0 || kvcache_blocks(&b->kv, tok + 1) <= kvcache_free(&b->kv);
}

static bool first_admissible(const struct batch *b)
{
	return waitline_count(&b->line) > 0 &&
	       admissible(b, request_of(b, (uint32_t)waitline_at(&b->line, 0)), 0);
}

static void admit(struct batch *b, size_t place)
{
	uint32_t slot = (uint32_t)waitline_remove(&b->line, place);
	struct request *r = request_of(b, slot);

	b->kv.reserved -= r->reserved_blocks;
	r->reserved_blocks = 0;
	kvcache_take(&b->kv, kvcache_blocks(&b->kv, (uint64_t)r->prompt_tok + r->emitted_tok + 1));
	if (r->emitted_tok > 0 && --b->n_preempted == 0) {
		b->w->instances[b->id.i].held = false;
		b->host->room(b->w, b->id);
	}
	if (r->started_ns == TIME_NONE)
		r->started_ns = engine_now_ns(b->w->engine);
	b->prefill[b->n_prefill++] = slot;
}

/** Move waiting requests into the prefill set; returns their new tokens. */
static uint64_t admit_all(struct batch *b)
{
	uint64_t new_tok = 0;

	while (waitline_count(&b->line) > 0) {
		const struct request *r = request_of(b, (uint32_t)waitline_at(&b->line, 0));

		if (!admissible(b, r, new_tok))
			break;
		new_tok += (uint64_t)r->prompt_tok + r->emitted_tok;
		admit(b, 0);
	}
	/* The first in line cannot be admitted although nothing runs: what it waits for is
	 * set aside for others, so let one of those through. */
	for (size_t i = 1; b->n + b->n_prefill == 0 && i < waitline_count(&b->line); i++) {
		const struct request *r = request_of(b, (uint32_t)waitline_at(&b->line, i));

		if (admissible(b, r, 0)) {
			new_tok = (uint64_t)r->prompt_tok + r->emitted_tok;
			admit(b, i);
		}
	}
	return new_tok;
}

/* Steps */

static void levels_set(struct batch *b)
{
	struct instance_metrics *m = &b->w->instances[b->id.i].metrics;
	int64_t now_ns = engine_now_ns(b->w->engine);

	level_set(&m->running, now_ns, (double)(b->n + b->n_prefill));
	level_set(&m->busy, now_ns, b->phase == PHASE_IDLE ? 0.0 : 1.0);
}

static void prefill_start(struct batch *b, uint64_t new_tok)
{
	double s = cost_prefill_s(b->cost, new_tok, b->n_prefill);

	for (size_t i = 0; i < b->n_prefill; i++) {
		const struct request *r = request_of(b, b->prefill[i]);

		s += cost_prefill_attention_s(b->cost, r->prompt_tok + r->emitted_tok, 0);
	}
	b->phase = PHASE_PREFILL;
	post_step(b->w->engine, ns_after(engine_now_ns(b->w->engine), ns_of_s(s)), b->id,
		b->prefill[0]);
}

/** Post the end of the jump, or of its next step. */
static void jump_post(struct batch *b)
{
	struct engine *e = b->w->engine;
	int64_t at_ns;

	if (b->w->setup.step_by_step) {
		double tok = b->context_tok + (double)b->stepped * (double)b->n;
		struct cost_affine a = cost_decode(b->cost, b->n, (uint64_t)tok);

		b->stepped_s += a.base_s + a.per_tok_s * tok;
		b->step_from_ns = engine_now_ns(e);
		at_ns = ns_after(b->from_ns, ns_of_s(b->stepped_s));
	} else {
		at_ns = jump_end_ns(b, b->k);
	}
	b->end = post_step(e, at_ns, b->id, b->heap[0].request);
}

/** The step after which the total context leaves the cell of the grid. */
static uint64_t steps_in_cell(const struct batch *b)
{
	double left = (double)b->step.until_tok - b->context_tok;

	if (left <= 0.0)
		return 1;
	left = floor(left / (double)b->n) + 1.0;
	return left < 1e15 ? (uint64_t)left : (uint64_t)1e15;
}

static void decode_start(struct batch *b)
{
	uint64_t cell;

	while (b->n > 0 && kvcache_need(&b->kv, 1) > kvcache_free(&b->kv))
		preempt_youngest(b);
	if (b->n == 0)
		return;
	b->phase = PHASE_DECODE;
	b->from_ns = engine_now_ns(b->w->engine);
	b->step = cost_decode(b->cost, b->n, (uint64_t)b->context_tok);
	b->stepped = 0;
	b->stepped_s = 0.0;
	b->k = b->heap[0].last_step - b->kv.steps;
	cell = steps_in_cell(b);
	if (cell < b->k)
		b->k = cell;
	b->k = kvcache_steps_within(&b->kv, b->k, kvcache_free(&b->kv));
	jump_post(b);
}

/** Begin the next step, whatever it is. */
static void boundary(struct batch *b)
{
	uint64_t new_tok;

	do { /* again when the batch preempted itself away */
		b->phase = PHASE_BOUNDARY;
		new_tok = admit_all(b);
		if (b->n_prefill > 0)
			prefill_start(b, new_tok);
		else if (b->n > 0)
			decode_start(b);
		else
			b->phase = PHASE_IDLE;
	} while (b->phase == PHASE_BOUNDARY);
	levels_set(b);
}

/** Account for @k steps of the jump that have been made. */
static void jump_account(struct batch *b, uint64_t k)
{
	kvcache_step(&b->kv, k);
	b->context_tok += (double)k * (double)b->n;
}

/** End the jump here and now, after @k steps. */
static void jump_end_now(struct batch *b, uint64_t k)
{
	engine_cancel(b->w->engine, b->end);
	jump_account(b, k);
	boundary(b);
}

/** Someone can join: end the jump at the end of the step in flight, or at once if one
 *  begins at this very instant. When stepping, step_done() does the former. */
static void jump_cut(struct batch *b)
{
	int64_t now_ns = engine_now_ns(b->w->engine);
	uint64_t k;

	if (b->w->setup.step_by_step) {
		if (step_begins_now(b))
			jump_end_now(b, b->stepped);
		return;
	}
	k = jump_at(b, now_ns);
	if (k >= b->k)
		return;
	if (jump_end_ns(b, k) == now_ns) {
		jump_end_now(b, k);
		return;
	}
	engine_cancel(b->w->engine, b->end);
	b->k = k;
	jump_post(b);
}

void batch_enqueue(struct batch *b, uint32_t slot)
{
	waitline_push(&b->line, slot);
	if (b->phase == PHASE_IDLE) {
		boundary(b);
		return;
	}
	if (b->phase != PHASE_DECODE)
		return;
	if (first_admissible(b))
		jump_cut(b);
}

static void prefill_done(struct batch *b)
{
	int64_t now_ns = engine_now_ns(b->w->engine);
	size_t n = b->n_prefill;

	b->n_prefill = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t slot = b->prefill[i];
		struct request *r = request_of(b, slot);

		if (r->emitted_tok++ == 0)
			r->first_token_ns = now_ns;
		if (r->emitted_tok < r->output_tok) {
			join(b, slot);
			continue;
		}
		b->kv.used -= kvcache_blocks(&b->kv, (uint64_t)r->prompt_tok + r->emitted_tok);
		b->host->served(b->w, slot);
	}
}

static void decode_done(struct batch *b)
{
	while (b->n > 0 && b->heap[0].last_step == b->kv.steps) {
		uint32_t slot = b->heap[0].request;
		struct request *r = request_of(b, slot);

		leave(b, 0);
		r->emitted_tok = r->output_tok;
		b->host->served(b->w, slot);
	}
}

bool batch_step_done(struct batch *b)
{
	/* with many instances each of these is far away: ask for them side by side */
	__builtin_prefetch(b->heap);
	__builtin_prefetch(b->kv.residue);
	if (b->phase == PHASE_DECODE && b->w->setup.step_by_step) {
		b->stepped++;
		if (b->stepped < b->k && !first_admissible(b) &&
			b->kv.used + b->kv.reserved + kvcache_need(&b->kv, b->stepped + 1) <=
				b->kv.total) {
			jump_post(b);
			return false;
		}
		b->k = b->stepped;
	}
	if (b->phase == PHASE_PREFILL) {
		b->phase = PHASE_BOUNDARY;
		prefill_done(b);
	} else {
		b->phase = PHASE_BOUNDARY;
		jump_account(b, b->k);
		decode_done(b);
	}
	return true;
}

void batch_begin(struct batch *b)
{
	boundary(b);
}

/* For the policies */

bool batch_can_hold(const struct batch *b, uint32_t prompt_tok, uint32_t output_tok)
{
	return kvcache_blocks(&b->kv, (uint64_t)prompt_tok + output_tok) <= b->kv.total;
}

bool batch_has_blocks(const struct batch *b, uint32_t prompt_tok)
{
	uint64_t want =
		kvcache_blocks(&b->kv, (uint64_t)prompt_tok + 1) + b->kv.used + b->kv.reserved;

	if (b->phase != PHASE_DECODE)
		return want <= b->kv.total;
	if (want + b->n * (b->k / b->kv.block_tok + 1) <= b->kv.total)
		return true; /* even at the end of the jump */
	return want + kvcache_need(&b->kv, steps_begun(b)) <= b->kv.total;
}

void batch_reserve(struct batch *b, uint32_t slot)
{
	struct request *r = request_of(b, slot);
	uint64_t begun, k;

	r->reserved_blocks = (uint32_t)kvcache_blocks(&b->kv, (uint64_t)r->prompt_tok + 1);
	b->kv.reserved += r->reserved_blocks;
	if (b->phase != PHASE_DECODE || b->w->setup.step_by_step ||
		b->kv.used + b->kv.reserved + kvcache_need(&b->kv, b->k) <= b->kv.total)
		return;
	/* the jump counted on these blocks: end it where the rest gives out */
	begun = steps_begun(b);
	k = kvcache_steps_within(&b->kv, b->k, kvcache_free(&b->kv));
	if (k < begun)
		k = begun;
	if (k < b->k) {
		engine_cancel(b->w->engine, b->end);
		b->k = k;
		jump_post(b);
	}
}

double batch_prefill_s(const struct batch *b, uint32_t prompt_tok)
{
	return cost_prefill_s(b->cost, prompt_tok, 1) +
	       cost_prefill_attention_s(b->cost, prompt_tok, 0);
}

double batch_decode_step_s(const struct batch *b, size_t n, double context_tok)
{
	struct cost_affine a;

	n = n > b->max_batch ? b->max_batch : n;
	a = cost_decode(b->cost, n, (uint64_t)context_tok);
	return a.base_s + a.per_tok_s * context_tok;
}

uint64_t batch_kv_peak_bytes(const struct batch *b)
{
	uint64_t now =
		b->kv.used + (b->phase == PHASE_DECODE ? kvcache_need(&b->kv, steps_begun(b)) : 0);

	return (uint64_t)((double)(now > b->kv.peak ? now : b->kv.peak) * b->block_bytes);
}

void batch_measure(struct batch *b)
{
	b->kv.peak = b->kv.used;
}

bool batch_create(struct batch **out, struct world *w, const struct instance_host *host,
	struct instance_id id, const struct cost *cost, const struct cost_spec *what,
	const struct instance_spec *spec, struct err *err)
{
	double weights = llm_weight_bytes(what->shape, what->precision);
	double room = what->gpu->mem_bytes - weights - spec->reserve_bytes;
	struct batch *b;

	*out = NULL;
	if (room < llm_kv_bytes_per_tok(what->shape) * spec->block_tok)
		return err_at(err, spec->at,
			"instance '%s': %s needs %.2f GB for its weights and %.2f GB in reserve, "
			"'%s' has %.2f GB: no room for a KV cache",
			spec->name, what->shape->name, weights / 1e9, spec->reserve_bytes / 1e9,
			what->gpu->name, what->gpu->mem_bytes / 1e9);
	b = mem_zalloc(1, sizeof *b);
	b->w = w;
	b->host = host;
	b->id = id;
	b->cost = cost;
	b->max_batch = spec->max_batch;
	b->block_bytes = llm_kv_bytes_per_tok(what->shape) * spec->block_tok;
	b->prefill_cap_tok = what->shape->context;
	kvcache_init(
		&b->kv, (uint64_t)fmin(room / b->block_bytes, KV_MOST_BLOCKS), spec->block_tok);
	waitline_init(&b->line);
	b->heap = mem_zalloc(b->max_batch, sizeof *b->heap);
	b->prefill = mem_zalloc(b->max_batch, sizeof *b->prefill);
	*out = b;
	return true;
}

void batch_destroy(struct batch *b)
{
	if (!b)
		return;
	waitline_finish(&b->line);
	free(b->heap);
	free(b->prefill);
	kvcache_finish(&b->kv);
	free(b);
}
