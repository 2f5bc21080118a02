/* Eq. 2, repaired: which method, draft by draft, and what to say where there is no placement. */
#include "plan/placement.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/placement_conflict.h"
#include "plan/placement_improve.h"
#include "plan/placement_milp.h"
#include "plan/placement_pack.h"
#include "plan/placement_search.h"

enum {
	DRAFTS_EACH = 24, /* executors: up to here every place of the draft is tried */
	DRAFTS_BEST = 4,  /* of more: these */
	WIDTH = 150,      /* of the heuristic */
};
static const double pack_seconds = 5.0;
static const double width_work = 3e6; /* states x executors x units of the heuristic */

const char *const placement_method_names[] = {
	[PLACEMENT_AUTO] = "auto",
	[PLACEMENT_DYNAMIC] = "dp",
	[PLACEMENT_MILP] = "milp",
	[PLACEMENT_HEURISTIC] = "heuristic",
};

const char *const placement_status_names[] = {
	[PLACEMENT_OPTIMAL] = "optimal",
	[PLACEMENT_FEASIBLE] = "feasible",
};

/* The draft on one executor, or no draft. */
struct choice {
	struct bound bound;
	int *twin;
	double bound_s; /* the best known */
	bool raised, cut;
};

struct solver {
	const struct placement_problem *p;
	const struct placement_limits *limits;
	struct placement_home *homes;
	double objective, begin_s, end_s;
	struct choice *choices; /* the most promising first */
	size_t n_choices;
	double others_s; /* the bound of what is no choice */
	bool timed_out, stopped;
};

static double worth(const struct solver *s)
{
	return s->objective * (1.0 - fmax(s->limits->gap, placement_tolerance));
}

static int by_bound(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	if (x->bound_s != y->bound_s)
		return x->bound_s < y->bound_s ? -1 : 1;
	return x->bound.draft - y->bound.draft;
}

static void add_choice(struct solver *s, int draft)
{
	struct choice *c = &s->choices[s->n_choices];

	bound_init(&c->bound, s->p, draft);
	c->bound_s = c->bound.least_s;
	if (!(c->bound_s < HUGE_VAL)) {
		bound_finish(&c->bound);
		return;
	}
	c->twin = search_twins(s->p, draft);
	s->n_choices++;
}

/* What the draft takes at least on @on. */
static double draft_least_s(const struct placement_problem *p, size_t on)
{
	double talk_s = HUGE_VAL;

	if (p->draft->bytes + p->draft->kv_bytes > p->memories[p->executors[on].memory].bytes)
		return HUGE_VAL;
	for (size_t d = 0; d < p->n_executors; d++)
		talk_s = fmin(talk_s, placement_talk_s(p, on, d));
	return p->draft_s[on] + talk_s;
}

/* Of many executors the ones with the fastest drafts; the others are bounded together. */
static void add_best_drafts(struct solver *s)
{
	size_t n = s->p->n_executors;
	double *left = mem_zalloc(n, sizeof *left);
	struct bound chain;

	for (size_t d = 0; d < n; d++)
		left[d] = draft_least_s(s->p, d);
	for (size_t i = 0; i <= DRAFTS_BEST; i++) {
		size_t best = 0;

		for (size_t d = 1; d < n; d++)
			best = left[d] < left[best] ? d : best;
		if (i == DRAFTS_BEST) {
			bound_init(&chain, s->p, PLACEMENT_NONE);
			s->others_s = chain.least_s + left[best];
			bound_finish(&chain);
		} else if (left[best] < HUGE_VAL) {
			add_choice(s, (int)best);
			left[best] = HUGE_VAL;
		}
	}
	free(left);
}

static void find_choices(struct solver *s)
{
	size_t n = s->p->n_executors;
	int *twin = search_twins(s->p, PLACEMENT_NONE);

	s->choices = mem_zalloc(n < DRAFTS_EACH ? DRAFTS_EACH : n, sizeof *s->choices);
	s->others_s = HUGE_VAL;
	if (!s->p->draft)
		add_choice(s, PLACEMENT_NONE);
	else if (n > DRAFTS_EACH)
		add_best_drafts(s);
	else
		for (size_t d = 0; d < n; d++)
			if (twin[d] == PLACEMENT_NONE)
				add_choice(s, (int)d);
	free(twin);
	mem_sort(s->choices, s->n_choices, sizeof *s->choices, by_bound);
}

/* False once there is no time, or a wish to stop. */
static bool search_choice(struct solver *s, struct choice *c, size_t width)
{
	struct search one = {.b = &c->bound,
		.width = width,
		.gap = s->limits->gap,
		.end_s = s->end_s,
		.stop = s->limits->stop,
		.homes = s->homes,
		.objective = s->objective};

	search_run(&one, c->twin);
	if (one.objective < s->objective)
		improve(&c->bound, s->homes, &one.objective);
	s->objective = one.objective;
	s->timed_out = s->timed_out || one.timed_out;
	s->stopped = s->stopped || one.stopped;
	c->bound_s = fmax(c->bound_s, one.bound_s);
	c->cut = one.cut || one.timed_out || one.stopped;
	return !s->timed_out && !s->stopped;
}

