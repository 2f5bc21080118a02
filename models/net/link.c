#include "models/net/link.h"

#include <assert.h>
#include <math.h>

#include "models/probe.h"
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

static double spec_bytes_per_s(const struct link_dir_spec *d, double bytes_per_s)
{
	struct qdisc q = d->qdisc;

	q.bytes_per_s = bytes_per_s;
	if (q.kind == QDISC_NONE || !(bytes_per_s > 0.0))
		return bytes_per_s;
	return qdisc_rate_bytes_per_s(&q);
}

static void set_rate(struct link *l, double bytes_per_s)
{
	l->bytes_per_s = spec_bytes_per_s(l->spec, bytes_per_s);
	l->burst_s = 0.0;
	if (l->spec->qdisc.kind != QDISC_NONE && l->bytes_per_s > 0.0)
		l->burst_s = qdisc_burst_bytes(&l->spec->qdisc) / l->bytes_per_s;
}

static bool is_random(const struct netem *n)
{
	return n->jitter_s > 0.0 || n->loss != NETEM_LOSS_NONE;
}

static bool is_fair(const struct link_dir_spec *d)
{
	return d->sharing == SHARING_FAIR && d->bytes_per_s < HUGE_VAL;
}

static bool is_limited(const struct link_dir_spec *d)
{
	return d->netem.limit_packets > 0.0 && d->netem.limit_packets < HUGE_VAL &&
	       d->delay_s > 0.0;
}

bool link_dir_is_plain(const struct link_dir_spec *d)
{
	return d->qdisc.kind == QDISC_NONE && !d->curve && !is_random(&d->netem) && !is_fair(d) &&
	       !is_limited(d) && d->transport == TRANSPORT_STREAM;
}

void link_init(struct link *l, const char *name, const struct link_dir_spec *spec)
{
	struct qdisc peak = spec->qdisc;

	*l = (struct link){.name = name, .spec = spec, .delay_s = spec->delay_s};
	if (spec->qdisc.kind != QDISC_NONE)
		l->late_s = spec->qdisc.timer_late_s;
	l->random = is_random(&spec->netem);
	l->fair = is_fair(spec);
	l->limited = is_limited(spec);
	l->plain = link_dir_is_plain(spec);
	set_rate(l, spec->curve ? rate_curve_now_bytes_per_s(spec->curve, 0) : spec->bytes_per_s);
	if (peak.peak_bytes_per_s > 0.0) {
		peak.bytes_per_s = peak.peak_bytes_per_s;
		peak.burst_bytes = peak.minburst_bytes;
		peak.peak_bytes_per_s = 0.0;
		l->peak_bytes_per_s = qdisc_rate_bytes_per_s(&peak);
		l->peak_burst_s = peak.minburst_bytes / l->peak_bytes_per_s;
	}
}

void link_finish(struct link *l)
{
	tally_finish(&l->tally);
	delay_line_finish(&l->line);
}

void link_seed(struct link *l, struct arena *arena, uint64_t seed, uint32_t replication)
{
	if (!l->random)
		return;
	l->netem = arena_alloc(arena, 1, sizeof *l->netem);
	netem_init(l->netem, seed, replication, l->name);
}

