/* What shapes a link, as tc knows it: buckets, random delay and loss, rates over time. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "io/bandwidth_trace.h"
#include "io/scenario_parts.h"
#include "models/link.h"

enum { HTB_BURST_BYTES = 1600 }; /* tc's default with a nanosecond clock */

/** The keys as given; what is 0, or has no line, was not. */
struct shaping {
	struct link_dir_spec dir;
	int qdisc; /* 0: not said; 1: tbf; 2: htb */
	int transport, sharing;
	double latency_s;
	double repeat_s;
	size_t n_steps;
	const struct rate_step *changes; /* of the schedule: rates < 0 stand for the link's own */
	struct src_pos qdisc_at, burst_at, limit_at, latency_at, peak_at, minburst_at, classes_at,
		sharing_at, schedule_at, trace_at, repeat_at;
};

#define SHAPE(member) offsetof(struct shaping, member)

/* Loss */

static const struct schema_key gemodel_keys[] = {
	{.name = "p",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct netem, loss_p),
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.required = true},
	{.name = "r",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct netem, loss_r),
		.dim = QUANTITY_FRACTION,
		.max = 1},
	{.name = "1-h",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct netem, loss_in_bad),
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.dflt = "100 %"},
	{.name = "1-k",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct netem, loss_in_good),
		.dim = QUANTITY_FRACTION,
		.max = 1,
		.dflt = "0"},
	{0},
};

static bool read_gemodel(struct schema_reader *r, struct yaml_node *map, struct netem *n)
{
	n->loss = NETEM_LOSS_GEMODEL;
	if (!schema_read(r, map, gemodel_keys, n))
		return false;
	if (!yaml_find(map, "r"))
		n->loss_r = 1.0 - n->loss_p; /* as tc does */
	if (netem_loss_rate(n) < 1.0)
		return true;
	return err_list_at(r->errs, map->at, "with this loss no packet would ever arrive");
}

static bool read_loss(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	static const struct schema_key number = {
		.name = "loss", .dim = QUANTITY_FRACTION, .max = 1.0};
	struct netem *n = to;
	size_t mark = schema_enter(r, key->name);
	bool ok;

	if ((*slot)->kind == YAML_MAP) {
		ok = read_gemodel(r, *slot, n);
	} else {
		ok = schema_number(r, *slot, &number, &n->loss_p);
		n->loss = n->loss_p > 0.0 ? NETEM_LOSS_RANDOM : NETEM_LOSS_NONE;
		if (ok && !(n->loss_p < 1.0))
			ok = err_list_at(r->errs, (*slot)->at,
				"with a loss of 100 %% no packet would ever arrive");
	}
	schema_leave(r, mark);
	return ok;
}

/* Classes */

static bool read_carries(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	unsigned *carries = to;

	if (!schema_want(r, *slot, YAML_LIST, key->name))
		return false;
	for (size_t i = 0; i < (*slot)->n; i++) {
		const struct yaml_node *word = (*slot)->items[i].value;
		enum transfer_kind k = 0;

		if (!schema_want(r, word, YAML_TEXT, "what a class carries"))
			return false;
		while (k < TRANSFER_KINDS && strcmp(transfer_kind_name(k), word->text) != 0)
			k++;
		if (k == TRANSFER_KINDS)
			return err_list_at(r->errs, word->at,
				"a class carries prompt, answer, hidden, kv or draft");
		*carries |= 1u << k;
	}
	return true;
}

#define CLASS(member) offsetof(struct link_class_spec, member)
#define CLASS_RATE(word, member, ...) \
	{ \
		.name = (word), .kind = SCHEMA_QUANTITY, .to = CLASS(htb.member), \
		.dim = QUANTITY_BIT_RATE, .above_min = true, __VA_ARGS__ \
	}
#define CLASS_BYTES(word, member) \
	{ \
		.name = (word), .kind = SCHEMA_QUANTITY, .to = CLASS(htb.member), \
		.dim = QUANTITY_BYTES, .above_min = true \
	}
