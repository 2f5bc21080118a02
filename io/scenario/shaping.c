/* What shapes a link, as tc knows it: the keys, and what holds between them. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "io/scenario/parts.h"
#include "io/scenario/shaping.h"

enum { HTB_BURST_BYTES = 1600 }; /* tc's default with a nanosecond clock */

#define SHAPE(member) offsetof(struct shaping, member)

/* The table */

static const char *const qdisc_words[] = {"none", "tbf", "htb", NULL};
static const char *const transport_words[] = {"auto", "tcp", "datagram", NULL};
static const char *const connection_words[] = {
	[CONNECTION_COLD] = "cold", [CONNECTION_WARM] = "warm", [CONNECTION_NEW] = "new", NULL};
static const char *const sharing_words[] = {"auto", "fifo", "fair", NULL};
static const char *const distribution_words[] = {
	[NETEM_UNIFORM] = "uniform",
	[NETEM_NORMAL] = "normal",
	[NETEM_PARETO] = "pareto",
	[NETEM_PARETONORMAL] = "paretonormal",
	NULL,
};

#define SHAPE_NUMBER(word, member, dimension, ...) \
	{ \
		.name = (word), .kind = SCHEMA_QUANTITY, .to = SHAPE(member), .dim = (dimension), \
		__VA_ARGS__ \
	}
const struct schema_key shaping_keys[] = {
	{.name = "qdisc",
		.kind = SCHEMA_WORD,
		.to = SHAPE(qdisc),
		.at = SHAPE(qdisc_at),
		.words = qdisc_words,
		.without = "`tbf` with a `burst`, `htb` with `classes`, else `none`",
		.help = "The queueing discipline, as `tc` calls it."},
	SHAPE_NUMBER("burst", dir.qdisc.burst_bytes, QUANTITY_BYTES, .at = SHAPE(burst_at),
		.without = "tbf: required; htb: `1600 B`",
		.help = "Depth of the token bucket: at least a frame, better two."),
	SHAPE_NUMBER("limit", dir.qdisc.limit_bytes, QUANTITY_BYTES, .at = SHAPE(limit_at),
		.without = "no limit", .help = "tbf: bytes that may queue behind the bucket."),
	SHAPE_NUMBER("latency", latency_s, QUANTITY_TIME, .at = SHAPE(latency_at),
		.without = "no limit", .help = "tbf: the same as the time they may wait."),
	SHAPE_NUMBER("peakrate", dir.qdisc.peak_bytes_per_s, QUANTITY_BIT_RATE,
		.at = SHAPE(peak_at), .above_min = true, .without = "none",
		.help = "tbf: rate of a second bucket, which holds back the burst."),
	SHAPE_NUMBER("minburst", dir.qdisc.minburst_bytes, QUANTITY_BYTES, .at = SHAPE(minburst_at),
		.without = "one frame", .help = "Depth of the second bucket."),
	SHAPE_NUMBER("mtu", dir.qdisc.mtu_bytes, QUANTITY_BYTES, .min = MTU_MIN_BYTES, .max = 65535,
		.dflt = "1500 B", .help = "Longest IP packet; a frame is 14 bytes longer."),
	{.name = "classes",
		.kind = SCHEMA_OTHER,
		.to = SHAPE(dir),
		.at = SHAPE(classes_at),
		.read = read_classes,
		.map = &map_classes,
		.without = "one class of `rate`",
		.help = "htb: who shares the rate, and how."},
	SHAPE_NUMBER("jitter", dir.netem.jitter_s, QUANTITY_TIME, .without = "none",
		.help = "How far the delay of a packet may be from `delay`, or its standard "
			"deviation."),
	SHAPE_NUMBER("jitter_correlation", dir.netem.delay_correlation, QUANTITY_FRACTION, .max = 1,
		.without = "`0`",
		.help = "Correlation of a packet's delay with that of the one before."),
	{.name = "distribution",
		.kind = SCHEMA_WORD,
		.to = SHAPE(dir.netem.distribution),
		.words = distribution_words,
		.without = "`uniform`",
		.help = "Law of the jitter."},
	{.name = "loss",
		.kind = SCHEMA_OTHER,
		.to = SHAPE(dir.netem),
		.read = read_loss,
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.map = &map_gemodel,
		.takes = "a share below 1, or a map",
		.without = "none",
		.help = "Share of packets that are lost, or the model of Gilbert and Elliott."},
	SHAPE_NUMBER("loss_correlation", dir.netem.loss_correlation, QUANTITY_FRACTION, .max = 1,
		.without = "`0`",
		.help = "Correlation of a packet's loss with that of the one before."),
	SHAPE_NUMBER("netem_limit", dir.netem.limit_packets, QUANTITY_NUMBER, .min = 1,
		.without = "no limit", .help = "Packets that may be under way in `delay`."),
	{.name = "transport",
		.kind = SCHEMA_WORD,
		.to = SHAPE(transport),
		.words = transport_words,
		.dflt = "auto",
		.help = "`tcp` has slow start and retransmission, `datagram` sends all packets at "
			"once; `auto`: tcp with a bucket or loss, else neither."},
	{.name = "connection",
		.kind = SCHEMA_WORD,
		.to = SHAPE(dir.connection),
		.words = connection_words,
		.dflt = "cold",
		.help = "tcp: idle before, with a window of 10 (`cold`), open (`warm`), or with a "
			"handshake first (`new`)."},
	{.name = "sharing",
		.kind = SCHEMA_WORD,
		.to = SHAPE(sharing),
		.at = SHAPE(sharing_at),
		.words = sharing_words,
		.dflt = "auto",
		.help = "Messages pass in order (`fifo`), or share the rate as concurrent flows do "
			"(`fair`); `auto`: fair for tcp behind a bucket, else fifo."},
	{.name = "gso",
		.kind = SCHEMA_BOOL,
		.to = SHAPE(dir.qdisc.gso),
		.dflt = "false",
		.help = "Packets reach htb in super-packets."},
	SHAPE_NUMBER("timer_late", dir.qdisc.timer_late_s, QUANTITY_TIME, .max = 1.0,
		.dflt = "15 us",
		.help = "Mean lateness of the kernel's timer, which a small burst loses tokens "
			"to."),
	SHAPE_NUMBER("rto", dir.rto_s, QUANTITY_TIME, .above_min = true, .dflt = "200 ms",
		.help = "Until what nothing else shows to be lost is sent again."),
	{.name = "schedule",
		.kind = SCHEMA_OTHER,
		.to = 0, /* the whole */
		.at = SHAPE(schedule_at),
		.read = read_link_schedule,
		.map = &map_link_schedule,
		.takes = "`{60 s: {rate: 10 Mbps}, 90 s: {rate: 0, for: 5 s}}`",
		.without = "none",
		.help = "From each time on that rate, or `for` so long and then what held before."},
	SHAPE_NUMBER("repeat", repeat_s, QUANTITY_TIME, .at = SHAPE(repeat_at), .above_min = true,
		.word = "never", .word_value = 0, .without = "`never`",
		.help = "The schedule starts again after this."),
	{.name = "trace",
		.kind = SCHEMA_OTHER,
		.to = SHAPE(dir),
		.at = SHAPE(trace_at),
		.read = read_link_trace,
		.map = &map_link_trace,
		.without = "none",
		.help = "The rate over time from a file; it takes the place of `rate`."},
	{0},
};

