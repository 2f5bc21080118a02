/*
 * Rounds by events: one at the end of each stage and of each hop, wherever a hop has no closed
 * form because its links carry other things too; and as the judge of rounds worked out ahead.
 */

#include "models/ev.h"
#include "models/net/net.h"
#include "models/serving/jump.h"
#include "models/serving/pipeline_parts.h"

/* Nothing is in closed form: what has begun has begun. */
static void sync(struct instance_state *p)
{
	(void)p;
}

/* Who comes next to a stage, in the order of the first */

static void expect(struct instance_state *p, uint32_t l)
{
	for (size_t k = 1; k < p->n_stages; k++) {
		struct stage *s = &p->stages[k];

		s->order[(s->head + s->n++) % p->n_lanes] = l;
	}
}

static void stage_begin(struct instance_state *p, uint32_t at, uint32_t k)
{
	struct stage *s = &p->stages[k];
	struct lane *l = &p->lanes[at];
	int64_t now_ns = engine_now_ns(p->i->engine);

	s->busy = true;
	l->took_ns[k] = lane_step_ns(l, k, p->at.pulse[at].context_tok);
	l->end_ns[k] = ns_after(now_ns, l->took_ns[k]);
	s->busy_ns += l->took_ns[k];
	post_stage(p->i->engine, l->end_ns[k], p->i->id, at, k);
}

static void round_begin(struct instance_state *p, uint32_t at)
{
	struct lane *l = &p->lanes[at];

	ring_pop(&p->at, p->n_lanes);
	p->at.pulse[at].begun++;
	p->at.pulse[at].ready_ns = NS_NEVER;
	l->counted = false;
	l->hop_ns = 0;
	for (size_t k = 0; k < p->n_stages; k++)
		l->took_ns[k] = 0;
	lane_ready(p, l, p->at.pulse[at].context_tok);
	expect(p, at);
	stage_begin(p, at, 0);
}

/** The first stage takes the next. */
static void go(struct instance_state *p)
{
	while (!p->stages[0].busy && p->at.n > 0) {
		uint32_t at = p->at.ring[p->at.head];

		if (!p->lanes[at].unformed || lane_form(p, at))
			round_begin(p, at);
		else
			lane_rests(p, at);
	}
}

/** Any other stage takes the next, if that is there. */
static void take(struct instance_state *p, uint32_t k)
{
	struct stage *s = &p->stages[k];
	uint32_t at = s->order[s->head];

	if (s->busy || s->n == 0 || p->lanes[at].stage != k || !p->lanes[at].here)
		return;
	s->head = (s->head + 1) % p->n_lanes;
	s->n--;
	stage_begin(p, at, k);
}

/** True when it is there at once. */
static bool send(struct instance_state *p, uint32_t at, uint32_t k)
{
	const struct hop *h = &p->stages[k].hop;
	double bytes = lane_bytes(p, &p->lanes[at], k);
	int64_t now_ns = engine_now_ns(p->i->engine), there_ns;
	const struct event there = ev_hidden(p->i->id, at, k + 1);

	if (h->kind == HOP_AT_ONCE)
		return true;
	if (h->kind == HOP_ROUTE)
		return net_send(p->net, h->route, bytes, TRANSFER_HIDDEN, &there);
	there_ns = hop_bus_ns(h, &p->at.link_ns[h->first_link], now_ns, p->lanes[at].send_ns[k]);
	if (there_ns <= now_ns)
		return true;
	engine_post_at(p->i->engine, there_ns, there);
	return false;
}

/** A round is over. True: and its step with it. */
static bool back(struct instance_state *p, uint32_t at)
{
	struct lane *l = &p->lanes[at];
	struct pulse *now = &p->at.pulse[at];

	lane_round_over(p, l);
	now->ready_ns = engine_now_ns(p->i->engine);
	now->context_tok += (double)l->batch.running.rows;
	ring_insert(&p->at, p->n_lanes, at);
	if (l->batch.tells && l->batch.activity == BATCH_DECODE)
		jump_tell_tokens(&l->batch, now->begun);
	return now->begun >= lane_rounds(l);
}

/** It is at stage @k, or back. True: a step is over. */
static bool arrive(struct instance_state *p, uint32_t at, uint32_t k)
{
	struct lane *l = &p->lanes[at];

	l->hop_ns += engine_now_ns(p->i->engine) - l->left_ns;
	if (k == p->n_stages)
		return back(p, at);
	l->here = true;
	take(p, k);
	return false;
}

/** Stage @k is through with it. */
static bool leave(struct instance_state *p, uint32_t at, uint32_t k)
{
	struct lane *l = &p->lanes[at];

	p->stages[k].busy = false;
	l->stage = k + 1;
	l->here = false;
	l->left_ns = engine_now_ns(p->i->engine);
	if (k > 0)
		take(p, k);
	return send(p, at, k) && arrive(p, at, k + 1);
}

static bool advance(struct instance_state *p, const struct event *ev, uint32_t *at)
{
	uint32_t k = ev_stage_of(ev);

	*at = ev_lane_of(ev);
	if (ev->kind == EV_STAGE ? leave(p, *at, k) : arrive(p, *at, k))
		return true;
	go(p);
	return false;
}

const struct pace_ops pace_events = {.sync = sync, .go = go, .advance = advance};
