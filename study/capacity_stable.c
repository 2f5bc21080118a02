/* The boundary of stability, from how fast the backlog grows above it. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "study/capacity_parts.h"
#include "study/growth.h"

/* Requests of a run, and runs, of each part of the search. */
enum {
	LOOK_LENGTH = 4000,
	LOOK_RUNS = 2,
	FULL_LENGTH = 5000,
	FULL_RUNS = 16,
	CLOSE_LENGTH = 40000,
	CLOSE_RUNS = 8,
	MOST_LOOKS = 60,
	MOST_MOVES = 8,
	FILLS = 10, /* times that all servers are filled, in a run */
};

static const double overload = 1.3;         /* of the bound, to begin with */
static const double clear = 0.05;           /* growth that a look cannot mistake */
static const double one_line = 0.9;         /* part of the backlog that is with the scheduler */
static const double little = 0.003;         /* more of what comes than a stable backlog varies by */
static const double near_enough = 1.12;     /* of the boundary, for a look */
static const double above[2] = {1.25, 1.6}; /* saturated */
static const double nearby[2] = {1.02, 1.05};

/* What is seen at a scale */

struct level {
	double scale, length; /* requests of a run */
	size_t n, cap;
	double *done; /* [run] the scale that what got done would keep up with */
	double line, in_system, came, ended, dropped;
	double spread; /* of what came, against what was expected: of each run, 1 if Poisson */
	double *came_of, *ended_of; /* [group] */
};

static void level_begin(struct level *l, const struct search *s, double scale, double length)
{
	size_t groups = s->q->spec->n_groups;

	*l = (struct level){.scale = scale,
		.length = fmin(fmax(length, FILLS * scenario_places(s->q->spec)), s->most_length),
		.came_of = mem_zalloc(groups, sizeof *l->came_of),
		.ended_of = mem_zalloc(groups, sizeof *l->ended_of)};
}

static void level_finish(struct level *l)
{
	free(l->done);
	free(l->came_of);
	free(l->ended_of);
	*l = (struct level){0};
}

/** Whole periods of the slowest schedule, four at least: the last three quarters are looked at. */
static double length_s(const struct search *s, const struct level *l)
{
	double t = l->length / (l->scale * s->q->rate_per_s);

	for (size_t g = 0; g < s->q->spec->n_groups; g++) {
		const struct arrival_spec *a = &s->q->spec->groups[g].arrivals;

		if (a->process == ARRIVAL_SCHEDULE && a->repeat_s > 0.0)
			t = 4.0 * a->repeat_s * ceil(t / (4.0 * a->repeat_s));
		else if (a->process == ARRIVAL_SCHEDULE)
			t = fmax(t, 8.0 * a->steps_s[a->n_steps - 1]);
	}
	return t;
}

static void take(struct level *l, struct search *s, const struct growth_run *r)
{
	double came = s->steady ? l->scale * s->q->rate_per_s * r->time_s : r->came;

	l->done = mem_grow(l->done, l->n, &l->cap, sizeof *l->done);
	l->done[l->n++] = came > 0.0 ? l->scale * r->ended / came : 0.0;
	l->line += r->line;
	l->in_system += r->in_system;
	l->came += r->came;
	l->ended += r->ended;
	l->spread += came > 0.0 ? (r->came - came) * (r->came - came) / came : 0.0;
	l->dropped += r->dropped;
	for (size_t g = 0; g < s->q->spec->n_groups; g++) {
		l->came_of[g] += r->came_of[g];
		l->ended_of[g] += r->ended_of[g];
	}
	capacity_count(s, r->requests, 1);
}

/** @runs more. */
static bool level_run(struct level *l, struct search *s, size_t runs, struct err *err)
{
	struct growth_run *got = mem_zalloc(runs, sizeof *got);
	const struct growth_question q = {.spec = s->q->spec,
		.policy = s->q->policy,
		.scale = l->scale,
		.length_s = length_s(s, l),
		.first = (uint32_t)l->n + 1,
		.runs = runs,
		.n_threads = s->q->n_threads,
		.stop = s->q->stop};
	bool ok = growth_measure(got, &q, err);

	for (size_t i = 0; ok && i < runs; i++)
		take(l, s, &got[i]);
	growth_runs_finish(got, runs);
	free(got);
	return ok;
}

static double mean_done(const struct level *l)
{
	double sum = 0.0;

	for (size_t i = 0; i < l->n; i++)
		sum += l->done[i];
	return sum / (double)l->n;
}

static double growth(const struct level *l)
{
	return 1.0 - mean_done(l) / l->scale;
}

