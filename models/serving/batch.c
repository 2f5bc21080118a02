/*
 * The batch engine of an LLM instance: continuous batching over a paged KV
 * cache (models.md section 5).
 *
 * At each step boundary waiting requests are admitted in order while the batch
 * has a place and the cache has blocks for the prompt and one token; if any
 * were, the next step is their prefill (those already decoding pause), else it
 * is a decode step of the whole batch. A prefill emits a request's first token.
 * A request whose next token finds no block makes the youngest of the batch
 * give up its blocks and wait, first in line, to be computed again.
 *
 * Jump decoding. While the batch does not change, a decode step is affine in
 * the total context C, which grows by the batch size B each step, so the end of
 * step k after a start at C0 is
 *
 *	t0 + k (a + b C0) + b B k (k - 1) / 2
 *
 * and the engine posts one event for the step at which the first request
 * finishes, the cache runs out, or the cell of a measured grid ends. A request
 * that arrives meanwhile cuts the jump at the end of the step in flight.
 * Stepping (step_by_step) posts one event a step instead and sums
 * the steps; times agree to 1 ns per jump.
 *
 * Costs: O(log B) to join and to leave, O(block_tok) to plan a jump; nothing
 * grows with the number of tokens.
 */
#include "models/serving/instance_ops.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/record.h"
#include "models/serving/kvcache.h"
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
	uint32_t seq;
};

