/*
 * An LLM instance: prompts wait in a line, and at each boundary between two steps the next is
 * formed: if anyone was admitted, their prefill (those already decoding pause, unless prompts come
 * in chunks), else a decode step of the whole batch. A prefill emits a request's first token. A
 * request whose next token finds no block makes the youngest of the batch give up its blocks and
 * wait.
 *
 * Costs: O(log B) to join and to leave; nothing grows with the number of tokens.
 */
#include <math.h>

#include "models/cost/holding.h"
#include "models/serving/admission.h"
#include "models/serving/apart.h"
#include "models/serving/batch.h"
#include "models/serving/causes.h"
#include "models/serving/full.h"
#include "models/serving/handing.h"
#include "models/serving/host_memory.h"
#include "models/serving/jump.h"
#include "models/serving/memory.h"
#include "models/serving/preempt.h"
#include "models/serving/prefix.h"
#include "models/serving/running.h"
#include "models/serving/span.h"
#include "models/serving/speculative.h"

struct instance_state {
	struct batch batch;
};

/* Steps */

static void prefill_start(struct batch *b)
{
	double s = batch_swapping_s(b) + b->executor->step_s(b);

	b->jump.from_ns = batch_now_ns(b);
	b->executor->launch(b, ns_after(batch_now_ns(b), ns_of_s(s)), b->prefill[0]);
	if (b->overlaps)
		handing_begin(b, s);
}

static enum batch_activity form(struct batch *b)
{
	b->activity = BATCH_BOUNDARY;
	handing_grant(b);
	if (b->n_away > 0)
		apart_gather(b);
	prefix_settle(b);
	b->n_begun = 0;
	b->batching->form(b);
	admission_set_aside(b);
	if (b->n_prefill > 0)
		return BATCH_PREFILL;
	if (b->running.n == 0)
		return BATCH_IDLE;
	preempt_for_next_step(b);
	return b->running.n > 0 ? BATCH_DECODE : BATCH_BOUNDARY;
}

void batch_form(struct batch *b)
{
	do /* again when the batch preempted itself away */
		b->activity = form(b);
	while (b->activity == BATCH_BOUNDARY);
}

/** Begin the next step, whatever it is. */
static void boundary(struct batch *b)
{
	batch_form(b);
	if (b->activity == BATCH_PREFILL)
		prefill_start(b);
	else if (b->activity == BATCH_DECODE)
		jump_begin(b);
	instance_works(
		b->i, (double)(batch_size(b) - b->n_away), b->activity == BATCH_IDLE ? 0.0 : 1.0);
	batch_tell_full(b);
}

static void batch_enqueue(struct instance *i, uint32_t seq)
{
	struct batch *b = &i->state->batch;

	if (b->together.wait_ns > 0)
		batch_sequence(b, seq)->arrived_ns = batch_now_ns(b);
	if (b->speculation && batch_sequence(b, seq)->drafting.line)
		apart_arrives(b, seq);
	waitline_push(&b->line, seq);
	if (b->activity == BATCH_IDLE ||
		(b->activity == BATCH_DECODE && b->batching->admits(b) && jump_cut(b)))
		boundary(b);
}

static void decode_done(struct batch *b)
{
	const struct running *r = &b->running;

	while (r->n > 0 && r->heap[0].last_step == b->kv.steps) {
		uint32_t seq = r->heap[0].seq;
		struct sequence *q = batch_sequence(b, seq);

		running_leave(b, 0);
		q->emitted_tok = q->output_tok;
		instance_served(b->i, seq);
	}
	if (r->n == 0 && r->rows > 0)
		running_end(b);
}

/** Those whose prompt is computed have one token more and decode; the others go on. */
static void prefill_done(struct batch *b)
{
	int64_t now_ns = batch_now_ns(b);
	size_t n = b->n_prefill;

	b->n_prefill = 0;
	b->prefill_tok = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t seq = b->prefill[i];
		struct sequence *q = batch_sequence(b, seq);

		if (!batch_ends(q)) {
			q->computed_tok += q->chunk_tok;
			b->prefill[b->n_prefill++] = seq;
			continue;
		}
		sequence_charge(q, q->emitted_tok == 0 ? CAUSE_PREFILL : CAUSE_PREEMPTED, now_ns);
		if (q->emitted_tok++ == 0)
			q->first_token_ns = now_ns;
		if (q->part) {
			if (b->tells)
				b->i->host->token(b->i->world, b->i->id, seq);
			handing_park(b, seq);
			continue;
		}
		if (q->emitted_tok < q->output_tok || b->batching->keeps_rows) {
			running_join(b, seq);
			if (b->tells && q->emitted_tok < q->output_tok)
				b->i->host->token(b->i->world, b->i->id, seq);
			continue;
		}
		prefix_leaves(b, q, (uint64_t)q->prompt_tok + q->emitted_tok - 1);
		b->kv.used -= kvcache_blocks(&b->kv, (uint64_t)q->prompt_tok + q->emitted_tok);
		apart_leaves(b, q);
		instance_served(b->i, seq);
	}
	if (b->batching->keeps_rows)
		decode_done(b); /* of answers of one token */
}

