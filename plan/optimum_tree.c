/* Branch and bound on the relaxation of Eq. 1: depth first, rows added where they are broken. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/optimum_parts.h"

static const double whole = 1e-6;    /* nearer to a whole number than this is one */
static const double rounding = 1e-8; /* of an objective */
enum { PIVOTS = 200000, ROWS_KEPT = 400, ROOT_ROUNDS = 200, NODE_ROUNDS = 4 };

/** What is looked for. */
struct goal {
	bool count; /* the most tasks; else the least T */
	size_t n;   /* of so many */
	double gap;
	double cutoff; /* what costs that much is of no use */
	double open;   /* the least that a node not looked into may cost */
	double end_s;
	uint64_t nodes_left;
	bool probe; /* what is found is not kept */
	bool found, over;
};

/* Tallies */

static bool is_nearest(const struct eq1 *e, size_t spot)
{
	uint32_t i = e->spots[spot].task;

	for (size_t s = e->first[i]; s < e->first[i + 1]; s++)
		if (e->spots[s].trans_s < e->spots[spot].trans_s)
			return false;
	return true;
}

/** Of the servers in @server; only the nearest, or whatever. */
static void add_tally(struct tree *t, const bool *server, bool nearest)
{
	struct tally *y = &t->tallies[t->n_tallies];
	double *one = mem_zalloc(t->e->n_spots + 1, sizeof *one);

	*y = (struct tally){.lo = 0.0, .hi = (double)t->e->n_tasks};
	y->spots = mem_zalloc(t->e->n_spots + 1, sizeof *y->spots);
	for (size_t s = 0; s < t->e->n_spots; s++) {
		if (!server[t->e->spots[s].server] || (nearest && !is_nearest(t->e, s)))
			continue;
		one[y->n] = 1.0;
		y->spots[y->n++] = s;
	}
	y->row = lp_row(t->l, y->lo, y->hi, y->n, y->spots, one);
	t->n_tallies++;
	free(one);
}

/** The server with the least T on average of those not in @in yet. */
static uint32_t next_nearest(const struct eq1 *e, const bool *in)
{
	double least = HUGE_VAL;
	uint32_t best = NOBODY;

	for (uint32_t j = 0; j < e->n_servers; j++) {
		double sum = 0.0;

		for (size_t k = 0; k < e->bench[j].n; k++)
			sum += e->spots[e->bench[j].by_from[k]].trans_s;
		if (!in[j] && (best == NOBODY || sum / (double)e->bench[j].n < least)) {
			least = sum / (double)e->bench[j].n;
			best = j;
		}
	}
	return best;
}

static void add_tallies(struct tree *t)
{
	size_t m = t->e->n_servers;
	bool *in = mem_zalloc(m + 1, sizeof *in);

	t->tallies = mem_zalloc(3 * m + 1, sizeof *t->tallies);
	for (uint32_t j = 0; j < m; j++)
		in[j] = true;
	add_tally(t, in, true);
	for (uint32_t j = 0; j < m; j++)
		in[j] = false;
	for (size_t k = 0; k + 1 < m; k++) {
		in[next_nearest(t->e, in)] = true;
		if (k > 0)
			add_tally(t, in, false);
	}
	for (uint32_t j = 0; j < m; j++) {
		for (uint32_t k = 0; k < m; k++)
			in[k] = j == k;
		add_tally(t, in, true);
		add_tally(t, in, false);
	}
	free(in);
}

void tree_init(
	struct tree *t, const struct eq1 *e, const struct optimum_limits *limits, double end_s)
{
	size_t *column = mem_zalloc(e->n_spots, sizeof *column);
	double *one = mem_zalloc(e->n_spots, sizeof *one);

