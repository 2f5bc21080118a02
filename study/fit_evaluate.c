/*
 * What replays say at the constants in hand. A replay jumps where an arrival passes the end of a
 * step, so everything is a mean over replays whose arrivals are shifted within a step, and
 * derivatives come from replays with all constants moved at once, each up or down by a column
 * of a Hadamard matrix, in pairs of opposite signs: every pair tells of every constant.
 */
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "study/fit_parts.h"
#include "study/fit_share.h"

static const double effect = 0.02; /* that a constant is moved for, on the times that there are */
static const double most_moved = 0.3;
static const double nudge = 0.01; /* for derivatives of a step */
static const double to_still = 0.3;

struct fit_values fit_values_at(const struct fit *f, const double *x)
{
	struct fit_values v;

	for (size_t k = 0; k < FIT_CONSTANTS; k++)
		v.at[k] = fit_constants[k].is_factor ? exp(x[k]) : x[k] * f->unit_s[k];
	return v;
}

double fit_least(enum fit_constant k, const struct fit *f)
{
	return fit_constants[k].is_factor ? -HUGE_VAL : fit_least_s(k, &f->base) / f->unit_s[k];
}

static bool profile_at(const struct profile **out, struct arena *a, const struct fit *f,
	const double *x, struct err *err)
{
	struct fit_values v = fit_values_at(f, x);

	return fit_profile(out, a, &f->base, &v, err);
}

static double made_s(const struct fit *f, size_t i)
{
	const struct replayed *r = &f->made[f->obs[i].request];

	return f->obs[i].what == FIT_FIRST ? r->first_s : r->end_s - r->first_s;
}

static bool replay_log(struct fit *f, size_t log, size_t first, const struct profile *p,
	unsigned phase, const struct probe *also, struct err *err)
{
	const struct replay_run run = {.profile = p,
		.phase = phase,
		.shift_s = f->step_s,
		.also = also,
		.stop = f->s->stop};

	return replay_run(f->replays[log], &run, f->made + first, err);
}

static bool replay_all(struct fit *f, const double *x, unsigned phase, struct err *err)
{
	const struct profile *p;
	struct arena a;
	size_t first = 0;
	bool ok;

	arena_init(&a);
	ok = profile_at(&p, &a, f, x, err);
	for (size_t l = 0; ok && l < f->s->n_logs; l++) {
		ok = replay_log(f, l, first, p, phase, NULL, err);
		first += f->s->logs[l].n;
	}
	arena_finish(&a);
	f->n_replays++;
	return ok;
}

bool fit_foretell(struct fit *f, struct err *err)
{
	memset(f->foretold_s, 0, f->n_obs * sizeof *f->foretold_s);
	for (unsigned m = 0; m < f->n_phases; m++) {
		if (!replay_all(f, f->x, m, err))
			return false;
		for (size_t i = 0; i < f->n_obs; i++)
			f->foretold_s[i] += made_s(f, i) / f->n_phases;
	}
	return true;
}

/* With batches as they are */

static bool make_shares(struct shares **out, struct arena *a, struct fit *f, struct err *err)
{
	const struct profile *at[FIT_CONSTANTS + 1];
	struct shares_spec spec = {f->s->spec, at, f->n_active, nudge};
	double x[FIT_CONSTANTS];

	for (size_t k = 0; k <= f->n_active; k++) {
		memcpy(x, f->x, sizeof x);
		if (k > 0)
			x[f->active[k - 1]] += nudge;
		if (!profile_at(&at[k], a, f, x, err))
			return false;
	}
	return shares_create(out, &spec, err);
}

/* What the constant has of what is seen: steps, and of a first token what comes before the line. */
static double share_of(const struct fit *f, const struct shares *h, size_t i, size_t k,
	int64_t from_ns, int64_t to_ns)
{
	bool before = f->active[k] == FIT_REQUEST && f->obs[i].what == FIT_FIRST;

	return shares_between(h, k, from_ns, to_ns) + (before ? f->unit_s[FIT_REQUEST] : 0.0);
}

static void take_shares(struct fit *f, const struct shares *h, size_t i)
{
	const struct replayed *r = &f->made[f->obs[i].request];
	int64_t first_ns = r->arrival_ns + llround(1e9 * r->first_s);
	int64_t end_ns = r->arrival_ns + llround(1e9 * r->end_s);
	bool first = f->obs[i].what == FIT_FIRST;

	f->foretold_s[i] += made_s(f, i) / f->n_phases;
	for (size_t k = 0; k < f->n_active; k++)
		f->still[i * f->n_active + k] +=
			share_of(f, h, i, k, first ? r->arrival_ns : first_ns,
				first ? first_ns : end_ns) /
			f->n_phases;
}

static bool add_phase(
	struct fit *f, struct shares *h, const struct profile *p, unsigned phase, struct err *err)
{
	const struct probe probe = shares_probe(h);
	size_t first = 0, i = 0;

	for (size_t l = 0; l < f->s->n_logs; l++) {
		shares_clear(h);
		if (!replay_log(f, l, first, p, phase, &probe, err))
			return false;
		first += f->s->logs[l].n;
		for (; i < f->n_obs && f->obs[i].request < first; i++)
			take_shares(f, h, i);
	}
	f->n_replays++;
	return true;
}

