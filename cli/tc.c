#include "cli/tc.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/quote.h"
#include "models/net/link.h"

/* tc wants a limit: what stands for none. */
static const double NO_LIMIT_BYTES = 1e9, NO_LIMIT_PACKETS = 1e5;

const char *tc_rate(char buf[64], double bytes_per_s)
{
	static const struct {
		double bits;
		const char *unit;
	} units[] = {{1e9, "gbit"}, {1e6, "mbit"}, {1e3, "kbit"}};
	double bits = 8.0 * bytes_per_s;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (bits >= units[i].bits && !(fmod(bits, units[i].bits) > 0.0)) {
			snprintf(buf, 64, "%.0f%s", bits / units[i].bits, units[i].unit);
			return buf;
		}
	snprintf(buf, 64, "%.0fbit", fmax(8.0, bits)); /* tc knows no rate of 0 */
	return buf;
}

const char *tc_size(char buf[64], double bytes)
{
	snprintf(buf, 64, "%.0fb", ceil(bytes));
	return buf;
}

const char *tc_time(char buf[64], double s)
{
	snprintf(buf, 64, "%.10gms", 1e3 * s);
	return buf;
}

enum { NAME_SIZE = 100 }; /* of a variable of the shell */

struct tc {
	FILE *to;
	char dev[NAME_SIZE]; /* "$access_up" */
	const struct link_dir_spec *d;
};

/* A comment ends with its line, whatever a name holds. */
static void comment_print(FILE *to, const char *name)
{
	quote_print(to, name);
}

static bool has_netem(const struct link_dir_spec *d)
{
	return d->delay_s > 0.0 || d->netem.jitter_s > 0.0 || d->netem.loss != NETEM_LOSS_NONE ||
	       d->qdisc.kind == QDISC_NONE;
}

static double per_cent(double share)
{
	return 100.0 * share;
}

static double netem_limit(const struct link_dir_spec *d)
{
	double held = d->bytes_per_s * (d->delay_s + d->netem.jitter_s) / 64.0;

	if (d->netem.limit_packets > 0.0 && d->netem.limit_packets < HUGE_VAL)
		return d->netem.limit_packets;
	return fmin(NO_LIMIT_PACKETS, fmax(1000.0, ceil(held)));
}

static void netem_delay(const struct tc *t)
{
	static const char *const laws[] = {
		[NETEM_UNIFORM] = NULL,
		[NETEM_NORMAL] = "normal",
		[NETEM_PARETO] = "pareto",
		[NETEM_PARETONORMAL] = "paretonormal",
	};
	const struct netem *n = &t->d->netem;
	char s[64];

	if (!(t->d->delay_s > 0.0) && !(n->jitter_s > 0.0))
		return;
	fprintf(t->to, " delay %s", tc_time(s, t->d->delay_s));
	if (!(n->jitter_s > 0.0))
		return;
	fprintf(t->to, " %s", tc_time(s, n->jitter_s));
	if (n->delay_correlation > 0.0)
		fprintf(t->to, " %.10g%%", per_cent(n->delay_correlation));
	if (laws[n->distribution])
		fprintf(t->to, " distribution %s", laws[n->distribution]);
}

static void netem_loss_words(const struct tc *t)
{
	const struct netem *n = &t->d->netem;

	if (n->loss == NETEM_LOSS_RANDOM)
		fprintf(t->to, " loss random %.10g%%", per_cent(n->loss_p));
	if (n->loss == NETEM_LOSS_RANDOM && n->loss_correlation > 0.0)
		fprintf(t->to, " %.10g%%", per_cent(n->loss_correlation));
	if (n->loss == NETEM_LOSS_GEMODEL)
		fprintf(t->to, " loss gemodel %.10g%% %.10g%% %.10g%% %.10g%%", per_cent(n->loss_p),
			per_cent(n->loss_r), per_cent(n->loss_in_bad), per_cent(n->loss_in_good));
}

static void netem_print(const struct tc *t, const char *where)
{
	char s[64];

	fprintf(t->to, "tc qdisc add dev %s %s netem limit %.0f", t->dev, where, netem_limit(t->d));
	netem_delay(t);
	netem_loss_words(t);
	if (t->d->qdisc.kind == QDISC_NONE && t->d->bytes_per_s < HUGE_VAL)
		fprintf(t->to, " rate %s", tc_rate(s, t->d->bytes_per_s));
	fputc('\n', t->to);
}

/** tc turns a bucket into time, in ticks of 64 ns, and rounds down: one of just a frame would
 *  then hold less and drop every full packet. */
static double bucket_bytes(const struct qdisc *q, double bytes, double bytes_per_s)
{
	double frame = q->mtu_bytes + ETHERNET_BYTES;

	return fmax(bytes, frame + ceil(64e-9 * bytes_per_s) + 1.0);
}

