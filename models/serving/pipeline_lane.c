/* A micro-batch of a pipeline: who is in its next round, what that takes at each stage. */

#include <assert.h>
#include <math.h>

#include "models/serving/admission.h"
#include "models/serving/pipeline_parts.h"
#include "models/serving/span.h"

void lane_price(struct instance_state *p, struct lane *l, double context_tok)
{
	l->from_tok = 0.0;
	l->until_tok = HUGE_VAL;
	for (size_t k = 0; k < p->n_stages; k++) {
		struct cost_affine a = cost_decode(
			p->stages[k].cost, l->batch.running.rows, (uint64_t)context_tok);

		l->decode[k] = (struct line){a.base_s, a.per_tok_s};
		l->from_tok = fmax(l->from_tok, (double)a.from_tok);
		l->until_tok = fmin(l->until_tok, (double)a.until_tok);
	}
}

/** Rounds until somebody is done, or the cache runs out. */
static uint64_t rounds_left(const struct batch *b)
{
	return kvcache_steps_within(
		&b->kv, b->running.heap[0].last_step - b->kv.steps, kvcache_free(&b->kv));
}

static void plan_decode(struct instance_state *p, struct lane *l)
{
	l->batch.jump.k = rounds_left(&l->batch);
	l->from_tok = HUGE_VAL; /* none */
	l->tokens = (double)l->batch.running.n;
	l->row_bytes = p->hidden_bytes * (double)l->batch.running.rows;
}

static void plan_prompts(struct instance_state *p, struct lane *l)
{
	struct batch *b = &l->batch;
	double decoding = b->mixed ? (double)b->running.n : 0.0;

	for (size_t k = 0; k < p->n_stages; k++) {
		b->cost = p->stages[k].cost;
		l->prompt_ns[k] = ns_of_s(executor_device.step_s(b));
	}
	l->tokens = decoding;
	for (size_t k = 0; k < b->n_prefill; k++)
		l->tokens += batch_ends(batch_sequence(b, b->prefill[k]));
	l->row_bytes = p->hidden_bytes * ((double)b->prefill_tok + decoding);
}

void lane_hold(struct instance_state *p)
{
	bool held = false;

	for (uint32_t l = 0; l < p->n_lanes && !held; l++)
		held = p->lanes[l].batch.n_preempted > 0;
	if (held != p->i->held)
		instance_hold(p->i, held);
}

bool lane_form(struct instance_state *p, uint32_t at)
{
	struct lane *l = &p->lanes[at];
	struct pulse *now = &p->at.pulse[at];

	batch_form(&l->batch);
	lane_hold(p);
	l->unformed = false;
	if (l->batch.activity == BATCH_IDLE)
		return false;
	if (l->batch.activity == BATCH_DECODE)
		plan_decode(p, l);
	else
		plan_prompts(p, l);
	l->token_bytes = LLM_TOKEN_ID_BYTES * (l->tokens > 1.0 ? l->tokens : 1.0);
	for (size_t k = 0; k < p->n_stages; k++)
		if (p->stages[k].hop.kind == HOP_BUS)
			l->send_ns[k] = ns_of_s(lane_bytes(p, l, k) / p->stages[k].hop.bytes_per_s);
	l->batch.jump.from_ns = batch_now_ns(&l->batch);
	now->begun = 0;
	now->context_tok = l->batch.running.context_tok;
	return true;
}

void lane_rests(struct instance_state *p, uint32_t at)
{
	assert(p->lanes[at].batch.kv.used == 0);
	ring_remove(&p->at, p->n_lanes, at);
	p->lanes[at].active = p->lanes[at].unformed = false;
	p->lanes[at].batch.activity = BATCH_IDLE;
	if (p->i->tells_steps)
		p->i->host->stepped(p->i->world, &(struct step_span){.instance = p->i->id,
							 .stage = 1,
							 .lane = at,
							 .from_ns = engine_now_ns(p->i->engine),
							 .to_ns = engine_now_ns(p->i->engine)});
}

