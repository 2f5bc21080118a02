/*
 * Messages on their way. Where every link of a route serves in order of arrival, a transfer
 * is a closed form and one event, its arrival. Where flows share a link, a message that has no
 * company takes what it would in order of arrival, alone; with company it arrives when its flow
 * has ended. The set of flows it belongs to has one pending event however many flows there are:
 * the next end; or, while a single flow is under way, that flow's arrival itself.
 */

#include <math.h>

#include "base/mem.h"
#include "models/ev.h"
#include "models/net/net_parts.h"

static const struct event_id NO_EVENT = {0, 0};

static uint32_t take(struct net *n)
{
	uint32_t slot = n->free_transfer;

	if (slot != NO_ID) {
		n->free_transfer = n->transfers[slot].next_free;
		return slot;
	}
	n->transfers =
		mem_grow(n->transfers, n->n_transfers, &n->cap_transfers, sizeof *n->transfers);
	return (uint32_t)n->n_transfers++;
}

static void give(struct net *n, uint32_t slot)
{
	n->transfers[slot].next_free = n->free_transfer;
	n->free_transfer = slot;
}

/** The first tick at or after @s. */
static int64_t tick_ns(double s)
{
	int64_t ns = ns_of_s(s);

	return s_of_ns(ns) < s ? ns_after(ns, 1) : ns;
}

/** It takes longer than the clock can count: end the run, and say where. */
static void fail(struct net *n, const struct route *r, double payload_bytes)
{
	const struct link *slowest = r->hops[0];

	for (size_t h = 1; h < r->n; h++)
		if (r->hops[h]->bytes_per_s < slowest->bytes_per_s)
			slowest = r->hops[h];
	if (n->err.kind == ERR_NONE)
		err_run(&n->err,
			"link '%s': a message of %g bytes would take longer than the clock counts, "
			"%g s",
			slowest->name, payload_bytes, LINK_NEVER_S);
	engine_stop(n->b.engine);
}

/* Flows */

static int64_t arrival_ns(const struct net *n, const struct transfer *x, double end_s)
{
	int64_t now_ns = engine_now_ns(n->b.engine), at_ns;
	double at_s = end_s + x->after_s;

	if (x->alone_s < HUGE_VAL && (!x->company || x->alone_s > at_s))
		at_s = x->alone_s;
	at_ns = ns_of_s(at_s - x->early_s);
	return at_ns > now_ns ? at_ns : now_ns;
}

static struct event_id post_done(struct net *n, const struct transfer *x, int64_t at_ns)
{
	return x->done.kind == NO_ID ? NO_EVENT : engine_post_at(n->b.engine, at_ns, x->done);
}

/** Count a flow that ended at @end_s: on each shared hop its bytes, on the first its wait. */
static void account(const struct transfer *x, double end_s)
{
	double wait_s = x->company ? end_s - x->entered_s - x->lone_s : 0.0;

	for (size_t h = 0; h < x->route->n; h++) {
		const struct link *l = x->route->hops[h];
		struct tally_sums *done = &x->route->hops[h]->tally.done;

		if (!l->fair)
			continue;
		if (l->ear)
			link_tell(l, x->kind, x->wire_bytes, ns_of_s(x->entered_s), ns_of_s(end_s));
		done->kind_bytes[x->kind] += x->wire_bytes;
		done->left += 1.0;
		if (wait_s > 0.0)
			done->wait_s += wait_s;
		wait_s = 0.0;
	}
}

static void ended(struct net *n, struct flow_set *set, uint32_t slot, double end_s)
{
	struct transfer *x = &n->transfers[slot];

	account(x, end_s);
	if (set->direct && set->direct_id == slot) {
		set->direct = false; /* its arrival is posted */
		set->pending = NO_EVENT;
	} else {
		post_done(n, x, arrival_ns(n, x, end_s));
	}
	give(n, slot);
}

/** A flow without company has arrived, though as a fluid it would be under way. */
static void arrived(struct net *n, struct flow_set *set)
{
	uint32_t slot = set->direct_id;

	fair_drop(set->fair, s_of_ns(set->direct_ns));
	ended(n, set, slot, s_of_ns(set->direct_ns));
}