static void tbf_words(const struct tc *t, double bytes_per_s)
{
	const struct qdisc *q = &t->d->qdisc;
	char s[64];

	fprintf(t->to, " tbf rate %s", tc_rate(s, bytes_per_s));
	fprintf(t->to, " burst %s", tc_size(s, bucket_bytes(q, q->burst_bytes, bytes_per_s)));
	fprintf(t->to, " limit %s", tc_size(s, fmin(NO_LIMIT_BYTES, q->limit_bytes)));
	if (q->peak_bytes_per_s > 0.0) {
		fprintf(t->to, " peakrate %s", tc_rate(s, q->peak_bytes_per_s));
		fprintf(t->to, " minburst %s",
			tc_size(s, bucket_bytes(q, q->minburst_bytes, q->peak_bytes_per_s)));
	}
	fputc('\n', t->to);
}

static void tbf_print(const struct tc *t)
{
	bool delayed = has_netem(t->d);

	if (delayed)
		netem_print(t, "root handle 1:");
	fprintf(t->to, "tc qdisc add dev %s %s", t->dev,
		delayed ? "parent 1:1 handle 10:" : "root handle 10:");
	tbf_words(t, t->d->bytes_per_s);
}

/* htb: a class for the link, below it those of the scenario, or one */

static void class_print(const struct tc *t, size_t number, const struct htb_class *c)
{
	char s[64];

	fprintf(t->to, "tc class add dev %s parent 1:1 classid 1:%zu htb rate %s", t->dev, number,
		tc_rate(s, c->bytes_per_s));
	fprintf(t->to, " ceil %s", tc_rate(s, c->ceil_bytes_per_s));
	fprintf(t->to, " burst %s", tc_size(s, c->burst_bytes));
	fprintf(t->to, " cburst %s", tc_size(s, c->cburst_bytes));
	if (c->quantum_bytes > 0.0)
		fprintf(t->to, " quantum %.0f", c->quantum_bytes);
	fprintf(t->to, " prio %u\n", c->prio);
}

static void class_filter(const struct tc *t, size_t number, const struct link_class_spec *c)
{
	fputs("# class ", t->to);
	comment_print(t->to, c->name);
	fprintf(t->to, ": mark with %zu the packets of", number);
	for (enum transfer_kind k = 0; k < TRANSFER_KINDS; k++)
		if (c->carries >> k & 1)
			fprintf(t->to, " %s", transfer_kind_name(k));
	fprintf(t->to, "%s\n", c->carries == 0 ? " all the rest" : "");
	fprintf(t->to, "tc filter add dev %s parent 1: handle %zu fw flowid 1:%zu\n", t->dev,
		number, number);
}

static void leaf_netem(const struct tc *t, size_t number)
{
	char where[64];

	snprintf(where, sizeof where, "parent 1:%zu handle %zu:", number, number);
	if (has_netem(t->d))
		netem_print(t, where);
}

static void htb_print(const struct tc *t)
{
	const struct link_dir_spec *d = t->d;
	struct htb_class all = {
		.bytes_per_s = d->bytes_per_s,
		.ceil_bytes_per_s = d->bytes_per_s,
		.burst_bytes = d->qdisc.burst_bytes,
		.cburst_bytes = d->qdisc.burst_bytes,
	};
	size_t rest = 10;
	char rate[64], burst[64];

	for (size_t c = d->n_classes; c-- > 0;)
		if (d->classes[c].carries == 0)
			rest = 10 + c;
	fprintf(t->to, "tc qdisc add dev %s root handle 1: htb default %zu\n", t->dev, rest);
	fprintf(t->to,
		"tc class add dev %s parent 1: classid 1:1 htb rate %s ceil %s burst %s cburst "
		"%s\n",
		t->dev, tc_rate(rate, d->bytes_per_s), rate, tc_size(burst, d->qdisc.burst_bytes),
		burst);
	for (size_t c = 0; c < d->n_classes; c++) {
		class_print(t, 10 + c, &d->classes[c].htb);
		class_filter(t, 10 + c, &d->classes[c]);
		leaf_netem(t, 10 + c);
	}
	if (d->n_classes == 0) {
		class_print(t, 10, &all);
		leaf_netem(t, 10);
	}
}

/* What one call of tc cannot do */

