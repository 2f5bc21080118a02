/* The front of Eq. 1: count first, then the least T for every count, for every set of models that
 * the servers can hold. */
#include "plan/optimum.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/optimum_parts.h"

static const double equal = 1e-7; /* T and its bound, as a part of T */

/* One set of models on each server */

/** A front in the making, of one such set or the best of several. */
struct partial {
	size_t most, most_bound, n_points;
	double relaxed_most;
	double *trans_s, *bound_s;
	double *known_s; /* what another set of models has: no more is of use */
	uint32_t **server_of;
};

static void partial_init(struct partial *x, size_t n_points, const struct optimum_front *known)
{
	x->n_points = n_points;
	x->trans_s = mem_zalloc(n_points, sizeof *x->trans_s);
	x->bound_s = mem_zalloc(n_points, sizeof *x->bound_s);
	x->known_s = mem_zalloc(n_points, sizeof *x->known_s);
	x->server_of = mem_zalloc(n_points, sizeof(*x->server_of));
	for (size_t n = 0; n < n_points; n++) {
		x->trans_s[n] = x->bound_s[n] = HUGE_VAL;
		x->known_s[n] = n < known->n_points ? known->points[n].trans_s : HUGE_VAL;
	}
}

static void partial_finish(struct partial *x)
{
	for (size_t n = 0; n < x->n_points; n++)
		free(x->server_of[n]);
	free(x->trans_s);
	free(x->bound_s);
	free(x->known_s);
	free(x->server_of);
}

/** @f is a solution with f->n in time. */
static void offer(struct partial *x, const struct fill *f)
{
	const struct eq1 *e = f->e;

	if (!(f->trans_s < x->trans_s[f->n]))
		return;
	x->trans_s[f->n] = f->trans_s;
	if (!x->server_of[f->n])
		x->server_of[f->n] = mem_zalloc(e->n_tasks, sizeof(**x->server_of));
	for (size_t i = 0; i < e->n_tasks; i++)
		x->server_of[f->n][i] =
			f->spot_of[i] == SIZE_MAX ? NOBODY : e->spots[f->spot_of[i]].server;
}

static bool closed(const struct partial *x, size_t n, double gap)
{
	double best_s = fmin(x->trans_s[n], x->known_s[n]);

	return best_s - x->bound_s[n] <= fmax(gap, equal) * best_s || x->bound_s[n] == HUGE_VAL;
}

