/* From logs to a profile: what is compared, which constants the logs tell, and the turns of the
 * fit. */
#include "study/fit.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "study/fit_parts.h"

enum { MOST_TURNS = 20, WHOLE_TURNS = 5 };

static const double near = 0.05;       /* moves from where on residuals are relative */
static const double settled = 0.15;    /* a move in standard errors: enough */
static const double least_move = 1e-6; /* the same for what is known exactly */
static const double most_index = 1e3;  /* condition: beyond, two are one */
static const double close_to = 0.9;    /* correlation: of one that is hardly known, with which */
static const double most_se = 0.25;
static const double as_little = 1.5;
static const double least_effect = 1e-4;

/* Which constants */

static bool list_active(struct fit *f, struct err *err)
{
	f->n_active = 0;
	for (enum fit_constant k = 0; k < FIT_CONSTANTS; k++)
		if (f->fate[k] == FIT_FITTED)
			f->active[f->n_active++] = k;
	return f->n_active > 0 ||
	       err_at(err, (struct src_pos){f->s->logs[0].file, 1, 1},
		       "the log tells nothing of any constant that may be fitted");
}

static void drop(struct fit *f, enum fit_constant k, enum fit_fate why, enum fit_constant like)
{
	f->fate[k] = why;
	f->like[k] = like;
	f->x[k] = 0.0;
}

static double effect_of(const struct fit *f, size_t k)
{
	double most = 0.0;

	for (size_t i = 0; i < f->n_obs; i++)
		most = fmax(most, fabs(f->still[i * f->n_active + k]) / f->foretold_s[i]);
	return most;
}

/* Of two alike the later in the table gives way. */
static void drop_later(struct fit *f, size_t a, size_t b)
{
	drop(f, f->active[a < b ? b : a], FIT_ALIKE, f->active[a < b ? a : b]);
}

/* One that counts for nothing here, or is another in disguise. False: all tell something of their
 * own. */
static bool drop_one(struct fit *f)
{
	size_t a, b;

	for (size_t k = 0; k < f->n_active; k++)
		if (effect_of(f, k) < least_effect) {
			drop(f, f->active[k], FIT_WEAK, f->active[k]);
			return true;
		}
	if (fit_condition(f, &a, &b) < most_index)
		return false;
	drop_later(f, a, b);
	return true;
}

static bool choose(struct fit *f, struct err *err)
{
	do {
		if (!list_active(f, err) || !fit_stand_still(f, err))
			return false;
	} while (drop_one(f));
	return true;
}

/* The standard error as a share of what the profile has, not of the more that it came out as. */
static double unknown(const struct fit *f, size_t k)
{
	enum fit_constant c = f->active[k];

	return f->se[k] * (fit_constants[c].is_factor ? fmax(exp(f->x[c]), 1.0) : 1.0);
}

/* The one that goes most with @k, or @k where none does so closely. */
static size_t closest(const struct fit *f, size_t k)
{
	double most = close_to, with;
	size_t like = k;

	for (size_t i = 0; i < f->n_active; i++) {
		with = fabs(f->covariance[k][i]) / (f->se[k] * f->se[i]);
		if (i == k || !(with > most))
			continue;
		most = with;
		like = i;
	}
	return like;
}

/* The least known, when that is too little to be used; where another goes with it and is hardly
 * better known, the later of the two. */
static bool drop_weakest(struct fit *f)
{
	size_t worst = 0, like;

	for (size_t k = 1; k < f->n_active; k++)
		if (unknown(f, k) >= unknown(f, worst))
			worst = k;
	if (unknown(f, worst) <= most_se)
		return false;
	like = closest(f, worst);
	if (like > worst && unknown(f, like) > unknown(f, worst) / as_little)
		drop_later(f, worst, like);
	else
		drop(f, f->active[worst], like == worst ? FIT_WEAK : FIT_ALIKE, f->active[like]);
	return true;
}

/* One that came to the least it can be stays there, and the others are fitted beside it. */
static bool drop_least(struct fit *f)
{
	for (size_t i = 0; i < f->n_active; i++) {
		enum fit_constant k = f->active[i];
		double least = fit_least(k, f);

		if (f->x[k] > least)
			continue;
		drop(f, k, FIT_LEAST, k);
		f->x[k] = least;
		return true;
	}
	return false;
}

/* Turns */