/** The same of those who came indeed: nothing but noise below the boundary, however bursty. */
static double growth_seen(const struct level *l)
{
	return l->came > 0.0 ? 1.0 - l->ended / l->came : 0.0;
}

static void note(struct search *s, const struct level *l)
{
	capacity_note(s, l->scale, growth(l), l->n);
}

static bool look(double *grows, bool *clearly, struct search *s, double scale, struct err *err)
{
	struct level l;
	bool ok;

	level_begin(&l, s, scale, LOOK_LENGTH);
	ok = level_run(&l, s, LOOK_RUNS, err);
	if (ok) {
		*grows = growth(&l);
		*clearly = growth_seen(&l) >= clear && *grows > 0.0;
		note(s, &l);
		s->out->dropped = l.came > 0.0 ? l.dropped / l.came : 0.0;
	}
	level_finish(&l);
	return ok;
}

/* Near it */

/** Where the search is: the last scale with growth, and what the next look is at. */
struct approach {
	double first, at, grows;
	bool clearly;
	double before, grew; /* the look before, at more; 0: none */
	double root;         /* as it looks; 0: nothing has grown yet */
};

/** Growth is convex in the scale and rises at most as fast, so that both are above the boundary,
 *  and the line through two looks is closer. */
static double root_from(const struct approach *a)
{
	double y = a->at * a->grows, root = a->at - y;
	double y_before = a->before * a->grew;

	if (a->before > a->at && y_before > y)
		root = fmin(root, a->at - y * (a->before - a->at) / (y_before - y));
	return root;
}

/** True: it is near enough, or there is nothing. */
static bool move(struct approach *a, struct search *s, bool *found)
{
	if (!a->clearly) {
		*found = a->root > 0.0;
		if (*found)
			return true;
		s->out->kind = CAPACITY_ALWAYS;
		s->out->scale = a->at;
		a->at *= 1.6;
		/* beyond the bound nobody can serve them all: others are turned away, and the
		   more so the more come */
		return s->q->bound < HUGE_VAL || a->at > 1e6 * a->first;
	}
	a->root = root_from(a);
	*found = a->root > 0.0 && a->root * near_enough > 0.95 * a->at;
	if (*found)
		return true;
	a->before = a->at;
	a->grew = a->grows;
	a->at = fmax(a->root, a->at / 30.0) * near_enough;
	s->out->kind = CAPACITY_NEVER;
	s->out->scale = a->before;
	return a->at < 1e-4 * a->first;
}

bool capacity_near(struct search *s, double *near, bool *found, struct err *err)
{
	struct approach a = {.first = s->q->bound < HUGE_VAL ? overload * s->q->bound : 1.0};

	a.at = a.first;
	*found = false;
	for (int k = 0; k < MOST_LOOKS; k++) {
		if (!look(&a.grows, &a.clearly, s, a.at, err))
			return false;
		if (move(&a, s, found))
			break;
	}
	if (*found)
		s->out->kind = CAPACITY_FOUND;
	*near = a.root;
	return true;
}

/* The saturated rate */

/** Do all who are not served wait in one line, and does what is done keep the mix of what comes? */
static bool keeps_mix(const struct level *l, const struct scenario_spec *spec)
{
	double came = 0.0, ended = 0.0,
	       waiting = l->in_system - (double)l->n * scenario_places(spec);
	size_t n_groups = spec->n_groups;

	if (l->line < one_line * waiting)
		return false;
	for (size_t g = 0; g < n_groups; g++) {
		came += l->came_of[g];
		ended += l->ended_of[g];
	}
	for (size_t g = 0; g < n_groups; g++) {
		double part = ended * l->came_of[g] / came;

		if (fabs(l->ended_of[g] - part) > 4.0 * sqrt(part) + 0.01 * part)
			return false;
	}
	return true;
}

/** Is no more, or less, done when more comes? */
static bool saturated(const struct level *few, const struct level *many)
{
	double *d = mem_zalloc(few->n, sizeof *d);
	struct stat_interval i;

	for (size_t k = 0; k < few->n; k++)
		d[k] = many->done[k] - few->done[k];
	stat_interval(&i, d, few->n, 0.99);
	free(d);
	return i.lo <= 0.003 * few->scale && i.hi >= -0.003 * few->scale;
}

static bool refine_saturated(struct search *s, struct level *l, struct err *err)
{
	struct stat_interval i;

	for (;;) {
		stat_interval(&i, l->done, l->n, 0.95);
		if (capacity_is_precise(s, &i) || !capacity_may_go_on(s))
			break;
		if (!level_run(l, s, l->n, err))
			return false;
	}
	note(s, l);
	s->out->rule = CAPACITY_BY_SATURATION;
	capacity_set(s, &i);
	return true;
}

