/* Branch and bound on the relaxation of Eq. 1: depth first, rows added where they are broken. */
#include "plan/optimum_search.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"

static const double rounding = 1e-8; /* as a part of an objective: below `equal` of optimum.c */
enum { PIVOTS = 200000, ROWS_KEPT = 400 };

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

enum lp_status search_relax(struct tree *t, struct goal *g, int rounds, double *v)
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

void search_cutoff(struct goal *g, double cost)
{
	g->cutoff = g->count ? cost - 1.0 + whole : cost - fmax(g->gap, rounding) * fabs(cost);
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
		search_cutoff(g, cost_of(t, g, &t->trial));
	}
}

void search_leave_open(struct goal *g, double v)
{
	g->open = fmin(g->open, v);
}

static void child(struct tree *t, struct goal *g, size_t spot, double value, double v)
{
	if (g->over || v >= g->cutoff) {
		if (v < g->cutoff)
			search_leave_open(g, v);
		return;
	}
	lp_bounds(t->l, spot, value, value);
	search_branch(t, g, v);
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
			search_leave_open(g, v);
		return;
	}
	y->lo = lo;
	y->hi = hi;
	lp_row_bounds(t->l, y->row, lo, hi);
	search_branch(t, g, v);
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
		search_cutoff(g, cost_of(t, g, &t->best));
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

void search_branch(struct tree *t, struct goal *g, double above)
{
	struct tally *y;
	enum lp_status s;
	size_t spot;
	double v, at = 0.0;

	if (is_over(t, g)) {
		search_leave_open(g, above);
		return;
	}
	t->nodes++;
	g->nodes_left--;
	do {
		s = search_relax(t, g, NODE_ROUNDS, &v);
		if (s == LP_GAVE_UP)
			search_leave_open(g, above);
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

void search_dive(struct tree *t, struct goal *g)
{
	size_t *fixed = mem_zalloc(t->e->n_spots + 1, sizeof *fixed), n = 0, spot = SIZE_MAX;
	int failures = 0;
	double v;

	while (!is_over(t, g) && failures < FAILURES) {
		if (search_relax(t, g, NODE_ROUNDS, &v) != LP_OPTIMAL) {
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
