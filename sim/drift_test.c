#include "sim/drift_test.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* Asked once, nothing is decided while the drift is within so many standard errors of 0. */
#define LEAST_Z 1.0

/* An interval has this part of the error; the rest is for what is not normal about counts, for
 * variances from few batches, and for the walk. */
#define OF_ERROR 0.25

/* Growth that swings: the least of the second half, in standard deviations of a free walk. */
#define FLOOR_Z 7.0

/* A backlog of h doubles under the one hypothesis 99 times as often as under the other. */
#define OUTCOME_ODDS 3.0

/* The default length, in sigma^2 / d^2: a drift of d is then 2.8 standard errors from 0. */
#define DEFAULT_LENGTH 8.0

void drift_evidence_add(struct drift_evidence *to, const struct drift_evidence *one)
{
	to->runs += one->runs;
	to->time_s += one->time_s;
	to->arrivals += one->arrivals;
	to->rise += one->rise;
	to->late_rise += one->late_rise;
	to->left += one->left;
	to->rise_var += one->rise_var;
	to->late_var += one->late_var;
	to->rise_spread += one->rise_spread;
	to->level_var += one->level_var;
	to->level_spread += one->level_spread;
	to->spare_runs += one->spare_runs;
	to->places = one->places > to->places ? one->places : to->places;
	to->net += one->net;
	to->net_var += one->net_var;
	to->net_spread += one->net_spread;
	to->unused += one->unused;
	to->unused_var += one->unused_var;
	to->free_var += one->free_var;
	to->floor += one->floor;
	to->floor_before += one->floor_before;
	to->emptied += one->emptied;
	to->doubled += one->doubled;
	to->correlated += one->correlated;
	to->walk_correlated += one->walk_correlated;
}

/** What is asked, in numbers. */
struct rule {
	double low, high;   /* hypotheses, requests over all the time */
	double error, wald; /* ln((1 - a) / a) */
	bool sequential;
};

/** A drift over all the time: an estimate, its variance, degrees of freedom. */
struct estimate {
	double x, var, df;
};

/** More degrees of freedom than matter. */
#define MOST_DF 1e6

/** How many standard errors are passed with that part of the error's probability. Where nothing
 *  varies (@df NaN) it does not matter. */
static double quantile(const struct rule *r, double df)
{
	df = df < MOST_DF ? df : MOST_DF;
	return gsl_cdf_tdist_Qinv(OF_ERROR * r->error, df);
}

/** A threshold that holds however often it is asked: the likelihood ratio of two drifts exceeds
 *  1/a with probability a at most (Ville). */
static double always(const struct rule *r)
{
	return sqrt(2.0 * log(1.0 / r->error));
}

static enum drift_verdict by_wald(const struct rule *r, const struct estimate *e)
{
	double llr = (r->high - r->low) / e->var * (e->x - 0.5 * (r->high + r->low));

	return llr >= r->wald ? DRIFT_UNSTABLE : llr <= -r->wald ? DRIFT_STABLE : DRIFT_UNDECIDED;
}

/** Which of the two hypotheses is refuted; both, when the run is long: then the sign tells. Never
 *  against the sign, and not next to 0, where a drift in between would give either. */
static enum drift_verdict by_interval(const struct rule *r, const struct estimate *e)
{
	double se = sqrt(e->var), z = quantile(r, e->df);
	bool not_stable = e->x - z * se > r->low, not_unstable = e->x + z * se < r->high;

	if (not_stable && e->x > LEAST_Z * se)
		return DRIFT_UNSTABLE;
	if (not_unstable && e->x < -LEAST_Z * se)
		return DRIFT_STABLE;
	return DRIFT_UNDECIDED;
}

static enum drift_verdict judge_estimate(const struct rule *r, const struct estimate *e)
{
	return r->sequential ? by_wald(r, e) : by_interval(r, e);
}

/** The most that are in a stable system with that much spare capacity: each place a reflected walk
 *  whose level is exponential with mean var / (2 |drift|); passed with a tenth of the error. */
static double most_left(const struct rule *r, const struct drift_evidence *e)
{
	double mean = e->free_var / (2.0 * fabs(e->net));
	double k = (double)(e->places * e->runs);

	return k + mean * gsl_cdf_gamma_Qinv(0.1 * r->error, k, 1.0);
}

