/* Arrival processes: renewal processes, MMPP, and schedules by exact inversion. */
#include "models/workload/arrivals.h"

#include <assert.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/dist.h"

/* More changes of state than this between two arrivals, on average, is a mistake. */
#define MMPP_CHANGES_MAX 1e6

struct arrivals {
	enum arrival_process process;
	double rate_per_s;
	int64_t now_ns;
	double mean_ns;         /* poisson; deterministic: the gap */
	double shape, scale_ns; /* gamma, weibull */

	size_t n; /* mmpp: states; schedule: steps */
	double *rates_per_s;
	double *sojourns_s; /* mmpp: mean time in a state */
	double left_ns;     /* mmpp: until the next change */
	double *starts_s;   /* schedule: within a period */
	size_t at;          /* mmpp: the state; schedule: the step */
	double pos_s;       /* schedule: of the last arrival within the period */
	double repeat_s;
	int64_t repeat_ns;
	double per_period; /* expected arrivals in a period */
};

static double *copy(const double *x, size_t n)
{
	double *c = mem_zalloc(n, sizeof *c);

	if (n > 0)
		memcpy(c, x, n * sizeof *c);
	return c;
}

/* Parameters */

static bool rate_ok(double x)
{
	return x >= 0.0 && x <= ARRIVAL_RATE_MAX_PER_S;
}

static bool set_rate(struct arrivals *a, const struct arrival_spec *s, struct err *err)
{
	if (!(s->rate_per_s > 0.0 && s->rate_per_s <= ARRIVAL_RATE_MAX_PER_S))
		return err_at(err, s->at, "rate must be above 0 and at most %g /s, not %g /s",
			ARRIVAL_RATE_MAX_PER_S, s->rate_per_s);
	a->rate_per_s = s->rate_per_s;
	a->mean_ns = 1e9 / s->rate_per_s;
	return true;
}

static bool set_renewal(struct arrivals *a, const struct arrival_spec *s, struct err *err)
{
	if (!set_rate(a, s, err))
		return false;
	if (!(s->cv >= DIST_CV_MIN && s->cv <= DIST_CV_MAX))
		return err_at(err, s->at, "cv must be from %g to %g, not %g", DIST_CV_MIN,
			DIST_CV_MAX, s->cv);
	if (s->process == ARRIVAL_GAMMA) {
		a->shape = 1.0 / (s->cv * s->cv);
		a->scale_ns = a->mean_ns / a->shape;
	} else {
		a->shape = weibull_shape_of_cv(s->cv);
		a->scale_ns = a->mean_ns / exp(gsl_sf_lngamma(1.0 + 1.0 / a->shape));
	}
	return true;
}

static bool mmpp_check(const struct arrival_spec *s, struct err *err)
{
	size_t i;

	if (s->n_states < 2)
		return err_at(err, s->at, "mmpp needs at least 2 states, not %zu", s->n_states);
	for (i = 0; i < s->n_states; i++) {
		if (!rate_ok(s->rates_per_s[i]))
			return err_at(err, s->at, "rate %zu must be from 0 to %g /s, not %g /s",
				i + 1, ARRIVAL_RATE_MAX_PER_S, s->rates_per_s[i]);
		if (!(s->sojourns_s[i] >= 1e-9 && s->sojourns_s[i] <= 1e10))
			return err_at(err, s->at,
				"sojourn %zu must be from 1e-9 s to 1e10 s, not %g s", i + 1,
				s->sojourns_s[i]);
	}
	return true;
}

/* The embedded chain moves to each other state alike, so the share of time in a state goes
 * with its sojourn; exponential sojourns have no memory, so starting in a state drawn by
 * that share makes the process stationary. */
static bool set_mmpp(
	struct arrivals *a, const struct arrival_spec *s, struct rng *r, struct err *err)
{
	double time_s = 0.0, count = 0.0, u;
	size_t i;

	if (!mmpp_check(s, err))
		return false;
	for (i = 0; i < s->n_states; i++) {
		time_s += s->sojourns_s[i];
		count += s->sojourns_s[i] * s->rates_per_s[i];
	}
	if (!(count > 0.0))
		return err_at(err, s->at, "one of the rates must be above 0 /s");
	if ((double)s->n_states > MMPP_CHANGES_MAX * count)
		return err_at(err, s->at,
			"mmpp changes its state %g times between two arrivals; at most %g times",
			(double)s->n_states / count, MMPP_CHANGES_MAX);
	a->rate_per_s = count / time_s;
	a->n = s->n_states;
	a->rates_per_s = copy(s->rates_per_s, a->n);
	a->sojourns_s = copy(s->sojourns_s, a->n);
	u = rng_uniform(r) * time_s;
	for (a->at = 0; a->at + 1 < a->n && u >= a->sojourns_s[a->at]; a->at++)
		u -= a->sojourns_s[a->at];
	a->left_ns = 1e9 * rng_exponential(r, a->sojourns_s[a->at]);
	return true;
}

