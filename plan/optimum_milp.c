#include "plan/optimum_milp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/optimum_parts.h"

/** An interval of a server that is a row already; and where a solution broke that by less than a
 *  solver sees, those who were in it. */
struct asked {
	size_t server, from, until; /* places in the bench's orders */
	size_t n_cover, *cover;     /* spots that do not all fit */
};

struct form {
	const struct optimum_problem *p;
	const struct optimum_limits *limits;
	const struct optimum_names *names; /* NULL: rows have no groups */
	struct eq1 e;
	size_t n_asked, cap_asked;
	struct asked *asked;
	double end_s;
	enum milp_solver solver;
};

/** What is asked of a program: the most tasks, or the least T of @n, or that all are served. */
struct question {
	bool count, all;
	size_t n;
};

static void form_init(struct form *f, const struct optimum_problem *p,
	const struct optimum_limits *limits, enum milp_solver solver)
{
	*f = (struct form){.p = p, .limits = limits, .solver = solver, .end_s = HUGE_VAL};
	if (limits->seconds > 0.0)
		f->end_s = clock_s() + limits->seconds;
	eq1_init(&f->e, p, NULL);
}

static void form_finish(struct form *f)
{
	eq1_finish(&f->e);
	for (size_t k = 0; k < f->n_asked; k++)
		free(f->asked[k].cover);
	free(f->asked);
}

/* Rows */

static const struct machine_job *job(const struct form *f, size_t spot)
{
	return &f->e.spots[spot].job;
}

static void group(const struct form *f, struct milp *m, const char *kind, const char *of)
{
	char name[300];

	if (!f->names)
		return;
	snprintf(name, sizeof name, "%s %s", kind, of);
	milp_group(m, name);
}

static void add_tasks(const struct form *f, struct milp *m, bool all)
{
	for (size_t i = 0; i < f->p->n_tasks; i++) {
		if (f->names)
			group(f, m, "task", f->names->tasks[i]);
		milp_row(m, "one", all ? 1.0 : -HUGE_VAL, 1.0);
		for (size_t s = f->e.first[i]; s < f->e.first[i + 1]; s++)
			milp_add(m, s, 1.0);
	}
}

/** (1b) and (1c); y comes behind x. */
static void add_models(const struct form *f, struct milp *m)
{
	const struct optimum_problem *p = f->p;

	for (size_t j = 0; j < p->n_servers; j++) {
		if (f->names)
			group(f, m, "memory of", f->names->servers[j]);
		milp_row(m, "memory", -HUGE_VAL, 1.0);
		for (size_t k = 0; k < p->n_models; k++) {
			double part = p->memory_bytes[j] > 0.0
					      ? p->model_bytes[k] / p->memory_bytes[j]
					      : 2.0;
			size_t y = f->e.n_spots + j * p->n_models + k;

			milp_add(m, y, fmin(part, 2.0));
		}
	}
	for (size_t s = 0; s < f->e.n_spots; s++) {
		const struct spot *x = &f->e.spots[s];

		if (f->names)
			group(f, m, "memory of", f->names->servers[x->server]);
		milp_row(m, "has", -HUGE_VAL, 0.0);
		milp_add(m, s, 1.0);
		milp_add(m, f->e.n_spots + x->server * p->n_models + p->model_of[x->task], -1.0);
	}
}

static void add_count(const struct form *f, struct milp *m, size_t n)
{
	milp_row(m, "count", (double)n, HUGE_VAL);
	for (size_t s = 0; s < f->e.n_spots; s++)
		milp_add(m, s, 1.0);
}

static void add_cover(struct milp *m, const struct asked *a)
{
	milp_row(m, "cover", -HUGE_VAL, (double)a->n_cover - 1.0);
	for (size_t k = 0; k < a->n_cover; k++)
		milp_add(m, a->cover[k], 1.0);
}

/** (1d) of one interval. */
static void add_interval(const struct form *f, struct milp *m, const struct asked *a)
{
	const struct bench *b = &f->e.bench[a->server];
	int64_t from_ns = job(f, b->by_from[a->from])->from_ns;
	int64_t until_ns = job(f, b->by_until[a->until])->until_ns;

	if (f->names)
		group(f, m, "capacity of", f->names->servers[a->server]);
	if (a->cover) {
		add_cover(m, a);
		return;
	}
	milp_row(m, "time", -HUGE_VAL, 1.0);
	for (size_t k = 0; k < b->n; k++) {
		const struct machine_job *x = job(f, b->by_until[k]);

		if (x->from_ns >= from_ns && x->until_ns <= until_ns)
			milp_add(m, b->by_until[k],
				(double)x->work_ns / (double)(until_ns - from_ns));
	}
}

static struct milp *program(const struct form *f, const struct question *q)
{
	struct milp *m = milp_create("eq1");
	double scale = 0.0;