/* Later turns go less far, so that what is left of the jumps cannot keep them going. */
static void take_part(struct fit *f, double *move, unsigned turn)
{
	double part = turn < WHOLE_TURNS ? 1.0 : (double)WHOLE_TURNS / (turn + 1);

	for (size_t k = 0; k < f->n_active; k++) {
		double *x = &f->x[f->active[k]], from = *x - move[k];
		double least = fit_least(f->active[k], f), to = from + part * move[k];

		*x = fmax(to, least);
		if (to <= least)
			move[k] = least - from;
	}
}

static bool is_settled(struct fit *f, const double *move)
{
	double most = 0.0;
	bool yes = !f->logarithms;

	for (size_t k = 0; k < f->n_active; k++) {
		most = fmax(most, fabs(move[k]));
		yes = yes && fabs(move[k]) <= fmax(settled * f->se[k], least_move);
	}
	if (most < near)
		f->logarithms = false;
	return yes;
}

static bool settle(struct fit *f, struct err *err)
{
	double move[FIT_CONSTANTS];
	bool done = false;

	for (unsigned turn = 0; !done && turn < MOST_TURNS; turn++) {
		if (!fit_evaluate(f, err))
			return false;
		fit_judge(f);
		if (!fit_solve(f, move, err))
			return false;
		take_part(f, move, turn);
		done = is_settled(f, move);
	}
	return true;
}

static bool turns(struct fit *f, struct err *err)
{
	if (!choose(f, err))
		return false;
	do {
		if (!list_active(f, err) || !settle(f, err))
			return false;
	} while (drop_weakest(f) || drop_least(f));
	return fit_foretell(f, err);
}

/* What comes out */

static double known(const struct fit *f, enum fit_constant k, double otherwise, double miss)
{
	for (size_t i = 0; i < f->n_active; i++)
		if (f->active[i] == k)
			return fmax(f->se[i], fabs(miss));
	return fmax(otherwise, fabs(miss));
}

static bool needs_host(const struct host_time *h)
{
	return h->step_s > 0.0 || h->sequence_s > 0.0 || h->prefill_s > 0.0 || h->prompt_s > 0.0 ||
	       h->request_s > 0.0;
}

static bool conclude(struct fit_result *out, struct arena *a, const struct fit *f, struct err *err)
{
	struct fit_values v = fit_values_at(f, f->x);
	const struct profile_sigma *was = &f->base.profile->sigma;
	const struct profile *made;
	struct profile *p;

	if (!fit_profile(&made, a, &f->base, &v, err))
		return false;
	p = arena_alloc(a, 1, sizeof *p);
	*p = *made;
	p->sigma.decode = known(f, FIT_WEIGHTS, was->decode, out->held.token);
	p->sigma.prefill = known(f, FIT_TOKENS, was->prefill, out->held.first);
	p->sigma.attention = known(f, FIT_ATTENTION, was->attention, 0.0);
	if (!needs_host(&f->base.host) && !needs_host(&p->host))
		p->has_host = false;
	out->base = f->base.profile;
	out->profile = p;
	out->n_requests = f->n_requests;
	out->n_replays = f->n_replays;
	out->condition = f->condition;
	for (size_t k = 0; k < FIT_CONSTANTS; k++)
		out->of[k] = (struct fit_estimate){f->fate[k], v.at[k] + 0.0, 0.0}; /* no -0 */
	for (size_t i = 0; i < f->n_active; i++) {
		enum fit_constant k = f->active[i];

		out->of[k].se = f->se[i] * (fit_constants[k].is_factor ? v.at[k] : f->unit_s[k]);
		for (size_t j = 0; j < f->n_active; j++)
			out->correlation[k][f->active[j]] =
				f->covariance[i][j] / (f->se[i] * f->se[j]);
	}
	fit_advise(out, f);
	return fit_steps(out, f, err);
}

bool fit_run(struct fit_result *out, struct arena *a, const struct fit_setting *s, struct err *err)
{
	struct fit f;
	bool ok;

	*out = (struct fit_result){0};
	if (!fit_check_logs(s, err))
		return false;
	fit_begin(&f, s);
	ok = fit_foretell(&f, err);
	if (ok) {
		out->fitted_before = fit_error_of(&f, false);
		out->held_before = fit_error_of(&f, true);
		ok = turns(&f, err);
	}
	if (ok) {
		out->fitted = fit_error_of(&f, false);
		out->held = fit_error_of(&f, true);
		ok = conclude(out, a, &f, err);
	}
	fit_end(&f);
	return ok;
}
