/* Branch and bound on relaxations of Eq. 1: depth first, for several numbers of tasks at once. */
#include "plan/optimum_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/optimum_master.h"

static const double rounding = 2e-8; /* as a part of an objective: below `equal` of optimum.c */
enum { PIVOTS = 200000, ROWS_KEPT = 400 };

void goal_init(struct goal *g)
{
	size_t n = g->hi - g->lo + 1;

	g->cutoff = mem_zalloc(n, sizeof *g->cutoff);
	g->open = mem_zalloc(n, sizeof *g->open);
	for (size_t k = 0; k < n; k++)
		g->cutoff[k] = g->open[k] = HUGE_VAL;
}

void goal_finish(struct goal *g)
{
	free(g->cutoff);
	free(g->open);
}

void goal_cutoff(struct goal *g, size_t n, double cost)
{
	g->cutoff[n - g->lo] =
		g->count ? cost - 1.0 + whole : cost - fmax(g->gap, rounding) * fabs(cost);
}

static bool is_stopped(struct tree *t, double end_s)
{
	t->stopped = t->stopped || (t->stop && atomic_load(t->stop));
	return t->stopped || clock_s() >= end_s;
}

static bool is_over(struct tree *t, struct goal *g)
{
	g->over = g->over || g->nodes_left == 0 || is_stopped(t, g->end_s);
	return g->over;
}

enum lp_status search_relax(struct tree *t, double end_s, int rounds, double *v)
{
	enum lp_status s;

	do {
		s = lp_solve(t->l, HUGE_VAL, PIVOTS, v);
		if (s != LP_OPTIMAL)
			return s;
		if (lp_n_rows(t->l) > t->fixed_rows + ROWS_KEPT)
			lp_drop_slack(t->l, t->fixed_rows);
		for (size_t k = 0; k < t->e->n_spots; k++)
			t->x[k] = lp_value(t->l, k);
	} while (rounds-- > 0 && !is_stopped(t, end_s) && cuts_add(t->l, t->e, t->x) > 0);
	return s;
}

/* Solutions */

/** t->trial is one: is it of use? */
static void offer(struct tree *t, struct goal *g)
{
	size_t n = g->count ? g->lo : t->trial.n;
	double cost = g->count ? -(double)t->trial.n : t->trial.trans_s / t->scale;

	if (n < g->lo || n > g->hi || !(cost < g->cutoff[n - g->lo]))
		return;
	goal_cutoff(g, n, cost);
	if (g->found)
		g->found(g->context, t);
	else if (!g->probe)
		fill_copy(&t->best, &t->trial);
}

/** The relaxation's, where all is whole. */
static void take(struct tree *t, struct goal *g)
{
	fill_clear(&t->trial);
	for (size_t s = 0; s < t->e->n_spots; s++)
		if (t->x[s] > 0.5)
			fill_put(&t->trial, s);
	if (!g->count && t->trial.n > g->hi)
		fill_drop(&t->trial, g->hi);
	offer(t, g);
}

/** Made of @weight, for @n. */
static void round_to(struct tree *t, struct goal *g, size_t n, const double *weight)
{
	fill_round(&t->trial, weight);
	fill_raise(&t->trial, g->count ? t->e->n_tasks : n);
	if (!g->count && t->trial.n < n)
		return;
	if (!g->count)
		fill_trim(&t->trial, n);
	offer(t, g);
}

/** Task by task, and with the largest set of each server as a whole. */
static void round_here(struct tree *t, struct goal *g, size_t n)
{
	if (g->probe)
		return;
	round_to(t, g, n, t->x);
	memcpy(t->cost, t->x, t->e->n_spots * sizeof *t->cost);
	master_prefer(t->m, t->cost);
	round_to(t, g, n, t->cost);
}

/* Where to branch */

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

/** The task that is least whole. */
static uint32_t fractional_task(const struct tree *t, double *at)
{
	uint32_t best = NOBODY;
	double most = whole;

	for (uint32_t i = 0; i < t->e->n_tasks; i++) {
		double sum = 0.0, part;

		for (size_t s = t->e->first[i]; s < t->e->first[i + 1]; s++)
			sum += t->x[s];
		part = fmin(sum, 1.0 - sum);
		if (part > most) {
			most = part;
			best = i;
			*at = sum;
		}
	}
	return best;
}

/** Is part of the task elsewhere, where it needs the same? Who of the servers has it is worth
 *  nothing then; with whom it is, is. */
static bool has_twin(const struct tree *t, size_t spot)
{
	const struct eq1 *e = t->e;
	uint32_t i = e->spots[spot].task;

	for (size_t s = e->first[i]; s < e->first[i + 1]; s++)
		if (s != spot && t->x[s] > whole &&
			e->spots[s].job.work_ns == e->spots[spot].job.work_ns)
			return true;
	return false;
}

/* Branching */

static void tally_child(
	struct tree *t, struct goal *g, struct tally *y, double lo, double hi, const double *v)
{
	double old_lo = y->lo, old_hi = y->hi;

	y->lo = lo;
	y->hi = hi;
	search_branch(t, g, v);
	y->lo = old_lo;
	y->hi = old_hi;
}

static void branch_tally(
	struct tree *t, struct goal *g, struct tally *y, double at, const double *v)
{
	bool up = at - floor(at) >= 0.5;