static bool schedule_check(const struct arrival_spec *s, struct err *err)
{
	size_t i;

	if (s->n_steps == 0)
		return err_at(err, s->at, "schedule needs at least one rate, as in '0 s: 1 /s'");
	if (s->steps_s[0] != 0.0)
		return err_at(err, s->at, "schedule must start at 0 s, not at %g s", s->steps_s[0]);
	for (i = 0; i < s->n_steps; i++) {
		if (!rate_ok(s->steps_per_s[i]))
			return err_at(err, s->at, "rate at %g s must be from 0 to %g /s, not %g /s",
				s->steps_s[i], ARRIVAL_RATE_MAX_PER_S, s->steps_per_s[i]);
		if (i > 0 && !(s->steps_s[i] > s->steps_s[i - 1] && s->steps_s[i] <= 1e10))
			return err_at(err, s->at,
				"schedule must go forward and end by 1e10 s: %g s comes after %g s",
				s->steps_s[i], s->steps_s[i - 1]);
	}
	if (s->repeat_s != 0.0 && !(s->repeat_s >= 1e-9 && s->repeat_s <= 1e9))
		return err_at(
			err, s->at, "repeat must be from 1e-9 s to 1e9 s, not %g s", s->repeat_s);
	if (s->repeat_s != 0.0 && !(s->repeat_s > s->steps_s[s->n_steps - 1]))
		return err_at(err, s->at, "repeat must be above the last step, %g s, not %g s",
			s->steps_s[s->n_steps - 1], s->repeat_s);
	return true;
}

/* The end of step @i; HUGE_VAL for the last one of a schedule that does not repeat. */
static double step_end_s(const struct arrivals *a, size_t i)
{
	if (i + 1 < a->n)
		return a->starts_s[i + 1];
	return a->repeat_s > 0.0 ? a->repeat_s : HUGE_VAL;
}

static bool set_schedule(struct arrivals *a, const struct arrival_spec *s, struct err *err)
{
	double count = 0.0, last_per_s, end_s;
	size_t i;

	if (!schedule_check(s, err))
		return false;
	a->n = s->n_steps;
	a->starts_s = copy(s->steps_s, a->n);
	a->rates_per_s = copy(s->steps_per_s, a->n);
	a->repeat_s = s->repeat_s;
	a->repeat_ns = llround(1e9 * s->repeat_s);
	last_per_s = a->rates_per_s[a->n - 1];
	for (i = 0; i < a->n; i++)
		if (a->rates_per_s[i] > 0.0 && step_end_s(a, i) < HUGE_VAL)
			count += a->rates_per_s[i] * (step_end_s(a, i) - a->starts_s[i]);
	if (!(count > 0.0) && !(a->repeat_s == 0.0 && last_per_s > 0.0))
		return err_at(err, s->at, "one of the rates must be above 0 /s");
	a->per_period = count;
	end_s = a->repeat_s > 0.0 ? a->repeat_s : a->starts_s[a->n - 1];
	a->rate_per_s = a->repeat_s == 0.0 && last_per_s > 0.0 ? last_per_s : count / end_s;
	return true;
}

static bool set_params(
	struct arrivals *a, const struct arrival_spec *s, struct rng *r, struct err *err)
{
	switch (s->process) {
	case ARRIVAL_POISSON:
	case ARRIVAL_DETERMINISTIC:
		return set_rate(a, s, err);
	case ARRIVAL_GAMMA:
	case ARRIVAL_WEIBULL:
		return set_renewal(a, s, err);
	case ARRIVAL_MMPP:
		return set_mmpp(a, s, r, err);
	case ARRIVAL_SCHEDULE:
		return set_schedule(a, s, err);
	case ARRIVAL_CLOSED:
	case ARRIVAL_SATURATED:
	case ARRIVAL_TRACE:
		break;
	}
	assert(!"an open-loop process");
	return false;
}

bool arrivals_create(
	struct arrivals **out, const struct arrival_spec *spec, struct rng *r, struct err *err)
{
	struct arrivals *a = mem_zalloc(1, sizeof *a);

	*out = NULL;
	a->process = spec->process;
	if (!set_params(a, spec, r, err)) {
		arrivals_destroy(a);
		return false;
	}
	*out = a;
	return true;
}