struct batch {
	struct instance *i;
	const struct cost *cost;
	uint32_t max_batch;
	uint64_t prefill_cap_tok; /* new tokens in one prefill step, unless one prompt alone has
				     more */
	double block_bytes;
	bool step_by_step;

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

struct instance_state {
	struct batch batch;
};

static struct sequence *sequence_of(const struct batch *b, uint32_t seq)
{
	return instance_sequence(b->i, seq);
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
	return b->step_from_ns == engine_now_ns(b->i->engine);
}

/** Steps of the jump that began before now, and so hold their blocks. */
static uint64_t steps_begun(const struct batch *b)
{
	if (b->phase != PHASE_DECODE)
		return 0;
	if (b->step_by_step)
		return b->stepped + (step_begins_now(b) ? 0 : 1);
	return jump_at(b, engine_now_ns(b->i->engine));
}

/* Members come and go */

static uint64_t stored_tok(const struct batch *b, const struct sequence *q)
{
	return (uint64_t)q->prompt_tok + q->emitted_tok + (b->kv.steps - q->joined_step);
}

static void join(struct batch *b, uint32_t seq)
{
	struct sequence *q = sequence_of(b, seq);
	struct member m = {
		.last_step = b->kv.steps + (q->output_tok - q->emitted_tok),
		.order = b->joined++,
		.seq = seq,
	};

	q->joined_step = b->kv.steps;
	b->context_tok += (double)stored_tok(b, q);
	kvcache_join(&b->kv, stored_tok(b, q));
	heap_up(b, b->n++, m);
}

/** Take member @i of the heap out of the batch and free its blocks. */
static void leave(struct batch *b, size_t i)
{
	const struct sequence *q = sequence_of(b, b->heap[i].seq);

	b->context_tok -= (double)stored_tok(b, q);
	kvcache_leave(&b->kv, q->joined_step, stored_tok(b, q));
	heap_remove(b, i);
}

static void preempt_youngest(struct batch *b)
{
	struct sequence *q;
	size_t youngest = 0;
	uint32_t seq;

	for (size_t i = 1; i < b->n; i++)
		if (b->heap[i].order > b->heap[youngest].order)
			youngest = i;
	seq = b->heap[youngest].seq;
	q = sequence_of(b, seq);
	leave(b, youngest);
	q->emitted_tok += (uint32_t)(b->kv.steps - q->joined_step);
	q->preemptions++;
	b->n_preempted++;
	b->i->preemptions++;
	waitline_push_front(&b->line, seq);
	instance_hold(b->i, true);
}

/* Admission */

static bool admissible(const struct batch *b, const struct sequence *q, uint64_t new_tok)
{
	uint64_t tok = (uint64_t)q->prompt_tok + q->emitted_tok;

	if (b->n + b->n_prefill >= b->max_batch)
		return false;
	if (b->n_prefill > 0 && new_tok + tok > b->prefill_cap_tok)
		return false;
	return q->reserved_blocks > 0 || kvcache_blocks(&b->kv, tok + 1) <= kvcache_free(&b->kv);
}

static bool first_admissible(const struct batch *b)
{
	return waitline_count(&b->line) > 0 &&
	       admissible(b, sequence_of(b, (uint32_t)waitline_at(&b->line, 0)), 0);
}

static void admit(struct batch *b, size_t place)
{
	uint32_t seq = (uint32_t)waitline_remove(&b->line, place);
	struct sequence *q = sequence_of(b, seq);

	b->kv.reserved -= q->reserved_blocks;
	q->reserved_blocks = 0;
	kvcache_take(&b->kv, kvcache_blocks(&b->kv, (uint64_t)q->prompt_tok + q->emitted_tok + 1));
	if (q->emitted_tok > 0 && --b->n_preempted == 0)
		instance_hold(b->i, false);
	if (q->started_ns == TIME_NONE)
		q->started_ns = engine_now_ns(b->i->engine);
	b->prefill[b->n_prefill++] = seq;
}

/** Move waiting requests into the prefill set; returns their new tokens. */
static uint64_t admit_all(struct batch *b)
{
	uint64_t new_tok = 0;

	while (waitline_count(&b->line) > 0) {
		const struct sequence *q = sequence_of(b, (uint32_t)waitline_at(&b->line, 0));

		if (!admissible(b, q, new_tok))
			break;
		new_tok += (uint64_t)q->prompt_tok + q->emitted_tok;
		admit(b, 0);
	}
	/* The first in line cannot be admitted although nothing runs: what it waits for is
	 * set aside for others, so let one of those through. */
	for (size_t i = 1; b->n + b->n_prefill == 0 && i < waitline_count(&b->line); i++) {
		const struct sequence *q = sequence_of(b, (uint32_t)waitline_at(&b->line, i));

		if (admissible(b, q, 0)) {
			new_tok = (uint64_t)q->prompt_tok + q->emitted_tok;
			admit(b, i);
		}
	}
	return new_tok;
}

/* Steps */

static void tell_levels(struct batch *b)
{
	instance_works(b->i, (double)(b->n + b->n_prefill), b->phase == PHASE_IDLE ? 0.0 : 1.0);
}

static void prefill_start(struct batch *b, uint64_t new_tok)
{
	double s = cost_prefill_s(b->cost, new_tok, b->n_prefill);

	for (size_t i = 0; i < b->n_prefill; i++) {
		const struct sequence *q = sequence_of(b, b->prefill[i]);

		s += cost_prefill_attention_s(b->cost, q->prompt_tok + q->emitted_tok, 0);
	}
	b->phase = PHASE_PREFILL;
	post_step(b->i->engine, ns_after(engine_now_ns(b->i->engine), ns_of_s(s)), b->i->id,
		b->prefill[0]);
}

/** Post the end of the jump, or of its next step. */
static void jump_post(struct batch *b)
{
	struct engine *e = b->i->engine;
	int64_t at_ns;

	if (b->step_by_step) {
		double tok = b->context_tok + (double)b->stepped * (double)b->n;
		struct cost_affine a = cost_decode(b->cost, b->n, (uint64_t)tok);

		b->stepped_s += a.base_s + a.per_tok_s * tok;
		b->step_from_ns = engine_now_ns(e);
		at_ns = ns_after(b->from_ns, ns_of_s(b->stepped_s));
	} else {
		at_ns = jump_end_ns(b, b->k);
	}
	b->end = post_step(e, at_ns, b->i->id, b->heap[0].seq);
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
	b->from_ns = engine_now_ns(b->i->engine);
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
	tell_levels(b);
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
	engine_cancel(b->i->engine, b->end);
	jump_account(b, k);
	boundary(b);
}

/** Someone can join: end the jump at the end of the step in flight, or at once if one
 *  begins at this very instant. When stepping, step_done() does the former. */
static void jump_cut(struct batch *b)
{
	int64_t now_ns = engine_now_ns(b->i->engine);
	uint64_t k;

	if (b->step_by_step) {
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
	engine_cancel(b->i->engine, b->end);
	b->k = k;
	jump_post(b);
}

static void batch_enqueue(struct instance *i, uint32_t seq)
{
	struct batch *b = &i->state->batch;

	waitline_push(&b->line, seq);
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
	int64_t now_ns = engine_now_ns(b->i->engine);
	size_t n = b->n_prefill;

	b->n_prefill = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t seq = b->prefill[i];
		struct sequence *q = sequence_of(b, seq);

		if (q->emitted_tok++ == 0)
			q->first_token_ns = now_ns;
		if (q->emitted_tok < q->output_tok) {
			join(b, seq);
			continue;
		}
		b->kv.used -= kvcache_blocks(&b->kv, (uint64_t)q->prompt_tok + q->emitted_tok);
		instance_served(b->i, seq);
	}
}

static void decode_done(struct batch *b)
{
	while (b->n > 0 && b->heap[0].last_step == b->kv.steps) {
		uint32_t seq = b->heap[0].seq;
		struct sequence *q = sequence_of(b, seq);

		leave(b, 0);
		q->emitted_tok = q->output_tok;
		instance_served(b->i, seq);
	}
}

/** EV_STEP; which sequence it names is for those who read events. */
static bool batch_advance(struct instance *i, uint32_t seq)
{
	struct batch *b = &i->state->batch;

	(void)seq;
	/* with many instances each of these is far away: ask for them side by side */
	__builtin_prefetch(b->heap);
	__builtin_prefetch(b->kv.residue);
	if (b->phase == PHASE_DECODE && b->step_by_step) {
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

static void batch_begin(struct instance *i)
{
	boundary(&i->state->batch);
}

/* Questions */

static bool batch_can_hold(const struct instance *i, struct demand d)
{
	const struct kvcache *kv = &i->state->batch.kv;

	return kvcache_blocks(kv, d.prompt_tok + (uint64_t)d.output_tok) <= kv->total;
}

/** Are there uncommitted blocks now for the prompt and one token? */
static bool batch_has_memory(const struct instance *i, struct demand d)
{
	const struct batch *b = &i->state->batch;
	uint64_t want =
		kvcache_blocks(&b->kv, (uint64_t)d.prompt_tok + 1) + b->kv.used + b->kv.reserved;

	if (b->phase != PHASE_DECODE)
		return want <= b->kv.total;
	if (want + b->n * (b->k / b->kv.block_tok + 1) <= b->kv.total)
		return true; /* even at the end of the jump */
	return want + kvcache_need(&b->kv, steps_begun(b)) <= b->kv.total;
}

static double decode_step_s(const struct batch *b, size_t n, double context_tok)
{
	struct cost_affine a;

	n = n > b->max_batch ? b->max_batch : n;
	a = cost_decode(b->cost, n, (uint64_t)context_tok);
	return a.base_s + a.per_tok_s * context_tok;
}

static double batch_step_s(const struct instance *i, struct load others)
{
	return decode_step_s(&i->state->batch, (size_t)others.n + 1, others.context_tok);
}

/** As models.md section 10 lets a policy know it: an answer of n tokens is its prefill and n - 1
 *  decode steps at the context in its middle. */
static struct expectation batch_expect(
	const struct instance *i, struct demand d, struct load others)
{
	const struct batch *b = &i->state->batch;
	double tok = others.context_tok + d.prompt_tok + 0.5 * d.output_tok;
	double step_s = decode_step_s(b, (size_t)others.n + 1, tok);
	struct expectation e = {
		.prefill_s = cost_prefill_s(b->cost, d.prompt_tok, 1) +
			     cost_prefill_attention_s(b->cost, d.prompt_tok, 0),
		.decode_s = d.output_tok > 1.0 ? (d.output_tok - 1.0) * step_s : 0.0,
	};

	if (others.n >= b->max_batch) /* one place opens every service / max_batch */
		e.wait_s = (double)(others.n - b->max_batch + 1) * (e.prefill_s + e.decode_s) /
			   (double)b->max_batch;
	return e;
}

static void batch_gauge(const struct instance *i, struct gauge *out)
{
	const struct batch *b = &i->state->batch;
	uint64_t now =
		b->kv.used + (b->phase == PHASE_DECODE ? kvcache_need(&b->kv, steps_begun(b)) : 0);

	out->kv_peak_bytes = floor((double)(now > b->kv.peak ? now : b->kv.peak) * b->block_bytes);
}

static void batch_measure(struct instance *i)
{
	struct kvcache *kv = &i->state->batch.kv;

	kv->peak = kv->used;
}

/* Memory set aside */

static void batch_reserve(struct instance *i, uint32_t seq)
{
	struct batch *b = &i->state->batch;
	struct sequence *q = sequence_of(b, seq);
	uint64_t begun, k;

	if (!batch_has_memory(i, (struct demand){.prompt_tok = q->prompt_tok}))
		return;
	q->reserved_blocks = (uint32_t)kvcache_blocks(&b->kv, (uint64_t)q->prompt_tok + 1);
	b->kv.reserved += q->reserved_blocks;
	if (b->phase != PHASE_DECODE || b->step_by_step ||
		b->kv.used + b->kv.reserved + kvcache_need(&b->kv, b->k) <= b->kv.total)
		return;
	/* the jump counted on these blocks: end it where the rest gives out */
	begun = steps_begun(b);
	k = kvcache_steps_within(&b->kv, b->k, kvcache_free(&b->kv));
	if (k < begun)
		k = begun;
	if (k < b->k) {
		engine_cancel(b->i->engine, b->end);
		b->k = k;
		jump_post(b);
	}
}

static bool batch_init(struct instance *i, const struct instance_build *build, struct err *err)
{
	const struct instance_spec *spec = build->spec;
	const struct cost_spec *what = build->cost_spec;
	double weights = llm_weight_bytes(what->shape, what->precision);
	double room = what->gpu->mem_bytes - weights - spec->reserve_bytes;
	struct batch *b = &i->state->batch;

	i->places = spec->max_batch + spec->ahead;
	b->i = i;
	b->cost = build->cost;
	b->step_by_step = build->step_by_step;
	b->max_batch = spec->max_batch;
	b->block_bytes = llm_kv_bytes_per_tok(what->shape) * spec->block_tok;
	b->prefill_cap_tok = what->shape->context;
	if (room < b->block_bytes)
		return err_at(err, spec->at,
			"instance '%s': %s needs %.2f GB for its weights and %.2f GB in reserve, "
			"'%s' has %.2f GB: no room for a KV cache",
			spec->name, what->shape->name, weights / 1e9, spec->reserve_bytes / 1e9,
			what->gpu->name, what->gpu->mem_bytes / 1e9);
	kvcache_init(
		&b->kv, (uint64_t)fmin(room / b->block_bytes, KV_MOST_BLOCKS), spec->block_tok);
	waitline_init(&b->line);
	b->heap = mem_zalloc(b->max_batch, sizeof *b->heap);
	b->prefill = mem_zalloc(b->max_batch, sizeof *b->prefill);
	return true;
}

static void batch_finish(struct instance *i)
{
	struct batch *b = &i->state->batch;

	waitline_finish(&b->line);
	free(b->heap);
	free(b->prefill);
	kvcache_finish(&b->kv);
}

const struct instance_ops instance_batch = {
	.name = "batch",
	.state_size = sizeof(struct instance_state),
	.needs_cost = true,
	.init = batch_init,
	.finish = batch_finish,
	.can_hold = batch_can_hold,
	.has_memory = batch_has_memory,
	.expect = batch_expect,
	.step_s = batch_step_s,
	.reserve = batch_reserve,
	.enqueue = batch_enqueue,
	.advance = batch_advance,
	.begin = batch_begin,
	.gauge = batch_gauge,
	.measure = batch_measure,
};
