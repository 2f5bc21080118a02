/* The largest scale at which a metric meets a target. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/workload/scaled.h"
#include "study/capacity_parts.h"
#include "study/experiment.h"
#include "study/warmup.h"

enum {
	LOOK_RUNS = 4,
	LEAST_RUNS = 10,
	MOST_RUNS = 640,
	MOST_HALVINGS = 20,
	MOST_DOUBLINGS = 10,
	MOST_STEPS = 40,
};

/* What the metric is at a scale */

struct seen {
	size_t n, runs;
	double *miss; /* [n] independent: by how much it is missed: 0 or below meets the target */
	double mean;  /* HUGE_VAL: no run came to an end, or had anything to measure */
};

static void seen_finish(struct seen *x)
{
	free(x->miss);
	*x = (struct seen){0};
}

struct experiment_host {
	struct search *s;
};

/** Of the cohort: the warm-up is not told of. */
static bool run_done(
	struct experiment_host *h, uint32_t number, const struct world_result *r, struct err *err)
{
	double n = 0.0;

	(void)number;
	(void)err;
	for (size_t m = 0; m < r->n_metrics; m++)
		if (r->metrics[m].id == METRIC_REQUESTS_CREATED && !*r->metrics[m].scope)
			n = r->metrics[m].value;
	capacity_count(h->s, n > 0.0 ? (uint64_t)n : 0, 1);
	return true;
}

static double miss_of(const struct capacity_target *t, double value)
{
	if (isnan(value))
		return HUGE_VAL;
	return t->at_most ? value - t->value : t->value - value;
}

static void read_off(struct seen *x, struct search *s, const struct experiment_result *r)
{
	const struct capacity_target *t = &s->q->target;
	size_t row = samples_find(&r->samples, t->metric, t->scope);

	x->mean = HUGE_VAL;
	if (r->status != RUN_COMPLETE || row == r->samples.n_metrics)
		return;
	x->runs = r->samples.n;
	x->miss = samples_values(&x->n, &r->samples, row);
	x->mean = 0.0;
	for (size_t i = 0; i < x->n; i++) {
		x->miss[i] = miss_of(t, x->miss[i]);
		x->mean += x->miss[i];
	}
	x->mean /= (double)x->n;
}

/** The scenario's own run; its warm-up, too. */
static bool experiment(struct seen *x, struct search *s, const struct scenario_spec *spec,
	double *value, struct err *err)
{
	static const struct experiment_ops ops = {.done = run_done};
	struct experiment_host host = {s};
	struct pilot pilot = {0};
	struct experiment_result r;
	struct err none = {0};
	struct experiment e = {.spec = spec,
		.policy = s->q->policy,
		.n_threads = s->q->n_threads,
		.stop = s->q->stop,
		.ops = &ops,
		.host = &host};
	bool ok = true;

	x->mean = HUGE_VAL;
	*value = (double)NAN;
	if (!warmup_by_pilots(&e.warmup_s, spec, s->q->stop, &pilot, &none))
		ok = none.kind == ERR_RUN; /* it has no end: not stable there */
	else {
		ok = experiment_run(&e, &r, err);
		if (ok && r.status == RUN_INTERRUPTED)
			ok = err_stop(err);
		if (ok)
			read_off(x, s, &r);
		experiment_result_finish(&r);
	}
	if (none.kind != ERR_NONE && none.kind != ERR_RUN)
		*err = none;
	if (x->mean < HUGE_VAL)
		*value = s->q->target.at_most ? s->q->target.value + x->mean
					      : s->q->target.value - x->mean;
	pilot_finish(&pilot);
	return ok;
}

static bool look(struct seen *x, struct search *s, double scale, uint32_t runs, struct err *err)
{
	struct scenario_spec spec = *s->q->spec;
	struct arena a;
	double value;
	bool ok;

	*x = (struct seen){0};
	arena_init(&a);
	spec.run.replications = runs;
	spec.run.precision = 0.0;
	spec.record = (struct record_spec){0};
	spec.policies = s->q->policy;
	spec.n_policies = 1;
	ok = groups_scaled(&spec.groups, s->q->spec->groups, spec.n_groups, scale, &a, err) &&
	     experiment(x, s, &spec, &value, err);
	if (ok)
		capacity_note(s, scale, value, x->runs);
	arena_finish(&a);
	if (ok && s->q->stop && atomic_load(s->q->stop))
		ok = err_stop(err);
	return ok;
}

static bool miss_at(double *miss, struct search *s, double scale, struct err *err)
{
	struct seen x;
	bool ok = look(&x, s, scale, LOOK_RUNS, err);

	*miss = x.mean;
	seen_finish(&x);
	return ok;
}

/* Bracket and false position */

