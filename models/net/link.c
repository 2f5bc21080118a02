#include "models/net/link.h"

#include <assert.h>
#include <math.h>

#include "sim/event.h"

const char *transfer_kind_name(enum transfer_kind kind)
{
	static const char *const names[TRANSFER_KINDS] = {
		[TRANSFER_PROMPT] = "prompt",
		[TRANSFER_ANSWER] = "answer",
		[TRANSFER_HIDDEN] = "hidden",
		[TRANSFER_KV] = "kv",
		[TRANSFER_DRAFT] = "draft",
	};

	return names[kind];
}

static const double NEVER_S = 8e9; /* an outage without end: within the clock's range */

static double spec_bytes_per_s(const struct link_dir_spec *d, double bytes_per_s)
{
	struct qdisc q = d->qdisc;
	double held_packets = d->netem.limit_packets, full = MTU_BYTES + ETHERNET_BYTES;

	q.bytes_per_s = bytes_per_s;
	if (q.kind != QDISC_NONE && bytes_per_s > 0.0) {
		full = q.mtu_bytes + ETHERNET_BYTES;
		bytes_per_s = qdisc_rate_bytes_per_s(&q);
	}
	if (held_packets > 0.0 && d->delay_s > 0.0) /* netem holds no more of a delay */
		bytes_per_s = fmin(bytes_per_s, held_packets * full / d->delay_s);
	return bytes_per_s;
}

static void set_rate(struct link *l, double bytes_per_s)
{
	l->bytes_per_s = spec_bytes_per_s(l->spec, bytes_per_s);
	l->burst_s = 0.0;
	if (l->spec->qdisc.kind != QDISC_NONE && l->bytes_per_s > 0.0)
		l->burst_s = qdisc_burst_bytes(&l->spec->qdisc) / l->bytes_per_s;
}

void link_init(struct link *l, const char *name, const struct link_dir_spec *spec)
{
	const struct netem *n = &spec->netem;
	struct qdisc peak = spec->qdisc;

	*l = (struct link){.name = name, .spec = spec, .delay_s = spec->delay_s};
	if (spec->qdisc.kind != QDISC_NONE)
		l->late_s = spec->qdisc.timer_late_s;
	l->random = n->jitter_s > 0.0 || n->loss != NETEM_LOSS_NONE;
	l->fair = spec->sharing == SHARING_FAIR && spec->bytes_per_s < HUGE_VAL;
	l->plain = spec->qdisc.kind == QDISC_NONE && !spec->curve && !l->random && !l->fair &&
		   spec->transport == TRANSPORT_STREAM;
	set_rate(l, spec->curve ? rate_curve_now_bytes_per_s(spec->curve, 0) : spec->bytes_per_s);
	if (peak.peak_bytes_per_s > 0.0) {
		peak.bytes_per_s = peak.peak_bytes_per_s;
		peak.burst_bytes = peak.minburst_bytes;
		peak.peak_bytes_per_s = 0.0;
		l->peak_bytes_per_s = qdisc_rate_bytes_per_s(&peak);
		l->peak_burst_s = peak.minburst_bytes / l->peak_bytes_per_s;
	}
}

