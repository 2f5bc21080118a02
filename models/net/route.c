/* Messages along routes: the closed form. */

#include <math.h>

#include "models/net/topology.h"
#include "sim/event.h"

struct passage route_passage(const struct route *r, double payload_bytes)
{
	return (struct passage){
		.train = train_of(&r->framing, payload_bytes),
		.transport = r->transport,
		.rtt_s = r->rtt_s,
	};
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

/** The hop that holds an open window back most. */
static const struct link *slowest(const struct route *r)
{
	const struct link *l = r->hops[0];

	for (size_t h = 1; h < r->n; h++)
		if (r->hops[h]->bytes_per_s < l->bytes_per_s)
			l = r->hops[h];
	return l;
}

/** What the bucket of @l, full again in @full_s, lets pass at once. */
static double credit_bytes(const struct link *l, const struct train *t, double full_s)
{
	double tokens_s = l->burst_s - fmax(0.0, full_s);

	if (l->spec->qdisc.kind == QDISC_NONE || !(tokens_s > 0.0))
		return 0.0;
	return qdisc_credit_bytes(&l->spec->qdisc, t, tokens_s * l->bytes_per_s);
}

static double slow_start_s(const struct route *r, const struct train *t, int64_t now_ns)
{
	const struct link *l = slowest(r);
	double full_s = s_of_ns(l->free_ns - now_ns);

	if (r->transport != TRANSPORT_TCP)
		return 0.0;
	return route_slow_start_s(
		r, t, fmax(l->bytes_per_s, 1.0), l->spec->curve ? 0.0 : credit_bytes(l, t, full_s));
}

static int64_t send_plain(
	const struct route *r, int64_t now_ns, struct passage *p, enum transfer_kind kind)
{
	for (size_t h = 0; h < r->n; h++) {
		p->more = h + 1 < r->n;
		link_count(r->hops[h], p, kind);
		link_pass(r->hops[h], now_ns, p);
	}
	return ns_after(now_ns, ns_of_s(p->tail_s));
}

int64_t route_send(
	const struct route *r, int64_t now_ns, double payload_bytes, enum transfer_kind kind)
{
	struct passage p;
	double luck_s = 0.0, resent_bytes = 0.0, late_s;

	if (r->n == 0)
		return now_ns;
	p = route_passage(r, payload_bytes);
	if (r->plain)
		return send_plain(r, now_ns, &p, kind);
	for (size_t h = 0; h < r->n; h++)
		luck_s += link_luck_s(r->hops[h], &p, &resent_bytes);
	late_s = slow_start_s(r, &p.train, now_ns);
	p.train.wire_bytes += resent_bytes;
	send_plain(r, now_ns, &p, kind);
	return ns_after(now_ns, ns_of_s(fmax(r->delay_s, p.tail_s + luck_s) + late_s));
}

double route_idle_s(const struct route *r, int64_t now_ns, double payload_bytes)
{
	const struct link *l;
	struct passage p;

	if (r->n == 0)
		return 0.0;
	p = route_passage(r, payload_bytes);
	for (size_t h = 0; h < r->n; h++)
		link_pass_idle(r->hops[h], now_ns, &p);
	if (r->transport != TRANSPORT_TCP)
		return p.tail_s;
	l = slowest(r);
	return p.tail_s + route_slow_start_s(r, &p.train, fmax(l->bytes_per_s, 1.0),
				  credit_bytes(l, &p.train, 0.0));
}

double route_backlog_s(const struct route *r, int64_t now_ns)
{
	double worst_s = 0.0;

	for (size_t h = 0; h < r->n; h++)
		worst_s = fmax(worst_s, link_backlog_s(r->hops[h], now_ns));
	return worst_s;
}
