/* The least squares of one device. */
#include "scripts/paper/fit/solve.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>

/* Relative step of the derivatives: beyond the rounding to nanoseconds, below any bend. */
static const double STEP = 1e-3;
/* A constant moves by less: a thousandth of its standard error and below. */
static const double SMALLEST_MOVE = 1e-6;
enum { ITERATIONS = 60 };

struct problem {
	const struct form *form;
	const struct cells *cells;
	struct testbed *t;
	enum card card;
	size_t n, cell[CELLS_MOST];
	gsl_vector *at, *here; /* where residuals were asked for last, and those */
	struct err *err;
};

/* The share of its bandwidth that published kernels reach on @d; launches 0. */
static struct constants published(enum card d)
{
	double eb = d == TITAN_X ? 0.83 : 0.96; /* titan-x-fused.profile, rtx-4090-fused.profile */

	return (struct constants){.eb = {eb, eb}, .ec = 0.65};
}

static void put(struct constants *c, const struct constant *k, double x)
{
	if (k->field == FIELD_EC)
		c->ec = x;
	for (enum paper_model m = 0; m < PAPER_MODELS; m++) {
		if (k->model != PAPER_MODELS && k->model != m)
			continue;
		if (k->field == FIELD_EB)
			c->eb[m] = x;
		if (k->field == FIELD_LAUNCH)
			c->launch_s[m] = x;
	}
}

static struct constants constants_at(const struct problem *p, const gsl_vector *x)
{
	struct constants c = published(p->card);

	for (size_t k = 0; k < p->form->n; k++)
		put(&c, &p->form->constant[k], exp(gsl_vector_get(x, k)));
	return c;
}

static int residuals(const gsl_vector *x, void *problem, gsl_vector *out)
{
	struct problem *p = problem;
	struct constants c = constants_at(p, x);
	double s;

	for (size_t i = 0; i < p->n; i++) {
		if (!testbed_latency(&s, p->t, p->cell[i], &c, p->err))
			return GSL_EFAILED;
		gsl_vector_set(out, i, log(s / p->cells->at[p->cell[i]].latency_s));
	}
	return GSL_SUCCESS;
}

static int residuals_kept(const gsl_vector *x, void *problem, gsl_vector *out)
{
	struct problem *p = problem;
	int status = residuals(x, problem, out);

	gsl_vector_memcpy(p->at, x);
	gsl_vector_memcpy(p->here, out);
	return status;
}

/* Residuals at @x, which are those found last unless a step was refused since. */
static int residuals_again(const gsl_vector *x, struct problem *p)
{
	return gsl_vector_equal(x, p->at) ? GSL_SUCCESS : residuals_kept(x, p, p->here);
}

static int slopes(const gsl_vector *x, void *problem, gsl_matrix *out)
{
	struct problem *p = problem;
	gsl_vector *there = gsl_vector_alloc(p->form->n), *r = gsl_vector_alloc(p->n);
	int status = residuals_again(x, p);

	for (size_t k = 0; status == GSL_SUCCESS && k < p->form->n; k++) {
		gsl_vector_memcpy(there, x);
		gsl_vector_set(there, k, gsl_vector_get(x, k) + STEP);
		status = residuals(there, problem, r);
		for (size_t i = 0; i < p->n; i++)
			gsl_matrix_set(out, i, k,
				(gsl_vector_get(r, i) - gsl_vector_get(p->here, i)) / STEP);
	}
	gsl_vector_free(r);
	gsl_vector_free(there);
	return status;
}

/* Akaike's criterion for few observations: the noise is a constant, too. */
static double aicc(double n, double constants, double sum)
{
	double k = constants + 1.0;

	return n > k + 1.0 ? n * log(sum / n) + 2.0 * k * n / (n - k - 1.0) : HUGE_VAL;
}

static void take(struct solution *out, const struct problem *p, gsl_multifit_nlinear_workspace *w)
{
	const gsl_vector *x = gsl_multifit_nlinear_position(w),
			 *r = gsl_multifit_nlinear_residual(w);
	size_t k = p->form->n, n = p->n;
	gsl_matrix *covariance = gsl_matrix_alloc(k, k);
	double sum = 0.0; /* of squares */

	out->at = constants_at(p, x);
	for (size_t i = 0; i < n; i++) {
		out->cell[i] = p->cell[i];
		out->residual[i] = gsl_vector_get(r, i);
		out->foretold_s[i] = p->cells->at[p->cell[i]].latency_s * exp(out->residual[i]);
		sum += out->residual[i] * out->residual[i];
	}
	out->sigma = sqrt(sum / (double)(n - k));
	out->aicc = aicc((double)n, (double)k, sum);
	gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(w), 0.0, covariance);
	for (size_t a = 0; a < k; a++) {
		out->value[a] = exp(gsl_vector_get(x, a));
		for (size_t b = 0; b < k; b++)
			out->covariance[a][b] =
				out->sigma * out->sigma * gsl_matrix_get(covariance, a, b);
	}
	gsl_matrix_free(covariance);
}

static bool minimise(struct solution *out, struct problem *p, struct err *err)
{
	gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
	gsl_multifit_nlinear_workspace *w =
		gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, p->n, p->form->n);
	gsl_multifit_nlinear_fdf fdf = {
		.f = residuals_kept, .df = slopes, .n = p->n, .p = p->form->n, .params = p};
	gsl_vector *start = gsl_vector_alloc(p->form->n);
	int status, why;

	p->at = gsl_vector_calloc(p->form->n);
	p->here = gsl_vector_calloc(p->n);
	for (size_t k = 0; k < p->form->n; k++)
		gsl_vector_set(start, k, log(p->form->constant[k].start));
	status = gsl_multifit_nlinear_init(start, &fdf, w);
	if (status == GSL_SUCCESS)
		status = gsl_multifit_nlinear_driver(
			ITERATIONS, SMALLEST_MOVE, 0.0, 0.0, NULL, NULL, &why, w);
	if (status == GSL_SUCCESS || status == GSL_ENOPROG || status == GSL_EMAXITER)
		take(out, p, w);
	else if (p->err->kind == ERR_NONE)
		err_run(err, "the least squares failed: %s", gsl_strerror(status));
	gsl_vector_free(p->here);
	gsl_vector_free(p->at);
	gsl_vector_free(start);
	gsl_multifit_nlinear_free(w);
	return p->err->kind == ERR_NONE;
}

bool solve(struct solution *out, const struct form *f, enum card d, const struct cells *cells,
	struct testbed *t, struct err *err)
{
	struct problem p = {.form = f, .cells = cells, .t = t, .card = d, .err = err};

	*out = (struct solution){.form = f, .card = d};
	for (size_t i = 0; i < cells->n; i++)
		if (cells->at[i].card == d)
			p.cell[p.n++] = i;
	out->n = p.n;
	if (p.n <= f->n)
		return err_input(err, "%s: %zu cells are too few for %zu constants", card_names[d],
			p.n, f->n);
	return minimise(out, &p, err);
}