void batch_step_done(struct batch *b)
{
	bool prefill = b->activity == BATCH_PREFILL, verified = !prefill || b->mixed;

	span_end(b, prefill ? 1 : b->jump.k);
	b->activity = BATCH_BOUNDARY;
	if (prefill) {
		if (b->executor->ended)
			b->executor->ended(b, 0);
		stall_count(b);
		if (b->mixed) { /* counted when the step was formed */
			b->decoder->emit(b);
			decode_done(b);
		}
		b->mixed = false;
		prefill_done(b);
	} else {
		jump_end(b);
		decode_done(b);
	}
	if (b->speculation)
		apart_send_off(b, verified);
	/* before the scheduler looks: with the last of them there is room again */
	while (b->n_preempted > 0 && b->batching->admits(b))
		admission_admit(b, 0);
}

/** EV_DRAFT */
static void batch_drafted(struct instance *i, const struct draft_letter *l)
{
	struct batch *b = &i->state->batch;

	if (apart_drafted(b, l) && b->activity == BATCH_IDLE)
		boundary(b);
}

/** EV_STEP; the sequence it names is for those who read events. */
static bool batch_advance(struct instance *i, uint32_t seq)
{
	struct batch *b = &i->state->batch;

	(void)seq;
	/* with many instances each of these is far away: ask for them side by side */
	__builtin_prefetch(b->running.heap);
	__builtin_prefetch(b->kv.residue);
	if (b->activity == BATCH_IDLE) { /* it has waited for others long enough */
		boundary(b);
		return false;
	}
	if (b->activity == BATCH_DECODE && !jump_advance(b))
		return false;
	batch_step_done(b);
	return true;
}

static void batch_begin(struct instance *i)
{
	boundary(&i->state->batch);
}

static bool batch_release(struct instance *i, uint32_t seq)
{
	return handing_release(&i->state->batch, seq);
}

static void batch_resume(struct instance *i, uint32_t seq)
{
	handing_keep(&i->state->batch, seq);
	batch_enqueue(i, seq);
}

static void batch_assigned(struct instance *i, uint32_t seq, bool place)
{
	if (i->state->batch.batching->sets_aside)
		admission_assigned(&i->state->batch, seq, place);
}

/* Questions */

static bool batch_can_hold(const struct instance *i, const struct demand *d)
{
	double output_tok = d->what == SERVE_PREFILL ? 1.0 : d->output_tok;

	return d->prompt_tok + output_tok <= i->state->batch.most_tok;
}

static bool batch_has_memory(const struct instance *i, const struct demand *d)
{
	const struct batch *b = &i->state->batch;
	uint64_t shared = 0;

	if (!b->batching->sets_aside)
		return true;
	if (d->what == SERVE_DECODE && b->n_bare > 0)
		return false; /* KV that comes while other waits for blocks would wait behind that
			       */
	if (b->prefix.tree && d->whose > 0)
		shared = prefix_shared_blocks(b, batch_sequence(b, d->whose - 1), d->prompt_tok);
	return admission_has_blocks(b, d->prompt_tok, shared);
}

static double decode_step_s(const struct batch *b, size_t n, double context_tok)
{
	n = n > b->max_batch ? b->max_batch : n;
	if (b->speculation)
		return speculation_token_s(b, n, context_tok);
	return cost_affine_s(b->executor->decode(b, n, context_tok), context_tok);
}

static double batch_step_s(const struct instance *i, struct load others)
{
	return decode_step_s(&i->state->batch, (size_t)others.n + 1, others.context_tok);
}

static double answer_s(const struct batch *b, const struct demand *d, struct load others)
{
	double tok = others.context_tok + d->prompt_tok + 0.5 * d->output_tok;
	double step_s = decode_step_s(b, (size_t)others.n + 1, tok);

	return d->output_tok > 1.0 ? (d->output_tok - 1.0) * step_s : 0.0;
}

/** The step that is made up already, if one is in flight; and the one while which its token is told
 *  of. That comes before instead of behind it, which is the same to its user. */
