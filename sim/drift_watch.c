#include "sim/drift_watch.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/batch_means.h"

/* What comes back to its level does so within a bin of the run that is cut in LEVEL_BATCHES to
 * twice as many. */
enum { BINS = 256, LEAST_SERVED = 30, LEVEL_BATCHES = 32 };

/** Events on a clock of their own, in bins of equal time. */
struct bins {
	int64_t width_ns, into_ns; /* the clock: n x width + into */
	uint32_t n, open;          /* full bins; events in the next */
	uint32_t at[BINS];
};

struct place {
	bool full;
	int64_t since_ns, since_pressed_ns; /* clocks of the run, and of its being pressed */
	uint64_t served;                    /* full or not */
	struct bins bins;                   /* what it serves on the clock of its being full */
};

struct drift_watch {
	int64_t now_ns, start_ns;
	uint64_t n, n_start, n_last; /* in system; n_last: when the last arrival had come */
	struct bins arrivals;
	bool pressed;
	int64_t pressed_ns, pressed_since_ns; /* for how long in all; brought up to date */
	uint64_t level[BINS];                 /* in system at the ends of its bins */
	size_t n_places;
	struct place *places;
};

static void bins_init(struct bins *b)
{
	*b = (struct bins){.width_ns = 1000000};
}

static void bins_halve(struct bins *b)
{
	for (uint32_t i = 0; i < BINS / 2; i++)
		b->at[i] = b->at[2 * i] + b->at[2 * i + 1];
	b->n = BINS / 2;
	b->width_ns *= 2;
}

/** Time goes on by up to @dt_ns, at most to the end of the open bin; how much. */
static int64_t bins_pass(struct bins *b, int64_t dt_ns)
{
	if (dt_ns < b->width_ns - b->into_ns) {
		b->into_ns += dt_ns;
		return dt_ns;
	}
	dt_ns = b->width_ns - b->into_ns;
	b->at[b->n++] = b->open;
	b->open = 0;
	b->into_ns = 0;
	return dt_ns;
}

struct drift_watch *drift_watch_create(size_t n_places)
{
	struct drift_watch *w = mem_zalloc(1, sizeof *w);

	w->n_places = n_places;
	w->places = mem_zalloc(n_places, sizeof *w->places);
	drift_watch_restart(w, 0);
	return w;
}

void drift_watch_destroy(struct drift_watch *w)
{
	if (!w)
		return;
	free(w->places);
	free(w);
}

void drift_watch_restart(struct drift_watch *w, int64_t at_ns)
{
	w->now_ns = w->start_ns = at_ns;
	w->n_start = w->n_last = w->n;
	w->pressed_ns = 0;
	w->pressed_since_ns = at_ns;
	bins_init(&w->arrivals);
	for (size_t k = 0; k < w->n_places; k++) {
		w->places[k].since_ns = at_ns;
		w->places[k].since_pressed_ns = 0;
		w->places[k].served = 0;
		bins_init(&w->places[k].bins);
	}
}

static void pass(struct drift_watch *w, int64_t at_ns)
{
	struct bins *b = &w->arrivals;
	uint32_t before;

	if (at_ns - w->now_ns < b->width_ns - b->into_ns) { /* nearly always */
		b->into_ns += at_ns - w->now_ns;
		w->now_ns = at_ns;
		return;
	}
	while (w->now_ns < at_ns) {
		before = b->n;
		w->now_ns += bins_pass(b, at_ns - w->now_ns);
		if (b->n == before)
			continue;
		w->level[before] = w->n;
		if (b->n < BINS)
			continue;
		bins_halve(b);
		for (uint32_t i = 0; i < BINS / 2; i++)
			w->level[i] = w->level[2 * i + 1];
	}
}

void drift_watch_level(struct drift_watch *w, int64_t at_ns, uint64_t n)
{
	pass(w, at_ns);
	if (n > w->n) {
		w->arrivals.open++;
		w->n_last = n;
	}
	w->n = n;
}

static void press_pass(struct drift_watch *w, int64_t at_ns)
{
	if (w->pressed)
		w->pressed_ns += at_ns - w->pressed_since_ns;
	w->pressed_since_ns = at_ns;
}