bool fit_stand_still(struct fit *f, struct err *err)
{
	const struct profile *p;
	struct shares *h = NULL;
	struct arena a;
	bool ok;

	memset(f->foretold_s, 0, f->n_obs * sizeof *f->foretold_s);
	memset(f->still, 0, f->n_obs * f->n_active * sizeof *f->still);
	arena_init(&a);
	ok = profile_at(&p, &a, f, f->x, err) && make_shares(&h, &a, f, err);
	for (unsigned m = 0; ok && m < f->n_phases; m++)
		ok = add_phase(f, h, p, m, err);
	shares_destroy(h);
	arena_finish(&a);
	return ok;
}

/* Of replays */

static double sign(unsigned pair, size_t k)
{
	return __builtin_parity(pair & (unsigned)(k + 1)) ? -1.0 : 1.0;
}

/* How far each constant is moved: until it counts, whatever its part of a step. */
static void choose_moves(const struct fit *f, double *move)
{
	for (size_t k = 0; k < f->n_active; k++) {
		double ss = 0.0, share;

		for (size_t i = 0; i < f->n_obs; i++) {
			share = f->still[i * f->n_active + k] / f->foretold_s[i];
			ss += share * share;
		}
		move[k] = fmin(effect / sqrt(ss / (double)f->n_obs), most_moved);
	}
}

static bool replay_moved(
	struct fit *f, const double *move, unsigned pair, double side, struct err *err)
{
	double x[FIT_CONSTANTS];

	memcpy(x, f->x, sizeof x);
	for (size_t k = 0; k < f->n_active; k++)
		x[f->active[k]] += side * move[k] * sign(pair, k);
	return replay_all(f, x, pair, err);
}

static bool add_pair(
	struct fit *f, const double *move, unsigned pair, double *up_s, struct err *err)
{
	if (!replay_moved(f, move, pair, 1.0, err))
		return false;
	for (size_t i = 0; i < f->n_obs; i++)
		up_s[i] = made_s(f, i);
	if (!replay_moved(f, move, pair, -1.0, err))
		return false;
	for (size_t i = 0; i < f->n_obs; i++)
		for (size_t k = 0; k < f->n_active; k++)
			f->moved[i * f->n_active + k] += sign(pair, k) * (up_s[i] - made_s(f, i)) /
							 (2.0 * move[k] * f->n_pairs);
	return true;
}

static bool move_all(struct fit *f, struct err *err)
{
	double move[FIT_CONSTANTS], *up_s = mem_zalloc(f->n_obs, sizeof *up_s);
	bool ok = true;

	memset(f->moved, 0, f->n_obs * f->n_active * sizeof *f->moved);
	choose_moves(f, move);
	for (unsigned pair = 0; ok && pair < f->n_pairs; pair++)
		ok = add_pair(f, move, pair, up_s, err);
	free(up_s);
	return ok;
}

/* Both */

/* Normal equations of (moved - still) by still, over what is seen of requests alike. */
static void difference_by_still(
	const struct fit *f, enum fit_seen what, gsl_matrix *normal, gsl_matrix *right)
{
	const size_t p = f->n_active;

	gsl_matrix_set_zero(normal);
	gsl_matrix_set_zero(right);
	for (size_t i = 0; i < f->n_obs; i++) {
		const double *s = &f->still[i * p], *m = &f->moved[i * p];
		double w = f->weight[i] / (f->foretold_s[i] * f->foretold_s[i]);

		if (f->obs[i].what != what)
			continue;
		for (size_t a = 0; a < p; a++)
			for (size_t b = 0; b < p; b++) {
				*gsl_matrix_ptr(normal, a, b) += w * s[a] * s[b];
				*gsl_matrix_ptr(right, a, b) += w * s[a] * (m[b] - s[b]);
			}
	}
	for (size_t a = 0; a < p; a++) {
		double *d = gsl_matrix_ptr(normal, a, a);

		*d = *d > 0.0 ? *d * (1.0 + to_still) : 1.0; /* 0: nothing of this kind has it */
	}
}

static void add_product(struct fit *f, enum fit_seen what, const gsl_matrix *by)
{
	const size_t p = f->n_active;

	for (size_t i = 0; i < f->n_obs; i++)
		for (size_t b = 0; f->obs[i].what == what && b < p; b++) {
			f->slope[i * p + b] = f->still[i * p + b];
			for (size_t a = 0; a < p; a++)
				f->slope[i * p + b] +=
					f->still[i * p + a] * gsl_matrix_get(by, a, b);
		}
}

/*
 * Derivatives of replays are right in the mean and noisy one by one, those with still batches have
 * no noise and leave out that slower steps hold more. So the former are put as linear combinations
 * of the latter, one for first tokens and one for decoding, shrunk towards the latter alone.
 */
static bool join(struct fit *f, struct err *err)
{
	gsl_matrix *normal = gsl_matrix_alloc(f->n_active, f->n_active);
	gsl_matrix *right = gsl_matrix_alloc(f->n_active, f->n_active);
	bool ok = true;

	for (enum fit_seen what = 0; ok && what < FIT_SEEN; what++) {
		difference_by_still(f, what, normal, right);
		if (gsl_linalg_cholesky_decomp1(normal) != GSL_SUCCESS) {
			ok = err_run(err, "the derivatives of the replays are singular");
			break;
		}
		for (size_t b = 0; b < f->n_active; b++) {
			gsl_vector_view column = gsl_matrix_column(right, b);

			gsl_linalg_cholesky_svx(normal, &column.vector);
		}
		add_product(f, what, right);
	}
	gsl_matrix_free(normal);
	gsl_matrix_free(right);
	return ok;
}

bool fit_evaluate(struct fit *f, struct err *err)
{
	if (!fit_stand_still(f, err) || !move_all(f, err))
		return false;
	fit_reweight(f);
	return join(f, err);
}
