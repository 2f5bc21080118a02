/* How well the constants are known, and how well the requests are foretold. */
#include <gsl/gsl_blas.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "study/fit_parts.h"

/* Of a normal law below two standard deviations: two standard errors shall hold as much of the t
 * law that few clusters have. */
static const double beyond_two = 0.977249868;

/* The jackknife, one step of it: what the constants would be without a cluster */

/* Of a cluster of observations: its part of the slopes' products, and of the scores. */
struct cluster {
	bool used; /* something of it was fitted to */
	double products[FIT_CONSTANTS * FIT_CONSTANTS], scores[FIT_CONSTANTS];
};

static void add_observation(struct cluster *c, const struct fit *f, size_t i)
{
	const size_t p = f->n_active;
	double scale = f->scale[f->obs[i].what], unit = scale * f->foretold_s[i];
	double u = fit_residual(f, i) / scale;
	const double *slope = &f->slope[i * p];

	c->used = true;
	for (size_t a = 0; a < p; a++) {
		c->scores[a] += fit_psi(u) * slope[a] / unit;
		for (size_t b = 0; b < p; b++)
			c->products[a * p + b] +=
				fit_psi_slope(u) * slope[a] * slope[b] / (unit * unit);
	}
}

/* Of time, or else requests; free() them. */
static struct cluster *clusters_of(const struct fit *f, bool blocks, size_t *n)
{
	struct cluster *all;

	*n = blocks ? f->n_blocks : f->n_requests;
	all = mem_zalloc(*n, sizeof *all);
	for (size_t i = 0; i < f->n_obs; i++)
		if (!f->obs[i].held)
			add_observation(&all[blocks ? f->obs[i].block : f->obs[i].request], f, i);
	return all;
}

static void add_products(gsl_matrix *to, const struct cluster *c, double by)
{
	for (size_t a = 0; a < to->size1; a++)
		for (size_t b = 0; b < to->size2; b++)
			*gsl_matrix_ptr(to, a, b) += by * c->products[a * to->size1 + b];
}

/* How far the constants are from where they would be without @c. False: it alone tells them. */
static bool without(
	gsl_vector *off, gsl_matrix *room, const gsl_matrix *all, const struct cluster *c)
{
	gsl_matrix_memcpy(room, all);
	add_products(room, c, -1.0);
	if (gsl_linalg_cholesky_decomp1(room) != GSL_SUCCESS)
		return false;
	for (size_t a = 0; a < off->size; a++)
		gsl_vector_set(off, a, c->scores[a]);
	gsl_linalg_cholesky_svx(room, off);
	return true;
}

static bool jackknife(const struct fit *f, bool blocks, gsl_matrix *out)
{
	size_t n, used = 0, p = f->n_active;
	struct cluster *all = clusters_of(f, blocks, &n);
	gsl_matrix *sum = gsl_matrix_calloc(p, p), *room = gsl_matrix_alloc(p, p);
	gsl_vector *off = gsl_vector_alloc(p);
	double few;
	bool ok = true;

	gsl_matrix_set_zero(out);
	for (size_t c = 0; c < n; c++)
		add_products(sum, &all[c], 1.0);
	for (size_t c = 0; ok && c < n; c++) {
		if (!all[c].used)
			continue;
		ok = without(off, room, sum, &all[c]);
		gsl_blas_dger(1.0, off, off, out);
		used++;
	}
	few = gsl_cdf_tdist_Pinv(beyond_two, fmax((double)used - (double)p, 1.0)) / 2.0;
	gsl_matrix_scale(out, few * few * ((double)used - 1.0) / (double)used);
	gsl_vector_free(off);
	gsl_matrix_free(room);
	gsl_matrix_free(sum);
	free(all);
	return ok;
}

/* The larger of the two standard errors of each constant, and the correlations of blocks. */
static void keep(struct fit *f, const gsl_matrix *blocks, const gsl_matrix *requests)
{
	const size_t p = f->n_active;

	for (size_t a = 0; a < p; a++)
		f->se[a] = sqrt(fmax(gsl_matrix_get(blocks, a, a), gsl_matrix_get(requests, a, a)));
	for (size_t a = 0; a < p; a++)
		for (size_t b = 0; b < p; b++)
			f->covariance[a][b] =
				f->se[a] * f->se[b] * gsl_matrix_get(blocks, a, b) /
				sqrt(gsl_matrix_get(blocks, a, a) * gsl_matrix_get(blocks, b, b));
}

void fit_judge(struct fit *f)
{
	const size_t p = f->n_active;
	gsl_matrix *blocks = gsl_matrix_alloc(p, p), *requests = gsl_matrix_alloc(p, p);
	size_t a, b;

	if (jackknife(f, true, blocks) && jackknife(f, false, requests))
		keep(f, blocks, requests);
	else
		for (size_t k = 0; k < p; k++)
			f->se[k] = HUGE_VAL;
	f->condition = fit_condition(f, &a, &b);
	gsl_matrix_free(blocks);
	gsl_matrix_free(requests);
}