void arrivals_destroy(struct arrivals *a)
{
	if (!a)
		return;
	free(a->rates_per_s);
	free(a->sojourns_s);
	free(a->starts_s);
	free(a);
}

/* Draws */

/* Move on by a gap; past the last time the clock stays there, and nothing comes any more. */
static bool advance(struct arrivals *a, double gap_ns, int64_t *at_ns)
{
	if (!(gap_ns < (double)(ARRIVAL_LAST_NS - a->now_ns))) {
		a->now_ns = ARRIVAL_LAST_NS;
		return false;
	}
	a->now_ns += (int64_t)(gap_ns + 0.5);
	*at_ns = a->now_ns;
	return true;
}

/* The next state of n, each other one alike. */
static size_t mmpp_change(const struct arrivals *a, struct rng *r)
{
	size_t i;

	if (a->n == 2)
		return 1 - a->at;
	i = rng_below(r, a->n - 1);
	return i < a->at ? i : i + 1;
}

/* In a state of rate 0 the gap is infinite, and the change comes first. */
static double mmpp_gap_ns(struct arrivals *a, struct rng *r)
{
	double gap_ns = 0.0, draw_ns;

	for (;;) {
		draw_ns = HUGE_VAL;
		if (a->rates_per_s[a->at] > 0.0)
			draw_ns = rng_exponential(r, 1e9 / a->rates_per_s[a->at]);
		if (draw_ns <= a->left_ns) {
			a->left_ns -= draw_ns;
			return gap_ns + draw_ns;
		}
		gap_ns += a->left_ns;
		a->at = mmpp_change(a, r);
		a->left_ns = 1e9 * rng_exponential(r, a->sojourns_s[a->at]);
	}
}

/* Exact inversion: arrivals of unit rate in the integral of the rate, which is linear within
 * a step. The position is kept within a period, so that no error adds up over many. */
static bool schedule_next(struct arrivals *a, struct rng *r, int64_t *at_ns)
{
	double area = rng_exponential(r, 1.0), room, periods = 0.0;

	if (a->repeat_s > 0.0 && area >= a->per_period) {
		periods = floor(area / a->per_period);
		area = fmod(area, a->per_period);
	}
	for (;;) {
		room = 0.0;
		if (a->rates_per_s[a->at] > 0.0)
			room = a->rates_per_s[a->at] * (step_end_s(a, a->at) - a->pos_s);
		if (area <= room && a->rates_per_s[a->at] > 0.0)
			break;
		area -= room;
		if (++a->at < a->n) {
			a->pos_s = a->starts_s[a->at];
			continue;
		}
		if (a->repeat_s == 0.0) { /* rate 0 from here on */
			a->at--;
			return false;
		}
		a->at = 0;
		a->pos_s = 0.0;
		periods += 1.0;
	}
	a->pos_s = fmin(a->pos_s + area / a->rates_per_s[a->at], step_end_s(a, a->at));
	if (!(periods * (double)a->repeat_ns + 1e9 * a->pos_s <
		    (double)(ARRIVAL_LAST_NS - a->now_ns))) {
		a->now_ns = ARRIVAL_LAST_NS;
		return false;
	}
	a->now_ns += (int64_t)periods * a->repeat_ns; /* of the period's start */
	*at_ns = a->now_ns + (int64_t)(1e9 * a->pos_s + 0.5);
	return true;
}

bool arrivals_next(struct arrivals *a, struct rng *r, int64_t *at_ns)
{
	switch (a->process) {
	case ARRIVAL_POISSON:
		return advance(a, rng_exponential(r, a->mean_ns), at_ns);
	case ARRIVAL_DETERMINISTIC:
		return advance(a, a->mean_ns, at_ns);
	case ARRIVAL_GAMMA:
		return advance(a, gsl_ran_gamma(rng_gsl(r), a->shape, a->scale_ns), at_ns);
	case ARRIVAL_WEIBULL:
		return advance(
			a, a->scale_ns * pow(rng_exponential(r, 1.0), 1.0 / a->shape), at_ns);
	case ARRIVAL_MMPP:
		return advance(a, mmpp_gap_ns(a, r), at_ns);
	case ARRIVAL_SCHEDULE:
		return schedule_next(a, r, at_ns);
	case ARRIVAL_CLOSED:
	case ARRIVAL_SATURATED:
	case ARRIVAL_TRACE:
		break;
	}
	assert(!"an open-loop process");
	return false;
}

double arrivals_rate_per_s(const struct arrivals *a)
{
	return a->rate_per_s;
}