static const struct schema_key class_keys[] = {
	CLASS_RATE("rate", bytes_per_s, .required = true),
	CLASS_RATE("ceil", ceil_bytes_per_s),
	CLASS_BYTES("burst", burst_bytes),
	CLASS_BYTES("cburst", cburst_bytes),
	CLASS_BYTES("quantum", quantum_bytes),
	{.name = "prio", .kind = SCHEMA_UNSIGNED, .to = CLASS(htb.prio), .max = 7, .dflt = "0"},
	{.name = "carries", .kind = SCHEMA_OTHER, .to = CLASS(carries), .read = read_carries},
	{0},
};

static bool read_class(
	struct schema_reader *r, const struct yaml_item *item, struct link_class_spec *c)
{
	size_t mark;
	bool ok;

	c->name = item->key;
	c->at = item->key_at;
	if (!schema_name(r, item, "a class") || !schema_want(r, item->value, YAML_MAP, item->key))
		return false;
	mark = schema_enter(r, item->key);
	ok = schema_read(r, item->value, class_keys, c);
	schema_leave(r, mark);
	if (!ok)
		return false;
	if (!(c->htb.ceil_bytes_per_s > 0.0))
		c->htb.ceil_bytes_per_s = c->htb.bytes_per_s;
	if (c->htb.ceil_bytes_per_s >= c->htb.bytes_per_s)
		return true;
	return err_list_at(r->errs, item->key_at, "the ceil of a class is at least its rate");
}

static bool read_classes(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_dir_spec *dir = to;
	struct link_class_spec *classes;
	size_t mark;
	bool ok = true;

	if (!schema_want(r, *slot, YAML_MAP, key->name))
		return false;
	if ((*slot)->n == 0)
		return err_list_at(r->errs, (*slot)->at, "classes is empty");
	mark = schema_enter(r, key->name);
	classes = arena_alloc(r->arena, (*slot)->n, sizeof *classes);
	for (size_t i = 0; i < (*slot)->n; i++)
		ok = read_class(r, &(*slot)->items[i], &classes[i]) && ok;
	schema_leave(r, mark);
	dir->classes = classes;
	dir->n_classes = (*slot)->n;
	return ok;
}

/* Rates over time */

struct change {
	double bytes_per_s, for_s;
};

static const struct schema_key change_keys[] = {
	{.name = "rate",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct change, bytes_per_s),
		.dim = QUANTITY_BIT_RATE,
		.required = true},
	{.name = "for",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct change, for_s),
		.dim = QUANTITY_TIME,
		.above_min = true},
	{0},
};

static const double OWN_RATE = -1.0;

/** Steps so far, and how far the last entry reaches. */
struct timetable {
	struct rate_step *steps;
	size_t n;
	double began_s, until_s;
};

static bool entry_read(
	struct schema_reader *r, const struct yaml_item *item, double *at_s, struct change *c)
{
	static const struct schema_key time_key = {
		.name = "a time of the schedule", .dim = QUANTITY_TIME};
	struct yaml_node *time = yaml_new_text(r->arena, item->key, item->key_at);

	return schema_number(r, time, &time_key, at_s) &&
	       schema_want(r, item->value, YAML_MAP, item->key) &&
	       schema_read(r, item->value, change_keys, c);
}

static bool entry_add(struct schema_reader *r, struct timetable *t, const struct yaml_item *item)
{
	struct change c = {0};
	double at_s;

	if (!entry_read(r, item, &at_s, &c))
		return false;
	if (at_s <= t->began_s || at_s < t->until_s)
		return err_list_at(r->errs, item->key_at,
			"the schedule overlaps: the entry before this one %s %g s",
			at_s <= t->began_s ? "starts at" : "reaches to",
			at_s <= t->began_s ? t->began_s : t->until_s);
	if (!(at_s > t->steps[t->n - 1].at_s))
		t->n--; /* it begins where the one before ends */
	t->steps[t->n++] = (struct rate_step){at_s, c.bytes_per_s};
	t->began_s = t->until_s = at_s;
	if (c.for_s > 0.0) {
		t->until_s = at_s + c.for_s;
		t->steps[t->n++] = (struct rate_step){t->until_s, OWN_RATE};
	}
	return true;
}

