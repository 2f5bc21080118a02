/* What is looked for in the tree: the most of a tally, the most tasks, the least T of so many. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/optimum_search.h"

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
	tallies_add(t);
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
	tallies_finish(t);
	free(t->x);
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
	if (search_relax(t, &g, ROOT_ROUNDS, &v) == LP_OPTIMAL) {
		y->hi = fmin(y->hi, floor(-v + whole));
		search_dive(t, &g);
		for (size_t s = 0; s < t->e->n_spots; s++)
			lp_bounds(t->l, s, 0.0, in[s]);
		if (g.cutoff > -y->hi)
			search_branch(t, &g, v);
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
	if (search_relax(t, &g, ROOT_ROUNDS, &v) != LP_OPTIMAL)
		v = -(double)t->e->n_tasks;
	*relaxed = fmin(-v, (double)t->e->n_tasks);
	*bound = (size_t)floor(*relaxed + whole);
	try_weights(t);
	if (t->best.n < *bound)
		try_orders(t);
	if (t->best.n >= *bound)
		return;
	search_cutoff(&g, -(double)t->best.n);
	search_dive(t, &g);
	if (t->best.n < *bound)
		search_branch(t, &g, v);
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
	switch (search_relax(t, &g, ROOT_ROUNDS, &v)) {
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
		search_cutoff(&g, best_s / t->scale);
	s = search_relax(t, &g, ROOT_ROUNDS, &v);
	if (s == LP_OPTIMAL) {
		search_dive(t, &g);
		s = search_relax(t, &g, ROOT_ROUNDS, &v);
	}
	if (s == LP_OPTIMAL) {
		fix(t, &g, v, true);
		search_branch(t, &g, v);
		fix(t, &g, v, false);
	} else if (s == LP_GAVE_UP) {
		search_leave_open(&g, *bound_s / t->scale);
	}
	if (g.open < HUGE_VAL)
		t->timed_out = true;
	*bound_s = fmax(*bound_s, fmin(fmin(g.open, g.cutoff) * t->scale, HUGE_VAL));
	return g.found;
}