/** Let everything happen that was due by now, each at its own time. */
static void catch_up(struct net *n, struct flow_set *set)
{
	int64_t now_ns = engine_now_ns(n->b.engine);
	double now_s = s_of_ns(now_ns);

	for (double at_s; (at_s = fair_next_s(set->fair)) <= now_s;) {
		uint32_t slot;

		if (set->direct && set->direct_ns <= now_ns && s_of_ns(set->direct_ns) < at_s)
			break;
		if (fair_leave(set->fair, at_s, &slot))
			ended(n, set, slot, at_s);
	}
	if (set->direct && set->direct_ns <= now_ns)
		arrived(n, set);
}

/** Is what happens next the arrival of the only flow? Then that is *@at_ns. */
static bool is_direct(const struct net *n, const struct flow_set *set, uint32_t *id, int64_t *at_ns)
{
	double next_s = fair_next_s(set->fair);
	const struct transfer *x;
	uint32_t first;

	if (!fair_only(set->fair, id))
		return false;
	x = &n->transfers[*id];
	*at_ns = arrival_ns(n, x, next_s);
	return (!x->company && x->alone_s < HUGE_VAL) || fair_first(set->fair, &first);
}

/** Post what happens next. */
static void look_ahead(struct net *n, struct flow_set *set)
{
	double next_s = fair_next_s(set->fair);

	if (set->pending.stamp != 0) /* stamps of posted events are from 1 */
		engine_cancel(n->b.engine, set->pending);
	set->pending = NO_EVENT;
	set->direct = is_direct(n, set, &set->direct_id, &set->direct_ns);
	if (set->direct)
		set->pending = post_done(n, &n->transfers[set->direct_id], set->direct_ns);
	else if (next_s < HUGE_VAL)
		set->pending = post_flow(n->b.engine, tick_ns(next_s), (uint32_t)(set - n->sets));
}

void net_flow(struct net *n, uint32_t s)
{
	struct flow_set *set = &n->sets[s];

	set->pending = NO_EVENT;
	catch_up(n, set);
	look_ahead(n, set);
}

/** Under htb what is charged after it has left: the last packet, or super-packet. */
static double charged_after_bytes(const struct route *r, const struct train *t)
{
	for (size_t h = 0; h < r->n; h++)
		if (r->hops[h]->fair && r->hops[h]->spec->qdisc.kind == QDISC_HTB)
			return qdisc_credit_bytes(&r->hops[h]->spec->qdisc, t, 0.0);
	return t->last_bytes;
}

static bool equal(double a, double b)
{
	return a <= b && a >= b;
}

/** Slow start behind the share that one more flow gets; for the first, that of @m. */
static double shared_start_s(
	struct fair *fair, const struct route *r, const struct route_message *m, double now_s)
{
	const struct train *t = &m->p.train;
	double share, tokens;

	if (r->transport != TRANSPORT_TCP || !route_starts_slowly(r, t))
		return 0.0;
	tokens = fair_tokens_bytes(fair, r->path[m->p.kind], now_s);
	tokens = tokens > 0.0 ? tokens : 0.0;
	share = fair_share_bytes_per_s(fair, r->path[m->p.kind]);
	share = share > 1.0 ? share : 1.0;
	if (equal(share, m->start.bytes_per_s) && equal(tokens, m->start.credit_bytes) &&
		equal(t->wire_bytes, m->start.wire_bytes))
		return m->start.s;
	return route_slow_start_s(r, t, share, tokens);
}

/** The hops that are shared at their present rates, and the delays of the others: when the last
 *  byte is through if nobody else is there. */
static double shared_hops_s(
	const struct route *r, struct fair *fair, int64_t now_ns, struct passage p)
{
	for (size_t h = 0; h < r->n; h++) {
		const struct link *l = r->hops[h];
		struct link_share s;

		p.more = h + 1 < r->n;
		if (!l->fair) {
			p.head_s += l->delay_s;
			p.tail_s += l->delay_s;
			continue;
		}
		s = route_share(l, fair, p.kind, s_of_ns(now_ns));
		link_pass_alone(l, now_ns, &p, &s, NULL);
	}
	return p.tail_s;
}

/** What that adds to @lone_s, its time as a fluid. Over one hop: the delay, and the timer by which
 * the last packet leaves. */