struct bracket {
	double lo, hi;           /* scales: met, and missed */
	double lo_miss, hi_miss; /* HUGE_VAL: it is not known by how much */
};

/** The target is met at @b->hi, and nothing ends stability: upwards, until it is missed. */
static bool bracket_up(struct bracket *b, struct search *s, bool *found, struct err *err)
{
	for (int k = 0; k < MOST_DOUBLINGS && !*found && capacity_may_go_on(s); k++) {
		b->lo = b->hi;
		b->lo_miss = b->hi_miss;
		b->hi *= 2.0;
		if (!miss_at(&b->hi_miss, s, b->hi, err))
			return false;
		*found = b->hi_miss > 0.0;
	}
	if (!*found)
		s->out->scale = b->hi;
	return true;
}

/** False in *@found: the answer is there already. */
static bool bracket(struct bracket *b, struct search *s, double near, bool *found, struct err *err)
{
	*found = false;
	b->hi = near;
	if (!miss_at(&b->hi_miss, s, near, err))
		return false;
	if (b->hi_miss <= 0.0)
		return s->out->kind != CAPACITY_ALWAYS || bracket_up(b, s, found, err);
	b->lo = near;
	for (int k = 0; k < MOST_HALVINGS; k++) {
		b->lo *= 0.5;
		if (!miss_at(&b->lo_miss, s, b->lo, err))
			return false;
		if (b->lo_miss <= 0.0) {
			*found = true;
			return true;
		}
		b->hi = b->lo;
		b->hi_miss = b->lo_miss;
	}
	return true;
}

/** A metric may rise to a wall: half-way between the line's root and the middle. */
static double next_scale(const struct bracket *b)
{
	double middle = 0.5 * (b->lo + b->hi), root;

	if (!(b->hi_miss < HUGE_VAL) || !(b->hi_miss > b->lo_miss))
		return middle;
	root = b->lo - b->lo_miss * (b->hi - b->lo) / (b->hi_miss - b->lo_miss);
	return 0.5 * (middle + root);
}

static bool close_in(struct bracket *b, struct search *s, double width, struct err *err)
{
	for (int k = 0; k < MOST_STEPS && b->hi - b->lo > width * b->hi; k++) {
		double at = next_scale(b), miss;

		if (!miss_at(&miss, s, at, err))
			return false;
		if (miss <= 0.0) {
			b->lo = at;
			b->lo_miss = miss;
		} else {
			b->hi = at;
			b->hi_miss = miss;
		}
	}
	return true;
}

/* The answer */

static bool is_finite(const struct seen *x)
{
	for (size_t i = 0; i < x->n; i++)
		if (!(x->miss[i] < HUGE_VAL))
			return false;
	return x->n > 0;
}

/** From a line through two scales, with as many runs as it takes. */
static bool refine(struct search *s, const double x[2], struct err *err)
{
	struct stat_interval i = {.mean = (double)NAN};
	bool ok = true, more = true;

	for (uint32_t runs = LEAST_RUNS; ok && more; runs *= 2) {
		struct seen seen[2] = {{0}, {0}};

		ok = look(&seen[0], s, x[0], runs, err) && look(&seen[1], s, x[1], runs, err);
		more = false;
		if (ok && is_finite(&seen[0]) && is_finite(&seen[1]) && seen[0].n == seen[1].n) {
			const double *y[2] = {seen[0].miss, seen[1].miss};

			i = capacity_root(x, y, seen[0].n);
			more = !capacity_is_precise(s, &i) && capacity_may_go_on(s) &&
			       runs < MOST_RUNS;
		}
		seen_finish(&seen[0]);
		seen_finish(&seen[1]);
	}
	if (ok && !isnan(i.mean))
		capacity_set(s, &i);
	return ok;
}

bool capacity_met(struct search *s, double near, struct err *err)
{
	struct bracket b;
	double x[2];
	bool found;

	s->out->rule = CAPACITY_BY_TARGET;
	if (!bracket(&b, s, near, &found, err))
		return false;
	if (!found && b.hi_miss <= 0.0) {
		s->out->limited = s->out->kind == CAPACITY_FOUND;
		return s->out->kind == CAPACITY_ALWAYS || capacity_stable(s, near, err);
	}
	if (!found) {
		s->out->kind = CAPACITY_NEVER;
		s->out->scale = b.hi;
		return true;
	}
	s->out->kind = CAPACITY_FOUND;
	if (!close_in(&b, s, 2.0 * s->q->precision, err))
		return false;
	s->out->scale = b.lo;
	x[0] = b.lo * (1.0 - s->q->precision);
	x[1] = b.hi * (1.0 + s->q->precision);
	return refine(s, x, err);
}