	*t = (struct tree){.e = e, .end_s = end_s, .stop = limits->stop, .scale = 0.0};
	t->l = lp_create(e->n_spots);
	t->x = mem_zalloc(e->n_spots, sizeof *t->x);
	for (size_t s = 0; s < e->n_spots; s++) {
		column[s] = s;
		one[s] = 1.0;
		t->scale = fmax(t->scale, e->spots[s].trans_s);
	}
	t->scale = t->scale > 0.0 ? t->scale : 1.0;
	lp_row(t->l, -HUGE_VAL, HUGE_VAL, e->n_spots, column, one); /* of the count */
	for (size_t i = 0; i < e->n_tasks; i++)
		if (e->first[i + 1] - e->first[i] > 1)
			lp_row(t->l, -HUGE_VAL, 1.0, e->first[i + 1] - e->first[i],
				column + e->first[i], one);
	add_tallies(t);
	t->fixed_rows = lp_n_rows(t->l);
	fill_init(&t->best, e);
	fill_init(&t->trial, e);
	t->trial.end_s = end_s;
	free(column);
	free(one);
}

void tree_finish(struct tree *t)
{
	fill_finish(&t->best);
	fill_finish(&t->trial);
	lp_destroy(t->l);
	for (size_t k = 0; k < t->n_tallies; k++)
		free(t->tallies[k].spots);
	free(t->tallies);
	free(t->x);
}

static bool is_over(struct tree *t, struct goal *g)
{
	t->stopped = t->stopped || (t->stop && atomic_load(t->stop));
	g->over = g->over || t->stopped || g->nodes_left == 0 || clock_s() >= g->end_s;
	return g->over;
}

static void read_values(struct tree *t)
{
	for (size_t s = 0; s < t->e->n_spots; s++)
		t->x[s] = lp_value(t->l, s);
}

/** Solve and add rows until none is broken, or @rounds are over. */
static enum lp_status relax(struct tree *t, struct goal *g, int rounds, double *v)
{
	enum lp_status s;

	do {
		s = lp_solve(t->l, g->cutoff, PIVOTS, v);
		if (s == LP_GAVE_UP)
			t->gave_up = true;
		if (s != LP_OPTIMAL)
			return s;
		if (*v >= g->cutoff)
			return LP_ABOVE;
		if (lp_n_rows(t->l) > t->fixed_rows + ROWS_KEPT)
			lp_drop_slack(t->l, t->fixed_rows);
		read_values(t);
	} while (rounds-- > 0 && !is_over(t, g) && cuts_add(t->l, t->e, t->x) > 0);
	return s;
}

/** The column to branch on; SIZE_MAX: all are whole. */
static size_t fractional(const struct tree *t)
{
	size_t best = SIZE_MAX;
	double most = whole;

	for (size_t s = 0; s < t->e->n_spots; s++) {
		double part = fmin(t->x[s], 1.0 - t->x[s]);

		if (part > most) {
			most = part;
			best = s;
		}
	}
	return best;
}

static double cost_of(const struct tree *t, const struct goal *g, const struct fill *f)
{
	return g->count ? -(double)f->n : f->trans_s / t->scale;
}

/** What is no better than @cost by the gap, and by a whole task where those are counted, is of no
 * use. */
static void set_cutoff(struct goal *g, double cost)
{
	g->cutoff = g->count ? cost - 1.0 + whole
			     : cost - fmax(g->gap * fabs(cost), rounding * fmax(1.0, fabs(cost)));
}

static void take(struct tree *t, struct goal *g)
{
	fill_clear(&t->trial);
	for (size_t s = 0; s < t->e->n_spots; s++)
		if (t->x[s] > 0.5)
			fill_put(&t->trial, s);
	if (cost_of(t, g, &t->trial) < g->cutoff) {
		if (!g->probe)
			fill_copy(&t->best, &t->trial);
		g->found = true;
		set_cutoff(g, cost_of(t, g, &t->trial));
	}
}

static void leave_open(struct goal *g, double v)
{
	g->open = fmin(g->open, v);
}

static void branch(struct tree *t, struct goal *g, double above);
static void dive(struct tree *t, struct goal *g);

static void child(struct tree *t, struct goal *g, size_t spot, double value, double v)
{
	if (g->over || v >= g->cutoff) {
		if (v < g->cutoff)
			leave_open(g, v);
		return;
	}
	lp_bounds(t->l, spot, value, value);
	branch(t, g, v);
	lp_bounds(t->l, spot, 0.0, 1.0);
}