	if (up)
		tally_child(t, g, y, ceil(at), y->hi, v);
	tally_child(t, g, y, y->lo, floor(at), v);
	if (!up)
		tally_child(t, g, y, ceil(at), y->hi, v);
}

static void branch_task(struct tree *t, struct goal *g, uint32_t task, double at, const double *v)
{
	enum master_side side = at >= 0.5 ? MASTER_IN : MASTER_OUT;

	for (int k = 0; k < 2; k++) {
		master_task(t->m, task, side, true);
		search_branch(t, g, v);
		master_task(t->m, task, side, false);
		side = side == MASTER_IN ? MASTER_OUT : MASTER_IN;
	}
}

static void branch_spot(struct tree *t, struct goal *g, size_t spot, const double *v)
{
	enum master_side side = t->x[spot] >= 0.5 ? MASTER_IN : MASTER_OUT;

	for (int k = 0; k < 2; k++) {
		master_spot(t->m, spot, side, true);
		search_branch(t, g, v);
		master_spot(t->m, spot, side, false);
		side = side == MASTER_IN ? MASTER_OUT : MASTER_IN;
	}
}

static void branch_pair(
	struct tree *t, struct goal *g, const uint32_t *task, double at, const double *v)
{
	struct price_pair pair = {{task[0], task[1]}, at >= 0.5};

	for (int k = 0; k < 2; k++) {
		master_pair(t->m, &pair, true);
		search_branch(t, g, v);
		master_pair(t->m, &pair, false);
		pair.together = !pair.together;
	}
}

static void branch(struct tree *t, struct goal *g, size_t spot, const double *v)
{
	double at = 0.0;
	struct tally *y = fractional_tally(t, &at);
	uint32_t task, both[2];

	if (y)
		branch_tally(t, g, y, at, v);
	else if ((task = fractional_task(t, &at)) != NOBODY)
		branch_task(t, g, task, at, v);
	else if (has_twin(t, spot) && master_has_pairs(t->m) && master_find_pair(t->m, both, &at))
		branch_pair(t, g, both, at, v);
	else
		branch_spot(t, g, spot, v);
}

/* Nodes */

/** Somebody who is not told yet where to be; SIZE_MAX: all are. */
static size_t any_free(const struct tree *t)
{
	for (size_t s = 0; s < t->e->n_spots; s++)
		if (master_is_free(t->m, s))
			return s;
	return SIZE_MAX;
}

static bool is_closed(const struct goal *g, const double *v, size_t k)
{
	return v[k] >= g->cutoff[k];
}

/** Of the numbers that are not closed by @v the one in the middle; SIZE_MAX: all are. */
static size_t middle(const struct goal *g, const double *v)
{
	size_t of = 0, k;

	for (k = 0; k <= g->hi - g->lo; k++)
		of += !is_closed(g, v, k);
	if (of == 0)
		return SIZE_MAX;
	of = of / 2 + 1;
	for (k = 0; of > 0; k++)
		of -= !is_closed(g, v, k);
	return k - 1;
}

static void leave_open(struct goal *g, const double *v)
{
	for (size_t k = 0; k <= g->hi - g->lo; k++)
		if (!is_closed(g, v, k))
			g->open[k] = fmin(g->open[k], v[k]);
}

/** The relaxation for the @k-th number, which bounds the others, too. */
static enum master_status solve(struct tree *t, struct goal *g, double *v, size_t k)
{
	enum master_status status;
	double slope, line, bound = v[k];

	t->nodes++;
	g->nodes_left--;
	status = master_solve(
		t->m, g->count ? 0 : g->lo + k, g->cutoff[k], g->end_s, t->stop, &bound, t->x);
	v[k] = bound;
	master_line(t->m, &line, &slope);
	for (size_t q = 0; q <= g->hi - g->lo; q++)
		v[q] = fmax(v[q], line + slope * ((double)q - (double)k));
	return status;
}

/** One number after the other, until all are closed here or there is something to branch on. */
static void look_into(struct tree *t, struct goal *g, double *v)
{
	size_t k, spot;

	while ((k = middle(g, v)) != SIZE_MAX) {
		if (is_over(t, g)) {
			leave_open(g, v);
			return;
		}
		switch (solve(t, g, v, k)) {
		case MASTER_ABOVE:
			v[k] = HUGE_VAL;
			continue;
		case MASTER_GAVE_UP:
			leave_open(g, v);
			return;
		default:
			break;
		}
		spot = fractional(t);
		if (spot != SIZE_MAX) {
			round_here(t, g, g->lo + k);
		} else {
			take(t, g);
			if (!master_is_short(t->m, t->x)) {
				v[k] = HUGE_VAL;
				continue;
			}
			spot = any_free(t); /* no price is high enough to say that there is none */
			if (spot == SIZE_MAX)
				v[k] = HUGE_VAL;
		}
		if (is_closed(g, v, k))
			continue;
		branch(t, g, spot, v);
		return;
	}
}

void search_branch(struct tree *t, struct goal *g, const double *above)
{
	size_t n = g->hi - g->lo + 1;
	double *v = mem_zalloc(n, sizeof *v);

	memcpy(v, above, n * sizeof *v);
	look_into(t, g, v);
	free(v);
}