static double lesser(double a, double b)
{
	return a < b ? a : b;
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

/* Passing. A queue is when the bucket (and that of the peakrate) is full again; a leaving tells
 * when the first and the last packet go, what of the message's time was waiting, and when the
 * bucket is full after it. Seconds count from now. */

struct queue {
	double full_s, full_bytes, peak_full_s;
};

struct leaving {
	double first_s, last_s, wait_s; /* first_s: where it matters */
	double from_s;                  /* from when the link's rate is used up by it */
	bool behind;     /* with a curve: others were before it, from_s is when they are through, */
	int64_t last_ns; /* and last_s, as the curve has it */
	struct queue after;
};

/** Does anybody ask when the first packet leaves? */
static bool first_matters(const struct link *l, const struct passage *p)
{
	return p->more || l->limited;
}

static inline void leave_plain(const struct passage *p, double bytes_per_s, const struct queue *q,
	bool first, struct leaving *to)
{
	double start_s = greater(q->full_s, p->head_s);
	double sent_s = start_s + p->train.wire_bytes / bytes_per_s;
	double after_tail_s = p->tail_s + p->train.last_bytes / bytes_per_s;
	double end_s = sent_s > after_tail_s ? sent_s : after_tail_s;

	*to = (struct leaving){
		.first_s = first ? start_s + p->train.first_bytes / bytes_per_s : start_s,
		.last_s = end_s,
		.wait_s = start_s - p->head_s,
		.from_s = start_s,
		.after = {.full_s = end_s},
	};
}

/** A bucket lets a packet go once it covers it (@before_bytes: of the first, 0 under htb, which
 *  charges afterwards, and where nobody asks), and so the last @credit bytes without waiting for
 *  them. */
static inline void leave_bucket(const struct passage *p, double bytes_per_s, double burst_s,
	double before_bytes, double credit, double full_s, struct leaving *to)
{
	double before_s = before_bytes > 0.0 ? before_bytes / bytes_per_s : 0.0;
	double credit_s = credit > 0.0 ? credit / bytes_per_s : 0.0;
	double from_s = greater(full_s, p->head_s);
	double after_s = from_s + p->train.wire_bytes / bytes_per_s;

	*to = (struct leaving){
		.first_s = greater(p->head_s, from_s + before_s - burst_s),
		.last_s = greater(p->tail_s, after_s - burst_s - credit_s),
		.wait_s = greater(0.0, from_s - burst_s - p->head_s),
		.from_s = from_s,
		.after = {.full_s = after_s},
	};
}

/** What leaves with the last token: under htb the last packet is charged afterwards. */
static double credit_bytes(const struct link *l, const struct passage *p)
{
	return qdisc_credit_bytes(&l->spec->qdisc, &p->train, 0.0);
}

static double before_bytes(const struct link *l, const struct passage *p)
{
	bool ahead = l->spec->qdisc.kind != QDISC_HTB && first_matters(l, p);

	return ahead ? p->train.first_bytes : 0.0;
}

/** Seconds from @now_ns to an instant of a curve. */
static double seconds_to(int64_t at_ns, int64_t now_ns)
{
	return at_ns == CURVE_NEVER ? LINK_NEVER_S : s_of_ns(at_ns - now_ns);
}

/** Seconds from @now_ns until @c has carried @bytes. */
static double curve_in_s(const struct rate_curve *c, int64_t now_ns, double bytes)
{
	return seconds_to(rate_curve_when_ns(c, bytes), now_ns);
}

static void leave_curve(const struct link *l, int64_t now_ns, const struct passage *p, double burst,
	double full_bytes, struct leaving *to)
{
	const struct rate_curve *c = l->spec->curve;
	double carried = rate_curve_bytes(c, ns_after(now_ns, ns_of_s(p->head_s)));
	double from = greater(full_bytes, carried), after = from + p->train.wire_bytes;
	int64_t last_ns = rate_curve_when_ns(c, after - burst - credit_bytes(l, p));

	*to = (struct leaving){.first_s = p->head_s,
		.last_s = greater(p->tail_s, seconds_to(last_ns, now_ns)),
		.from_s = p->head_s,
		.behind = full_bytes > carried,
		.last_ns = last_ns,
		.after = {.full_bytes = after}};

	if (p->more)
		to->first_s = greater(
			p->head_s, curve_in_s(c, now_ns, from + before_bytes(l, p) - burst));
	if (from - burst > carried)
		to->wait_s = curve_in_s(c, now_ns, from - burst) - p->head_s;
}

static void leave_peak(
	const struct link *l, const struct passage *p, double full_s, struct leaving *to)
{
	struct leaving peak;

	leave_bucket(
		p, l->peak_bytes_per_s, l->peak_burst_s, p->train.first_bytes, 0.0, full_s, &peak);
	to->after.peak_full_s = peak.after.full_s;
	to->first_s = greater(to->first_s, peak.first_s);
	to->last_s = greater(to->last_s, peak.last_s);
}

/** The one rule by which messages leave a link, in order of arrival or alone, now or as if it
 *  were idle: @s has what rate and bucket, @q what is before it. */
static inline void leave(const struct link *l, int64_t now_ns, const struct passage *p,
	const struct link_share *s, const struct queue *q, bool steady, struct leaving *to)
{
	if (l->spec->curve && !steady) {
		leave_curve(l, now_ns, p, s->burst_bytes, q->full_bytes, to);
	} else if (l->spec->qdisc.kind == QDISC_NONE) {
		leave_plain(p, s->bytes_per_s, q, first_matters(l, p), to);
	} else {
		leave_bucket(p, s->bytes_per_s, s->burst_bytes / s->bytes_per_s, before_bytes(l, p),
			credit_bytes(l, p), q->full_s, to);
		if (l->peak_bytes_per_s > 0.0)
			leave_peak(l, p, q->peak_full_s, to);
	}
}

/** A queue of limit_bytes behind the bucket: what does not fit of a train that comes at once is
 *  dropped and sent again rto_s later, as often as it takes; then *@to is that of the last of it.
 */
static void overflow(struct link *l, const struct passage *p, double full_s, struct leaving *to)
{
	const struct qdisc *q = &l->spec->qdisc;
	double rate = l->bytes_per_s, burst = l->burst_s * rate, over, room, rounds, left, dropped;
	double paid_s, again_s; /* when all could have left; when the last of it is offered again */

	if (p->transport != TRANSPORT_DATAGRAM || !(q->limit_bytes < HUGE_VAL))
		return;
	over = (greater(full_s, p->head_s) - p->head_s) * rate - burst + p->train.wire_bytes -
	       q->limit_bytes;
	over = lesser(over, p->train.wire_bytes);
	if (!(over > 0.0))
		return;
	room = greater(p->train.full_bytes, lesser(q->limit_bytes + burst, l->spec->rto_s * rate));
	rounds = ceil(over / room);
	left = over - (rounds - 1.0) * room;
	dropped =
		ceil((rounds * over - 0.5 * rounds * (rounds - 1.0) * room) / p->train.full_bytes -
			1e-9);
	paid_s = greater(full_s, p->head_s) + p->train.wire_bytes / rate;
	again_s = p->head_s + rounds * l->spec->rto_s;
	to->after.full_s = greater(paid_s, again_s + left / rate);
	to->last_s = greater(again_s, to->after.full_s - l->burst_s);
	to->from_s = greater(to->from_s, to->after.full_s - p->train.wire_bytes / rate);
	l->tally.done.dropped += dropped;
	l->tally.done.resent += dropped;
}

/** No more packets in the delay than its limit: the train is held back. */
static void enter_delay(const struct link *l, struct delay_line *line, int64_t now_ns,
	double packets, struct leaving *to)
{
	int64_t first_ns = ns_after(now_ns, ns_of_s(to->first_s));
	int64_t last_ns = ns_after(now_ns, ns_of_s(to->last_s));

	if (!(packets > 0.0))
		return;
	delay_line_enter(line, floor(l->spec->netem.limit_packets), ns_of_s(l->delay_s), packets,
		&first_ns, &last_ns);
	to->first_s = greater(to->first_s, s_of_ns(first_ns - now_ns));
	to->last_s = greater(to->last_s, s_of_ns(last_ns - now_ns));
}

/** The same behind nobody. */
static void enter_idle_delay(
	const struct link *l, int64_t now_ns, double packets, struct leaving *to)
{
	struct delay_line empty = {0};

	enter_delay(l, &empty, now_ns, packets, to);
	delay_line_finish(&empty);
}

static inline void go_on(const struct link *l, struct passage *p, const struct leaving *to)
{
	double late_s = to->last_s > p->tail_s ? l->late_s : 0.0;

	p->head_s = to->first_s + l->delay_s;
	p->tail_s = to->last_s + late_s + l->delay_s;
}

/** Returns when what was accepted is through: the link is free, its bucket full. */
static int64_t count(struct link *l, int64_t clock_ns, int64_t now_ns, const struct passage *p,
	const struct leaving *to)
{
	const struct rate_curve *c = l->spec->curve;
	double begins_s = p->head_s + to->wait_s, bytes = p->train.wire_bytes;
	struct tally_piece *piece = tally_next(&l->tally, c, clock_ns);

	*piece = (struct tally_piece){
		.first_ns = ns_after(now_ns, ns_of_s(begins_s)),
		.last_ns = ns_after(now_ns, ns_of_s(to->last_s)),
		.busy_from_ns = ns_after(now_ns, ns_of_s(to->from_s)),
		.busy_to_ns = ns_after(now_ns, ns_of_s(to->after.full_s)),
		.bytes = bytes,
		.wait_s = to->wait_s,
		.kind = p->kind,
	};

	if (c) {
		piece->from_bytes =
			to->after.full_bytes - bytes - qdisc_burst_bytes(&l->spec->qdisc);
		if (to->behind)
			piece->busy_from_ns = l->free_ns;
		piece->busy_to_ns = l->spec->qdisc.kind == QDISC_NONE
					    ? to->last_ns
					    : rate_curve_when_ns(c, to->after.full_bytes);
	} else if (l->spec->qdisc.kind != QDISC_NONE) {
		piece->at_once_bytes = lesser(
			bytes, greater(0.0, bytes - l->bytes_per_s * (to->last_s - begins_s)));
	}
	if (l->ear)
		link_tell(l, piece->kind, piece->bytes, piece->first_ns, piece->last_ns);
	return piece->busy_to_ns;
}

void link_tell(
	const struct link *l, enum transfer_kind kind, double bytes, int64_t from_ns, int64_t to_ns)
{
	l->ear->carried(l->ear->world, &(struct transfer_span){.link = l->number,
					       .name = l->name,
					       .shared = l->fair,
					       .kind = kind,
					       .from_ns = from_ns,
					       .to_ns = to_ns,
					       .bytes = bytes});
}

void link_pass(struct link *l, int64_t clock_ns, int64_t now_ns, struct passage *p)
{
	struct link_share s = {l->bytes_per_s, qdisc_burst_bytes(&l->spec->qdisc), 0.0};
	struct queue q = {.full_s = s_of_ns(l->free_ns - now_ns), .full_bytes = l->full_bytes};
	struct leaving to;

	if (l->peak_bytes_per_s > 0.0)
		q.peak_full_s = s_of_ns(l->peak_free_ns - now_ns);
	leave(l, now_ns, p, &s, &q, false, &to);
	if (l->spec->qdisc.kind != QDISC_NONE && !l->spec->curve)
		overflow(l, p, q.full_s, &to);
	l->free_ns = count(l, clock_ns, now_ns, p, &to);
	l->full_bytes = to.after.full_bytes;
	if (l->spec->curve)
		l->until_ns = ns_after(now_ns, ns_of_s(to.last_s));
	if (l->peak_bytes_per_s > 0.0)
		l->peak_free_ns = ns_after(now_ns, ns_of_s(to.after.peak_full_s));
	if (l->limited)
		enter_delay(l, &l->line, now_ns, p->train.packets, &to);
	go_on(l, p, &to);
}

void link_pass_ahead(const struct link *l, int64_t now_ns, struct passage *p, int64_t *free_ns)
{
	struct queue q = {.full_s = s_of_ns(*free_ns - now_ns)};
	struct leaving to;

	leave_plain(p, l->bytes_per_s, &q, first_matters(l, p), &to);
	*free_ns = ns_after(now_ns, ns_of_s(to.after.full_s));
	go_on(l, p, &to);
}

void link_pass_alone(const struct link *l, int64_t now_ns, struct passage *p,
	const struct link_share *s, struct delay_line *line)
{
	struct link_share open;
	struct queue q = {.full_s = -HUGE_VAL, .peak_full_s = -HUGE_VAL};
	bool steady = !line;
	struct leaving to;

	if (steady && !(s->bytes_per_s > 0.0)) { /* an outage: as if it ended now */
		open = *s;
		open.bytes_per_s = greater(1.0,
			spec_bytes_per_s(l->spec, rate_curve_mean_bytes_per_s(l->spec->curve)));
		s = &open;
	}
	if (l->spec->qdisc.kind != QDISC_NONE && s->tokens_bytes < s->burst_bytes)
		q.full_s = (s->burst_bytes - s->tokens_bytes) / s->bytes_per_s;
	if (l->spec->curve && !steady)
		q.full_bytes =
			rate_curve_bytes(l->spec->curve, now_ns) + s->burst_bytes - s->tokens_bytes;
	leave(l, now_ns, p, s, &q, steady, &to);
	if (l->limited && line)
		enter_delay(l, line, now_ns, p->train.packets, &to);
	else if (l->limited)
		enter_idle_delay(l, now_ns, p->train.packets, &to);
	go_on(l, p, &to);
}

struct link_share link_idle_share(const struct link *l)
{
	double burst = qdisc_burst_bytes(&l->spec->qdisc);

	return (struct link_share){l->bytes_per_s, burst, burst};
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
		late_s = netem_last_s(n, l->netem, l->delay_s, p->train.packets, packet_s);
	if (n->loss == NETEM_LOSS_NONE)
		return late_s;
	lost = netem_loss_cost(
		n, l->netem, p->transport, p->train.packets, packet_s, p->rtt_s, l->spec->rto_s);
	l->tally.done.resent += lost.resent_packets;
	l->tally.done.dropped += lost.resent_packets;
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