/** The tally to branch on: the first that is far from whole, else the farthest. */
static struct tally *fractional_tally(const struct tree *t, double *at)
{
	struct tally *best = NULL;
	double most = 0.01;

	for (size_t k = 0; k < t->n_tallies; k++) {
		struct tally *y = &t->tallies[k];
		double sum = 0.0, part;

		for (size_t s = 0; s < y->n; s++)
			sum += t->x[y->spots[s]];
		part = fabs(sum - round(sum));
		if (part <= most)
			continue;
		most = part;
		best = y;
		*at = sum;
		if (k == 0)
			break;
	}
	return best;
}

static void tally_child(
	struct tree *t, struct goal *g, struct tally *y, double lo, double hi, double v)
{
	double old_lo = y->lo, old_hi = y->hi;

	if (g->over || v >= g->cutoff) {
		if (v < g->cutoff)
			leave_open(g, v);
		return;
	}
	y->lo = lo;
	y->hi = hi;
	lp_row_bounds(t->l, y->row, lo, hi);
	branch(t, g, v);
	y->lo = old_lo;
	y->hi = old_hi;
	lp_row_bounds(t->l, y->row, old_lo, old_hi);
}

static void branch_tally(struct tree *t, struct goal *g, struct tally *y, double at, double v)
{
	bool up = at - floor(at) >= 0.5;

	if (up)
		tally_child(t, g, y, ceil(at), y->hi, v);
	tally_child(t, g, y, y->lo, floor(at), v);
	if (!up)
		tally_child(t, g, y, ceil(at), y->hi, v);
}

static void branch_spot(struct tree *t, struct goal *g, size_t spot, double v)
{
	double first = t->x[spot] >= 0.5 ? 1.0 : 0.0;

	child(t, g, spot, first, v);
	child(t, g, spot, 1.0 - first, v);
}

static void round_here(struct tree *t, struct goal *g)
{
	fill_round(&t->trial, t->x);
	fill_raise(&t->trial, g->n);
	if (t->trial.n < g->n)
		return;
	fill_trim(&t->trial, g->n);
	if (cost_of(t, g, &t->trial) < g->cutoff) {
		fill_copy(&t->best, &t->trial);
		g->found = true;
		set_cutoff(g, cost_of(t, g, &t->best));
	}
}

/** How much is gained by branching there: of either side. */
static double worth(struct lp_rise r)
{
	double least = 1e-7;

	return fmin(fmax(r.down, least), 1e3) * fmin(fmax(r.up, least), 1e3);
}

/** The column to branch on: by what a step of the simplex method says of both sides. */
static size_t best_spot(const struct tree *t)
{
	size_t best = SIZE_MAX;
	double most = -1.0;

	for (size_t s = 0; s < t->e->n_spots; s++) {
		double part = fmin(t->x[s], 1.0 - t->x[s]), gain;

		if (part <= whole)
			continue;
		gain = worth(lp_column_rise(t->l, s, t->x[s])) * (0.1 + part);
		if (gain > most) {
			most = gain;
			best = s;
		}
	}
	return best;
}

/** A node, whose parent costs @above. */
static void branch(struct tree *t, struct goal *g, double above)
{
	struct tally *y;
	enum lp_status s;
	size_t spot;
	double v, at = 0.0;

	if (is_over(t, g)) {
		leave_open(g, above);
		return;
	}
	t->nodes++;
	g->nodes_left--;
	do {
		s = relax(t, g, NODE_ROUNDS, &v);
		if (s == LP_GAVE_UP)
			leave_open(g, above);
		if (s != LP_OPTIMAL)
			return;
		spot = fractional(t);
	} while (spot == SIZE_MAX && cuts_cover(t->l, t->e, t->x));
	v = fmax(v, above);
	if (spot != SIZE_MAX && !g->count && t->nodes % 64 == 0)
		round_here(t, g);
	if (spot == SIZE_MAX)
		take(t, g);
	else if ((y = fractional_tally(t, &at)))
		branch_tally(t, g, y, at, v);
	else
		branch_spot(t, g, best_spot(t), v);
}

/* Diving: the largest part of a task is made a whole, again and again */

enum { FAILURES = 12 };