	for (size_t s = 0; s < f->e.n_spots; s++)
		scale = fmax(scale, f->e.spots[s].trans_s);
	for (size_t s = 0; s < f->e.n_spots; s++)
		milp_column(m, "x", 0.0, 1.0, MILP_WHOLE,
			q->count      ? -1.0
			: scale > 0.0 ? f->e.spots[s].trans_s / scale
				      : 0.0);
	for (size_t k = 0; f->p->model_bytes && k < f->p->n_servers * f->p->n_models; k++)
		milp_column(m, "y", 0.0, 1.0, MILP_WHOLE, 0.0);
	add_tasks(f, m, q->all);
	if (f->p->model_bytes)
		add_models(f, m);
	if (!q->count && !q->all)
		add_count(f, m, q->n);
	for (size_t k = 0; k < f->n_asked; k++)
		add_interval(f, m, &f->asked[k]);
	return m;
}

/* Intervals that a solution breaks */

static bool is_asked(const struct form *f, const struct asked *a)
{
	for (size_t k = 0; k < f->n_asked; k++)
		if (f->asked[k].server == a->server && f->asked[k].from == a->from &&
			f->asked[k].until == a->until)
			return true;
	return false;
}

static void take_cover(const struct form *f, const struct milp *m, struct asked *a)
{
	const struct bench *b = &f->e.bench[a->server];
	int64_t from_ns = job(f, b->by_from[a->from])->from_ns;

	a->cover = mem_zalloc(b->n, sizeof *a->cover);
	for (size_t u = 0; u <= a->until; u++)
		if (job(f, b->by_until[u])->from_ns >= from_ns &&
			milp_value(m, b->by_until[u]) > 0.5)
			a->cover[a->n_cover++] = b->by_until[u];
}

static void ask(struct form *f, const struct milp *m, size_t server, size_t from, size_t until)
{
	struct asked a = {.server = server, .from = from, .until = until};

	if (is_asked(f, &a))
		take_cover(f, m, &a);
	f->asked = mem_grow(f->asked, f->n_asked, &f->cap_asked, sizeof *f->asked);
	f->asked[f->n_asked++] = a;
}

/** Of each beginning on a server the interval that is broken most. */
static size_t ask_broken(struct form *f, const struct milp *m, size_t server)
{
	const struct bench *b = &f->e.bench[server];
	size_t n = 0;

	for (size_t k = 0; k < b->n; k++) {
		int64_t from_ns = job(f, b->by_from[k])->from_ns, work_ns = 0, most_ns = 0;
		size_t worst = SIZE_MAX;

		for (size_t u = 0; u < b->n; u++) {
			const struct machine_job *x = job(f, b->by_until[u]);

			if (x->from_ns < from_ns || milp_value(m, b->by_until[u]) < 0.5)
				continue;
			work_ns += x->work_ns;
			if (work_ns - (x->until_ns - from_ns) > most_ns) {
				most_ns = work_ns - (x->until_ns - from_ns);
				worst = u;
			}
		}
		if (worst == SIZE_MAX)
			continue;
		ask(f, m, server, k, worst);
		n++;
	}
	return n;
}

/** Solve, and add what the solution breaks, until it breaks nothing. *@out is then the answer; *@m
 * is the program, to be destroyed. */
static bool solve(struct form *f, const struct question *q, struct milp **m,
	struct milp_answer *out, struct err *err)
{
	for (;;) {
		struct milp_limits l = {.gap = q->count ? 0.0 : f->limits->gap,
			.seconds = f->end_s < HUGE_VAL ? fmax(f->end_s - clock_s(), 0.01) : 0.0,
			.stop = f->limits->stop,
			.solver = f->solver};
		size_t broken = 0;

		*m = program(f, q);
		if (!milp_solve(*m, &l, out, err))
			return false;
		if (out->status != MILP_OPTIMAL && out->status != MILP_FEASIBLE)
			return true;
		for (size_t j = 0; j < f->p->n_servers; j++)
			broken += ask_broken(f, *m, j);
		if (broken == 0)
			return true;
		if (clock_s() >= f->end_s) {
			out->status = MILP_TIMED_OUT;
			out->timed_out = true;
			return true;
		}
		milp_destroy(*m);
		*m = NULL;
	}
}

/* The front */

static double largest_trans(const struct eq1 *e)
{
	double scale = 0.0;

	for (size_t s = 0; s < e->n_spots; s++)
		scale = fmax(scale, e->spots[s].trans_s);
	return scale;
}

static void read_solution(struct optimum_point *x, const struct form *f, const struct milp *m)
{
	x->server_of = mem_zalloc(f->p->n_tasks, sizeof *x->server_of);
	x->trans_s = 0.0;
	for (size_t i = 0; i < f->p->n_tasks; i++)
		x->server_of[i] = UINT32_MAX;
	for (size_t s = 0; s < f->e.n_spots; s++)
		if (milp_value(m, s) > 0.5) {
			x->server_of[f->e.spots[s].task] = f->e.spots[s].server;
			x->trans_s += f->e.spots[s].trans_s;
		}
}