static void curve_print(const struct tc *t)
{
	const struct rate_curve *c = t->d->curve;
	char s[64];

	if (!c)
		return;
	if (c->kind == CURVE_CHANCES || c->n > 100) {
		fprintf(t->to, "# the rate follows a trace of %zu %s; above stands its mean\n",
			c->n,
			c->kind == CURVE_CHANCES ? "chances to send, as mm-link replays them"
						 : "steps");
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		fprintf(t->to, "# at %.10g s: ", s_of_ns(c->at_ns[i]));
		if (t->d->qdisc.kind == QDISC_TBF) {
			fprintf(t->to, "tc qdisc change dev %s %s", t->dev,
				has_netem(t->d) ? "parent 1:1 handle 10:" : "root handle 10:");
			tbf_words(t, c->bytes_per_s[i]);
		} else {
			fprintf(t->to, "rate %s\n", tc_rate(s, c->bytes_per_s[i]));
		}
	}
	if (c->period_ns > 0)
		fprintf(t->to, "# and again every %.10g s\n", s_of_ns(c->period_ns));
}

/* What stands for a link in variables of the shell: its name, which may have a '-' where they may
 * not. Links whose names differ in nothing else get numbers. */
struct variable {
	char name[NAME_SIZE];
	size_t link;
};

static int compare_variables(const void *a, const void *b)
{
	const struct variable *va = a, *vb = b;
	int c = strcmp(va->name, vb->name);

	return c != 0 ? c : (va->link > vb->link) - (va->link < vb->link);
}

static int compare_names(const void *name, const void *v)
{
	return strcmp(name, ((const struct variable *)v)->name);
}

static struct variable *plain_variables(const struct scenario_spec *spec)
{
	struct variable *all = mem_zalloc(spec->n_links, sizeof *all);

	for (size_t i = 0; i < spec->n_links; i++) {
		snprintf(all[i].name, NAME_SIZE, "%.64s", spec->links[i].name);
		for (char *c = all[i].name; *c; c++)
			if (!isalnum((unsigned char)*c))
				*c = '_';
		all[i].link = i;
	}
	mem_sort(all, spec->n_links, sizeof *all, compare_variables);
	return all;
}

/* One for each link, in their order; the caller frees it. */
static struct variable *make_variables(const struct scenario_spec *spec)
{
	struct variable *plain = plain_variables(spec);
	struct variable *vars = mem_zalloc(spec->n_links, sizeof *vars);
	size_t number = 1;

	for (size_t i = 0; i < spec->n_links; i++) {
		struct variable *v = &vars[plain[i].link];

		*v = plain[i];
		if (i == 0 || strcmp(plain[i].name, plain[i - 1].name) != 0) {
			number = 1;
			continue;
		}
		do
			snprintf(v->name, NAME_SIZE, "%s__%zu", plain[i].name, ++number);
		while (bsearch(v->name, plain, spec->n_links, sizeof *plain, compare_names));
	}
	free(plain);
	return vars;
}

static void direction_print(
	FILE *to, const struct scenario_spec *spec, size_t link, bool up, const char *var)
{
	const struct link_spec *l = &spec->links[link];
	const struct link_dir_spec *d = up ? &l->up : &l->down;
	struct tc t = {.to = to, .d = d};

	snprintf(t.dev, sizeof t.dev, "$%.*s_%s", NAME_SIZE - 8, var, up ? "up" : "down");
	fputs("\n# ", to);
	comment_print(to, l->name);
	fputs(", from ", to);
	comment_print(to, l->between[!up]);
	fputs(" to ", to);
	comment_print(to, l->between[up]);
	fprintf(to, ": %s is the interface that sends\n", t.dev + 1);
	if (d->qdisc.mtu_bytes > 0.0)
		fprintf(to, "ip link set dev %s mtu %.0f\n", t.dev, d->qdisc.mtu_bytes);
	if (d->qdisc.kind != QDISC_NONE && !d->qdisc.gso) /* one packet, one entry of the queue */
		fprintf(to, "ip link set dev %s gso_max_segs 1\n", t.dev);
	switch (d->qdisc.kind) {
	case QDISC_NONE:
		netem_print(&t, "root handle 1:");
		break;
	case QDISC_TBF:
		tbf_print(&t);
		break;
	case QDISC_HTB:
		htb_print(&t);
		break;
	}
	curve_print(&t);
}

void tc_print(FILE *to, const struct scenario_spec *spec)
{
	struct variable *vars = make_variables(spec);

	fputs("#!/bin/sh\n# The links of scenario ", to);
	comment_print(to, spec->name);
	fputs(". Set the variables to interfaces first.\n"
	      "# Rates as tc reads them: mbit is a million bits a second (its mbps are "
	      "megabytes).\n"
	      "set -eu\n",
		to);
	for (size_t i = 0; i < spec->n_links; i++) {
		direction_print(to, spec, i, true, vars[i].name);
		direction_print(to, spec, i, false, vars[i].name);
	}
	free(vars);
}
