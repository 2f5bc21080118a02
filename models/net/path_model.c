#include "models/net/path_model.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/net/fair.h"

static double rtt_of(const struct path_model *p)
{
	return p->delay_s + p->return_s + 2.0 * p->host_s;
}

/** What the connection adds behind a shaper that gives it @bytes_per_s and @credit_bytes. */
static double connection_s(
	const struct path_model *p, const struct train *t, double bytes_per_s, double credit_bytes)
{
	double s = 0.0;

	if (p->transport != TRANSPORT_TCP || p->connection == CONNECTION_WARM)
		return 0.0;
	s = slow_start_delay_s(t, rtt_of(p), bytes_per_s, credit_bytes);
	return p->connection == CONNECTION_NEW ? s + rtt_of(p) : s;
}

/** The packet that had to wait left by a late timer. */
static double last_timer_s(const struct path_model *p, bool waited)
{
	return waited && p->qdisc.kind != QDISC_NONE ? p->qdisc.timer_late_s : 0.0;
}

double path_transfer_s(const struct path_model *p, double payload_bytes)
{
	struct framing f = framing_of(p->transport, p->qdisc.mtu_bytes);
	struct train t = train_of(&f, payload_bytes);
	double full_bytes = qdisc_burst_bytes(&p->qdisc);
	double send_s = qdisc_send_s(&p->qdisc, &t, full_bytes);

	return p->delay_s + p->host_s + send_s + last_timer_s(p, send_s > 0.0) +
	       connection_s(p, &t, qdisc_rate_bytes_per_s(&p->qdisc),
		       qdisc_credit_bytes(&p->qdisc, &t, full_bytes));
}

/* Sharing */

static void share_fifo(const struct path_model *p, struct path_flow *flows, size_t n)
{
	struct framing f = framing_of(p->transport, p->qdisc.mtu_bytes);
	double tokens = qdisc_burst_bytes(&p->qdisc), at_s = 0.0;
	double bytes_per_s = qdisc_rate_bytes_per_s(&p->qdisc);

	for (size_t i = 0; i < n; i++) {
		struct train t = train_of(&f, flows[i].payload_bytes);
		double send_s;

		tokens = fmin(qdisc_burst_bytes(&p->qdisc),
			tokens + (flows[i].start_s - at_s) * bytes_per_s);
		at_s = flows[i].start_s;
		send_s = fmax(0.0, t.wire_bytes - qdisc_credit_bytes(&p->qdisc, &t, tokens)) /
			 bytes_per_s;
		flows[i].end_s =
			at_s + p->delay_s + p->host_s + send_s + last_timer_s(p, send_s > 0.0);
		tokens -= t.wire_bytes;
	}
}

static void share_leave(
	const struct path_model *p, struct fair *f, struct path_flow *flows, double until_s)
{
	for (double at_s; (at_s = fair_next_s(f)) <= until_s;) {
		uint32_t i;

		while (fair_leave(f, at_s, &i))
			flows[i].end_s += at_s + p->delay_s + p->host_s + last_timer_s(p, true);
	}
}

void path_share(const struct path_model *p, struct path_flow *flows, size_t n)
{
	struct framing framing = framing_of(p->transport, p->qdisc.mtu_bytes);
	struct htb_class leaf = {
		.bytes_per_s = qdisc_rate_bytes_per_s(&p->qdisc) / (double)n,
		.ceil_bytes_per_s = qdisc_rate_bytes_per_s(&p->qdisc),
		.burst_bytes = p->qdisc.burst_bytes,
		.cburst_bytes = qdisc_burst_bytes(&p->qdisc),
	};
	bool htb = p->qdisc.kind == QDISC_HTB;
	struct htb_class *leaves;
	struct fair *f;

	if (p->transport == TRANSPORT_DATAGRAM && !htb) {
		share_fifo(p, flows, n);
		return;
	}
	leaves = mem_zalloc(n, sizeof *leaves);
	for (size_t i = 0; i < n; i++)
		leaves[i] = leaf;
	f = fair_create();
	fair_add_link(f, &p->qdisc, leaves, htb ? n : 0);
	for (uint32_t i = 0; i < n; i++) {
		struct train t = train_of(&framing, flows[i].payload_bytes);
		uint32_t pipe = htb ? i : 0, path = fair_add_path(f, &pipe, 1);

		share_leave(p, f, flows, flows[i].start_s);
		flows[i].end_s = connection_s(p, &t, fair_share_bytes_per_s(f, path),
			qdisc_credit_bytes(
				&p->qdisc, &t, fair_tokens_bytes(f, path, flows[i].start_s)));
		if (htb)
			t.last_bytes = qdisc_credit_bytes(&p->qdisc, &t, 0.0);
		if (fair_enter(f, flows[i].start_s, path, i, &t))
			flows[i].end_s += flows[i].start_s + p->delay_s + p->host_s;
	}
	share_leave(p, f, flows, DBL_MAX);
	fair_destroy(f);
	free(leaves);
}
