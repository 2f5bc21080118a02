#include "models/net/transfer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/state.h"

static const struct event_id NO_EVENT = {0, 0};

void transfers_create(struct world *w)
{
	struct transfers *t = &w->transfers;

	t->free = NO_ID;
	t->sets = arena_alloc(&w->arena, w->topology.n_sets, sizeof *t->sets);
	for (size_t s = 0; s < w->topology.n_sets; s++)
		t->sets[s].fair = w->topology.sets[s];
}

void transfers_destroy(struct world *w)
{
	free(w->transfers.at);
}

static uint32_t take(struct transfers *t)
{
	uint32_t slot = t->free;

	if (slot != NO_ID) {
		t->free = t->at[slot].next_free;
		return slot;
	}
	t->at = mem_grow(t->at, t->n, &t->cap, sizeof *t->at);
	return (uint32_t)t->n++;
}

static void give(struct transfers *t, uint32_t slot)
{
	t->at[slot].next_free = t->free;
	t->free = slot;
}

/** The first tick at or after @s. */
static int64_t tick_ns(double s)
{
	int64_t ns = ns_of_s(s);

	return s_of_ns(ns) < s ? ns_after(ns, 1) : ns;
}

static struct event_id post_done(struct world *w, const struct transfer *x, double at_s)
{
	int64_t at_ns = ns_of_s(at_s), now_ns = engine_now_ns(w->engine);

	return engine_post_at(w->engine, at_ns > now_ns ? at_ns : now_ns, x->done);
}

static double arrival_s(const struct transfer *x, double end_s)
{
	return (end_s > x->floor_s ? end_s : x->floor_s) + x->after_s;
}

/** Count a flow that ended at @end_s. */
static void account(const struct transfer *x, double end_s)
{
	bool first = true;

	for (size_t h = 0; h < x->route->n; h++) {
		struct link *l = x->route->hops[h];

		if (!l->fair)
			continue;
		if (l->bytes_per_s > 0.0)
			l->busy_s += x->wire_bytes / l->bytes_per_s;
		if (first && end_s - x->entered_s > x->solo_s)
			l->wait_s += end_s - x->entered_s - x->solo_s;
		first = false;
	}
}

static void ended(struct world *w, struct flow_set *set, uint32_t slot, double end_s)
{
	struct transfer *x = &w->transfers.at[slot];

	account(x, end_s);
	if (set->direct && set->direct_id == slot) {
		set->direct = false; /* its arrival is posted */
		set->pending = NO_EVENT;
	} else {
		post_done(w, x, arrival_s(x, end_s));
	}
	give(&w->transfers, slot);
}

/** Let everything happen that was due by now, each at its own time. */
static void catch_up(struct world *w, struct flow_set *set, double now_s)
{
	for (double at_s; (at_s = fair_next_s(set->fair)) <= now_s;) {
		uint32_t slot;

		if (fair_leave(set->fair, at_s, &slot))
			ended(w, set, slot, at_s);
	}
}

/** Post what happens next. */
static void look_ahead(struct world *w, struct flow_set *set)
{
	double next_s = fair_next_s(set->fair);
	uint32_t id;

	if (set->pending.stamp != 0) /* stamps of posted events are from 1 */
		engine_cancel(w->engine, set->pending);
	set->pending = NO_EVENT;
	set->direct = false;
	if (!(next_s < HUGE_VAL))
		return;
	if (fair_n_flows(set->fair) == 1 && fair_first(set->fair, &id)) {
		set->direct = true;
		set->direct_id = id;
		set->pending =
			post_done(w, &w->transfers.at[id], arrival_s(&w->transfers.at[id], next_s));
		return;
	}
	set->pending = post_flow(w->engine, tick_ns(next_s), (uint32_t)(set - w->transfers.sets));
}

void transfer_flow(struct world *w, uint32_t s)
{
	struct flow_set *set = &w->transfers.sets[s];

	set->pending = NO_EVENT;
	catch_up(w, set, engine_now_s(w->engine));
	look_ahead(w, set);
}

/** Pass the hops of @p that nobody shares; those shared add their delay. */
static void pass_others(
	struct world *w, const struct route *r, struct passage *p, enum transfer_kind kind)
{
	for (size_t h = 0; h < r->n; h++) {
		struct link *l = r->hops[h];

		link_count(l, p, kind);
		if (l->fair) {
			p->head_s += l->delay_s;
			p->tail_s += l->delay_s;
		} else {
			link_pass(l, engine_now_ns(w->engine), p);
		}
	}
}

/** Under htb what is charged after it has left: the last packet, or super-packet. */
static double charged_after_bytes(const struct route *r, const struct train *t)
{
	for (size_t h = 0; h < r->n; h++)
		if (r->hops[h]->fair && r->hops[h]->spec->qdisc.kind == QDISC_HTB)
			return qdisc_credit_bytes(&r->hops[h]->spec->qdisc, t, 0.0);
	return t->last_bytes;
}