/* Growth at two scales */

static struct stat_interval root(const struct level l[2])
{
	double *y[2], x[2] = {l[0].scale, l[1].scale};
	struct stat_interval i;

	for (int k = 0; k < 2; k++) {
		y[k] = mem_zalloc(l[k].n, sizeof **y);
		for (size_t r = 0; r < l[k].n; r++)
			y[k][r] = l[k].scale - l[k].done[r];
	}
	i = capacity_root(x, (const double *const *)y, l[0].n);
	free(y[0]);
	free(y[1]);
	return i;
}

static bool run_both(struct level l[2], struct search *s, size_t runs, struct err *err)
{
	return level_run(&l[0], s, runs, err) && level_run(&l[1], s, runs, err);
}

/** Is the root where it was looked for? The line is one close by alone. */
static bool is_at(double root, double near)
{
	return fabs(root / near - 1.0) < 0.5 * (nearby[0] - 1.0);
}

/** Bursts take longer to even out, in proportion to the index of dispersion. (Of sessions nobody
 * knows it: how many turns come hangs on the answers.) */
static double close_length(const struct search *s, const struct level *l)
{
	double index = l->spread / (double)l->n;

	for (size_t g = 0; g < s->q->spec->n_groups; g++)
		if (s->q->spec->groups[g].sessions.on)
			index = 1.0;
	return CLOSE_LENGTH * (index > 3.0 ? fmin(index, 50.0) : 1.0);
}

/** A line through what grows, and where it meets 0. */
struct line {
	struct stat_interval root;
	bool grows; /* at the upper of the two scales */
};

/** Until the root is precise, if it is about at @near; else it is somewhere else. */
static bool refine_growth(
	struct line *x, struct search *s, double near, double length, bool last, struct err *err)
{
	struct level l[2];
	bool ok;

	for (int k = 0; k < 2; k++)
		level_begin(&l[k], s, near * nearby[k], length);
	ok = run_both(l, s, CLOSE_RUNS, err);
	while (ok) {
		x->root = root(l);
		x->grows = growth_seen(&l[1]) > little;
		if ((!last && (!x->grows || !is_at(x->root.mean, near))) ||
			capacity_is_precise(s, &x->root) || !capacity_may_go_on(s))
			break;
		ok = run_both(l, s, l[0].n, err);
	}
	for (int k = 0; k < 2; k++) {
		if (ok)
			note(s, &l[k]);
		level_finish(&l[k]);
	}
	return ok;
}

static bool by_growth(struct search *s, double near, double length, struct err *err)
{
	struct line x = {.grows = false};

	for (int k = 0; k < MOST_MOVES; k++) {
		if (!refine_growth(&x, s, near, length, k + 1 == MOST_MOVES, err))
			return false;
		if (x.grows && is_at(x.root.mean, near))
			break;
		if (k + 1 < MOST_MOVES)
			near *= x.grows ? fmin(fmax(x.root.mean / near, 0.85), 1.15) : nearby[1];
	}
	s->out->rule = CAPACITY_BY_GROWTH;
	capacity_set(s, &x.root);
	s->out->precise = s->out->precise && x.grows && is_at(x.root.mean, near);
	return true;
}

/** Two levels of overload; @near is moved up until they are that. */
static bool overloaded(struct level l[2], struct search *s, double *near, struct err *err)
{
	for (int k = 0; k < MOST_MOVES; k++) {
		for (int j = 0; j < 2; j++)
			level_begin(&l[j], s, *near * above[j], FULL_LENGTH);
		if (!run_both(l, s, FULL_RUNS, err))
			return false;
		if (growth_seen(&l[0]) > 0.5 * (above[0] - 1.0) / above[0] || k + 1 == MOST_MOVES)
			break;
		*near *= 1.1;
		level_finish(&l[0]);
		level_finish(&l[1]);
	}
	s->out->dropped = l[0].came > 0.0 ? l[0].dropped / l[0].came : 0.0;
	return true;
}

bool capacity_stable(struct search *s, double near, struct err *err)
{
	struct level l[2] = {{0}, {0}};
	bool ok = overloaded(l, s, &near, err), one;

	if (ok)
		note(s, &l[1]);
	one = ok && keeps_mix(&l[0], s->q->spec) && saturated(&l[0], &l[1]);
	if (ok)
		ok = one ? refine_saturated(s, &l[0], err)
			 : by_growth(s, near, close_length(s, &l[1]), err);
	level_finish(&l[0]);
	level_finish(&l[1]);
	return ok;
}
