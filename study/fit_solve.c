/* Weights after Huber, and the least squares of one evaluation by GSL. */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "study/fit_parts.h"

/* Huber's constant: 95 % of the efficiency of least squares where errors are normal. */
static const double huber = 1.345;
static const double mad_to_sd = 1.4826;
static const double least_scale = 1e-6;
static const double most_step = 0.3;

enum { ITERATIONS = 50 };

double fit_psi(double u)
{
	return u > huber ? huber : u < -huber ? -huber : u;
}

double fit_psi_slope(double u)
{
	return fabs(u) <= huber ? 1.0 : 0.0;
}

double fit_residual(const struct fit *f, size_t i)
{
	double seen_s = f->obs[i].seen_s, foretold_s = f->foretold_s[i];

	return f->logarithms ? log(seen_s / foretold_s) : seen_s / foretold_s - 1.0;
}

/* Median of the absolute residuals that count, times what makes it a standard deviation. */
static double scale_of(const struct fit *f, enum fit_seen what, double *room)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_obs; i++)
		if (f->obs[i].what == what && !f->obs[i].held)
			room[n++] = fabs(fit_residual(f, i));
	return n == 0 ? 1.0 : fmax(mad_to_sd * gsl_stats_median(room, 1, n), least_scale);
}

void fit_reweight(struct fit *f)
{
	double *room = mem_zalloc(f->n_obs, sizeof *room);

	for (enum fit_seen what = 0; what < FIT_SEEN; what++)
		f->scale[what] = scale_of(f, what, room);
	for (size_t i = 0; i < f->n_obs; i++) {
		double scale = f->scale[f->obs[i].what], u = fit_residual(f, i) / scale;

		f->weight[i] = (u == 0.0 ? 1.0 : fit_psi(u) / u) / (scale * scale);
	}
	free(room);
}

/* One evaluation: what is foretold goes with the exponential of its relative slopes. */

static double grown(const struct fit *f, const gsl_vector *move, size_t i)
{
	double sum = 0.0;

	for (size_t k = 0; k < f->n_active; k++)
		sum += f->slope[i * f->n_active + k] * gsl_vector_get(move, k);
	return exp(sum / f->foretold_s[i]);
}

static int residuals(const gsl_vector *move, void *fit, gsl_vector *out)
{
	const struct fit *f = fit;
	size_t n = 0;

	for (size_t i = 0; i < f->n_obs; i++) {
		double by = grown(f, move, i), seen = f->obs[i].seen_s / f->foretold_s[i];

		if (!f->obs[i].held)
			gsl_vector_set(out, n++, f->logarithms ? log(by / seen) : by - seen);
	}
	return GSL_SUCCESS;
}

static int slopes(const gsl_vector *move, void *fit, gsl_matrix *out)
{
	const struct fit *f = fit;
	size_t n = 0;

	for (size_t i = 0; i < f->n_obs; i++) {
		double by = f->logarithms ? 1.0 : grown(f, move, i);

		if (f->obs[i].held)
			continue;
		for (size_t k = 0; k < f->n_active; k++)
			gsl_matrix_set(
				out, n, k, by * f->slope[i * f->n_active + k] / f->foretold_s[i]);
		n++;
	}
	return GSL_SUCCESS;
}

static int minimise(struct fit *f, gsl_multifit_nlinear_workspace *w, const gsl_vector *start,
	gsl_vector *weights)
{
	gsl_multifit_nlinear_fdf fdf = {
		.f = residuals, .df = slopes, .n = f->n_fitted, .p = f->n_active, .params = f};
	size_t n = 0;
	int status, why;

	for (size_t i = 0; i < f->n_obs; i++)
		if (!f->obs[i].held)
			gsl_vector_set(weights, n++, f->weight[i]);
	status = gsl_multifit_nlinear_winit(start, weights, &fdf, w);
	if (status != GSL_SUCCESS)
		return status;
	status = gsl_multifit_nlinear_driver(ITERATIONS, 1e-8, 1e-10, 0.0, NULL, NULL, &why, w);
	return status == GSL_EMAXITER || status == GSL_ENOPROG ? GSL_SUCCESS : status;
}

bool fit_solve(struct fit *f, double move[FIT_CONSTANTS], struct err *err)
{
	gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
	gsl_multifit_nlinear_workspace *w = gsl_multifit_nlinear_alloc(
		gsl_multifit_nlinear_trust, &how, f->n_fitted, f->n_active);
	gsl_vector *start = gsl_vector_calloc(f->n_active),
		   *weights = gsl_vector_alloc(f->n_fitted);
	int status = minimise(f, w, start, weights);
	const gsl_vector *end = gsl_multifit_nlinear_position(w);

	for (size_t k = 0; status == GSL_SUCCESS && k < f->n_active; k++) {
		move[k] = fmax(fmin(gsl_vector_get(end, k), most_step), -most_step);
		f->x[f->active[k]] += move[k];
	}
	gsl_vector_free(start);
	gsl_vector_free(weights);
	gsl_multifit_nlinear_free(w);
	return status == GSL_SUCCESS ||
	       err_run(err, "the least squares failed: %s", gsl_strerror(status));
}
