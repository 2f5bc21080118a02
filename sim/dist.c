/* Distributions: parameters checked once, then draws. */
#include "sim/dist.h"

#include <assert.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/dist_law.h"

#define WINDOW_MIN 1e-3 /* the least share of a law that truncation may leave */
#define SHAPE_MIN 0.1
#define SHAPE_MAX 1000.0
#define K_MAX 10000u

static const char *const kind_names[] = {
	[DIST_CONSTANT] = "constant",
	[DIST_EXPONENTIAL] = "exponential",
	[DIST_UNIFORM] = "uniform",
	[DIST_ERLANG] = "erlang",
	[DIST_GAMMA] = "gamma",
	[DIST_WEIBULL] = "weibull",
	[DIST_LOGNORMAL] = "lognormal",
	[DIST_HYPEREXPONENTIAL] = "hyperexponential",
	[DIST_GEOMETRIC] = "geometric",
	[DIST_EMPIRICAL] = "empirical",
};

/* ln of E[X^2]/E[X]^2 of the Weibull law of shape @c. */
static double weibull_ln_m2(double c)
{
	return gsl_sf_lngamma(1.0 + 2.0 / c) - 2.0 * gsl_sf_lngamma(1.0 + 1.0 / c);
}

double weibull_shape_of_cv(double cv)
{
	double lo = log(0.05), hi = log(1e5), mid, want = log1p(cv * cv);
	int i;

	for (i = 0; i < 80; i++) { /* the moment falls with the shape */
		mid = 0.5 * (lo + hi);
		if (weibull_ln_m2(exp(mid)) > want)
			lo = mid;
		else
			hi = mid;
	}
	return exp(0.5 * (lo + hi));
}

/* Written so that NaN fails too. */
static bool in_range(double x, double lo, double hi)
{
	return x >= lo && x <= hi;
}

static bool check_mean(const struct dist_spec *s, struct err *err)
{
	if (s->kind == DIST_CONSTANT && !in_range(s->mean, 0.0, 1e15))
		return err_at(err, s->at, "a constant must be from 0 to 1e15, not %g", s->mean);
	if (s->kind == DIST_GEOMETRIC && !in_range(s->mean, 1.0, 1e15))
		return err_at(
			err, s->at, "mean of geometric must be from 1 to 1e15, not %g", s->mean);
	if (s->kind != DIST_CONSTANT && !(s->mean > 0.0 && s->mean <= 1e15))
		return err_at(err, s->at, "mean of %s must be above 0 and at most 1e15, not %g",
			kind_names[s->kind], s->mean);
	return true;
}

static bool set_uniform(struct dist *d, const struct dist_spec *s, struct err *err)
{
	if (s->min == -HUGE_VAL || s->max == HUGE_VAL)
		return err_at(err, s->at, "uniform needs both min and max");
	if (!(s->min >= 0.0))
		return err_at(err, s->at, "min of uniform must be at least 0, not %g", s->min);
	if (!(s->max > s->min && s->max <= 1e15))
		return err_at(err, s->at,
			"max of uniform must be above min and at most 1e15, not %g", s->max);
	d->a = s->min;
	d->b = s->max;
	d->mean = 0.5 * (d->a + d->b);
	return true;
}

/* Gamma of shape 1/cv^2. */
static bool set_gamma(struct dist *d, const struct dist_spec *s, struct err *err)
{
	if (!in_range(s->cv, DIST_CV_MIN, DIST_CV_MAX))
		return err_at(err, s->at, "cv of %s must be from %g to %g, not %g",
			kind_names[s->kind], DIST_CV_MIN, DIST_CV_MAX, s->cv);
	d->a = 1.0 / (s->cv * s->cv);
	d->b = s->mean / d->a;
	return true;
}

static bool set_erlang(struct dist *d, const struct dist_spec *s, struct err *err)
{
	if (s->k < 1 || s->k > K_MAX)
		return err_at(err, s->at, "k of erlang must be from 1 to %u, not %u", K_MAX, s->k);
	d->a = s->k;
	d->b = s->mean / d->a;
	return true;
}

