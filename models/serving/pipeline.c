/*
 * A pipeline: the layers of a model over several devices, in order. Its sequences are dealt to
 * micro-batches, each a batch of its own with its share of the KV blocks (as vLLM's virtual engines
 * have theirs), which follow one another through the stages. A token is there when its id is back
 * at the first stage: where prompts come to and answers leave from.
 *
 * Costs: a round of a micro-batch is O(stages); to join and to leave is as in a batch.
 */
#include <math.h>

#include "models/ev.h"
#include "models/serving/admission.h"
#include "models/serving/full.h"
#include "models/serving/jump.h"
#include "models/serving/pipeline_parts.h"

/* What happens to it */

static void works(struct instance_state *p)
{
	size_t running = 0;
	bool busy = false, full = true;

	for (uint32_t l = 0; l < p->n_lanes; l++) {
		full = batch_is_full(&p->lanes[l].batch) && full;
		if (!p->lanes[l].active)
			continue;
		busy = true;
		running += batch_size(&p->lanes[l].batch);
	}
	instance_works(p->i, (double)running, busy ? 1.0 : 0.0);
	instance_tell_full(p->i, full);
}

static void go_on(struct instance_state *p)
{
	p->pace->go(p);
	works(p);
}

/** Blocks in use by all together. */
static uint64_t blocks_now(const struct instance_state *p)
{
	uint64_t sum = 0;

	for (uint32_t l = 0; l < p->n_lanes; l++) {
		const struct batch *b = &p->lanes[l].batch;

		sum += b->kv.used + jump_need(b, jump_steps_begun(b));
	}
	return sum;
}

/** Sequences that are in @l: in its batch, and in line. */
static size_t present(const struct lane *l)
{
	const struct batch *b = &l->batch;

	return b->running.n + b->n_prefill + waitline_count(&b->line);
}

/** The rounds of its step that have begun are over, and are all there will be. */
static void step_done(struct instance_state *p, uint32_t at)
{
	struct lane *l = &p->lanes[at];
	size_t before = present(l);
	uint64_t blocks = blocks_now(p);

	p->kv_peak = blocks > p->kv_peak ? blocks : p->kv_peak;
	lane_round_over(p, l);
	l->batch.jump.k = p->at.pulse[at].begun;
	batch_step_done(&l->batch);
	lane_hold(p);
	l->assigned -= (uint32_t)(before - present(l));
	l->unformed = true;
}

/** The step of @at, which was to make @k rounds, is to make fewer: it may be over already. */
static void cut(struct instance_state *p, uint32_t at, uint64_t k)
{
	const struct pulse *now = &p->at.pulse[at];

	if (p->lanes[at].batch.jump.k < k && p->lanes[at].batch.jump.k <= now->begun &&
		now->ready_ns <= engine_now_ns(p->i->engine))
		step_done(p, at);
}

/** Somebody has come to @at: if he can join, its step ends with the round in flight. */
static void joins(struct instance_state *p, uint32_t at)
{
	struct batch *b = &p->lanes[at].batch;
	uint64_t k = b->jump.k;

	if (p->lanes[at].unformed || b->activity != BATCH_DECODE || p->at.pulse[at].begun >= k ||
		!b->batching->admits(b))
		return;
	b->jump.k = p->at.pulse[at].begun;
	cut(p, at, k);
}

static void activate(struct instance_state *p, uint32_t at)
{
	p->lanes[at].active = p->lanes[at].unformed = true;
	p->at.pulse[at].ready_ns = engine_now_ns(p->i->engine);
	ring_insert(&p->at, p->n_lanes, at);
}

static void pipeline_enqueue(struct instance *i, uint32_t seq)
{
	struct instance_state *p = i->state;
	uint32_t at = instance_sequence(i, seq)->lane;

	p->pace->sync(p);
	waitline_push(&p->lanes[at].batch.line, seq);
	if (p->lanes[at].active)
		joins(p, at);
	else
		activate(p, at);
	if (!p->deciding)
		go_on(p);
}

/** Are there blocks for it to begin with? */
static bool has_blocks(const struct lane *l, uint32_t prompt_tok)
{
	return !l->batch.batching->sets_aside || admission_has_blocks(&l->batch, prompt_tok, 0);
}

/** The micro-batch that a sequence of @prompt_tok goes to: of those where it can begin the one
 *  with the fewest; where it can begin in none, of all. */
static uint32_t deal(const struct instance_state *p, uint32_t prompt_tok)
{
	uint32_t best = 0;
	bool best_begins = false;

	for (uint32_t l = 0; l < p->n_lanes; l++) {
		const struct lane *x = &p->lanes[l];
		bool fewer = x->assigned < p->lanes[best].assigned, begins;

		if (l > 0 && best_begins && !fewer)
			continue;
		begins = x->assigned < x->batch.max_batch && has_blocks(x, prompt_tok);
		if (l > 0 && (begins < best_begins || (begins == best_begins && !fewer)))
			continue;
		best = l;
		best_begins = begins;
	}
	return best;
}

