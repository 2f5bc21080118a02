#include "tests/truth/grid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/rng.h"
#include "tests/support/path.h"
#include "tests/truth/predict.h"

static const double BYTES_PER_S_PER_MBIT = 125000.0;
static const double LIMIT_BYTES = 48e6; /* no queue is ever full unless a cell says so */

/* How many draws of each family, and how long a transfer may take. */
struct plan {
	size_t draws[FAMILIES];
	double most_s[FAMILIES];
};

static const struct plan plans[] = {
	[GRID_QUICK] = {{30, 8, 3, 21, 3, 2}, {0.1, 0.2, 0.2, 0.35, 0.15, 0.4}},
	[GRID_FULL] = {{200, 50, 20, 70, 16, 16}, {2.0, 1.0, 1.0, 1.2, 0.5, 0.4}},
};

struct grid {
	struct cell *cells;
	size_t n, cap;
};

static void add(struct grid *g, struct cell c)
{
	g->cells = mem_grow(g->cells, g->n, &g->cap, sizeof(*g->cells));
	g->cells[g->n++] = c;
}

static double log_uniform(struct rng *r, double lo, double hi)
{
	return lo * pow(hi / lo, rng_uniform(r));
}

static bool chance(struct rng *r, double p)
{
	return rng_uniform(r) < p;
}

/* One flow through @qdisc: what all draws and corners start from. */
static struct cell single(enum qdisc_kind qdisc, enum transport transport, double mbit,
	double burst_bytes, double bytes)
{
	return (struct cell){
		.family = FAMILY_SINGLE,
		.qdisc = qdisc,
		.transport = transport,
		.connection = CONNECTION_COLD,
		.bytes_per_s = mbit * BYTES_PER_S_PER_MBIT,
		.burst_bytes = burst_bytes,
		.limit_bytes = LIMIT_BYTES,
		.n_flows = 1,
		.flow = {{0.0, (uint64_t)bytes}},
	};
}

/* ---- corners ---- */

static void add_corners(struct grid *g, enum grid_size size)
{
	static const struct {
		double mbit, burst_bytes, bytes;
	} at[] = {
		{5, 1600, 3000}, /* two timers */
		{7, 2000, 11000},
		{20, 5000, 40000},
		{37, 1600, 300000},
		{50, 1600, 262144},
		{100, 1600, 65536},
		{120, 1600, 1048576},
		{200, 1600, 1048576}, /* the least slack: 3.4 us */
		{200, 2000, 1048576},
		{200, 262144, 524288},
		{200, 40000, 2097152},
		{120, 262144, 3000000},
		{5, 262144, 8388608},
		{200, 1600, 8388608},
		{20, 2000, 8388608},
	};
	const size_t quick = 10;

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		if (size == GRID_QUICK && i >= quick)
			return;
		add(g, single(QDISC_TBF, TRANSPORT_TCP, at[i].mbit, at[i].burst_bytes,
			       at[i].bytes));
	}
}

/* A bucket for the peak rate, too; a queue so short that TCP must keep within it. */
static void add_peaks_and_limits(struct grid *g)
{
	struct cell c = single(QDISC_TBF, TRANSPORT_TCP, 20, 40000, 300000);

	c.peak_bytes_per_s = 2.0 * c.bytes_per_s;
	c.minburst_bytes = 5000;
	add(g, c);
	c.flow[0].bytes = 60000; /* the peak rate rules */
	add(g, c);
	c = single(QDISC_TBF, TRANSPORT_TCP, 50, 16384, 1048576);
	c.limit_bytes = c.burst_bytes + 0.020 * c.bytes_per_s; /* latency 20ms */
	add(g, c);
}

/* ---- draws ---- */

static double draw_burst(struct rng *r)
{
	return floor(chance(r, 0.3) ? log_uniform(r, 1600, 3200) : log_uniform(r, 3200, 262144));
}