static double behind_flow_s(const struct route *r, struct fair *fair, int64_t now_ns,
	const struct passage *p, double lone_s)
{
	const struct link *l = r->hops[0];

	if (r->n == 1 && !(l->peak_bytes_per_s > 0.0) && !l->limited)
		return l->delay_s + (lone_s > 0.0 ? l->late_s : 0.0);
	return shared_hops_s(r, fair, now_ns, *p) - lone_s;
}

/** The rates of a class that borrows cannot be foretold while those of its link change. */
static bool is_foretold(const struct route *r)
{
	for (size_t h = 0; h < r->n; h++)
		if (r->hops[h]->fair && r->hops[h]->spec->curve && r->hops[h]->spec->n_classes > 0)
			return false;
	return true;
}

/** Fill in @x for a message before its flow begins; *@t is what enters the links. */
static void prepare(struct net *n, const struct route *r, double payload_bytes,
	enum transfer_kind kind, struct transfer *x, struct train *t)
{
	struct fair *fair = net_flows(n, r);
	int64_t now_ns = engine_now_ns(n->b.engine);
	struct route_message m;

	x->route = r;
	x->kind = kind;
	x->company = false;
	route_message(r, fair, now_ns, payload_bytes, kind, &m);
	*t = m.p.train;
	t->last_bytes = charged_after_bytes(r, t);
	x->wire_bytes = t->wire_bytes;
	x->lone_s = fair_lone_s(fair, r->path[kind], x->entered_s, t);
	x->after_s = behind_flow_s(r, fair, now_ns, &m.p, x->lone_s) + m.luck_s +
		     shared_start_s(fair, r, &m, x->entered_s);
	x->alone_s = x->entered_s + route_pass_s(r, fair, now_ns, &m);
	if (x->alone_s < LINK_NEVER_S && !is_foretold(r))
		x->alone_s = HUGE_VAL;
}

/** True when it arrives at once. */
static bool begin_shared(struct net *n, const struct route *r, double payload_bytes,
	enum transfer_kind kind, const struct event *done, double early_s)
{
	struct flow_set *set = &n->sets[r->set];
	uint32_t slot = take(n);
	struct transfer *x = &n->transfers[slot];
	double now_s = engine_now_s(n->b.engine);
	int64_t at_ns;
	struct train t;

	catch_up(n, set);
	x->done = *done;
	x->early_s = early_s;
	x->entered_s = now_s;
	prepare(n, r, payload_bytes, kind, x, &t);
	if (!(x->alone_s < LINK_NEVER_S) && is_foretold(r))
		fail(n, r, payload_bytes);
	if (!fair_enter(set->fair, now_s, r->path[kind], slot, &t)) {
		x->company = fair_n_flows(set->fair) > 1;
		if (set->direct)
			n->transfers[set->direct_id].company = true;
		look_ahead(n, set);
		return false;
	}
	look_ahead(n, set);
	account(x, now_s);
	at_ns = arrival_ns(n, x, now_s);
	if (at_ns > engine_now_ns(n->b.engine))
		post_done(n, x, at_ns);
	give(n, slot);
	return at_ns <= engine_now_ns(n->b.engine);
}

/* Messages */

/** @done is due @early_s before the last byte arrives. */
static bool begin(struct net *n, const struct route *r, double payload_bytes,
	enum transfer_kind kind, const struct event *done, double early_s)
{
	int64_t now_ns = engine_now_ns(n->b.engine), at_ns;
	struct route_message m;
	double s;

	if (r->n == 0)
		return true;
	if (r->fair)
		return begin_shared(n, r, payload_bytes, kind, done, early_s);
	route_message(r, NULL, now_ns, payload_bytes, kind, &m);
	s = route_pass_s(r, NULL, now_ns, &m);
	if (!(s < LINK_NEVER_S)) {
		fail(n, r, payload_bytes);
		return false;
	}
	at_ns = ns_after(now_ns, ns_of_s(s - early_s));
	if (at_ns <= now_ns)
		return true;
	if (done->kind != NO_ID)
		engine_post_at(n->b.engine, at_ns, *done);
	return false;
}

bool net_send(struct net *n, const struct route *r, double payload_bytes, enum transfer_kind kind,
	const struct event *done)
{
	return begin(n, r, payload_bytes, kind, done, 0.0);
}