/** Of the walk. */
static double walk_quantile(const struct rule *r, const struct drift_evidence *e)
{
	return r->sequential ? always(r) : quantile(r, e->rise_var * e->rise_var / e->rise_spread);
}

static double level_quantile(const struct rule *r, const struct drift_evidence *e)
{
	return r->sequential ? always(r)
			     : quantile(r, e->level_var * e->level_var / e->level_spread);
}

static bool still_grows(const struct rule *r, const struct drift_evidence *e)
{
	return e->late_rise > walk_quantile(r, e) * sqrt(e->late_var);
}

/** Growth has not slowed down, as that of many lines that fill does: with the root of time, so that
 *  0.29 of it is late. */
static bool grows_evenly(const struct drift_evidence *e)
{
	return e->late_rise > 0.5 * e->rise - fmax(0.08 * e->rise, 0.5 * sqrt(e->late_var));
}

/** It comes back to ever higher levels: growth that swings, as in a network whose stations wait for
 *  each other in turn. Of no use where many lines fill, and told of servers one need not ask. */
static bool floor_rises(const struct drift_evidence *e)
{
	return e->places == 0 && e->floor > FLOOR_Z * sqrt(e->free_var) &&
	       e->floor > 1.5 * e->floor_before;
}

/** By the walk alone; @spare: what the servers say. */
static void decide_by_walk(struct drift_answer *a, const struct rule *r,
	const struct drift_evidence *e, enum drift_verdict spare)
{
	bool grows = still_grows(r, e);

	if (floor_rises(e)) {
		a->reason = DRIFT_BY_GROWTH;
		a->verdict = DRIFT_UNSTABLE;
		return;
	}
	a->verdict = DRIFT_UNDECIDED;
	a->reason = spare == DRIFT_UNDECIDED ? DRIFT_TOO_SHORT : DRIFT_CONTRADICTION;
	if (e->walk_correlated > e->runs / 2) {
		a->reason = DRIFT_CORRELATED;
	} else if (!grows && e->rise + level_quantile(r, e) * sqrt(e->level_var) < r->high) {
		a->reason = DRIFT_BY_LEVEL;
		a->verdict = DRIFT_STABLE;
	} else if (grows && grows_evenly(e) &&
		   (spare != DRIFT_STABLE || e->rise > most_left(r, e))) {
		a->reason = DRIFT_BY_GROWTH;
		a->verdict = DRIFT_UNSTABLE;
	}
}

/** Does the walk allow what the servers say? It falls short of a growth where requests are turned
 *  away, and exceeds a level where some lines are short of servers and others are not. */
static bool walk_agrees(
	const struct rule *r, const struct drift_evidence *e, enum drift_verdict spare)
{
	double z = walk_quantile(r, e);

	if (spare == DRIFT_STABLE)
		return e->rise <= most_left(r, e) && !still_grows(r, e);
	return e->rise > 0.0 &&
	       e->rise > e->net - z * (sqrt(e->unused_var) + 0.1 * sqrt(e->net_var));
}

/** How runs from a backlog ended, and by how much they rose. What swings has no variance that batch
 *  means could tell: then each end is worth odds of OUTCOME_ODDS, far less than it is. */
static void decide_from_backlog(
	struct drift_answer *a, const struct rule *r, const struct drift_evidence *e)
{
	double llr = log(OUTCOME_ODDS) * ((double)e->doubled - (double)e->emptied);
	struct estimate rise = {e->rise, e->rise_var, e->rise_var * e->rise_var / e->rise_spread};

	if (e->walk_correlated <= e->runs / 2)
		a->verdict = by_wald(r, &rise);
	if (a->verdict == DRIFT_UNDECIDED)
		a->verdict = llr >= r->wald    ? DRIFT_UNSTABLE
			     : llr <= -r->wald ? DRIFT_STABLE
					       : DRIFT_UNDECIDED;
	a->reason = a->verdict != DRIFT_UNDECIDED ? DRIFT_BY_BACKLOG : DRIFT_TOO_SHORT;
}