/* One draw a statement: the order in which arguments are evaluated is the compiler's. */
static struct cell draw_single(struct rng *r)
{
	const enum qdisc_kind qdisc = chance(r, 0.7) ? QDISC_TBF : QDISC_HTB;
	const enum transport transport = chance(r, 0.65) ? TRANSPORT_TCP : TRANSPORT_DATAGRAM;
	const double mbit = round(log_uniform(r, 5, 200) * 10.0) / 10.0;
	const double burst_bytes = draw_burst(r);
	const double bytes = floor(log_uniform(r, 1024, 8388608));
	struct cell c = single(qdisc, transport, mbit, burst_bytes, bytes);

	c.gso = qdisc == QDISC_TBF && chance(r, 0.4);
	return c;
}

static struct cell draw_super(struct rng *r)
{
	struct cell c = draw_single(r);

	c.family = FAMILY_SUPER;
	c.qdisc = QDISC_HTB;
	c.transport = TRANSPORT_TCP;
	c.gso = true;
	return c;
}

static struct cell draw_delayed(struct rng *r, enum family family)
{
	struct cell c = draw_single(r);

	c.family = family;
	c.gso = false;
	c.delay_s = round(log_uniform(r, 5.0, 50.0)) * 1e-3;
	if (family == FAMILY_COLD) {
		c.transport = TRANSPORT_TCP;
		if (chance(r, 0.1))
			c.qdisc = QDISC_NONE;
	} else {
		c.connection = CONNECTION_WARM;
	}
	return c;
}

/* 2 to 8 flows: equal at once, equal and staggered by half a lone transfer, unequal (each
 * half of the one before), or of any size at any time. */
static struct cell draw_share(struct rng *r, size_t nth)
{
	struct cell c = draw_single(r);
	const size_t how = (nth + nth / 4) % 4; /* evenly, whatever the seed; so are the others */
	const double bytes = floor(log_uniform(r, 65536, 2097152));

	c.family = FAMILY_SHARE;
	c.qdisc = nth % 3 == 2 ? QDISC_HTB : QDISC_TBF;
	/* htb gives each a class, of which there are as many as kinds of transfer */
	c.n_flows = 2 + nth % ((c.qdisc == QDISC_HTB ? PATH_CLASSES : CELL_FLOWS_MAX) - 1);
	c.transport = nth % 7 == 3 ? TRANSPORT_DATAGRAM : TRANSPORT_TCP;
	c.gso = c.qdisc == QDISC_TBF && nth % 5 == 1;
	for (size_t i = 0; i < c.n_flows; i++) {
		struct cell_flow *f = &c.flow[i];

		f->bytes = (uint64_t)bytes;
		f->start_s = 0.0;
		if (how == 1)
			f->start_s = (double)i * 0.5 * bytes / c.bytes_per_s;
		if (how == 2)
			f->bytes = (uint64_t)fmax(32768.0, ldexp(bytes, -(int)i));
		if (how == 3 && i > 0) {
			f->bytes = (uint64_t)log_uniform(r, 32768, 2.0 * bytes);
			f->start_s = c.flow[i - 1].start_s +
				     0.6 * rng_uniform(r) * bytes / c.bytes_per_s;
		}
	}
	return c;
}

/* One to four flows that would take 0.3 s, and after half of that a message of one window. */
static struct cell draw_behind(struct rng *r)
{
	struct cell c = draw_single(r);
	const size_t bulk = 1 + (size_t)rng_below(r, 4);

	c.family = FAMILY_BEHIND;
	c.qdisc = QDISC_TBF;
	c.transport = TRANSPORT_TCP;
	c.n_flows = bulk + 1;
	for (size_t i = 0; i < bulk; i++)
		c.flow[i] = (struct cell_flow){0.0, (uint64_t)(0.3 * c.bytes_per_s / (double)bulk)};
	c.flow[bulk] = (struct cell_flow){0.15, (uint64_t)log_uniform(r, 200, 14480)};
	return c;
}