/** Is there anything to prove for so many: a solution of this set, or of another before? */
static bool is_open(const struct partial *x, size_t n, double gap)
{
	return (n <= x->most || x->known_s[n] < HUGE_VAL) && !closed(x, n, gap);
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/** The sum of the @n least: a bound without any relaxation. */
static void first_bounds(struct partial *x, const struct eq1 *e)
{
	double *least = mem_zalloc(e->n_tasks + 1, sizeof *least), sum = 0.0;

	for (size_t i = 0; i < e->n_tasks; i++) {
		least[i] = HUGE_VAL;
		for (size_t s = e->first[i]; s < e->first[i + 1]; s++)
			least[i] = fmin(least[i], e->spots[s].trans_s);
	}
	mem_sort(least, e->n_tasks, sizeof *least, by_size);
	for (size_t n = 0; n < x->n_points; n++) {
		x->bound_s[n] = sum;
		sum += least[n];
	}
	free(least);
}

/** The relaxation with @n, which is convex in n: its tangent bounds all others, too. And a solution
 * made from it. */
static void look_at(struct partial *x, struct tree *t, size_t n, double gap)
{
	double slope_s, least_s = tree_relax(t, n, &slope_s);

	if (least_s == HUGE_VAL) {
		for (size_t k = n; k < x->n_points; k++)
			x->bound_s[k] = HUGE_VAL;
		x->most_bound = n - 1 < x->most_bound ? n - 1 : x->most_bound;
		return;
	}
	for (size_t k = 0; k < x->n_points; k++)
		x->bound_s[k] = fmax(x->bound_s[k], least_s + slope_s * ((double)k - (double)n));
	if (closed(x, n, gap))
		return;
	fill_round(&t->trial, t->x);
	fill_raise(&t->trial, n);
	if (t->trial.n < n)
		return;
	fill_trim(&t->trial, n);
	offer(x, &t->trial);
}

/** Fewer can do with what more need, less the dearest. */
static void hand_down(struct partial *x, struct tree *t)
{
	for (size_t n = x->most; n > 0; n--) {
		if (!x->server_of[n])
			continue;
		fill_load(&t->trial, x->server_of[n]);
		fill_drop(&t->trial, n - 1);
		offer(x, &t->trial);
	}
}

/** More can be served from what fewer have, with somebody pushed aside: where that is less than
 * what is known. What is served then may be more than anybody served before. */
static void hand_up(struct partial *x, struct tree *t, double gap, double end_s)
{
	for (size_t n = 1; n < x->n_points && clock_s() < end_s && !t->stopped; n++) {
		if (closed(x, n, gap) || !x->server_of[n - 1])
			continue;
		fill_load(&t->trial, x->server_of[n - 1]);
		fill_raise(&t->trial, n);
		if (t->trial.n < n)
			continue;
		if (t->trial.trans_s < x->trans_s[n])
			fill_improve(&t->trial);
		offer(x, &t->trial);
		x->most = n > x->most ? n : x->most;
	}
}

/** Between two counts that were looked at, until all are closed. */
static void refine(
	struct partial *x, struct tree *t, size_t lo, size_t hi, double gap, double end_s)
{
	size_t mid = lo + (hi - lo) / 2;
	bool open = false;

	for (size_t n = lo + 1; n < hi; n++)
		open = open || !closed(x, n, gap);
	if (!open || clock_s() >= end_s || t->stopped)
		return;
	look_at(x, t, mid, gap);
	refine(x, t, mid, hi, gap, end_s);
	refine(x, t, lo, mid, gap, end_s);
}

static void bounds(struct partial *x, struct tree *t, double gap, double end_s)
{
	first_bounds(x, t->e);
	offer(x, &t->best);
	hand_down(x, t);
	for (size_t n = x->n_points - 1; n > x->most; n--)
		look_at(x, t, n, gap);
	look_at(x, t, x->most, gap);
	hand_down(x, t);
	refine(x, t, 0, x->most, gap, end_s);
	hand_down(x, t);
}

/** A solution of the tree; and what it is worth to fewer tasks. */
static void found(void *context, struct tree *t)
{
	struct partial *x = context;

	offer(x, &t->trial);
	for (size_t n = t->trial.n; n-- > 0;) {
		fill_drop(&t->trial, n);
		if (!(t->trial.trans_s < x->trans_s[n]))
			return;
		offer(x, &t->trial);
	}
}

/** Those from @lo to @hi, in one tree. */
static void prove_block(struct partial *x, struct tree *t, size_t lo, size_t hi, double gap,
	double end_s, uint64_t nodes)
{
	double *best_s = mem_zalloc(hi - lo + 1, sizeof *best_s);
	const struct least what = {.lo = lo,
		.hi = hi,
		.gap = gap,
		.best_s = best_s,
		.bound_s = x->bound_s + lo,
		.found = found,
		.context = x};

	for (size_t n = lo; n <= hi; n++)
		best_s[n - lo] = fmin(x->trans_s[n], x->known_s[n]);
	tree_least(t, &what, end_s, nodes);
	free(best_s);
}

enum { FIRST_NODES = 16, BLOCK = 16 };

/** The open ones from @hi down that stand together, up to @most of them. */
static size_t block_from(const struct partial *x, size_t hi, size_t most, double gap)
{
	size_t lo = hi;

	while (lo > 0 && hi - lo + 1 < most && is_open(x, lo - 1, gap))
		lo--;
	return lo;
}

/** All that are open, by trees of up to @block of them; each has its share of what is left of the
 * time, and what one does not need the next ones get. How many are open still. */
static size_t prove_all(struct partial *x, struct tree *t, size_t block, uint64_t nodes, double gap)
{
	size_t left = 0;

	for (size_t n = 0; n < x->n_points; n++)
		left += is_open(x, n, gap);
	for (size_t n = x->n_points, lo; n-- > 0 && left > 0 && !t->stopped; n = lo) {
		double now_s = clock_s(), share;

		lo = n;
		if (!is_open(x, n, gap) || now_s >= t->end_s)
			continue;
		lo = block_from(x, n, block, gap);
		share = (double)(n - lo + 1) / (double)left;
		prove_block(x, t, lo, n, gap, now_s + (t->end_s - now_s) * share, nodes);
		left -= n - lo + 1;
	}
	left = 0;
	for (size_t n = 0; n < x->n_points; n++)
		left += is_open(x, n, gap);
	return left;
}

/** First each by itself, as far as some nodes go; then neighbours together. */
static void prove(struct partial *x, struct tree *t, double gap)
{
	size_t left = prove_all(x, t, 1, FIRST_NODES, gap), before = SIZE_MAX;

	while (left > 0 && left < before && !t->stopped && clock_s() < t->end_s) {
		before = left;
		left = prove_all(x, t, BLOCK, UINT64_MAX, gap);
	}
	t->timed_out = t->timed_out || left > 0;
}

/** What is equal but for rounding is equal. */
static void round_off(struct partial *x)
{
	for (size_t n = 0; n < x->n_points; n++)
		if (x->trans_s[n] - x->bound_s[n] <= equal * x->trans_s[n])
			x->bound_s[n] = x->trans_s[n];
}

/** Count and T for one set; what it adds to @front. */
static void solve_set(struct partial *x, struct optimum_front *front, const struct eq1 *e,
	const struct optimum_limits *limits, double end_s)
{
	struct tree t;
	double now_s;

	tree_init(&t, e, limits, end_s);
	tree_tallies(&t);
	now_s = clock_s();
	tree_count(
		&t, now_s + 0.4 * (end_s - now_s), front->most, &x->most_bound, &x->relaxed_most);
	x->most = t.best.n;
	partial_init(x, x->most_bound + 1, front);
	now_s = clock_s();
	bounds(x, &t, limits->gap, now_s + 0.5 * (end_s - now_s));
	now_s = clock_s();
	hand_up(x, &t, limits->gap, now_s + 0.3 * (end_s - now_s));
	hand_down(x, &t);
	prove(x, &t, limits->gap);
	round_off(x);
	front->timed_out = front->timed_out || t.timed_out;
	front->nodes += t.nodes;
	tree_finish(&t);
}

/* The front */

static void merge(struct optimum_front *f, struct partial *x)
{
	size_t n_points = x->most_bound + 1;

	if (n_points > f->n_points) {
		f->points = mem_resize(f->points, n_points, sizeof *f->points);
		for (size_t n = f->n_points; n < n_points; n++)
			f->points[n] = (struct optimum_point){
				.n = n, .trans_s = HUGE_VAL, .bound_s = HUGE_VAL};
		f->n_points = n_points;
		f->most_bound = x->most_bound;
	}
	f->most = x->most > f->most ? x->most : f->most;
	f->relaxed_most = fmax(f->relaxed_most, x->relaxed_most);
	for (size_t n = 0; n < n_points; n++) {
		struct optimum_point *to = &f->points[n];

		to->bound_s = fmin(to->bound_s, x->bound_s[n]);
		if (!(x->trans_s[n] < to->trans_s))
			continue;
		free(to->server_of);
		to->trans_s = x->trans_s[n];
		to->server_of = x->server_of[n];
		x->server_of[n] = NULL;
	}
}

static void judge(struct optimum_front *f, double gap)
{
	double least_s = HUGE_VAL;

	for (size_t n = f->n_points; n-- > 0;) {
		struct optimum_point *x = &f->points[n];

		x->proved = x->trans_s < HUGE_VAL &&
			    x->trans_s - x->bound_s <= fmax(gap, equal) * x->trans_s;
		x->beaten = x->trans_s == HUGE_VAL || x->trans_s >= least_s;
		least_s = fmin(least_s, x->trans_s);
	}
}

static bool check(const struct optimum_problem *p, struct err *err)
{
	size_t most = p->n_servers > 0 ? OPTIMUM_MOST_PAIRS / p->n_servers : OPTIMUM_MOST_TASKS;

	most = most < OPTIMUM_MOST_TASKS ? most : OPTIMUM_MOST_TASKS;
	if (p->n_tasks > most)
		return err_input(err,
			"%zu tasks on %zu servers are too many: at most %zu tasks can be on so "
			"many",
			p->n_tasks, p->n_servers, most);
	if (p->model_bytes && p->n_models > MOST_MODELS)
		return err_input(err, "%zu models are too many to choose from: at most %d can be",
			p->n_models, MOST_MODELS);
	for (size_t k = 0; k < p->n_tasks * p->n_servers; k++) {
		const struct optimum_pair *x = &p->pairs[k];

		if (x->can && (!(x->trans_s >= 0.0 && x->trans_s < HUGE_VAL) || x->work_ns < 0 ||
				      x->comp_ns < 0 || x->from_ns < -OPTIMUM_NEVER_NS ||
				      x->until_ns > OPTIMUM_NEVER_NS))
			return err_input(err, "pair %zu has a time that is none", k);
	}
	return true;
}

static void solve_sets(struct optimum_front *f, const struct optimum_problem *p,
	const struct holding *h, size_t n_sets, const struct optimum_limits *limits)
{
	bool *holds =
		p->model_bytes ? mem_zalloc(p->n_servers * p->n_models + 1, sizeof *holds) : NULL;
	double now_s = clock_s(),
	       end_s = limits->seconds > 0.0 ? now_s + limits->seconds : HUGE_VAL;
	size_t *at = mem_zalloc(p->n_servers + 1, sizeof *at);

	do {
		struct partial x;
		struct eq1 e;

		if (holds)
			holdings_at(holds, p, h, at);
		eq1_init(&e, p, holds);
		now_s = clock_s();
		solve_set(&x, f, &e, limits, now_s + (end_s - now_s) / (double)n_sets--);
		merge(f, &x);
		partial_finish(&x);
		eq1_finish(&e);
	} while (holds && holdings_advance(p, h, at) &&
		 !(limits->stop && atomic_load(limits->stop)));
	free(holds);
	free(at);
}

bool optimum_solve(struct optimum_front *out, const struct optimum_problem *p,
	const struct optimum_limits *limits, struct err *err)
{
	struct holding *h = mem_zalloc(p->n_servers + 1, sizeof *h);
	double began_s = clock_s();
	size_t n_sets;
	bool ok;

	*out = (struct optimum_front){.n_tasks = p->n_tasks};
	ok = check(p, err) && holdings_find(&n_sets, h, p, err);
	if (ok) {
		solve_sets(out, p, h, n_sets, limits);
		judge(out, limits->gap);
		out->seconds = clock_s() - began_s;
	}
	if (ok && limits->stop && atomic_load(limits->stop))
		ok = err_stop(err);
	free(h);
	return ok;
}

void optimum_front_finish(struct optimum_front *f)
{
	for (size_t n = 0; n < f->n_points; n++)
		free(f->points[n].server_of);
	free(f->points);
	*f = (struct optimum_front){0};
}