static void raise_choice(struct solver *s, struct choice *c)
{
	if (c->raised || !(s->objective < HUGE_VAL))
		return;
	bound_raise(&c->bound, s->objective);
	c->bound_s = fmax(c->bound_s, c->bound.least_s);
	c->raised = true;
}

/* All places of the draft that might still win, with so many states kept. */
static void search_all(struct solver *s, size_t width)
{
	for (size_t i = 0; i < s->n_choices; i++) {
		struct choice *c = &s->choices[i];

		raise_choice(s, c);
		if (c->bound_s < worth(s) && !search_choice(s, c, width))
			return;
	}
}

static void heuristic(struct solver *s)
{
	double room = width_work / ((double)s->p->n_executors * (double)s->p->n_units);
	size_t width = (size_t)fmax(32.0, fmin(WIDTH, room));
	bool known = false;

	for (size_t i = 0; i < s->n_choices && !known; i++) {
		bool more = search_choice(s, &s->choices[i], width);

		if (!(s->objective < HUGE_VAL))
			improve(&s->choices[i].bound, s->homes, &s->objective);
		if (!more)
			return;
		known = s->objective < HUGE_VAL;
	}
	if (known)
		search_all(s, width);
}

static double bound_of(const struct solver *s)
{
	double least = fmin(s->others_s, s->objective);

	for (size_t i = 0; i < s->n_choices; i++)
		least = fmin(least, s->choices[i].bound_s);
	return least;
}

/* Wider and wider: what is found on the way cuts the rest short. */
static void dynamic(struct solver *s)
{
	for (size_t width = 16 * WIDTH; !s->timed_out && !s->stopped; width *= 16) {
		bool cut = false;

		for (size_t i = 0; i < s->n_choices; i++)
			s->choices[i].cut = false;
		search_all(s, width);
		for (size_t i = 0; i < s->n_choices; i++)
			cut = cut || s->choices[i].cut;
		if (!cut || bound_of(s) >= worth(s) || width > 16000000)
			return;
	}
}

/* Again while a memory is overfilled by less than the solver sees. */
static bool solve_exactly(
	struct solver *s, struct placement_milp *m, struct milp_answer *a, struct err *err)
{
	struct milp_limits limits = {.gap = s->limits->gap,
		.stop = s->limits->stop,
		.solver = s->limits->use_cbc ? MILP_CBC : MILP_GLPK};

	do {
		if (s->end_s < HUGE_VAL)
			limits.seconds = fmax(1e-3, s->end_s - clock_s());
		if (!milp_solve(placement_milp_program(m), &limits, a, err))
			return false;
	} while (a->objective < HUGE_VAL && placement_milp_forbid(m));
	return true;
}

static bool by_milp(struct solver *s, double *bound_s, struct err *err)
{
	double scale_s = s->objective < HUGE_VAL ? s->objective : 1.0;
	struct placement_milp *m = placement_milp_create(s->p, scale_s);
	struct milp_answer a;
	bool ok;

	if (s->objective < HUGE_VAL)
		placement_milp_start(m, s->homes);
	ok = solve_exactly(s, m, &a, err);
	if (ok) {
		s->timed_out = a.timed_out;
		*bound_s =
			fmax(*bound_s, a.status == MILP_INFEASIBLE ? HUGE_VAL : a.bound * scale_s);
		if (a.objective < HUGE_VAL) {
			placement_milp_homes(m, s->homes);
			s->objective = a.objective * scale_s;
		}
	}
	placement_milp_destroy(m);
	return ok;
}

static bool too_large(
	const struct placement_problem *p, enum placement_method method, struct err *err)
{
	double pairs = (double)p->n_units * (double)p->n_executors * (double)p->n_executors;

	if (method == PLACEMENT_DYNAMIC && p->n_executors > PLACEMENT_DYNAMIC_MOST)
		return !err_input(err,
			"'%s' has %zu units on %zu executors, too many for method dp, which takes "
			"up to %d "
			"executors; method heuristic takes up to %d",
			p->name, p->n_units, p->n_executors, PLACEMENT_DYNAMIC_MOST,
			PLACEMENT_EXECUTORS_MOST);
	if (method == PLACEMENT_MILP && pairs > PLACEMENT_MILP_MOST)
		return !err_input(err,
			"'%s' has %zu units on %zu executors, %.0f flows, too many for method "
			"milp, which "
			"takes up to %d: %zu executors; method heuristic takes up to %d",
			p->name, p->n_units, p->n_executors, pairs, PLACEMENT_MILP_MOST,
			(size_t)sqrt(PLACEMENT_MILP_MOST / (double)p->n_units),
			PLACEMENT_EXECUTORS_MOST);
	return false;
}