/** Slow start behind the share that one more flow gets. */
static double slow_start_s(const struct fair *fair, const struct route *r, enum transfer_kind kind,
	const struct train *t, double tokens)
{
	double share;

	if (r->transport != TRANSPORT_TCP ||
		(t->packets <= TCP_INITIAL_WINDOW && r->connection != CONNECTION_NEW))
		return 0.0;
	share = fair_share_bytes_per_s(fair, r->path[kind]);
	return route_slow_start_s(r, t, share > 1.0 ? share : 1.0, tokens > 0.0 ? tokens : 0.0);
}

/** Fill in @x for a message before its flow begins; *@t is what enters the links, with what
 *  is sent again. */
static void prepare(struct world *w, const struct route *r, double payload_bytes,
	enum transfer_kind kind, struct transfer *x, struct train *t)
{
	struct fair *fair = w->topology.sets[r->set];
	struct passage p = route_passage(r, payload_bytes);
	double luck_s = 0.0, resent_bytes = 0.0, owed;
	double tokens = fair_tokens_bytes(fair, r->path[kind], x->entered_s);

	for (size_t h = 0; h < r->n; h++)
		luck_s += link_luck_s(r->hops[h], &p, &resent_bytes);
	x->after_s = r->delay_s + luck_s > 0.0 ? r->delay_s + luck_s : 0.0;
	x->after_s += slow_start_s(fair, r, kind, &p.train, tokens);
	p.train.wire_bytes += resent_bytes;
	*t = p.train;
	t->last_bytes = charged_after_bytes(r, t);
	x->wire_bytes = p.train.wire_bytes;
	owed = x->wire_bytes - tokens;
	x->solo_s = owed > 0.0 && r->bytes_per_s > 0.0 ? owed / r->bytes_per_s : 0.0;
	pass_others(w, r, &p, kind);
	x->floor_s = x->entered_s + p.tail_s - r->delay_s;
}

/** Of the timers by which leaves who waited for tokens. */
static double late_s(const struct route *r)
{
	double s = 0.0;

	for (size_t h = 0; h < r->n; h++)
		if (r->hops[h]->fair)
			s += r->hops[h]->late_s;
	return s;
}

static bool begin_shared(struct world *w, const struct route *r, double payload_bytes,
	enum transfer_kind kind, const struct event *done)
{
	struct flow_set *set = &w->transfers.sets[r->set];
	uint32_t slot = take(&w->transfers);
	struct transfer *x = &w->transfers.at[slot];
	double now_s = engine_now_s(w->engine);
	struct train t;

	catch_up(w, set, now_s);
	x->done = *done;
	x->route = r;
	x->entered_s = now_s;
	prepare(w, r, payload_bytes, kind, x, &t);
	if (!fair_enter(set->fair, now_s, r->path[kind], slot, &t)) {
		x->after_s += late_s(r);
		look_ahead(w, set);
		return false;
	}
	look_ahead(w, set);
	account(x, now_s);
	give(&w->transfers, slot);
	if (!(arrival_s(x, now_s) > now_s))
		return true;
	post_done(w, x, arrival_s(x, now_s));
	return false;
}

bool transfer_begin(struct world *w, const struct route *r, double payload_bytes,
	enum transfer_kind kind, struct event done)
{
	int64_t now_ns = engine_now_ns(w->engine), at_ns;

	if (r->fair)
		return begin_shared(w, r, payload_bytes, kind, &done);
	at_ns = route_send(r, now_ns, payload_bytes, kind);
	if (at_ns <= now_ns)
		return true;
	engine_post_at(w->engine, at_ns, done);
	return false;
}

double transfer_predict_s(const struct world *w, const struct route *r, double payload_bytes,
	enum transfer_kind kind, bool idle)
{
	int64_t now_ns = engine_now_ns(w->engine);
	double s = route_idle_s(r, now_ns, payload_bytes), share;

	if (idle)
		return s;
	s += route_backlog_s(r, now_ns);
	if (!r->fair)
		return s;
	share = fair_share_bytes_per_s(w->topology.sets[r->set], r->path[kind]);
	return s + fmax(0.0, payload_bytes / fmax(1.0, share) -
				     payload_bytes / fmax(1.0, r->bytes_per_s));
}

/* Rates that change */

static void post_change(struct world *w, uint32_t i)
{
	const struct link *l = &w->topology.links[i];
	int64_t at_ns = rate_curve_change_ns(l->spec->curve, engine_now_ns(w->engine));

	if (at_ns != CURVE_NEVER)
		post_link(w->engine, at_ns, i);
}

void transfers_start(struct world *w)
{
	for (uint32_t i = 0; i < w->topology.n_links; i++)
		if (w->topology.links[i].spec->curve)
			post_change(w, i);
}

bool transfer_link(struct world *w, uint32_t i)
{
	struct link *l = &w->topology.links[i];

	post_change(w, i);
	if (l->fair)
		catch_up(w, &w->transfers.sets[l->set], engine_now_s(w->engine));
	if (!link_rate_update(l, engine_now_ns(w->engine)))
		return false;
	if (l->fair) {
		fair_set_rate(w->transfers.sets[l->set].fair, engine_now_s(w->engine), l->set_link,
			l->bytes_per_s);
		look_ahead(w, &w->transfers.sets[l->set]);
	}
	return true;
}

void transfers_settle(struct world *w)
{
	for (size_t s = 0; s < w->topology.n_sets; s++)
		catch_up(w, &w->transfers.sets[s], engine_now_s(w->engine));
}
