/* What is looked for in the tree: the most of a tally, the most tasks, the least T of so many. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/optimum_master.h"
#include "plan/optimum_search.h"

void tree_init(
	struct tree *t, const struct eq1 *e, const struct optimum_limits *limits, double end_s)
{
	size_t *column = mem_zalloc(e->n_spots, sizeof *column);
	double *one = mem_zalloc(e->n_spots, sizeof *one);

	*t = (struct tree){.e = e, .end_s = end_s, .stop = limits->stop, .scale = 0.0};
	t->l = lp_create(e->n_spots);
	t->x = mem_zalloc(e->n_spots, sizeof *t->x);
	t->cost = mem_zalloc(e->n_spots + 1, sizeof *t->cost);
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
	t->m = master_create(t);
	t->costs_of_count = true;
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
	master_destroy(t->m);
	tallies_finish(t);
	free(t->x);
	free(t->cost);
}

/* Tallies: the most that each can be */

/** With no task elsewhere. */
static void tally_most(struct tree *t, struct tally *y, bool *in)
{
	double v;

	for (size_t s = 0; s < t->e->n_spots; s++)
		in[s] = false;
	for (size_t k = 0; k < y->n; k++)
		in[y->spots[k]] = true;
	for (size_t s = 0; s < t->e->n_spots; s++) {
		lp_cost(t->l, s, in[s] ? -1.0 : 0.0);
		lp_bounds(t->l, s, 0.0, in[s]);
	}
	if (search_relax(t, t->end_s, ROOT_ROUNDS, &v) == LP_OPTIMAL)
		y->hi = fmin(y->hi, floor(-v + whole));
	for (size_t s = 0; s < t->e->n_spots; s++)
		lp_bounds(t->l, s, 0.0, 1.0);
	lp_row_bounds(t->l, y->row, y->lo, y->hi);
}

void tree_tallies(struct tree *t)
{
	bool *in = mem_zalloc(t->e->n_spots + 1, sizeof *in);

	lp_row_bounds(t->l, 0, -HUGE_VAL, HUGE_VAL);
	for (size_t k = t->n_tallies; k-- > 0;)
		if (t->tallies[k].n > 0)
			tally_most(t, &t->tallies[k], in);
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

/** What the relaxation leaves open, by branching. */
static void count_by_branching(struct tree *t, double end_s, size_t enough, size_t *bound)
{
	size_t known = t->best.n > enough ? t->best.n : enough;
	struct goal g = {.count = true, .end_s = end_s, .nodes_left = UINT64_MAX};
	double v = -(double)*bound;

	for (size_t s = 0; s < t->e->n_spots; s++)
		t->cost[s] = -1.0;
	goal_init(&g);
	goal_cutoff(&g, 0, -(double)known);
	t->costs_of_count = true;
	master_costs(t->m, t->cost);
	search_branch(t, &g, &v);
	known = t->best.n > enough ? t->best.n : enough;
	if (g.open[0] == HUGE_VAL)
		*bound = known;
	else
		*bound = (size_t)floor(-g.open[0] + whole);
	t->timed_out = t->timed_out || known < *bound;
	goal_finish(&g);
}

void tree_count(struct tree *t, double end_s, size_t enough, size_t *bound, double *relaxed)
{
	double v = -(double)t->e->n_tasks;

	for (size_t s = 0; s < t->e->n_spots; s++)
		lp_cost(t->l, s, -1.0);
	lp_row_bounds(t->l, 0, -HUGE_VAL, HUGE_VAL);
	if (search_relax(t, end_s, ROOT_ROUNDS, &v) != LP_OPTIMAL)
		v = -(double)t->e->n_tasks;
	*relaxed = fmin(-v, (double)t->e->n_tasks);
	*bound = (size_t)floor(*relaxed + whole);
	try_weights(t);
	if (t->best.n < *bound)
		try_orders(t);
	if (t->best.n < *bound && enough < *bound)
		count_by_branching(t, end_s, enough, bound);
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
	double v;

	*slope_s = 0.0;
	set_costs(t, n);
	switch (search_relax(t, t->end_s, ROOT_ROUNDS, &v)) {
	case LP_OPTIMAL:
		*slope_s = lp_dual(t->l, 0) * t->scale;
		return fmax(v, 0.0) * t->scale;
	case LP_INFEASIBLE:
		return HUGE_VAL;
	default:
		return 0.0;
	}
}

void tree_least(struct tree *t, const struct least *w, double end_s, uint64_t nodes)
{
	struct goal g = {.lo = w->lo,
		.hi = w->hi,
		.gap = w->gap,
		.end_s = fmin(end_s, t->end_s),
		.nodes_left = nodes,
		.found = w->found,
		.context = w->context};
	size_t n = w->hi - w->lo + 1;
	double *v = mem_zalloc(n, sizeof *v);

	for (size_t s = 0; s < t->e->n_spots; s++)
		t->cost[s] = t->e->spots[s].trans_s / t->scale;
	goal_init(&g);
	for (size_t k = 0; k < n; k++) {
		v[k] = w->bound_s[k] / t->scale;
		if (w->best_s[k] < HUGE_VAL)
			goal_cutoff(&g, w->lo + k, w->best_s[k] / t->scale);
	}
	if (t->costs_of_count)
		master_costs(t->m, t->cost);
	t->costs_of_count = false;
	search_branch(t, &g, v);
	for (size_t k = 0; k < n; k++) {
		double least = fmin(g.open[k], g.cutoff[k]) * t->scale;

		w->bound_s[k] = fmax(w->bound_s[k], least);
	}
	free(v);
	goal_finish(&g);
}