static bool set_weibull(struct dist *d, const struct dist_spec *s, struct err *err)
{
	if (!in_range(s->shape, SHAPE_MIN, SHAPE_MAX))
		return err_at(err, s->at, "shape of weibull must be from %g to %g, not %g",
			SHAPE_MIN, SHAPE_MAX, s->shape);
	d->a = s->shape;
	d->b = s->mean / exp(gsl_sf_lngamma(1.0 + 1.0 / s->shape));
	return true;
}

static bool set_lognormal(struct dist *d, const struct dist_spec *s, struct err *err)
{
	double var;

	if (!in_range(s->cv, DIST_CV_MIN, DIST_CV_MAX))
		return err_at(err, s->at, "cv of lognormal must be from %g to %g, not %g",
			DIST_CV_MIN, DIST_CV_MAX, s->cv);
	var = log1p(s->cv * s->cv);
	d->a = log(s->mean) - 0.5 * var;
	d->b = sqrt(var);
	return true;
}

/* Two phases that carry the same mean each: p a = (1 - p) b = mean/2. */
static bool set_hyperexponential(struct dist *d, const struct dist_spec *s, struct err *err)
{
	double c2 = s->cv * s->cv;

	if (!(s->cv > 1.0 && s->cv <= DIST_CV_MAX))
		return err_at(err, s->at,
			"cv of hyperexponential must be above 1 and at most %g, not %g",
			DIST_CV_MAX, s->cv);
	d->p = 0.5 * (1.0 + sqrt((c2 - 1.0) / (c2 + 1.0)));
	d->a = 0.5 * s->mean / d->p;
	d->b = 0.5 * s->mean / (1.0 - d->p);
	return true;
}

static void set_geometric(struct dist *d, const struct dist_spec *s)
{
	d->p = 1.0 / s->mean;
	/* P(floor(E) >= n) = exp(-n/a) = (1 - p)^n; a = 0 for p = 1, always 1 */
	d->a = -1.0 / log1p(-d->p);
}

static bool set_empirical(struct dist *d, const struct dist_spec *s, struct err *err)
{
	size_t i;

	if (s->n_quantiles < 2)
		return err_at(err, s->at, "quantiles must be at least 2 numbers, not %zu",
			s->n_quantiles);
	for (i = 0; i < s->n_quantiles; i++) {
		if (!in_range(s->quantiles[i], 0.0, 1e15))
			return err_at(err, s->at, "quantile %zu must be from 0 to 1e15, not %g",
				i + 1, s->quantiles[i]);
		if (i > 0 && s->quantiles[i] < s->quantiles[i - 1])
			return err_at(err, s->at,
				"quantile %zu must not be below the one before: %g < %g", i + 1,
				s->quantiles[i], s->quantiles[i - 1]);
	}
	d->n = s->n_quantiles;
	d->q = mem_zalloc(d->n, sizeof *d->q);
	memcpy(d->q, s->quantiles, d->n * sizeof *d->q);
	d->mean = 0.0;
	for (i = 0; i + 1 < d->n; i++)
		d->mean += 0.5 * (d->q[i] + d->q[i + 1]) / (double)(d->n - 1);
	return true;
}

static bool set_params(struct dist *d, const struct dist_spec *s, struct err *err)
{
	bool own_mean = s->kind == DIST_UNIFORM || s->kind == DIST_EMPIRICAL;

	if (!own_mean && !check_mean(s, err))
		return false;
	switch (s->kind) {
	case DIST_CONSTANT:
	case DIST_EXPONENTIAL:
		return true;
	case DIST_UNIFORM:
		return set_uniform(d, s, err);
	case DIST_ERLANG:
		return set_erlang(d, s, err);
	case DIST_GAMMA:
		return set_gamma(d, s, err);
	case DIST_WEIBULL:
		return set_weibull(d, s, err);
	case DIST_LOGNORMAL:
		return set_lognormal(d, s, err);
	case DIST_HYPEREXPONENTIAL:
		return set_hyperexponential(d, s, err);
	case DIST_GEOMETRIC:
		set_geometric(d, s);
		return true;
	case DIST_EMPIRICAL:
		return set_empirical(d, s, err);
	}
	assert(!"a kind of distribution");
	return false;
}