/** The largest that is not whole; SIZE_MAX: all are. */
static size_t largest_part(const struct tree *t)
{
	size_t best = SIZE_MAX;
	double most = whole;

	for (size_t s = 0; s < t->e->n_spots; s++)
		if (t->x[s] > most && t->x[s] < 1.0 - whole) {
			most = t->x[s];
			best = s;
		}
	return best;
}

static void dive(struct tree *t, struct goal *g)
{
	size_t *fixed = mem_zalloc(t->e->n_spots + 1, sizeof *fixed), n = 0, spot = SIZE_MAX;
	int failures = 0;
	double v;

	while (!is_over(t, g) && failures < FAILURES) {
		if (relax(t, g, NODE_ROUNDS, &v) != LP_OPTIMAL) {
			if (spot == SIZE_MAX)
				break;
			lp_bounds(t->l, spot, 0.0, 0.0);
			failures++;
			spot = SIZE_MAX;
			continue;
		}
		spot = largest_part(t);
		if (spot == SIZE_MAX) {
			if (cuts_cover(t->l, t->e, t->x))
				continue;
			take(t, g);
			break;
		}
		lp_bounds(t->l, spot, 1.0, 1.0);
		fixed[n++] = spot;
	}
	for (size_t k = 0; k < n; k++)
		lp_bounds(t->l, fixed[k], 0.0, 1.0);
	free(fixed);
}

/* Tallies: the most that each can be */

enum { TALLY_NODES = 300 };

static bool is_in(const struct tally *y, bool *in, size_t n)
{
	for (size_t s = 0; s < n; s++)
		in[s] = false;
	for (size_t k = 0; k < y->n; k++)
		in[y->spots[k]] = true;
	return y->n > 0;
}

/** With no task elsewhere. */
static void tally_most(struct tree *t, struct tally *y, bool *in, double end_s)
{
	struct goal g = {.count = true,
		.probe = true,
		.cutoff = HUGE_VAL,
		.open = HUGE_VAL,
		.end_s = end_s,
		.nodes_left = TALLY_NODES};
	double v = -(double)t->e->n_tasks;

	if (!is_in(y, in, t->e->n_spots))
		return;
	for (size_t s = 0; s < t->e->n_spots; s++) {
		lp_cost(t->l, s, in[s] ? -1.0 : 0.0);
		lp_bounds(t->l, s, 0.0, in[s]);
	}
	if (relax(t, &g, ROOT_ROUNDS, &v) == LP_OPTIMAL) {
		y->hi = fmin(y->hi, floor(-v + whole));
		dive(t, &g);
		for (size_t s = 0; s < t->e->n_spots; s++)
			lp_bounds(t->l, s, 0.0, in[s]);
		if (g.cutoff > -y->hi)
			branch(t, &g, v);
		y->hi = fmin(y->hi, floor(-fmin(g.open, g.cutoff - whole) + 2.0 * whole));
	}
	for (size_t s = 0; s < t->e->n_spots; s++)
		lp_bounds(t->l, s, 0.0, 1.0);
	lp_row_bounds(t->l, y->row, y->lo, y->hi);
}

void tree_tallies(struct tree *t, double end_s)
{
	bool *in = mem_zalloc(t->e->n_spots + 1, sizeof *in);

	lp_row_bounds(t->l, 0, -HUGE_VAL, HUGE_VAL);
	for (size_t k = t->n_tallies; k-- > 0;) {
		double now_s = clock_s();

		tally_most(t, &t->tallies[k], in, now_s + (end_s - now_s) / (double)(k + 1));
	}
	free(in);
}

/* Count */

static void try_weights(struct tree *t)
{
	fill_round(&t->trial, t->x);
	fill_raise(&t->trial, t->e->n_tasks);
	if (t->trial.n > t->best.n)
		fill_copy(&t->best, &t->trial);
}

/** Short ones first; those who are due first. */
static void try_orders(struct tree *t)
{
	for (size_t s = 0; s < t->e->n_spots; s++)
		t->x[s] = -(double)t->e->spots[s].job.work_ns;
	try_weights(t);
	for (size_t s = 0; s < t->e->n_spots; s++)
		t->x[s] = -(double)t->e->spots[s].job.until_ns;
	try_weights(t);
}