bool net_send_off(struct net *n, const struct route *r, double payload_bytes,
	enum transfer_kind kind, struct event left)
{
	return begin(n, r, payload_bytes, kind, &left, r->delay_s);
}

void net_send_on(
	struct net *n, const struct route *r, double payload_bytes, enum transfer_kind kind)
{
	begin(n, r, payload_bytes, kind, &(struct event){.kind = NO_ID}, 0.0);
}

double net_predict_s(const struct net *n, const struct route *r, double payload_bytes,
	enum transfer_kind kind, bool idle)
{
	struct fair *fair = net_flows(n, r);
	int64_t now_ns = n->b.engine ? engine_now_ns(n->b.engine) : 0;
	double s = route_idle_s(r, fair, now_ns, payload_bytes, kind), share;

	if (idle)
		return s;
	s += route_backlog_s(r, now_ns);
	if (r->fair) {
		share = fair_share_bytes_per_s(fair, r->path[kind]);
		s += fmax(0.0, payload_bytes / fmax(1.0, share) -
				       payload_bytes / fmax(1.0, r->bytes_per_s));
	}
	return fmin(s, LINK_NEVER_S);
}

struct net_path net_path(const struct net *n, const struct route *r, enum transfer_kind kind)
{
	struct net_path p = {.delay_s = r->delay_s,
		.bytes_per_s = HUGE_VAL,
		.backlog_s = fmin(route_backlog_s(r, engine_now_ns(n->b.engine)), LINK_NEVER_S)};

	for (size_t h = 0; h < r->n; h++)
		p.bytes_per_s = fmin(p.bytes_per_s, r->hops[h]->bytes_per_s);
	p.share_bytes_per_s = p.bytes_per_s;
	if (r->fair)
		p.share_bytes_per_s =
			fmin(p.bytes_per_s, fair_share_bytes_per_s(net_flows(n, r), r->path[kind]));
	return p;
}

/* Rates that change */

static void post_change(struct net *n, uint32_t i)
{
	int64_t at_ns = rate_curve_change_ns(n->links[i]->spec->curve, engine_now_ns(n->b.engine));

	if (at_ns != CURVE_NEVER)
		post_link(n->b.engine, at_ns, i);
}

void net_start(struct net *n)
{
	for (uint32_t i = 0; i < n->n_links; i++)
		if (n->links[i]->spec->curve)
			post_change(n, i);
}

bool net_rate(struct net *n, uint32_t i)
{
	struct link *l = n->links[i];

	post_change(n, i);
	if (l->fair)
		catch_up(n, &n->sets[l->set]);
	if (!link_rate_update(l, engine_now_ns(n->b.engine)))
		return false;
	if (l->fair) {
		fair_set_rate(n->sets[l->set].fair, engine_now_s(n->b.engine), l->set_link,
			l->bytes_per_s);
		look_ahead(n, &n->sets[l->set]);
	}
	return true;
}

/* What the links have done */

static void path_count(const struct net *n, const struct fair *f, uint32_t path, double at_s,
	struct tally_sums *out)
{
	struct fair_progress p;

	for (size_t k = 0; fair_under_way(f, path, k, at_s, &p); k++) {
		const struct transfer *x = &n->transfers[p.id];
		double sent = fmin(x->wire_bytes, fmax(0.0, x->wire_bytes - p.left_bytes));

		for (size_t h = 0; h < x->route->n; h++)
			if (x->route->hops[h]->fair)
				out[x->route->hops[h]->number].kind_bytes[x->kind] += sent;
	}
}

void transfers_count(struct net *n, struct tally_sums *out, int64_t at_ns)
{
	for (size_t s = 0; s < n->n_sets; s++) {
		catch_up(n, &n->sets[s]);
		for (uint32_t p = 0; p < fair_n_paths(n->sets[s].fair); p++)
			path_count(n, n->sets[s].fair, p, s_of_ns(at_ns), out);
	}
	for (size_t l = 0; l < n->n_links; l++)
		if (n->links[l]->fair)
			out[l].busy_s += fair_busy_s(n->sets[n->links[l]->set].fair,
				n->links[l]->set_link, s_of_ns(at_ns));
}