/* What holds between keys */

static double frame_bytes(const struct qdisc *q)
{
	return q->mtu_bytes + ETHERNET_BYTES;
}

static bool holds_a_frame(struct schema_reader *r, const struct qdisc *q, double bytes,
	struct src_pos at, const char *what)
{
	if (!at.line || bytes >= frame_bytes(q))
		return true;
	return err_list_at(r->errs, at,
		"%s must hold one frame of %g B (mtu %g and %d of Ethernet), not %g B", what,
		frame_bytes(q), q->mtu_bytes, ETHERNET_BYTES, bytes);
}

static bool check_peak(struct schema_reader *r, const struct shaping *s, struct qdisc *q)
{
	if (!s->peak_at.line && s->minburst_at.line)
		return err_list_at(r->errs, s->minburst_at, "minburst goes with peakrate");
	if (!s->peak_at.line)
		return true;
	if (q->peak_bytes_per_s <= s->dir.bytes_per_s)
		return err_list_at(r->errs, s->peak_at, "peakrate must be above rate");
	if (!s->minburst_at.line)
		q->minburst_bytes = frame_bytes(q);
	return holds_a_frame(r, q, q->minburst_bytes, s->minburst_at, "minburst");
}

static bool check_limit(struct schema_reader *r, const struct shaping *s, struct qdisc *q)
{
	if (s->limit_at.line && s->latency_at.line)
		return err_list_at(
			r->errs, s->latency_at, "limit and latency say the same: give one of them");
	if (s->latency_at.line) {
		q->limit_bytes = s->dir.bytes_per_s * s->latency_s + q->burst_bytes;
		if (q->peak_bytes_per_s > 0.0)
			q->limit_bytes = fmin(q->limit_bytes,
				q->peak_bytes_per_s * s->latency_s + q->minburst_bytes);
	}
	if (!s->limit_at.line && !s->latency_at.line)
		q->limit_bytes = HUGE_VAL;
	return holds_a_frame(r, q, q->limit_bytes, s->limit_at, "limit");
}