/** {60 s: {rate: 10 Mbps}, 90 s: {rate: 0, for: 5 s}}: from each time on that rate, until the
 *  next or, with `for`, until the link has its own again. */
static bool read_link_schedule(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct shaping *s = to;
	struct yaml_node *map = *slot;
	struct timetable t = {.began_s = -1.0};
	size_t mark;
	bool ok = true;

	if (!schema_want(r, map, YAML_MAP, key->name))
		return false;
	t.steps = arena_alloc(r->arena, 2 * map->n + 1, sizeof *t.steps);
	t.steps[t.n++] = (struct rate_step){0.0, OWN_RATE};
	mark = schema_enter(r, key->name);
	for (size_t i = 0; i < map->n && ok; i++)
		ok = entry_add(r, &t, &map->items[i]);
	schema_leave(r, mark);
	s->changes = t.steps;
	s->n_steps = t.n;
	return ok;
}

enum link_trace { LINK_TRACE_MAHIMAHI, LINK_TRACE_RATE };
static const char *const link_trace_words[] = {
	[LINK_TRACE_MAHIMAHI] = "mahimahi", [LINK_TRACE_RATE] = "rate", NULL};

struct link_trace_spec {
	const char *file;
	int format;
	unsigned select;
	double repeat_s;
};

static const struct schema_key link_trace_keys[] = {
	{.name = "file",
		.kind = SCHEMA_OTHER,
		.to = offsetof(struct link_trace_spec, file),
		.read = read_path,
		.required = true},
	{.name = "format",
		.kind = SCHEMA_WORD,
		.to = offsetof(struct link_trace_spec, format),
		.words = link_trace_words,
		.required = true},
	{.name = "select", .kind = SCHEMA_UNSIGNED, .to = offsetof(struct link_trace_spec, select)},
	{.name = "repeat",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct link_trace_spec, repeat_s),
		.dim = QUANTITY_TIME,
		.above_min = true,
		.word = "never",
		.word_value = 0},
	{0},
};