/** Its clock goes on while it is full, and else while all are pressed. */
static void place_pass(struct drift_watch *w, struct place *p, int64_t at_ns)
{
	int64_t left_ns;

	press_pass(w, at_ns);
	left_ns = p->full ? at_ns - p->since_ns : w->pressed_ns - p->since_pressed_ns;
	while (left_ns > 0) {
		left_ns -= bins_pass(&p->bins, left_ns);
		if (p->bins.n == BINS)
			bins_halve(&p->bins);
	}
	p->since_ns = at_ns;
	p->since_pressed_ns = w->pressed_ns;
}

void drift_watch_pressed(struct drift_watch *w, int64_t at_ns, bool yes)
{
	press_pass(w, at_ns);
	w->pressed = yes;
}

void drift_watch_full(struct drift_watch *w, size_t place, int64_t at_ns, bool full)
{
	struct place *p = &w->places[place];

	if (p->full == full)
		return;
	place_pass(w, p, at_ns);
	p->full = full;
}

void drift_watch_served(struct drift_watch *w, size_t place, int64_t at_ns)
{
	struct place *p = &w->places[place];

	p->served++;
	if (!p->full && !w->pressed)
		return;
	place_pass(w, p, at_ns);
	p->bins.open++;
}

/** A rate on its own clock, 1/s, and what its count varies by, 1/s. */
struct rate {
	double per_s, var_per_s, df, clock_s;
	bool correlated;
};

/** Of the first @n bins. */
static struct rate rate_of(const struct bins *b, uint32_t n, double open, double into_s)
{
	double x[BINS], width_s = 1e-9 * (double)b->width_ns, sum = open;
	struct batch_means m;
	struct rate r;

	for (uint32_t i = 0; i < n; i++) {
		x[i] = b->at[i];
		sum += x[i];
	}
	m = batch_means_of(x, n, 0);
	r.clock_s = n * width_s + into_s;
	r.per_s = sum / r.clock_s;
	r.var_per_s = m.var / (n * width_s);
	r.df = m.df;
	r.correlated = m.correlated;
	return r;
}

/** What all servers do when full, and how uncertain that is. */
struct capacity {
	double per_s, var, spread; /* 1/s; of the mean rate */
	double var_per_s;          /* of a walk that they serve */
	size_t n, unknown;         /* that served; of those, never full */
	double run_s;              /* in which they did */
	double unused, unused_var; /* what they could have served beside what they did */
	double correlated_var;     /* of @var, from rates that are correlated beyond all batches */
	/* those who did too little for an estimate of their own: sums of counts, times, 1/times */
	size_t few;
	double few_served, few_s;
};

static double full_s(const struct bins *b)
{
	return 1e-9 * ((double)b->n * (double)b->width_ns + (double)b->into_ns);
}

static uint64_t bins_sum(const struct bins *b)
{
	uint64_t sum = b->open;

	for (uint32_t i = 0; i < b->n; i++)
		sum += b->at[i];
	return sum;
}

static bool is_few(const struct bins *b)
{
	return b->n < BATCH_MEANS_LEAST || bins_sum(b) < LEAST_SERVED;
}

/** Of a place that serves @per_s when full, with counts that vary by @dispersion times as much. */
static void unused_add(struct capacity *c, const struct place *p, double per_s, double dispersion)
{
	double full = full_s(&p->bins), rest = fmax(c->run_s - full, 0.0);

	c->unused += per_s * rest - (double)(p->served - bins_sum(&p->bins));
	c->unused_var += dispersion * per_s * rest * (1.0 + rest / full);
}

static void capacity_add(struct capacity *c, const struct place *p)
{
	const struct bins *b = &p->bins;
	struct rate r;
	double var;

	if (p->served == 0)
		return;
	c->n++;
	if (!(full_s(b) > 0.0)) {
		c->unknown++;
		return;
	}
	if (is_few(b)) {
		c->few++;
		c->few_served += (double)bins_sum(b);
		c->few_s += full_s(b);
		return;
	}
	r = rate_of(b, b->n, b->open, 1e-9 * (double)b->into_ns);
	var = r.var_per_s / r.clock_s;
	c->per_s += r.per_s;
	c->var += var;
	c->spread += var * var / r.df;
	c->var_per_s += r.var_per_s;
	unused_add(c, p, r.per_s, r.var_per_s / r.per_s);
	c->correlated_var += r.correlated ? var : 0.0;
}