/* Constants that cannot be told apart: of slopes with still batches, which have no noise */

static void scaled_products(const struct fit *f, gsl_matrix *out)
{
	const size_t p = f->n_active;
	double length[FIT_CONSTANTS];

	gsl_matrix_set_zero(out);
	for (size_t i = 0; i < f->n_obs; i++)
		for (size_t a = 0; a < p; a++)
			for (size_t b = 0; b < p; b++)
				*gsl_matrix_ptr(out, a, b) += f->still[i * p + a] *
							      f->still[i * p + b] /
							      (f->foretold_s[i] * f->foretold_s[i]);
	for (size_t a = 0; a < p; a++)
		length[a] = sqrt(gsl_matrix_get(out, a, a));
	for (size_t a = 0; a < p; a++)
		for (size_t b = 0; b < p; b++)
			*gsl_matrix_ptr(out, a, b) /= length[a] * length[b];
}

/* The two with the largest shares in the smallest eigenvalue. */
static void two_largest(const gsl_matrix *vectors, size_t of, size_t p, size_t *a, size_t *b)
{
	*a = *b = 0;
	for (size_t k = 1; k < p; k++)
		if (fabs(gsl_matrix_get(vectors, k, of)) > fabs(gsl_matrix_get(vectors, *a, of)))
			*a = k;
	*b = *a == 0 ? 1 : 0;
	for (size_t k = 0; k < p; k++)
		if (k != *a && fabs(gsl_matrix_get(vectors, k, of)) >
				       fabs(gsl_matrix_get(vectors, *b, of)))
			*b = k;
}

double fit_condition(const struct fit *f, size_t *a, size_t *b)
{
	const size_t p = f->n_active;
	gsl_matrix *products = gsl_matrix_alloc(p, p), *vectors = gsl_matrix_alloc(p, p);
	gsl_vector *values = gsl_vector_alloc(p);
	gsl_eigen_symmv_workspace *w = gsl_eigen_symmv_alloc(p);
	double least;

	*a = *b = 0;
	scaled_products(f, products);
	gsl_eigen_symmv(products, values, vectors, w);
	if (p > 1)
		two_largest(vectors, gsl_vector_min_index(values), p, a, b);
	least = fmax(gsl_vector_min(values), 1e-14);
	least = sqrt(gsl_vector_max(values) / least);
	gsl_matrix_free(products);
	gsl_matrix_free(vectors);
	gsl_vector_free(values);
	gsl_eigen_symmv_free(w);
	return least;
}

/* Requests */

/* Seen and foretold, s, of what is asked of a request; a decoding follows its first token. */
struct pair {
	double seen_s, foretold_s;
};

static void add(struct pair *sum, double seen_s, double foretold_s)
{
	sum->seen_s += seen_s;
	sum->foretold_s += foretold_s;
}

static double error_of(const struct pair *p)
{
	return p->seen_s > 0.0 ? p->foretold_s / p->seen_s - 1.0 : 0.0;
}

static uint32_t gaps_of(const struct fit *f, size_t request)
{
	size_t l = 0;

	for (; request >= f->s->logs[l].n; l++)
		request -= f->s->logs[l].n;
	return f->s->logs[l].at[request].output_tok - 1;
}

struct fit_error fit_error_of(const struct fit *f, bool held)
{
	struct pair first = {0}, token = {0}, end = {0};
	double *apart = mem_zalloc(f->n_requests, sizeof *apart);
	struct fit_error e = {0};

	for (size_t i = 0; i < f->n_obs; i++) {
		bool decodes = i + 1 < f->n_obs && f->obs[i + 1].request == f->obs[i].request;
		double seen_s = f->obs[i].seen_s, foretold_s = f->foretold_s[i];

		if (f->obs[i].what != FIT_FIRST || f->obs[i].held != held)
			continue;
		add(&first, seen_s, foretold_s);
		if (decodes) {
			double gaps = gaps_of(f, f->obs[i].request);

			seen_s += f->obs[i + 1].seen_s;
			foretold_s += f->foretold_s[i + 1];
			add(&token, f->obs[i + 1].seen_s / gaps, f->foretold_s[i + 1] / gaps);
		}
		add(&end, seen_s, foretold_s);
		apart[e.n++] = fabs(foretold_s / seen_s - 1.0);
	}
	e.first = error_of(&first);
	e.token = error_of(&token);
	e.end = error_of(&end);
	e.end_median = e.n > 0 ? gsl_stats_median(apart, 1, e.n) : 0.0;
	free(apart);
	return e;
}