static bool limits_sound(
	const struct placement_problem *p, const struct placement_limits *limits, struct err *err)
{
	if (!(limits->gap >= 0.0 && limits->gap < 1.0))
		return err_input(err, "'%s': the gap must be from 0 to below 1, not %g", p->name,
			limits->gap);
	if (!(limits->seconds >= 0.0))
		return err_input(err, "'%s': the seconds must be 0 or above, not %g", p->name,
			limits->seconds);
	if ((unsigned)limits->method > PLACEMENT_HEURISTIC)
		return err_input(err, "'%s': there is no method %d", p->name, (int)limits->method);
	return true;
}

/* Where nothing is found, that nothing has room is soon shown, if it is so. */
static bool has_no_room(struct solver *s)
{
	struct pack *k;
	struct err ignored = {0};
	bool none = false;

	if (!(s->p->n_executors <= DRAFTS_EACH))
		return false;
	k = pack_create(s->p, fmin(s->end_s, clock_s() + pack_seconds), s->limits->stop);
	if (!pack_has_none(k, &none, &ignored))
		none = false;
	pack_destroy(k);
	return none;
}

/* The heuristic first, always: what it finds makes the others fast. */
static bool run(struct solver *s, enum placement_method *method, double *bound_s, struct err *err)
{
	double flows =
		(double)s->p->n_units * (double)s->p->n_executors * (double)s->p->n_executors;
	bool proved;

	heuristic(s);
	*bound_s = bound_of(s);
	proved = *bound_s >= worth(s);
	if (*method == PLACEMENT_AUTO && proved)
		*method = PLACEMENT_HEURISTIC;
	if (*method == PLACEMENT_AUTO)
		*method = s->p->n_executors <= PLACEMENT_DYNAMIC_MOST ? PLACEMENT_DYNAMIC
			  : flows <= PLACEMENT_MILP_MOST              ? PLACEMENT_MILP
								      : PLACEMENT_HEURISTIC;
	if (s->stopped || s->timed_out)
		return true;
	if (!(s->objective < HUGE_VAL) && has_no_room(s)) {
		*bound_s = HUGE_VAL;
		return true;
	}
	if (*method == PLACEMENT_MILP)
		return by_milp(s, bound_s, err);
	if (*method == PLACEMENT_DYNAMIC && !proved)
		dynamic(s);
	*bound_s = bound_of(s);
	return true;
}

static bool answer(struct placement_answer *out, struct solver *s, double bound_s, struct err *err)
{
	const struct placement_problem *p = s->p;

	if (!placement_price(&out->terms, p, s->homes, err))
		return false;
	out->homes = s->homes;
	s->homes = NULL;
	out->n_homes = placement_n_homes(p);
	out->objective = out->terms.token_s;
	out->bound = fmin(bound_s, out->objective);
	if (out->objective - out->bound <= placement_tolerance * out->objective)
		out->bound = out->objective;
	out->gap = out->objective > out->bound ? 1.0 - out->bound / out->objective : 0.0;
	out->status = out->gap > 0.0 ? PLACEMENT_FEASIBLE : PLACEMENT_OPTIMAL;
	out->timed_out = s->timed_out;
	out->seconds = clock_s() - s->begin_s;
	return true;
}

static bool conclude(
	struct placement_answer *out, struct solver *s, double bound_s, struct err *err)
{
	if (s->stopped)
		return err_stop(err);
	if (s->objective < HUGE_VAL)
		return answer(out, s, bound_s, err);
	if (s->timed_out)
		return err_run(err, "'%s': no placement was found within %g s", s->p->name,
			s->limits->seconds);
	if (bound_s < HUGE_VAL)
		return err_run(err,
			"'%s': the heuristic found no placement of %zu units on %zu executors, and "
			"does not prove that there is none",
			s->p->name, s->p->n_units, s->p->n_executors);
	return placement_conflict_tell(s->p, s->limits, err);
}

bool placement_solve(struct placement_answer *out, const struct placement_problem *p,
	const struct placement_limits *limits, struct err *err)
{
	struct solver s = {p, limits, NULL, HUGE_VAL, clock_s(), HUGE_VAL};
	double bound_s;
	bool ok;

	*out = (struct placement_answer){.method = limits->method};
	if (!placement_sound(p, err) || !limits_sound(p, limits, err) ||
		too_large(p, limits->method, err))
		return false;
	if (limits->seconds > 0.0)
		s.end_s = s.begin_s + limits->seconds;
	s.homes = mem_zalloc(placement_n_homes(p), sizeof *s.homes);
	find_choices(&s);
	ok = run(&s, &out->method, &bound_s, err) && conclude(out, &s, bound_s, err);
	for (size_t i = 0; i < s.n_choices; i++) {
		bound_finish(&s.choices[i].bound);
		free(s.choices[i].twin);
	}
	free(s.choices);
	free(s.homes);
	return ok;
}

void placement_answer_finish(struct placement_answer *a)
{
	free(a->homes);
	a->homes = NULL;
	a->n_homes = 0;
}
