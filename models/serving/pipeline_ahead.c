/*
 * Rounds worked out ahead. When every hop is in closed form, all times of a round are known as it
 * begins, and one event stands for all rounds of all micro-batches until some step of theirs ends
 * or is to be formed: they are made in a loop, on a copy of where everything stands, and made
 * again up to now when something comes in between. What is made for good began before now.
 */

#include <string.h>

#include "models/ev.h"
#include "models/net/ahead.h"
#include "models/serving/pipeline_parts.h"

/* Rounds looked ahead at most: what comes in between makes them in vain. */
enum { ROUNDS_AHEAD = 1024 };

static void flow_copy(struct flow *to, const struct flow *from)
{
	to->head = from->head;
	to->n = from->n;
	memcpy(to->pulse, from->pulse, from->bytes);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/** When what left a stage at @at_ns is where @h goes. */
static inline int64_t hop_ns(const struct instance_state *p, struct flow *f, const struct lane *l,
	size_t k, int64_t at_ns, bool for_good)
{
	const struct hop *h = &p->stages[k].hop;
	double bytes;

	if (h->kind == HOP_AT_ONCE)
		return at_ns;
	if (h->kind == HOP_BUS)
		return hop_bus_ns(h, &f->link_ns[h->first_link], at_ns, l->send_ns[k]);
	bytes = lane_bytes(p, l, k);
	if (for_good)
		net_send_ahead(p->net, h->route, at_ns, bytes, TRANSFER_HIDDEN);
	return net_ahead_ns(h->route, &f->link_ns[h->first_link], at_ns, bytes, TRANSFER_HIDDEN);
}

/** A round of the first lane of the ring from @at_ns on, which then is its last. */
static inline void make_round(
	struct instance_state *p, struct flow *f, int64_t at_ns, const bool for_good)
{
	uint32_t at = f->ring[f->head];
	struct lane *l = &p->lanes[at];
	struct pulse *now = &f->pulse[at];

	lane_ready(p, l, now->context_tok);
	for (size_t k = 0; k < p->n_stages; k++) {
		int64_t took_ns = lane_step_ns(l, k, now->context_tok), end_ns;

		end_ns = ns_after(later(at_ns, f->free_ns[k]), took_ns);
		f->free_ns[k] = end_ns;
		at_ns = hop_ns(p, f, l, k, end_ns, for_good);
		if (!for_good)
			continue;
		p->stages[k].busy_ns += took_ns;
		l->hop_ns += at_ns - end_ns;
		l->end_ns[k] = end_ns;
		l->took_ns[k] = took_ns;
	}
	now->ready_ns = at_ns;
	now->begun++;
	now->context_tok += (double)l->batch.running.rows;
	f->head = f->head + 1 < p->n_lanes ? f->head + 1 : 0;
	*ring_at(f, p->n_lanes, f->n - 1) = at;
}

static void make_for_good(struct instance_state *p, int64_t at_ns)
{
	struct lane *l = &p->lanes[p->at.ring[p->at.head]];

	lane_round_over(p, l);
	l->counted = false;
	l->hop_ns = 0;
	make_round(p, &p->at, at_ns, true);
}

/** When the first lane can begin a round. */
static int64_t begins_ns(const struct flow *f)
{
	return later(f->pulse[f->ring[f->head]].ready_ns, f->free_ns[0]);
}

/** Is the round of @l that began last the last of its step? */
static bool is_last(const struct lane *l, const struct pulse *now)
{
	return !l->unformed && now->begun >= lane_rounds(l);
}

static void sync(struct instance_state *p)
{
	struct flow *f = &p->at;
	int64_t now_ns = engine_now_ns(p->i->engine), at_ns;

	while (f->n > 0 && (at_ns = begins_ns(f)) < now_ns) {
		uint32_t l = f->ring[f->head];

		if (p->lanes[l].unformed || is_last(&p->lanes[l], &f->pulse[l]))
			break;
		make_for_good(p, at_ns);
	}
}

/* What comes next */

/** The first end of a step that is known, and whose. */
static int64_t first_end_ns(const struct instance_state *p, const struct flow *f, uint32_t *who)
{
	for (uint32_t k = 0; k < f->n; k++) {
		uint32_t l = *ring_at(f, p->n_lanes, k);

		if (!is_last(&p->lanes[l], &f->pulse[l]))
			continue;
		*who = l;
		return f->pulse[l].ready_ns;
	}
	return NS_NEVER;
}

/** When a step ends or is to be formed, all else being made on the way; @who: of which lane. */
static int64_t next_change_ns(struct instance_state *p, struct flow *f, uint32_t *who)
{
	int64_t end_ns = first_end_ns(p, f, who), at_ns;

	for (size_t rounds = 0; f->n > 0; rounds++) {
		uint32_t l = f->ring[f->head];

		at_ns = begins_ns(f);
		if (is_last(&p->lanes[l], &f->pulse[l]) || at_ns >= end_ns)
			return end_ns;
		if (p->lanes[l].unformed || rounds == ROUNDS_AHEAD) {
			*who = l;
			return at_ns;
		}
		make_round(p, f, at_ns, false);
		if (end_ns < NS_NEVER || !is_last(&p->lanes[l], &f->pulse[l]))
			continue;
		*who = l;
		end_ns = f->pulse[l].ready_ns;
	}
	return NS_NEVER;
}

static void look_ahead(struct instance_state *p)
{
	int64_t at_ns;
	uint32_t who = 0;

	flow_copy(&p->ahead, &p->at);
	at_ns = next_change_ns(p, &p->ahead, &who);
	if (at_ns == p->next_ns)
		return;
	if (p->next_ns != NS_NEVER)
		engine_cancel(p->i->engine, p->next);
	p->next_ns = at_ns;
	if (at_ns != NS_NEVER)
		p->next = post_step(p->i->engine, at_ns, p->i->id, lane_first(&p->lanes[who]));
}

static void go(struct instance_state *p)
{
	struct flow *f = &p->at;
	int64_t now_ns = engine_now_ns(p->i->engine);

	while (f->n > 0 && begins_ns(f) <= now_ns && p->lanes[f->ring[f->head]].unformed) {
		if (lane_form(p, f->ring[f->head]))
			make_for_good(p, now_ns);
		else
			lane_rests(p, f->ring[f->head]);
	}
	look_ahead(p);
}

static bool advance(struct instance_state *p, const struct event *ev, uint32_t *at)
{
	int64_t now_ns = engine_now_ns(p->i->engine);

	(void)ev;
	p->next_ns = NS_NEVER;
	sync(p);
	if (first_end_ns(p, &p->at, at) <= now_ns)
		return true;
	go(p);
	return false;
}

const struct pace_ops pace_ahead = {.sync = sync, .go = go, .advance = advance};