/** How much more their counts vary than those of Poisson processes of one rate would. */
static double few_dispersion(const struct drift_watch *w, const struct capacity *c)
{
	double sum = 0.0;

	for (size_t k = 0; k < w->n_places; k++) {
		const struct bins *b = &w->places[k].bins;
		double mean = c->few_served / c->few_s * full_s(b);

		if (w->places[k].served > 0 && mean > 0.0 && is_few(b))
			sum += ((double)bins_sum(b) - mean) * ((double)bins_sum(b) - mean);
	}
	return fmax(1.0, sum / c->few_served);
}

/** A rate each, though a poor one: together they may be known well. */
static void capacity_add_few(struct capacity *c, const struct drift_watch *w)
{
	double dispersion;

	if (c->few == 0)
		return;
	if (!(c->few_served > 0.0)) {
		c->unknown += c->few;
		return;
	}
	dispersion = few_dispersion(w, c);
	for (size_t k = 0; k < w->n_places; k++) {
		const struct bins *b = &w->places[k].bins;
		double n = (double)bins_sum(b), s = full_s(b), var;

		if (w->places[k].served == 0 || !(s > 0.0) || !is_few(b))
			continue;
		var = dispersion * (n + 1.0) / (s * s);
		c->per_s += n / s;
		c->var += var;
		c->spread += var * var / (n + 1.0);
		c->var_per_s += dispersion * n / s;
		unused_add(c, &w->places[k], n / s, dispersion);
	}
}

/** Bins up to @until_ns. */
static uint32_t bins_until(const struct drift_watch *w, int64_t until_ns)
{
	int64_t n = (until_ns - w->start_ns) / w->arrivals.width_ns;

	return n < w->arrivals.n ? (uint32_t)n : w->arrivals.n;
}

/** Of the walk itself: what it rises by in each bin, about its mean. */
static struct batch_means walk_of(const struct drift_watch *w, uint32_t n, size_t most)
{
	double x[BINS];

	for (uint32_t i = 0; i < n; i++)
		x[i] = (double)w->level[i] - (double)(i > 0 ? w->level[i - 1] : w->n_start);
	return batch_means_of(x, n, most);
}

static double least_level(const struct drift_watch *w, uint32_t from, uint32_t to)
{
	uint64_t least = w->level[from];

	for (uint32_t i = from; i < to; i++)
		least = w->level[i] < least ? w->level[i] : least;
	return (double)least;
}

void drift_watch_evidence(
	struct drift_watch *w, int64_t now_ns, int64_t until_ns, struct drift_evidence *out)
{
	struct capacity c = {.run_s = 1e-9 * (double)(now_ns - w->start_ns)};
	struct batch_means walk, level;
	struct rate a;
	uint32_t n;
	double t;

	pass(w, now_ns);
	n = bins_until(w, until_ns);
	*out = (struct drift_evidence){.runs = 1};
	if (n < BATCH_MEANS_LEAST)
		return;
	a = rate_of(&w->arrivals, n, 0.0, 0.0);
	for (size_t k = 0; k < w->n_places; k++) {
		place_pass(w, &w->places[k], now_ns);
		capacity_add(&c, &w->places[k]);
	}
	capacity_add_few(&c, w);
	t = out->time_s = a.clock_s;
	out->arrivals = a.per_s * t;
	out->left = (double)w->level[n - 1];
	out->rise = out->left - (double)w->n_start;
	out->late_rise = out->left - (double)w->level[n / 2 - 1];
	out->places = c.n;
	walk = walk_of(w, n, 0);
	level = walk_of(w, n, LEVEL_BATCHES);
	out->correlated = a.correlated || c.correlated_var > 0.5 * c.var;
	out->walk_correlated = walk.correlated;
	out->rise_var = walk.var;
	out->late_var = walk.var * (double)(n - n / 2) / n;
	out->rise_spread = walk.var * walk.var / walk.df;
	out->level_var = level.var;
	out->level_spread = level.var * level.var / level.df;
	out->floor = least_level(w, n / 2, n);
	out->floor_before = least_level(w, n / 4, n / 2);
	out->free_var = 2.0 * t * a.var_per_s; /* services that vary as arrivals do */
	if (c.n == 0 || c.unknown > 0)
		return;
	out->spare_runs = 1;
	out->unused = c.unused;
	out->unused_var = c.unused_var;
	out->net = t * (a.per_s - c.per_s);
	out->free_var = t * (a.var_per_s + c.var_per_s);
	out->net_var = t * a.var_per_s + t * t * c.var;
	out->net_spread = t * a.var_per_s * t * a.var_per_s / a.df + t * t * t * t * c.spread;
}