static bool read_link_trace(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_dir_spec *dir = to;
	struct link_trace_spec t = {0};
	size_t mark = schema_enter(r, key->name);
	bool ok = schema_want(r, *slot, YAML_MAP, key->name) &&
		  schema_read(r, *slot, link_trace_keys, &t);
	struct err err = {0};

	schema_leave(r, mark);
	if (!ok)
		return false;
	if (t.format == LINK_TRACE_MAHIMAHI && t.repeat_s > 0.0)
		return err_list_at(r->errs, (*slot)->at,
			"a mahimahi trace repeats after its last line: leave out 'repeat'");
	if (t.format == LINK_TRACE_MAHIMAHI)
		ok = bandwidth_trace_mahimahi(&dir->curve, r->arena, t.file, (*slot)->at, &err);
	else
		ok = bandwidth_trace_rates(
			&dir->curve, r->arena, t.file, t.select, t.repeat_s, (*slot)->at, &err);
	if (!ok)
		return err_list_add(r->errs, &err);
	if (rate_curve_mean_bytes_per_s(dir->curve) > 0.0)
		return true;
	return err_list_at(r->errs, (*slot)->at, "the trace ends in an outage for ever");
}

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
static const struct schema_key shaping_keys[] = {
	{.name = "qdisc",
		.kind = SCHEMA_WORD,
		.to = SHAPE(qdisc),
		.at = SHAPE(qdisc_at),
		.words = qdisc_words},
	SHAPE_NUMBER("burst", dir.qdisc.burst_bytes, QUANTITY_BYTES, .at = SHAPE(burst_at)),
	SHAPE_NUMBER("limit", dir.qdisc.limit_bytes, QUANTITY_BYTES, .at = SHAPE(limit_at)),
	SHAPE_NUMBER("latency", latency_s, QUANTITY_TIME, .at = SHAPE(latency_at)),
	SHAPE_NUMBER("peakrate", dir.qdisc.peak_bytes_per_s, QUANTITY_BIT_RATE,
		.at = SHAPE(peak_at), .above_min = true),
	SHAPE_NUMBER(
		"minburst", dir.qdisc.minburst_bytes, QUANTITY_BYTES, .at = SHAPE(minburst_at)),
	SHAPE_NUMBER("mtu", dir.qdisc.mtu_bytes, QUANTITY_BYTES, .min = MTU_MIN_BYTES, .max = 65535,
		.dflt = "1500 B"),
	{.name = "classes",
		.kind = SCHEMA_OTHER,
		.to = SHAPE(dir),
		.at = SHAPE(classes_at),
		.read = read_classes},
	SHAPE_NUMBER("jitter", dir.netem.jitter_s, QUANTITY_TIME),
	SHAPE_NUMBER(
		"jitter_correlation", dir.netem.delay_correlation, QUANTITY_FRACTION, .max = 1),
	{.name = "distribution",
		.kind = SCHEMA_WORD,
		.to = SHAPE(dir.netem.distribution),
		.words = distribution_words},
	{.name = "loss", .kind = SCHEMA_OTHER, .to = SHAPE(dir.netem), .read = read_loss},
	SHAPE_NUMBER("loss_correlation", dir.netem.loss_correlation, QUANTITY_FRACTION, .max = 1),
	SHAPE_NUMBER("netem_limit", dir.netem.limit_packets, QUANTITY_NUMBER, .min = 1),
	{.name = "transport",
		.kind = SCHEMA_WORD,
		.to = SHAPE(transport),
		.words = transport_words,
		.dflt = "auto"},
	{.name = "connection",
		.kind = SCHEMA_WORD,
		.to = SHAPE(dir.connection),
		.words = connection_words,
		.dflt = "cold"},
	{.name = "sharing",
		.kind = SCHEMA_WORD,
		.to = SHAPE(sharing),
		.at = SHAPE(sharing_at),
		.words = sharing_words,
		.dflt = "auto"},
	{.name = "gso", .kind = SCHEMA_BOOL, .to = SHAPE(dir.qdisc.gso), .dflt = "false"},
	SHAPE_NUMBER(
		"timer_late", dir.qdisc.timer_late_s, QUANTITY_TIME, .max = 1.0, .dflt = "15 us"),
	SHAPE_NUMBER("rto", dir.rto_s, QUANTITY_TIME, .above_min = true, .dflt = "200 ms"),
	{.name = "schedule",
		.kind = SCHEMA_OTHER,
		.to = 0, /* the whole */
		.at = SHAPE(schedule_at),
		.read = read_link_schedule},
	SHAPE_NUMBER("repeat", repeat_s, QUANTITY_TIME, .at = SHAPE(repeat_at), .above_min = true,
		.word = "never", .word_value = 0),
	{.name = "trace",
		.kind = SCHEMA_OTHER,
		.to = SHAPE(dir),
		.at = SHAPE(trace_at),
		.read = read_link_trace},
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
		"%s must hold one frame of %g bytes (mtu %g and %d of Ethernet), not %g", what,
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
	struct rate_step *steps;
	size_t n = s->n_steps;

	if (s->repeat_at.line && !s->schedule_at.line)
		return err_list_at(r->errs, s->repeat_at, "repeat goes with a schedule");
	if (!s->schedule_at.line)
		return true;
	if (s->trace_at.line)
		return err_list_at(
			r->errs, s->schedule_at, "a link has a schedule or a trace, not both");
	if (!(s->dir.bytes_per_s < HUGE_VAL))
		return err_list_at(r->errs, s->schedule_at, "a schedule needs a rate to return to");
	if (s->repeat_s > 0.0 && s->changes[n - 1].at_s >= s->repeat_s) {
		if (s->changes[n - 1].bytes_per_s >= 0.0 || s->changes[n - 1].at_s > s->repeat_s)
			return err_list_at(r->errs, s->repeat_at,
				"the schedule overlaps its repetition: it reaches to %g s",
				s->changes[n - 1].at_s);
		n--;
	}
	steps = arena_alloc(r->arena, n, sizeof *steps);
	for (size_t i = 0; i < n; i++) {
		steps[i] = s->changes[i];
		if (steps[i].bytes_per_s < 0.0)
			steps[i].bytes_per_s = s->dir.bytes_per_s;
	}
	s->dir.curve = rate_curve_of_steps(r->arena, steps, n, s->repeat_s);
	return true;
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