/** A burst below two frames loses tokens whenever the kernel's timer is late. */
static void warn_of_small_burst(struct schema_reader *r, const struct shaping *s, struct qdisc q)
{
	double given;

	q.bytes_per_s = s->dir.bytes_per_s;
	given = qdisc_rate_bytes_per_s(&q);
	if (q.kind != QDISC_TBF || q.burst_bytes >= 2.0 * frame_bytes(&q))
		return;
	scenario_warn(r, s->burst_at,
		"burst holds less than two frames of %g bytes: a timer late by %g us on average "
		"leaves %.4g of %.4g Mbit/s",
		frame_bytes(&q), 1e6 * q.timer_late_s, given * 8e-6, q.bytes_per_s * 8e-6);
}

static bool check_classes(struct schema_reader *r, struct shaping *s, const struct qdisc *q)
{
	/* the arena's, from read_classes() */
	struct link_class_spec *classes = arena_alloc(r->arena, s->dir.n_classes, sizeof *classes);
	bool ok = true;

	for (size_t c = 0; c < s->dir.n_classes; c++) {
		struct htb_class *htb = &classes[c].htb;

		classes[c] = s->dir.classes[c];
		if (!(htb->burst_bytes > 0.0))
			htb->burst_bytes = fmax(HTB_BURST_BYTES, frame_bytes(q));
		if (!(htb->cburst_bytes > 0.0))
			htb->cburst_bytes = fmax(HTB_BURST_BYTES, frame_bytes(q));
		ok = holds_a_frame(r, q, htb->burst_bytes, classes[c].at, "burst") &&
		     holds_a_frame(r, q, htb->cburst_bytes, classes[c].at, "cburst") && ok;
	}
	s->dir.classes = classes;
	return ok;
}

static bool check_qdisc(struct schema_reader *r, struct shaping *s)
{
	struct qdisc *q = &s->dir.qdisc;

	q->kind = (enum qdisc_kind)s->qdisc;
	if (!s->qdisc_at.line)
		q->kind = s->classes_at.line ? QDISC_HTB
					     : (s->burst_at.line ? QDISC_TBF : QDISC_NONE);
	if (q->kind == QDISC_NONE) {
		struct src_pos at = s->limit_at.line     ? s->limit_at
				    : s->latency_at.line ? s->latency_at
				    : s->peak_at.line    ? s->peak_at
							 : s->minburst_at;

		return !at.line || err_list_at(r->errs, at, "this goes with a burst");
	}
	if (!(s->dir.bytes_per_s < HUGE_VAL))
		return err_list_at(r->errs, s->burst_at.line ? s->burst_at : s->qdisc_at,
			"a bucket needs a rate");
	if (q->kind == QDISC_TBF && !s->burst_at.line)
		return err_list_at(r->errs, s->qdisc_at, "tbf needs the key 'burst'");
	if (q->kind == QDISC_TBF && s->classes_at.line)
		return err_list_at(r->errs, s->classes_at, "tbf has no classes; htb does");
	if (q->kind == QDISC_HTB && !s->burst_at.line)
		q->burst_bytes = fmax(HTB_BURST_BYTES, frame_bytes(q));
	if (!holds_a_frame(r, q, q->burst_bytes, s->burst_at, "burst") || !check_peak(r, s, q) ||
		!check_limit(r, s, q) || !check_classes(r, s, q))
		return false;
	warn_of_small_burst(r, s, *q);
	return true;
}