/** What they could have served beside what they did is not less than nothing; by a request a run,
 *  which may have begun before and ended after. */
static bool capacity_makes_sense(const struct rule *r, const struct drift_evidence *e)
{
	return e->unused > -(double)e->runs - walk_quantile(r, e) * sqrt(e->unused_var);
}

static void decide(struct drift_answer *a, const struct rule *r, const struct drift_evidence *e)
{
	struct estimate net = {e->net, e->net_var, e->net_var * e->net_var / e->net_spread};
	enum drift_verdict spare = DRIFT_UNDECIDED;

	a->reason = DRIFT_CORRELATED;
	if (e->correlated > e->runs / 2)
		return;
	if (e->spare_runs == e->runs && capacity_makes_sense(r, e))
		spare = judge_estimate(r, &net);
	a->reason = DRIFT_BY_SPARE;
	a->verdict = spare;
	if (spare == DRIFT_UNDECIDED || !walk_agrees(r, e, spare))
		decide_by_walk(a, r, e, spare);
}

/** The estimate that decided. */
static struct estimate drift_of(const struct drift_evidence *e, enum drift_reason why)
{
	bool by_walk = why == DRIFT_BY_LEVEL || why == DRIFT_BY_GROWTH || why == DRIFT_BY_BACKLOG;

	if (e->spare_runs == e->runs && !by_walk)
		return (struct estimate){
			e->net, e->net_var, e->net_var * e->net_var / e->net_spread};
	if (why == DRIFT_BY_LEVEL)
		return (struct estimate){
			e->rise, e->level_var, e->level_var * e->level_var / e->level_spread};
	return (struct estimate){e->rise, e->rise_var, e->rise_var * e->rise_var / e->rise_spread};
}

static void explain(struct drift_answer *a, const struct rule *r, const struct drift_evidence *e)
{
	struct estimate x = drift_of(e, a->reason);
	double half = quantile(r, x.df) * sqrt(x.var), d = 0.5 * (r->high - r->low);

	a->drift_per_s = x.x / e->time_s;
	a->lo_per_s = (x.x - half) / e->time_s;
	a->hi_per_s = (x.x + half) / e->time_s;
	a->low_per_s = r->low / e->time_s;
	a->high_per_s = r->high / e->time_s;
	a->h = x.var * r->wald / (2.0 * d);
	a->enough_s = e->time_s * DEFAULT_LENGTH * x.var / (d * d);
	if (e->spare_runs == e->runs)
		a->load = e->arrivals / (e->arrivals - e->net);
}

struct drift_answer drift_judge(const struct drift_evidence *e, const struct drift_question *q)
{
	const double d = q->indifference;
	struct drift_answer a = {.reason = DRIFT_NO_ARRIVALS, .load = (double)NAN};
	struct rule r = {
		.low = -e->arrivals * d / (1.0 - d),
		.high = e->arrivals * d / (1.0 + d),
		.error = q->error,
		.wald = log((1.0 - q->error) / q->error),
		.sequential = q->sequential,
	};

	if (e->arrivals < DRIFT_LEAST_ARRIVALS)
		return a;
	if (q->from_backlog)
		decide_from_backlog(&a, &r, e);
	else
		decide(&a, &r, e);
	explain(&a, &r, e);
	return a;
}

const char *drift_verdict_name(enum drift_verdict v)
{
	return v == DRIFT_STABLE ? "stable" : v == DRIFT_UNSTABLE ? "unstable" : "undecided";
}

const char *drift_reason_text(enum drift_reason r)
{
	static const char *const text[] = {
		[DRIFT_BY_SPARE] = "what full servers do against what comes",
		[DRIFT_BY_LEVEL] = "the backlog stays below any growth",
		[DRIFT_BY_GROWTH] = "the backlog grows on",
		[DRIFT_BY_BACKLOG] = "from a backlog it empties, or doubles",
		[DRIFT_TOO_SHORT] = "the run is too short",
		[DRIFT_CORRELATED] = "what varies is slower than the run is long",
		[DRIFT_CONTRADICTION] = "spare capacity and growth do not agree",
		[DRIFT_NO_ARRIVALS] = "fewer than 100 requests came",
	};

	return text[r];
}
