/* Messages along routes: the closed form. */

#include "models/net/route.h"

#include <math.h>

#include "sim/event.h"

bool routes_alike(const struct route *a, const struct route *b)
{
	if (!a || !b || a->n != b->n)
		return a == b;
	for (size_t h = 0; h < a->n; h++)
		if (a->hops[h]->spec != b->hops[h]->spec)
			return false;
	return true;
}

void route_describe(struct route *r)
{
	double mtu_bytes = HUGE_VAL;

	r->plain = true;
	r->connection = CONNECTION_WARM;
	r->bytes_per_s = HUGE_VAL;
	for (size_t h = 0; h < r->n; h++) {
		const struct link *l = r->hops[h];
		const struct link_dir_spec *d = l->spec;

		r->delay_s += l->delay_s;
		r->bytes_per_s = fmin(r->bytes_per_s, l->bytes_per_s);
		r->plain = r->plain && l->plain;
		r->fair = r->fair || l->fair;
		if (d->qdisc.mtu_bytes > 0.0)
			mtu_bytes = fmin(mtu_bytes, d->qdisc.mtu_bytes);
		if (d->transport == TRANSPORT_TCP) {
			r->transport = TRANSPORT_TCP;
			if (d->connection == CONNECTION_NEW || r->connection == CONNECTION_WARM)
				r->connection = d->connection;
		} else if (d->transport == TRANSPORT_DATAGRAM && r->transport != TRANSPORT_TCP) {
			r->transport = TRANSPORT_DATAGRAM;
		}
	}
	r->framing = framing_of(r->transport, mtu_bytes < HUGE_VAL ? mtu_bytes : MTU_BYTES);
}

uint32_t route_class(const struct link_dir_spec *d, enum transfer_kind kind)
{
	uint32_t rest = NO_ID;

	for (uint32_t c = 0; c < d->n_classes; c++) {
		if (d->classes[c].carries >> kind & 1)
			return c;
		if (d->classes[c].carries == 0 && rest == NO_ID)
			rest = c;
	}
	return d->n_classes == 0 ? 0 : rest;
}

struct link_share route_share(
	const struct link *l, struct fair *flows, enum transfer_kind kind, double now_s)
{
	struct fair_lone x;

	if (!l->fair || !flows)
		return link_idle_share(l);
	x = fair_lone(flows, l->first_pipe + route_class(l->spec, kind), now_s);
	return (struct link_share){x.bytes_per_s, x.burst_bytes, x.tokens_bytes};
}

double route_slow_start_s(
	const struct route *r, const struct train *t, double bytes_per_s, double credit_bytes)
{
	double s;

	if (r->transport != TRANSPORT_TCP || r->connection == CONNECTION_WARM)
		return 0.0;
	s = slow_start_delay_s(t, r->rtt_s, bytes_per_s, credit_bytes);
	return r->connection == CONNECTION_NEW ? s + r->rtt_s : s;
}

bool route_starts_slowly(const struct route *r, const struct train *t)
{
	return r->connection == CONNECTION_NEW ||
	       (r->connection == CONNECTION_COLD && t->packets > TCP_INITIAL_WINDOW);
}

/** What the bucket of @l lets pass at once of @t with @tokens in it. */
static double credit_bytes(const struct link *l, const struct train *t, double tokens)
{
	if (l->spec->qdisc.kind == QDISC_NONE || l->spec->curve || !(tokens > 0.0))
		return 0.0;
	return qdisc_credit_bytes(&l->spec->qdisc, t, tokens);
}

/** The tokens in the bucket of @l, which is in order of arrival. */
static double tokens_bytes(const struct link *l, int64_t now_ns)
{
	double full_s = fmax(0.0, s_of_ns(l->free_ns - now_ns));

	return (l->burst_s - full_s) * l->bytes_per_s;
}

/** Slow start behind the hop that holds an open window back most. @idle: its bucket is full. */
static void start_of(const struct route *r, struct fair *flows, int64_t now_ns,
	const struct passage *p, bool idle, struct route_start *start)
{
	struct link_share least = {.bytes_per_s = HUGE_VAL};
	const struct link *slowest = NULL;

	start->s = 0.0;
	if (r->transport != TRANSPORT_TCP || !route_starts_slowly(r, &p->train))
		return;
	for (size_t h = 0; h < r->n; h++) {
		struct link_share s = route_share(r->hops[h], flows, p->kind, s_of_ns(now_ns));

		if (slowest && !(s.bytes_per_s < least.bytes_per_s))
			continue;
		least = s;
		slowest = r->hops[h];
		if (!slowest->fair)
			least.tokens_bytes = tokens_bytes(slowest, now_ns);
		if (idle)
			least.tokens_bytes = least.burst_bytes;
	}
	start->bytes_per_s = fmax(least.bytes_per_s, 1.0);
	start->credit_bytes = credit_bytes(slowest, &p->train, least.tokens_bytes);
	start->wire_bytes = p->train.wire_bytes;
	start->s = route_slow_start_s(r, &p->train, start->bytes_per_s, start->credit_bytes);
}

struct passage route_passage(const struct route *r, double payload_bytes, enum transfer_kind kind)
{
	return (struct passage){
		.train = train_of(&r->framing, payload_bytes),
		.transport = r->transport,
		.kind = kind,
		.rtt_s = r->rtt_s,
	};
}

void route_message(const struct route *r, struct fair *flows, int64_t now_ns, double payload_bytes,
	enum transfer_kind kind, struct route_message *m)
{
	double resent_bytes = 0.0;

	m->p = route_passage(r, payload_bytes, kind);
	m->luck_s = m->start.s = 0.0;
	if (r->plain)
		return;
	for (size_t h = 0; h < r->n; h++)
		m->luck_s += link_luck_s(r->hops[h], &m->p, &resent_bytes);
	start_of(r, flows, now_ns, &m->p, false, &m->start);
	m->p.train.wire_bytes += resent_bytes;
}

double route_pass_s(
	const struct route *r, struct fair *flows, int64_t now_ns, struct route_message *m)
{
	struct passage *p = &m->p;

	for (size_t h = 0; h < r->n; h++) {
		struct link *l = r->hops[h];

		p->more = h + 1 < r->n;
		if (l->fair) {
			struct link_share s = route_share(l, flows, p->kind, s_of_ns(now_ns));

			link_pass_alone(l, now_ns, p, &s, &l->line);
		} else {
			link_pass(l, now_ns, now_ns, p);
		}
	}
	return p->tail_s + m->luck_s + m->start.s;
}

double route_idle_s(const struct route *r, struct fair *flows, int64_t now_ns, double payload_bytes,
	enum transfer_kind kind)
{
	struct passage p = route_passage(r, payload_bytes, kind);
	struct route_start start;

	if (r->n == 0)
		return 0.0;
	for (size_t h = 0; h < r->n; h++) {
		struct link_share s = route_share(r->hops[h], flows, kind, s_of_ns(now_ns));

		p.more = h + 1 < r->n;
		s.tokens_bytes = s.burst_bytes;
		link_pass_alone(r->hops[h], now_ns, &p, &s, NULL);
	}
	start_of(r, flows, now_ns, &p, true, &start);
	return fmin(LINK_NEVER_S, p.tail_s + start.s);
}

double route_backlog_s(const struct route *r, int64_t now_ns)
{
	double worst_s = 0.0;

	for (size_t h = 0; h < r->n; h++)
		worst_s = fmax(worst_s, link_backlog_s(r->hops[h], now_ns));
	return worst_s;
}
