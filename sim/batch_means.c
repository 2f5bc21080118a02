#include "sim/batch_means.h"

#include <math.h>

/* A larger variance of the coarsest batches than that, against others, is no chance: F(15, many)
 * exceeds it in 4 % of cases. */
#define BATCH_MEANS_RATIO 1.75
#define BATCH_MEANS_R_MOST 0.95

static double batch_sum(const double *x, size_t n)
{
	double sum = 0.0;

	for (size_t i = 0; i < n; i++)
		sum += x[i];
	return sum;
}

struct moments {
	double var, r1; /* r1: correlation of neighbours; 0 where nothing varies */
};

static struct moments moments_of(const double *x, size_t b, size_t m)
{
	double mean = batch_sum(x, b * m) / (double)m, square = 0.0, product = 0.0, last = 0.0;

	for (size_t k = 0; k < m; k++) {
		double d = batch_sum(x + k * b, b) - mean;

		square += d * d;
		product += d * last;
		last = d;
	}
	return (struct moments){square / (double)(m - 1), square > 0.0 ? product / square : 0.0};
}

/** Too much correlation to stop at @m batches of variance @of, where the coarsest have @last. */
static bool correlated(const struct moments *of, const struct moments *last, size_t m)
{
	return of->r1 > 1.0 / sqrt((double)m) || last->var > BATCH_MEANS_RATIO * of->var;
}

/** The coarsest batches are correlated: as of a first-order autoregression, whose sum varies by (1
 * + r) / (1 - r) more, r one standard error above what was seen. */
static void correct(struct batch_means *out, double r1)
{
	double r = fmin(r1 + 1.0 / sqrt(out->df + 1.0), BATCH_MEANS_R_MOST);

	out->var *= (1.0 + r) / (1.0 - r);
	out->correlated = r1 > 0.5;
}

struct batch_means batch_means_of(const double *x, size_t n, size_t at_most)
{
	struct batch_means out = {.var = (double)NAN, .batch = 1};
	struct moments of, last;
	size_t most = 1;

	if (n < BATCH_MEANS_LEAST)
		return out;
	while (n / (2 * most) >= BATCH_MEANS_LEAST)
		most *= 2;
	last = moments_of(x, most, n / most);
	last.var /= (double)most;
	while (at_most > 0 && n / out.batch > at_most && out.batch < most)
		out.batch *= 2;
	for (;; out.batch *= 2) {
		size_t m = n / out.batch;

		of = moments_of(x, out.batch, m);
		of.var /= (double)out.batch;
		out.var = of.var * (double)n;
		out.df = (double)(m - 1);
		if (out.batch == most || !correlated(&of, &last, m))
			break;
	}
	if (out.batch == most && of.r1 > 0.0)
		correct(&out, of.r1);
	return out;
}