static double lesser(double a, double b)
{
	return a < b ? a : b;
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

/* Passing. A leaving tells when the first and the last packet go, and what of the
 * message's time was waiting. */

struct leaving {
	double first_s, last_s, wait_s;
};

static struct leaving leave_plain(
	const struct link *l, const struct passage *p, double free_s, double *free_after_s)
{
	double start_s = greater(free_s, p->head_s);
	double sent_s = start_s + p->train.wire_bytes / l->bytes_per_s;
	double after_tail_s = p->tail_s + p->train.last_bytes / l->bytes_per_s;
	double end_s = sent_s > after_tail_s ? sent_s : after_tail_s;

	*free_after_s = end_s;
	return (struct leaving){
		.first_s = start_s + p->train.first_bytes / l->bytes_per_s,
		.last_s = end_s,
		.wait_s = start_s - p->head_s,
	};
}

/** What leaves with the last token: under htb the last packet is charged afterwards. */
static double credit_bytes(const struct link *l, const struct passage *p)
{
	return qdisc_credit_bytes(&l->spec->qdisc, &p->train, 0.0);
}

static struct leaving leave_bucket(const struct passage *p, double bytes_per_s, double burst_s,
	double credit, double full_s, double *full_after_s)
{
	double from_s = greater(full_s, p->head_s);
	double after_s = from_s + p->train.wire_bytes / bytes_per_s;

	*full_after_s = after_s;
	return (struct leaving){
		.first_s =
			greater(p->head_s, from_s + p->train.first_bytes / bytes_per_s - burst_s),
		.last_s = greater(p->tail_s, after_s - burst_s - credit / bytes_per_s),
		.wait_s = greater(0.0, from_s - burst_s - p->head_s),
	};
}

/** Seconds from @now_ns until @c has carried @bytes. */
static double curve_in_s(const struct rate_curve *c, int64_t now_ns, double bytes)
{
	int64_t at_ns = rate_curve_when_ns(c, bytes);

	return at_ns == CURVE_NEVER ? NEVER_S : s_of_ns(at_ns - now_ns);
}

static struct leaving leave_curve(const struct link *l, int64_t now_ns, const struct passage *p,
	double full_bytes, double *full_after_bytes)
{
	const struct rate_curve *c = l->spec->curve;
	double burst = qdisc_burst_bytes(&l->spec->qdisc);
	double carried = rate_curve_bytes(c, now_ns + ns_of_s(p->head_s));
	double from = greater(full_bytes, carried), after = from + p->train.wire_bytes;
	double last_s = curve_in_s(c, now_ns, after - burst - credit_bytes(l, p));
	struct leaving to = {.first_s = p->head_s, .last_s = greater(p->tail_s, last_s)};

	if (p->more)
		to.first_s = greater(
			p->head_s, curve_in_s(c, now_ns, from + p->train.first_bytes - burst));
	if (from - burst > carried)
		to.wait_s = curve_in_s(c, now_ns, from - burst) - p->head_s;
	*full_after_bytes = after;
	return to;
}

/** A queue of limit_bytes behind the bucket: what does not fit of a train that comes at once is
 *  dropped and sent again rto_s later, as often as it takes. True when that happens: then *@to
 *  and *@full_after_s are those of the last of it. */
static bool overflows(struct link *l, const struct passage *p, double full_s, struct leaving *to,
	double *full_after_s)
{
	const struct qdisc *q = &l->spec->qdisc;
	double rate = l->bytes_per_s, burst = l->burst_s * rate, over, room, rounds, left, dropped;

	if (p->transport != TRANSPORT_DATAGRAM || !(q->limit_bytes < HUGE_VAL))
		return false;
	over = (greater(full_s, p->head_s) - p->head_s) * rate - burst + p->train.wire_bytes -
	       q->limit_bytes;
	over = lesser(over, p->train.wire_bytes);
	if (!(over > 0.0))
		return false;
	room = greater(p->train.full_bytes, lesser(q->limit_bytes + burst, l->spec->rto_s * rate));
	rounds = ceil(over / room);
	left = over - (rounds - 1.0) * room;
	dropped =
		ceil((rounds * over - 0.5 * rounds * (rounds - 1.0) * room) / p->train.full_bytes -
			1e-9);
	to->last_s = p->head_s + rounds * l->spec->rto_s + greater(0.0, left - burst) / rate;
	*full_after_s = p->head_s + rounds * l->spec->rto_s + left / rate;
	l->dropped += dropped;
	l->resent += dropped;
	return true;
}

static void go_on(const struct link *l, struct passage *p, const struct leaving *to)
{
	double late_s = to->last_s > p->tail_s ? l->late_s : 0.0;

	p->head_s = to->first_s + l->delay_s;
	p->tail_s = to->last_s + late_s + l->delay_s;
}

static void pass_peak(struct link *l, int64_t now_ns, const struct passage *p, struct leaving *to)
{
	double after_s;
	struct leaving peak = leave_bucket(p, l->peak_bytes_per_s, l->peak_burst_s, 0.0,
		s_of_ns(l->peak_free_ns - now_ns), &after_s);

	l->peak_free_ns = ns_after(now_ns, ns_of_s(after_s));
	to->first_s = greater(to->first_s, peak.first_s);
	to->last_s = greater(to->last_s, peak.last_s);
}

void link_pass(struct link *l, int64_t now_ns, struct passage *p)
{
	double free_s = s_of_ns(l->free_ns - now_ns), after_s;
	struct leaving to;

	if (l->plain || (l->spec->qdisc.kind == QDISC_NONE && !l->spec->curve)) {
		to = leave_plain(l, p, free_s, &after_s);
		l->busy_s += to.last_s - (p->head_s + to.wait_s);
		l->free_ns = ns_after(now_ns, ns_of_s(after_s));
	} else if (l->spec->curve) {
		to = leave_curve(l, now_ns, p, l->full_bytes, &l->full_bytes);
		l->busy_s += p->train.wire_bytes / rate_curve_mean_bytes_per_s(l->spec->curve);
		l->until_ns = ns_after(now_ns, ns_of_s(to.last_s));
	} else {
		to = leave_bucket(
			p, l->bytes_per_s, l->burst_s, credit_bytes(l, p), free_s, &after_s);
		overflows(l, p, free_s, &to, &after_s);
		l->busy_s += p->train.wire_bytes / l->bytes_per_s;
		l->free_ns = ns_after(now_ns, ns_of_s(after_s));
		if (l->peak_bytes_per_s > 0.0)
			pass_peak(l, now_ns, p, &to);
	}
	l->wait_s += to.wait_s;
	go_on(l, p, &to);
}

void link_pass_idle(const struct link *l, int64_t now_ns, struct passage *p)
{
	double free_s = -HUGE_VAL, after_s;
	struct leaving to, peak;

	if (!(l->bytes_per_s > 0.0)) { /* an outage: as if it ended now, at its mean rate */
		struct link up = *l;

		set_rate(&up, rate_curve_mean_bytes_per_s(l->spec->curve));
		up.bytes_per_s = greater(up.bytes_per_s, 1.0);
		link_pass_idle(&up, now_ns, p);
		return;
	}
	if (l->spec->qdisc.kind == QDISC_NONE) {
		to = leave_plain(l, p, p->head_s, &after_s);
	} else {
		to = leave_bucket(
			p, l->bytes_per_s, l->burst_s, credit_bytes(l, p), free_s, &after_s);
		if (l->peak_bytes_per_s > 0.0) {
			peak = leave_bucket(
				p, l->peak_bytes_per_s, l->peak_burst_s, 0.0, free_s, &after_s);
			to.first_s = greater(to.first_s, peak.first_s);
			to.last_s = greater(to.last_s, peak.last_s);
		}
	}
	go_on(l, p, &to);
}

double link_luck_s(struct link *l, const struct passage *p, double *resent_bytes)
{
	const struct netem *n = &l->spec->netem;
	double late_s = 0.0, packet_s;
	struct loss_cost lost;

	if (!l->random)
		return 0.0;
	packet_s = l->bytes_per_s > 0.0 ? p->train.full_bytes / l->bytes_per_s : 0.0;
	if (n->jitter_s > 0.0)
		late_s = netem_last_s(n, &l->netem, l->delay_s, p->train.packets, packet_s);
	if (n->loss == NETEM_LOSS_NONE)
		return late_s;
	lost = netem_loss_cost(
		n, &l->netem, p->transport, p->train.packets, packet_s, p->rtt_s, l->spec->rto_s);
	l->resent += lost.resent_packets;
	l->dropped += lost.resent_packets;
	*resent_bytes += lost.resent_packets * p->train.full_bytes;
	return late_s + lost.extra_s;
}

double link_backlog_s(const struct link *l, int64_t now_ns)
{
	double s = l->spec->curve ? s_of_ns(l->until_ns - now_ns)
				  : s_of_ns(l->free_ns - now_ns) - l->burst_s;

	return s > 0.0 ? s : 0.0;
}

bool link_rate_update(struct link *l, int64_t now_ns)
{
	double before = l->bytes_per_s;

	if (!l->spec->curve)
		return false;
	set_rate(l, rate_curve_now_bytes_per_s(l->spec->curve, now_ns));
	return l->bytes_per_s < before || l->bytes_per_s > before;
}

/* Counting */

void link_count(struct link *l, const struct passage *p, enum transfer_kind kind)
{
	l->messages++;
	l->bytes += p->train.wire_bytes;
	l->kind_bytes[kind] += p->train.wire_bytes;
}

static double pending_s(const struct link *l, int64_t now_ns)
{
	return l->free_ns > now_ns ? s_of_ns(l->free_ns - now_ns) : 0.0;
}

double link_busy_s(const struct link *l, int64_t now_ns)
{
	return l->busy_s - pending_s(l, now_ns);
}

void link_reset(struct link *l, int64_t now_ns)
{
	l->busy_s = pending_s(l, now_ns);
	l->wait_s = 0.0;
	l->messages = 0;
	l->bytes = 0.0;
	for (size_t k = 0; k < TRANSFER_KINDS; k++)
		l->kind_bytes[k] = 0.0;
	l->dropped = l->resent = 0.0;
}