static bool check_schedule(struct schema_reader *r, struct shaping *s)
{
	const struct rate_step *last;
	struct rate_step *steps;
	size_t n = s->n_steps;
	int64_t repeat_ns;

	if (s->repeat_at.line && !s->schedule_at.line)
		return err_list_at(r->errs, s->repeat_at, "repeat goes with a schedule");
	if (!s->schedule_at.line)
		return true;
	if (s->trace_at.line)
		return err_list_at(
			r->errs, s->schedule_at, "a link has a schedule or a trace, not both");
	if (!(s->dir.bytes_per_s < HUGE_VAL))
		return err_list_at(r->errs, s->schedule_at, "a schedule needs a rate to return to");
	repeat_ns = ns_of_s(s->repeat_s);
	last = &s->changes[n - 1];
	if (repeat_ns > 0 && last->at_ns >= repeat_ns) {
		/* where the last `for` ends there may be nothing more to say */
		if (n < 2 || !s->ends_in_for || last->at_ns > repeat_ns)
			return err_list_at(r->errs, s->repeat_at,
				"the schedule overlaps its repetition: it reaches to %g s",
				s_of_ns(last->at_ns));
		n--;
	}
	steps = arena_alloc(r->arena, n, sizeof *steps);
	for (size_t i = 0; i < n; i++) {
		steps[i] = s->changes[i];
		if (steps[i].bytes_per_s < 0.0)
			steps[i].bytes_per_s = s->dir.bytes_per_s;
	}
	s->dir.curve = rate_curve_of_steps(r->arena, steps, n, repeat_ns);
	if (rate_curve_mean_bytes_per_s(s->dir.curve) > 0.0)
		return true;
	return err_list_at(r->errs, s->schedule_at, "the schedule ends in an outage for ever");
}

static void choose(struct shaping *s)
{
	static const enum transport transports[] = {
		TRANSPORT_STREAM, TRANSPORT_TCP, TRANSPORT_DATAGRAM};
	bool shaped = s->dir.qdisc.kind != QDISC_NONE;

	s->dir.transport = transports[s->transport];
	if (s->transport == 0 && (shaped || s->dir.netem.loss != NETEM_LOSS_NONE))
		s->dir.transport = TRANSPORT_TCP;
	s->dir.sharing = s->sharing == 2 ? SHARING_FAIR : SHARING_FIFO;
	if (s->sharing == 0 && shaped &&
		(s->dir.transport == TRANSPORT_TCP || s->dir.n_classes > 0))
		s->dir.sharing = SHARING_FAIR;
	if (s->dir.netem.limit_packets <= 0.0)
		s->dir.netem.limit_packets = HUGE_VAL;
}

static bool check(struct schema_reader *r, struct shaping *s)
{
	if (s->dir.curve) /* the trace gives the rate */
		s->dir.bytes_per_s = rate_curve_mean_bytes_per_s(s->dir.curve);
	if (!(s->dir.bytes_per_s > 0.0))
		return err_list_at(r->errs, s->dir.at, "%s needs the key 'rate'", r->path);
	if (!check_qdisc(r, s) || !check_schedule(r, s))
		return false;
	if (s->dir.n_classes > 0 && s->sharing == 1)
		return err_list_at(r->errs, s->sharing_at, "classes share: sharing cannot be fifo");
	choose(s);
	return true;
}

bool shaping_read(struct schema_reader *r, struct yaml_node *map, struct link_dir_spec *dir)
{
	struct shaping s = {.dir = *dir};

	if (!schema_read(r, map, shaping_keys, &s) || !check(r, &s))
		return false;
	shaping_warn_idle(r, map, &s.dir);
	*dir = s.dir;
	return true;
}

bool shaping_is_key(const char *name)
{
	for (const struct schema_key *k = shaping_keys; k->kind != SCHEMA_END; k++)
		if (!strcmp(k->name, name))
			return true;
	return false;
}

static bool leave(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	(void)r, (void)slot, (void)key, (void)to;
	return true;
}

static size_t count_keys(const struct schema_key *keys)
{
	size_t n = 0;

	while (keys[n].kind != SCHEMA_END)
		n++;
	return n;
}

const struct schema_key *shaping_keys_behind(struct arena *a, const struct schema_key *own)
{
	size_t n = count_keys(own), shaping = count_keys(shaping_keys);
	struct schema_key *keys = arena_alloc(a, n + shaping + 1, sizeof *keys);

	memcpy(keys, own, n * sizeof *keys);
	for (size_t i = 0; i < shaping; i++)
		keys[n + i] = (struct schema_key){
			.name = shaping_keys[i].name, .kind = SCHEMA_OTHER, .read = leave};
	return keys;
}