static bool count(struct optimum_front *out, struct form *f, struct err *err)
{
	struct milp_answer a;
	struct milp *m = NULL;
	bool ok = solve(f, &(struct question){.count = true}, &m, &a, err);

	if (ok) {
		out->relaxed_most = fmin(-a.relaxation, (double)f->p->n_tasks);
		out->most = a.objective < HUGE_VAL && a.status != MILP_TIMED_OUT
				    ? (size_t)lround(-a.objective)
				    : 0;
		out->most_bound = (size_t)fmin(floor(-a.bound + 1e-6), (double)f->p->n_tasks);
		out->timed_out = a.timed_out;
	}
	milp_destroy(m);
	return ok;
}

static bool least(struct optimum_front *out, struct form *f, size_t n, struct err *err)
{
	struct optimum_point *x = &out->points[n];
	double scale = largest_trans(&f->e);
	struct milp_answer a;
	struct milp *m = NULL;
	bool ok;

	*x = (struct optimum_point){.n = n, .trans_s = HUGE_VAL};
	ok = solve(f, &(struct question){.n = n}, &m, &a, err);
	if (ok && (a.status == MILP_OPTIMAL || a.status == MILP_FEASIBLE)) {
		read_solution(x, f, m);
		x->bound_s = a.status == MILP_OPTIMAL ? x->trans_s : fmax(a.bound * scale, 0.0);
		x->proved = a.status == MILP_OPTIMAL || a.gap <= f->limits->gap;
	} else if (ok && a.status == MILP_INFEASIBLE) {
		x->bound_s = HUGE_VAL;
	}
	out->timed_out = out->timed_out || (ok && a.timed_out);
	milp_destroy(m);
	return ok;
}

bool optimum_by_milp_top(struct optimum_front *out, const struct optimum_problem *p,
	const struct optimum_limits *limits, enum milp_solver solver, size_t n_points,
	struct err *err)
{
	double began_s = clock_s(), least_s = HUGE_VAL;
	struct form f;
	bool ok;

	*out = (struct optimum_front){.n_tasks = p->n_tasks};
	form_init(&f, p, limits, solver);
	ok = count(out, &f, err);
	out->n_points = ok ? out->most_bound + 1 : 0;
	out->points = mem_zalloc(out->n_points, sizeof *out->points);
	for (size_t n = out->n_points; ok && n-- > 0;) {
		out->points[n] = (struct optimum_point){.n = n, .trans_s = HUGE_VAL};
		if (n + n_points >= out->n_points)
			ok = least(out, &f, n, err);
		out->points[n].beaten = out->points[n].trans_s >= least_s;
		least_s = fmin(least_s, out->points[n].trans_s);
	}
	form_finish(&f);
	out->seconds = clock_s() - began_s;
	return ok;
}

bool optimum_by_milp(struct optimum_front *out, const struct optimum_problem *p,
	const struct optimum_limits *limits, enum milp_solver solver, struct err *err)
{
	return optimum_by_milp_top(out, p, limits, solver, p->n_tasks + 1, err);
}

/* All of them */

static void copy_parts(struct optimum_conflict *out, const char *const *names, size_t n)
{
	out->n = n;
	out->parts = mem_zalloc(n, sizeof *out->parts);
	for (size_t k = 0; k < n; k++)
		out->parts[k] = mem_strdup(names[k]);
}

static bool explain(struct optimum_conflict *out, struct form *f, struct milp *m, struct err *err)
{
	struct milp_limits l = {.seconds = f->limits->seconds, .stop = f->limits->stop};
	const char *const *names = NULL;
	size_t n = 0;
	bool ok = milp_conflict(m, &l, &names, &n, &out->irreducible, err);

	if (ok)
		copy_parts(out, names, n);
	free((void *)names);
	return ok;
}

bool optimum_conflict(struct optimum_conflict *out, const struct optimum_problem *p,
	const struct optimum_names *names, const struct optimum_limits *limits, struct err *err)
{
	struct milp_answer a;
	struct milp *m = NULL;
	struct form f;
	bool ok;

	*out = (struct optimum_conflict){0};
	form_init(&f, p, limits, MILP_GLPK);
	f.names = names;
	ok = solve(&f, &(struct question){.all = true}, &m, &a, err);
	if (ok) {
		out->known = a.status != MILP_TIMED_OUT;
		out->feasible = a.status == MILP_OPTIMAL || a.status == MILP_FEASIBLE;
	}
	if (ok && a.status == MILP_INFEASIBLE)
		ok = explain(out, &f, m, err);
	milp_destroy(m);
	form_finish(&f);
	return ok;
}

void optimum_conflict_finish(struct optimum_conflict *c)
{
	for (size_t k = 0; k < c->n; k++)
		free(c->parts[k]);
	free(c->parts);
	*c = (struct optimum_conflict){0};
}
