#include "sim/stat.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "base/mem.h"
#include "sim/event.h"

void stat_mean_merge(struct stat_mean *s, const struct stat_mean *from)
{
	const double na = (double)s->n, nb = (double)from->n;
	const double d = from->mean - s->mean;

	if (from->n == 0)
		return;
	s->n += from->n;
	s->mean += d * (nb / (na + nb));
	s->m2 += from->m2 + d * d * (na * nb / (na + nb));
}

double stat_mean_sd(const struct stat_mean *s)
{
	return s->n < 2 ? (double)NAN : sqrt(s->m2 / (double)(s->n - 1));
}

static double area(const struct stat_level *l, int64_t now_ns)
{
	assert(now_ns >= l->last_ns);
	return l->area + l->value * (double)(now_ns - l->last_ns);
}

double level_integral(const struct stat_level *l, int64_t now_ns)
{
	return area(l, now_ns) / 1e9;
}

double level_mean(const struct stat_level *l, int64_t now_ns)
{
	if (now_ns == l->from_ns)
		return l->value;
	return area(l, now_ns) / (double)(now_ns - l->from_ns);
}

void hist_init(struct stat_hist *h)
{
	*h = (struct stat_hist){0};
}

void hist_finish(struct stat_hist *h)
{
	size_t k;

	for (k = 0; k < HIST_OCTAVES; k++)
		free(h->octave[k]);
	hist_init(h);
}

void hist_clear(struct stat_hist *h)
{
	size_t k;

	for (k = 0; k < HIST_OCTAVES; k++)
		if (h->octave[k])
			memset(h->octave[k], 0, HIST_STEPS * sizeof *h->octave[k]);
	h->n = 0;
	h->zeros = 0;
}

static uint64_t *counts(struct stat_hist *h, size_t k)
{
	if (!h->octave[k])
		h->octave[k] = mem_zalloc(HIST_STEPS, sizeof *h->octave[k]);
	return h->octave[k];
}

void hist_add(struct stat_hist *h, double x)
{
	uint64_t bits, bucket;

	assert(x >= 0.0 && x < 0x1p64);
	h->min = h->n == 0 || x < h->min ? x : h->min;
	h->max = h->n == 0 || x > h->max ? x : h->max;
	h->n++;
	if (x < 0x1p-64) {
		h->zeros++;
		return;
	}
	memcpy(&bits, &x, sizeof bits); /* sign 0, exponent + 1023, 52 bits of fraction */
	bucket = (bits >> 45) - (uint64_t)(1023 + HIST_OCTAVE_MIN) * HIST_STEPS;
	counts(h, bucket / HIST_STEPS)[bucket % HIST_STEPS]++;
}

void hist_merge(struct stat_hist *h, const struct stat_hist *from)
{
	uint64_t *to;
	size_t k, i;

	if (from->n == 0)
		return;
	h->min = h->n == 0 || from->min < h->min ? from->min : h->min;
	h->max = h->n == 0 || from->max > h->max ? from->max : h->max;
	h->n += from->n;
	h->zeros += from->zeros;
	for (k = 0; k < HIST_OCTAVES; k++) {
		if (!from->octave[k])
			continue;
		to = counts(h, k);
		for (i = 0; i < HIST_STEPS; i++)
			to[i] += from->octave[k][i];
	}
}

/** The middle of the bucket that holds the sample of this @rank, counted from 1. */
static double at_rank(const struct stat_hist *h, uint64_t rank)
{
	uint64_t seen = h->zeros;
	size_t k, i;

	if (rank <= seen)
		return 0.0;
	for (k = 0; k < HIST_OCTAVES; k++) {
		for (i = 0; h->octave[k] && i < HIST_STEPS; i++) {
			seen += h->octave[k][i];
			if (rank <= seen)
				return ldexp(1.0 + ((double)i + 0.5) / HIST_STEPS,
					(int)k + HIST_OCTAVE_MIN);
		}
	}
	return h->max;
}

double hist_quantile(const struct stat_hist *h, double q)
{
	const double rank = ceil(q * (double)h->n);
	double x;

	assert(q >= 0.0 && q <= 1.0);
	if (h->n == 0)
		return (double)NAN;
	if (rank <= 1.0)
		return h->min;
	if (rank >= (double)h->n)
		return h->max;
	x = at_rank(h, (uint64_t)rank);
	return fmin(fmax(x, h->min), h->max);
}

void stat_interval(struct stat_interval *out, const double *x, size_t n, double level)
{
	struct stat_mean s = {0};
	double half;
	size_t i;

	assert(level > 0.0 && level < 1.0);
	for (i = 0; i < n; i++)
		stat_mean_add(&s, x[i]);
	*out = (struct stat_interval){(double)NAN, (double)NAN, (double)NAN, (double)NAN, n};
	if (n > 0)
		out->mean = s.mean;
	if (n < 2)
		return;
	out->sd = stat_mean_sd(&s);
	half = gsl_cdf_tdist_Pinv((1.0 + level) / 2.0, (double)(n - 1)) * out->sd / sqrt((double)n);
	out->lo = out->mean - half;
	out->hi = out->mean + half;
}