/* A uniform law's min and max are its own; for the others they cut. */
static bool set_window(struct dist *d, const struct dist_spec *s, struct err *err)
{
	d->min = s->min;
	d->max = s->max;
	d->within = 1.0;
	d->mean_drawn = d->mean;
	if (s->kind == DIST_UNIFORM || (s->min == -HUGE_VAL && s->max == HUGE_VAL))
		return true;
	if (!(s->min <= s->max))
		return err_at(err, s->at, "min must be at most max, not %g > %g", s->min, s->max);
	d->below = law_cdf(d, s->min, true);
	d->within = law_cdf(d, s->max, false) - d->below;
	if (!(d->within >= WINDOW_MIN))
		return err_at(err, s->at,
			"%.2g %% of %s lies between min and max; it must be at least %g %%",
			100.0 * fmax(d->within, 0.0), kind_names[s->kind], 100.0 * WINDOW_MIN);
	d->truncated = d->within < 1.0;
	if (d->truncated)
		d->mean_drawn =
			(law_partial_mean(d, s->max, false) - law_partial_mean(d, s->min, true)) /
			d->within;
	return true;
}

static uint32_t count_of(double x)
{
	x += 0.5;
	if (x < 1.0)
		return 1;
	return x < DIST_COUNT_MAX ? (uint32_t)x : DIST_COUNT_MAX;
}

bool dist_create(struct dist **out, const struct dist_spec *spec, struct err *err)
{
	struct dist *d = mem_zalloc(1, sizeof *d);

	*out = NULL;
	d->kind = spec->kind;
	d->mean = spec->mean;
	if (!set_params(d, spec, err) || !set_window(d, spec, err)) {
		dist_destroy(d);
		return false;
	}
	if (d->kind == DIST_CONSTANT)
		d->fixed_count = count_of(d->mean);
	*out = d;
	return true;
}

void dist_destroy(struct dist *d)
{
	if (d)
		free(d->q);
	free(d);
}

static double draw_empirical(const struct dist *d, double u)
{
	double at = u * (double)(d->n - 1);
	size_t i = (size_t)at;

	return d->q[i] + (at - (double)i) * (d->q[i + 1] - d->q[i]);
}

static double draw(const struct dist *d, struct rng *r)
{
	switch (d->kind) {
	case DIST_CONSTANT:
		return d->mean;
	case DIST_EXPONENTIAL:
		return rng_exponential(r, d->mean);
	case DIST_UNIFORM:
		return d->a + (d->b - d->a) * rng_uniform(r);
	case DIST_ERLANG:
	case DIST_GAMMA:
		return gsl_ran_gamma(rng_gsl(r), d->a, d->b);
	case DIST_WEIBULL:
		return d->b * pow(rng_exponential(r, 1.0), 1.0 / d->a);
	case DIST_LOGNORMAL:
		return exp(d->a + gsl_ran_gaussian_ziggurat(rng_gsl(r), d->b));
	case DIST_HYPEREXPONENTIAL:
		return rng_exponential(r, rng_uniform(r) < d->p ? d->a : d->b);
	case DIST_GEOMETRIC:
		return 1.0 + floor(rng_exponential(r, d->a));
	case DIST_EMPIRICAL:
		return draw_empirical(d, rng_uniform(r));
	}
	assert(!"a kind of distribution");
	return 0.0;
}

double dist_draw(const struct dist *d, struct rng *r)
{
	double x = draw(d, r);

	if (d->truncated)
		while (!(x >= d->min && x <= d->max)) /* at most 1000 times on average */
			x = draw(d, r);
	return x;
}

uint32_t dist_draw_count(const struct dist *d, struct rng *r)
{
	return d->fixed_count ? d->fixed_count : count_of(dist_draw(d, r));
}

double dist_mean(const struct dist *d)
{
	return d->mean_drawn;
}

double dist_quantile(const struct dist *d, double u)
{
	double want = d->below + u * d->within, lo = fmax(d->min, 0.0), hi = d->mean, mid;

	if (law_cdf(d, lo, false) >= want)
		return lo;
	while (law_cdf(d, hi, false) < want)
		hi *= 2.0;
	for (;;) { /* until lo and hi are neighbours */
		mid = lo + 0.5 * (hi - lo);
		if (mid <= lo || mid >= hi)
			return hi;
		if (law_cdf(d, mid, false) < want)
			lo = mid;
		else
			hi = mid;
	}
}