uint32_t lane_first(const struct lane *l)
{
	const struct batch *b = &l->batch;

	if (b->running.n > 0)
		return b->running.heap[0].seq;
	if (b->n_prefill > 0)
		return b->prefill[0];
	return waitline_count(&b->line) > 0 ? (uint32_t)waitline_at(&b->line, 0) : 0;
}

void lane_tell(const struct instance_state *p, const struct lane *l, int64_t by_ns)
{
	const struct batch *b = &l->batch;

	for (uint32_t k = 0; k < p->n_stages; k++) {
		struct step_span s = span_of(b, 1);

		s.stage = k + 1;
		s.lane = (uint32_t)(l - p->lanes);
		s.from_ns = l->end_ns[k] - l->took_ns[k];
		s.to_ns = l->end_ns[k] < by_ns ? l->end_ns[k] : by_ns;
		if (l->took_ns[k] > 0 && s.from_ns < s.to_ns)
			p->i->host->stepped(p->i->world, &s);
	}
}

void lane_round_over(struct instance_state *p, struct lane *l)
{
	if (l->counted)
		return;
	l->counted = true;
	p->hop_s += l->tokens * s_of_ns(l->hop_ns);
	p->tokens += l->tokens;
	if (p->i->tells_steps)
		lane_tell(p, l, INT64_MAX);
}

/* The ring of a flow */

void ring_insert(struct flow *f, uint32_t n_lanes, uint32_t l)
{
	int64_t ready_ns = f->pulse[l].ready_ns;
	uint32_t k = f->n++;

	for (; k > 0 && f->pulse[*ring_at(f, n_lanes, k - 1)].ready_ns > ready_ns; k--)
		*ring_at(f, n_lanes, k) = *ring_at(f, n_lanes, k - 1);
	*ring_at(f, n_lanes, k) = l;
}

void ring_remove(struct flow *f, uint32_t n_lanes, uint32_t l)
{
	uint32_t k = 0;

	while (*ring_at(f, n_lanes, k) != l)
		k++;
	for (f->n--; k < f->n; k++)
		*ring_at(f, n_lanes, k) = *ring_at(f, n_lanes, k + 1);
}

/* As the executor of its batch */

static uint64_t begun(const struct batch *b)
{
	struct instance_state *p = b->i->state;

	p->pace->sync(p);
	return p->at.pulse[lane_of(b) - p->lanes].begun;
}

/** All stages and hops one after the other, as they are for one who waits for nobody. */
static struct cost_affine decode(const struct batch *b, size_t n, double context_tok)
{
	const struct instance_state *p = b->i->state;
	struct cost_affine sum = {.until_tok = UINT64_MAX};

	for (size_t k = 0; k < p->n_stages; k++) {
		struct cost_affine a = cost_decode(p->stages[k].cost, n, (uint64_t)context_tok);
		double bytes = k + 1 < p->n_stages ? p->hidden_bytes : LLM_TOKEN_ID_BYTES;

		sum.base_s += a.base_s + pipeline_hop_s(p, &p->stages[k].hop, (double)n * bytes);
		sum.per_tok_s += a.per_tok_s;
	}
	return sum;
}

/** Blocks it counted on were set aside for somebody: end the run where the rest gives out. */
static void shorten(struct batch *b)
{
	uint64_t k, done;

	if (b->activity != BATCH_DECODE)
		return;
	done = begun(b);
	k = kvcache_steps_within(&b->kv, b->jump.k, kvcache_free(&b->kv));
	if (k < done)
		k = done;
	if (k < b->jump.k)
		b->jump.k = k;
}

const struct executor_ops executor_pipeline = {
	.name = "pipeline",
	.decode = decode,
	.begun = begun,
	.shorten = shorten,
	.tells = true,
};
