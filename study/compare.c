#include "study/compare.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static const double LEVEL = 0.95;

struct pairs {
	size_t n;
	double *less;
	struct stat_mean a, b;
	double products; /* of deviations from the means, summed */
};

/** The covariance is updated as Welford's variance is. */
static void pair(struct pairs *p, double a, double b)
{
	double from_a = a - p->a.mean;

	stat_mean_add(&p->a, a);
	stat_mean_add(&p->b, b);
	p->products += from_a * (b - p->b.mean);
	p->less[p->n++] = b - a;
}

static struct pairs pairs_of(const struct compare_side *a, const struct compare_side *b)
{
	struct pairs p = {.less = mem_zalloc(a->n, sizeof *p.less)};

	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		if (a->numbers[i] == b->numbers[k] && !isnan(a->values[i]) && !isnan(b->values[k]))
			pair(&p, a->values[i], b->values[k]);
		if (a->numbers[i] < b->numbers[k])
			i++;
		else if (a->numbers[i] > b->numbers[k])
			k++;
		else
			i++, k++;
	}
	return p;
}

static struct comparison compare_pairs(const struct compare_side *a, const struct compare_side *b)
{
	struct pairs p = pairs_of(a, b);
	struct comparison c = {.paired = true,
		.n = p.n,
		.a = p.n ? p.a.mean : (double)NAN,
		.b = p.n ? p.b.mean : (double)NAN,
		.correlation = (double)NAN,
		.saved = (double)NAN};

	stat_interval(&c.less, p.less, p.n, LEVEL);
	if (p.n > 1) {
		double apart = (p.a.m2 + p.b.m2) / (double)(p.n - 1);

		if (p.a.m2 > 0.0 && p.b.m2 > 0.0)
			c.correlation = p.products / sqrt(p.a.m2 * p.b.m2);
		if (apart > 0.0)
			c.saved = apart / (c.less.sd * c.less.sd);
	}
	free(p.less);
	return c;
}

static struct stat_mean mean_of(const struct compare_side *s)
{
	struct stat_mean m = {0};

	for (size_t i = 0; i < s->n; i++)
		if (!isnan(s->values[i]))
			stat_mean_add(&m, s->values[i]);
	return m;
}

/** Variance of a mean. */
static double error2(const struct stat_mean *m)
{
	return m->m2 / (double)(m->n - 1) / (double)m->n;
}

/** Welch, "The generalization of Student's problem", 1947. */
static struct stat_interval welch(const struct stat_mean *a, const struct stat_mean *b)
{
	double less = a->n && b->n ? b->mean - a->mean : (double)NAN;
	struct stat_interval out = {less, (double)NAN, (double)NAN, (double)NAN, 0};
	double ea, eb, degrees, half;

	out.n = a->n < b->n ? a->n : b->n;
	if (out.n < 2)
		return out;
	ea = error2(a);
	eb = error2(b);
	out.sd = sqrt(ea + eb);
	degrees = ea + eb > 0.0
			  ? (ea + eb) * (ea + eb) /
				    (ea * ea / (double)(a->n - 1) + eb * eb / (double)(b->n - 1))
			  : 1.0;
	half = gsl_cdf_tdist_Pinv(0.5 + 0.5 * LEVEL, degrees) * out.sd;
	out.lo = less - half;
	out.hi = less + half;
	return out;
}

static struct comparison compare_apart(const struct compare_side *a, const struct compare_side *b)
{
	struct stat_mean of_a = mean_of(a), of_b = mean_of(b);
	struct comparison c = {.a = of_a.n ? of_a.mean : (double)NAN,
		.b = of_b.n ? of_b.mean : (double)NAN,
		.less = welch(&of_a, &of_b),
		.correlation = (double)NAN,
		.saved = (double)NAN};

	c.n = c.less.n;
	return c;
}

struct comparison compare(const struct compare_side *a, const struct compare_side *b, bool paired)
{
	return paired ? compare_pairs(a, b) : compare_apart(a, b);
}
