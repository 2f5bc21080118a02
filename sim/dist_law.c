/* The laws behind the draws: distribution functions and partial means, which
 * truncation and quantiles need. Formulas in docs/workloads.md. */
#include "sim/dist_law.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

/* Exponential law of mean @m. */
static double exp_cdf(double m, double x)
{
	return -expm1(-x / m);
}

/* The integral of t exp(-t/m)/m from 0 to x. */
static double exp_partial(double m, double x)
{
	return m * exp_cdf(m, x) - x * exp(-x / m);
}

/* The whole numbers n >= 1 with n <= x (n < x when strict): how many. */
static double whole_until(double x, bool strict)
{
	return strict ? ceil(x) - 1.0 : floor(x);
}

/* 1 - q^n. */
static double geometric_cdf(const struct dist *d, double n)
{
	return n > 0.0 ? -expm1(n * log1p(-d->p)) : 0.0;
}

/* The sum of k p q^(k-1) over k = 1 .. n. */
static double geometric_partial(const struct dist *d, double n)
{
	return geometric_cdf(d, n) / d->p - n * (1.0 - geometric_cdf(d, n));
}

/* The share of an empirical law below @x. Its quantile function is linear between the
 * table's entries; equal entries are an atom, which @strict leaves out. */
static double empirical_cdf(const struct dist *d, double x, bool strict)
{
	size_t i = 0;

	while (i < d->n && (strict ? d->q[i] < x : d->q[i] <= x))
		i++;
	if (i == 0)
		return 0.0;
	if (i == d->n)
		return 1.0;
	return ((double)(i - 1) + (x - d->q[i - 1]) / (d->q[i] - d->q[i - 1])) / (double)(d->n - 1);
}

/* The integral of the quantile function from 0 to @u. */
static double empirical_partial(const struct dist *d, double u)
{
	double at = u * (double)(d->n - 1), sum = 0.0, f;
	size_t i;

	for (i = 0; i + 1 < d->n && (double)i < at; i++) {
		f = fmin(at - (double)i, 1.0);
		sum += f * (d->q[i] + 0.5 * f * (d->q[i + 1] - d->q[i]));
	}
	return sum / (double)(d->n - 1);
}

double law_cdf(const struct dist *d, double x, bool strict)
{
	if (x < 0.0 || (strict && x == 0.0))
		return 0.0;
	if (x == HUGE_VAL)
		return 1.0;
	switch (d->kind) {
	case DIST_CONSTANT:
		return d->mean < x || (!strict && d->mean == x) ? 1.0 : 0.0;
	case DIST_EXPONENTIAL:
		return exp_cdf(d->mean, x);
	case DIST_UNIFORM:
		return fmin(fmax((x - d->a) / (d->b - d->a), 0.0), 1.0);
	case DIST_ERLANG:
	case DIST_GAMMA:
		return gsl_cdf_gamma_P(x, d->a, d->b);
	case DIST_WEIBULL:
		return -expm1(-pow(x / d->b, d->a));
	case DIST_LOGNORMAL:
		return x > 0.0 ? gsl_cdf_ugaussian_P((log(x) - d->a) / d->b) : 0.0;
	case DIST_HYPEREXPONENTIAL:
		return d->p * exp_cdf(d->a, x) + (1.0 - d->p) * exp_cdf(d->b, x);
	case DIST_GEOMETRIC:
		return geometric_cdf(d, whole_until(x, strict));
	case DIST_EMPIRICAL:
		return empirical_cdf(d, x, strict);
	}
	assert(!"a kind of distribution");
	return 0.0;
}

double law_partial_mean(const struct dist *d, double x, bool strict)
{
	double n;

	if (x <= 0.0)
		return 0.0;
	if (x == HUGE_VAL)
		return d->mean;
	switch (d->kind) {
	case DIST_CONSTANT:
		return d->mean * law_cdf(d, x, strict);
	case DIST_EXPONENTIAL:
		return exp_partial(d->mean, x);
	case DIST_UNIFORM:
		n = fmin(fmax(x, d->a), d->b);
		return 0.5 * (n * n - d->a * d->a) / (d->b - d->a);
	case DIST_ERLANG:
	case DIST_GAMMA:
		return d->mean * gsl_cdf_gamma_P(x, d->a + 1.0, d->b);
	case DIST_WEIBULL:
		return d->mean * gsl_cdf_gamma_P(pow(x / d->b, d->a), 1.0 + 1.0 / d->a, 1.0);
	case DIST_LOGNORMAL:
		return d->mean * gsl_cdf_ugaussian_P((log(x) - d->a) / d->b - d->b);
	case DIST_HYPEREXPONENTIAL:
		return d->p * exp_partial(d->a, x) + (1.0 - d->p) * exp_partial(d->b, x);
	case DIST_GEOMETRIC:
		return geometric_partial(d, whole_until(x, strict));
	case DIST_EMPIRICAL:
		return empirical_partial(d, empirical_cdf(d, x, strict));
	}
	assert(!"a kind of distribution");
	return 0.0;
}