void tree_count(struct tree *t, double end_s, size_t *bound, double *relaxed)
{
	struct goal g = {.count = true,
		.cutoff = HUGE_VAL,
		.open = HUGE_VAL,
		.end_s = end_s,
		.nodes_left = UINT64_MAX};
	double v = -(double)t->e->n_tasks;

	for (size_t s = 0; s < t->e->n_spots; s++)
		lp_cost(t->l, s, -1.0);
	lp_row_bounds(t->l, 0, -HUGE_VAL, HUGE_VAL);
	if (relax(t, &g, ROOT_ROUNDS, &v) != LP_OPTIMAL)
		v = -(double)t->e->n_tasks;
	*relaxed = fmin(-v, (double)t->e->n_tasks);
	*bound = (size_t)floor(*relaxed + whole);
	try_weights(t);
	if (t->best.n < *bound)
		try_orders(t);
	if (t->best.n >= *bound)
		return;
	set_cutoff(&g, -(double)t->best.n);
	dive(t, &g);
	if (t->best.n < *bound)
		branch(t, &g, v);
	if (g.open == HUGE_VAL)
		*bound = t->best.n;
	else
		t->timed_out = true;
}

/* T */

static void set_costs(struct tree *t, size_t n)
{
	for (size_t s = 0; s < t->e->n_spots; s++)
		lp_cost(t->l, s, t->e->spots[s].trans_s / t->scale);
	lp_row_bounds(t->l, 0, (double)n, HUGE_VAL);
}

double tree_relax(struct tree *t, size_t n, double *slope_s)
{
	struct goal g = {
		.cutoff = HUGE_VAL, .open = HUGE_VAL, .end_s = t->end_s, .nodes_left = UINT64_MAX};
	double v;

	*slope_s = 0.0;
	set_costs(t, n);
	switch (relax(t, &g, ROOT_ROUNDS, &v)) {
	case LP_OPTIMAL:
		*slope_s = lp_dual(t->l, 0) * t->scale;
		return fmax(v, 0.0) * t->scale;
	case LP_INFEASIBLE:
		return HUGE_VAL;
	default:
		return 0.0;
	}
}

/** What the cutoff shows to be at its bound in all better solutions is fixed there. */
static void fix(struct tree *t, const struct goal *g, double v, bool on)
{
	for (size_t s = 0; s < t->e->n_spots; s++) {
		double d = lp_reduced_cost(t->l, s), x = lp_value(t->l, s);

		if (!on)
			lp_bounds(t->l, s, 0.0, 1.0);
		else if (x < whole && v + d > g->cutoff)
			lp_bounds(t->l, s, 0.0, 0.0);
		else if (x > 1.0 - whole && v - d > g->cutoff)
			lp_bounds(t->l, s, 1.0, 1.0);
	}
}

bool tree_least(struct tree *t, size_t n, double best_s, double gap, double end_s, double *bound_s)
{
	struct goal g = {.gap = gap,
		.n = n,
		.cutoff = HUGE_VAL,
		.open = HUGE_VAL,
		.end_s = fmin(end_s, t->end_s),
		.nodes_left = UINT64_MAX};
	double v;
	enum lp_status s;

	set_costs(t, n);
	if (best_s < HUGE_VAL)
		set_cutoff(&g, best_s / t->scale);
	s = relax(t, &g, ROOT_ROUNDS, &v);
	if (s == LP_OPTIMAL) {
		dive(t, &g);
		s = relax(t, &g, ROOT_ROUNDS, &v);
	}
	if (s == LP_OPTIMAL) {
		fix(t, &g, v, true);
		branch(t, &g, v);
		fix(t, &g, v, false);
	} else if (s == LP_GAVE_UP) {
		leave_open(&g, *bound_s / t->scale);
	}
	if (g.open < HUGE_VAL)
		t->timed_out = true;
	*bound_s = fmax(*bound_s, fmin(fmin(g.open, g.cutoff) * t->scale, HUGE_VAL));
	return g.found;
}