static void pipeline_assigned(struct instance *i, uint32_t seq, bool place)
{
	struct instance_state *p = i->state;
	struct sequence *q = instance_sequence(i, seq);
	struct lane *l;
	uint64_t k;

	q->lane = deal(p, q->prompt_tok);
	l = &p->lanes[q->lane];
	k = l->batch.jump.k;
	if (l->batch.batching->sets_aside)
		admission_assigned(&l->batch, seq, place && l->assigned < l->batch.places);
	l->assigned++;
	if (l->batch.jump.k == k)
		return;
	cut(p, q->lane, k);
	if (!p->deciding)
		go_on(p);
}

static bool happened(struct instance_state *p, const struct event *ev)
{
	if (!p->pace->advance(p, ev, &p->ended)) {
		works(p);
		return false;
	}
	step_done(p, p->ended);
	p->deciding = true;
	return true;
}

static bool pipeline_advance(struct instance *i, uint32_t seq)
{
	return happened(i->state, &(struct event){.kind = EV_STEP, .who = i->id.i, .what = seq});
}

static bool pipeline_moved(struct instance *i, const struct event *ev)
{
	return happened(i->state, ev);
}

static void pipeline_begin(struct instance *i)
{
	struct instance_state *p = i->state;

	p->deciding = false;
	if (present(&p->lanes[p->ended]) == 0)
		lane_rests(p, p->ended);
	go_on(p);
}

/* Questions */

static bool pipeline_can_hold(const struct instance *i, const struct demand *d)
{
	return d->prompt_tok + d->output_tok <= i->state->most_tok;
}

static bool pipeline_has_memory(const struct instance *i, const struct demand *d)
{
	const struct instance_state *p = i->state;

	return has_blocks(&p->lanes[deal(p, d->prompt_tok)], d->prompt_tok);
}

/* What it has done */

/** Count the rounds that are over by now. */
static void settle(struct instance_state *p)
{
	int64_t now_ns = engine_now_ns(p->i->engine);

	p->pace->sync(p);
	for (uint32_t l = 0; l < p->n_lanes; l++)
		if (p->at.pulse[l].ready_ns <= now_ns)
			lane_round_over(p, &p->lanes[l]);
}

/** Of stage @k since the start, what of the rounds in flight lies ahead taken off. */
static int64_t busy_ns(const struct instance_state *p, size_t k)
{
	int64_t now_ns = engine_now_ns(p->i->engine), sum = p->stages[k].busy_ns;

	for (uint32_t l = 0; l < p->n_lanes; l++) {
		int64_t ahead_ns = p->lanes[l].end_ns[k] - now_ns;

		if (ahead_ns > 0)
			sum -= ahead_ns < p->lanes[l].took_ns[k] ? ahead_ns
								 : p->lanes[l].took_ns[k];
	}
	return sum;
}

static void pipeline_settle(struct instance *i)
{
	settle(i->state);
}

static void pipeline_gauge(const struct instance *i, struct gauge *out)
{
	struct instance_state *p = i->state;
	uint64_t now = blocks_now(p), reserved = 0, total = 0;

	settle(p);
	for (uint32_t l = 0; l < p->n_lanes; l++) {
		reserved += p->lanes[l].batch.kv.reserved;
		total += p->lanes[l].batch.kv.total;
	}
	p->kv_peak = now > p->kv_peak ? now : p->kv_peak;
	out->kv_fill = (double)(now + reserved) / (double)total;
	out->kv_blocks = (double)total;
	out->kv_peak_bytes = floor((double)p->kv_peak * p->block_bytes);
	out->hop_s = p->hop_s;
	out->hop_tok = p->tokens;
}

static void pipeline_measure(struct instance *i)
{
	struct instance_state *p = i->state;

	settle(p);
	p->kv_peak = blocks_now(p);
	p->hop_s = p->tokens = 0.0;
	for (size_t k = 0; k < p->n_stages; k++)
		p->stages[k].busy_before_ns = busy_ns(p, k);
}

static bool pipeline_stage(const struct instance *i, size_t k, struct stage_gauge *out)
{
	struct instance_state *p = i->state;

	if (k >= p->n_stages)
		return false;
	settle(p);
	out->busy_s = s_of_ns(busy_ns(p, k) - p->stages[k].busy_before_ns);
	out->kv_peak_bytes = floor((double)p->kv_peak * p->stages[k].block_bytes);
	return true;
}

static void pipeline_close(struct instance *i)
{
	struct instance_state *p = i->state;

	settle(p);
	for (uint32_t l = 0; l < p->n_lanes; l++)
		if (!p->lanes[l].counted)
			lane_tell(p, &p->lanes[l], engine_now_ns(i->engine));
}

const struct instance_ops instance_pipeline = {
	.name = "pipeline",
	.state_size = sizeof(struct instance_state),
	.needs_cost = true,
	.init = pipeline_init,
	.finish = pipeline_finish,
	.can_hold = pipeline_can_hold,
	.has_memory = pipeline_has_memory,
	.expect = pipeline_expect,
	.step_s = pipeline_step_s,
	.lag_s = pipeline_lag_s,
	.assigned = pipeline_assigned,
	.enqueue = pipeline_enqueue,
	.advance = pipeline_advance,
	.moved = pipeline_moved,
	.begin = pipeline_begin,
	.gauge = pipeline_gauge,
	.measure = pipeline_measure,
	.settle = pipeline_settle,
	.stage = pipeline_stage,
	.close = pipeline_close,
};