static struct cell draw(struct rng *r, enum family family, size_t nth)
{
	switch (family) {
	case FAMILY_COLD:
	case FAMILY_WARM:
		return draw_delayed(r, family);
	case FAMILY_SHARE:
		return draw_share(r, nth);
	case FAMILY_SUPER:
		return draw_super(r);
	case FAMILY_BEHIND:
		return draw_behind(r);
	case FAMILY_SINGLE:
	case FAMILIES:
		break;
	}
	return draw_single(r);
}

/* Draws of 1 ms (several flows: 20 ms) or more, and no longer than the plan has time for. */
static void add_draws(struct grid *g, const struct plan *p, enum family family, uint64_t seed)
{
	static const struct rig_figures still = {0.0, 50e-6};
	const double least_s = family == FAMILY_SHARE ? 0.02 : 0.001;
	struct rng r;

	rng_init(&r, seed, 0, "net grid",
		(const char *[]){"single", "cold", "warm", "share", "super", "behind"}[family]);
	for (size_t n = 0; n < p->draws[family];) {
		const struct cell c = draw(&r, family, n);
		struct sample s;

		predict(&s, &c, &still);
		if (s.makespan_s < least_s || s.makespan_s > p->most_s[family])
			continue;
		add(g, c);
		n++;
	}
}

size_t grid_make(struct cell **out, enum grid_size size, uint64_t seed)
{
	struct grid g = {0};

	add_corners(&g, size);
	add_peaks_and_limits(&g);
	add_draws(&g, &plans[size], FAMILY_SINGLE, seed);
	add_draws(&g, &plans[size], FAMILY_SUPER, seed);
	add_draws(&g, &plans[size], FAMILY_SHARE, seed);
	add_draws(&g, &plans[size], FAMILY_BEHIND, seed);
	add_draws(&g, &plans[size], FAMILY_COLD, seed);
	add_draws(&g, &plans[size], FAMILY_WARM, seed);
	*out = g.cells;
	return g.n;
}

/* ---- text ---- */

char *cell_print(char *buf, size_t size, const struct cell *c)
{
	static const char *const kinds[] = {
		[QDISC_NONE] = "unshaped", [QDISC_TBF] = "tbf", [QDISC_HTB] = "htb"};
	size_t n;

	n = (size_t)snprintf(buf, size, "%s %s%s%s", kinds[c->qdisc],
		c->transport == TRANSPORT_TCP ? "tcp" : "udp", c->gso ? " gso" : "",
		c->connection == CONNECTION_WARM ? " warm" : "");
	if (c->qdisc != QDISC_NONE)
		n += (size_t)snprintf(buf + n, size - n, " %g Mbit/s burst %.0f",
			c->bytes_per_s / BYTES_PER_S_PER_MBIT, c->burst_bytes);
	if (c->peak_bytes_per_s > 0.0)
		n += (size_t)snprintf(buf + n, size - n, " peak %g Mbit/s minburst %.0f",
			c->peak_bytes_per_s / BYTES_PER_S_PER_MBIT, c->minburst_bytes);
	if (c->limit_bytes < LIMIT_BYTES)
		n += (size_t)snprintf(buf + n, size - n, " limit %.0f", c->limit_bytes);
	if (c->delay_s > 0.0)
		n += (size_t)snprintf(buf + n, size - n, " delay %g ms", c->delay_s * 1e3);
	n += (size_t)snprintf(buf + n, size - n, ",");
	for (size_t i = 0; i < c->n_flows && n < size; i++) {
		n += (size_t)snprintf(
			buf + n, size - n, " %llu", (unsigned long long)c->flow[i].bytes);
		if (c->flow[i].start_s > 0.0 && n < size)
			n += (size_t)snprintf(
				buf + n, size - n, "@%.1fms", c->flow[i].start_s * 1e3);
	}
	return buf;
}