static double batch_lag_s(const struct instance *i)
{
	const struct batch *b = &i->state->batch;
	const struct host_time *host = &i->spec->host_time;
	size_t n = b->running.n;
	double sum = 0.0;

	if (host->ahead && b->activity != BATCH_IDLE && n > 0)
		sum += decode_step_s(b, n, b->running.context_tok);
	if (host->late)
		sum += decode_step_s(b, n + 1, b->running.context_tok);
	return sum;
}

/** As a policy may know it: an answer of n tokens is its prefill and n - 1
 *  decode steps at the context in its middle. */
static struct expectation batch_expect(
	const struct instance *i, const struct demand *d, struct load others)
{
	const struct batch *b = &i->state->batch;
	struct expectation e = {
		.prefill_s =
			d->what != SERVE_DECODE ? b->executor->prompt_s(b, d->prompt_tok) : 0.0,
		.decode_s = d->what != SERVE_PREFILL ? answer_s(b, d, others) : 0.0,
	};

	if (i->spec->role == ROLE_PREFILL) { /* all that is assigned are prompts */
		e.wait_s = others.context_tok * e.prefill_s / fmax(1.0, d->prompt_tok);
		return e;
	}
	if (b->batching->wait_s)
		e.wait_s = b->batching->wait_s(b, others.n, e.prefill_s + e.decode_s);
	else if (others.n >= b->max_batch) /* one place opens every service / max_batch */
		e.wait_s = (double)(others.n - b->max_batch + 1) * (e.prefill_s + e.decode_s) /
			   (double)b->max_batch;
	return e;
}

static void batch_gauge(const struct instance *i, struct gauge *out)
{
	const struct batch *b = &i->state->batch;
	uint64_t now = b->kv.used + jump_need(b, jump_steps_begun(b));

	out->kv_fill = (double)(now + b->kv.reserved) / (double)b->kv.total;
	out->kv_blocks = (double)b->kv.total;
	out->kv_peak_bytes =
		floor((double)(now > b->kv.peak ? now : b->kv.peak) * b->kv_block_bytes);
	out->parked = b->n_parked;
	prefix_gauge(b, out);
}

static bool batch_speculated(const struct instance *i, struct speculation_counts *out)
{
	if (!i->state->batch.speculation)
		return false;
	*out = speculation_counted(&i->state->batch);
	return true;
}

static bool batch_drew(const struct instance *i)
{
	const struct batch *b = &i->state->batch;

	return b->speculation && b->speculation->drew;
}

static void batch_measure(struct instance *i)
{
	struct kvcache *kv = &i->state->batch.kv;

	kv->peak = kv->used;
	prefix_measure(&i->state->batch);
	if (i->state->batch.speculation)
		speculation_measure(&i->state->batch);
}

static void batch_close(struct instance *i)
{
	const struct batch *b = &i->state->batch;

	if (b->activity == BATCH_PREFILL || b->activity == BATCH_DECODE)
		span_end(b, b->activity == BATCH_PREFILL ? 1 : jump_steps_begun(b));
}

static bool batch_init(struct instance *i, const struct instance_build *build, struct err *err)
{
	const struct instance_spec *spec = build->spec;
	struct batch *b = &i->state->batch;
	uint64_t blocks;

	i->places = spec->max_batch + spec->ahead;
	b->block_bytes = memory_block_bytes(spec, build->cost_spec, build->draft_cost_spec);
	b->kv_block_bytes = b->block_bytes * instance_devices(spec) +
			    offload_host_kv_bytes_per_tok(build->cost_spec) * spec->block_tok;
	if (!memory_blocks(
		    &blocks, spec, build->cost_spec, build->draft_cost_spec, b->block_bytes, err) ||
		!host_memory_limit(&blocks, spec, build->cost_spec, err))
		return false;
	batch_prepare(b, i, build, blocks);
	/* the KV of a draft does not go with that of its target */
	i->takes_kv = b->batching->sets_aside && !spec->draft.on;
	prefix_init(b, spec->prefix_cache);
	return speculation_fits(b, err);
}

static void batch_finish(struct instance *i)
{
	batch_drop(&i->state->batch);
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
	.lag_s = batch_lag_s,
	.assigned = batch_assigned,
	.enqueue = batch_enqueue,
	.advance = batch_advance,
	.drafted = batch_drafted,
	.begin = batch_begin,
	.release = batch_release,
	.resume = batch_resume,
	.drew = batch_drew,
	.gauge = batch_gauge,
	.speculated = batch_speculated,
	.measure = batch_measure,
	.close = batch_close,
};
