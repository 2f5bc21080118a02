#ifndef OFFING_SIM_STAT_H
#define OFFING_SIM_STAT_H

#include <stddef.h>
#include <stdint.h>

/**
 * Running statistics: of samples (stat_mean, stat_hist), of a level in time
 * (stat_level), and over replications (stat_interval). All but the histogram are
 * plain values with nothing to free.
 */

/** Mean and variance of samples (Welford; merge by Chan, Golub, LeVeque 1983). Start at {0}. */
struct stat_mean {
	uint64_t n;
	double mean; /* 0 while n is 0 */
	double m2;   /* sum of squared deviations from the mean */
};

static inline void stat_mean_add(struct stat_mean *s, double x)
{
	const double d = x - s->mean;

	s->n++;
	s->mean += d / (double)s->n;
	s->m2 += d * (x - s->mean);
}

/** Add all of @from's samples to @s. */
void stat_mean_merge(struct stat_mean *s, const struct stat_mean *from);

/** Sample standard deviation (n - 1); NaN below two samples. */
double stat_mean_sd(const struct stat_mean *s);

/** A number that changes at instants: queue length, busy servers, bytes held. */
struct stat_level {
	int64_t from_ns, last_ns;
	double value, max;
	double area; /* integral of value over [from_ns, last_ns], value x ns */
};

static inline void level_init(struct stat_level *l, int64_t now_ns, double value)
{
	*l = (struct stat_level){now_ns, now_ns, value, value, 0.0};
}

static inline void level_set(struct stat_level *l, int64_t now_ns, double value)
{
	l->area += l->value * (double)(now_ns - l->last_ns);
	l->last_ns = now_ns;
	l->value = value;
	l->max = value > l->max ? value : l->max;
}

static inline void level_add(struct stat_level *l, int64_t now_ns, double by)
{
	level_set(l, now_ns, l->value + by);
}

/** Forget the past (the warm-up), keep the value; the maximum starts at the value. */
static inline void level_restart(struct stat_level *l, int64_t now_ns)
{
	level_init(l, now_ns, l->value);
}

/** Integral from the start to @now_ns, value x seconds. */
double level_integral(const struct stat_level *l, int64_t now_ns);

/** Time average from the start to @now_ns; the value when no time has passed. */
double level_mean(const struct stat_level *l, int64_t now_ns);

static inline double level_max(const struct stat_level *l)
{
	return l->max;
}

enum {
	HIST_OCTAVE_MIN = -64,
	HIST_OCTAVE_MAX = 63,
	HIST_OCTAVES = HIST_OCTAVE_MAX - HIST_OCTAVE_MIN + 1,
	HIST_STEPS = 128, /* buckets an octave */
};

/**
 * Quantiles of samples >= 0 in bounded memory: each octave [2^k, 2^(k+1)) is cut
 * into 128 equal buckets, found from the bits of the double, and a bucket answers with
 * its middle: relative error at most 1/257 = 0.39 %. Samples below 2^-64 (5e-20) count as
 * zero. Memory: 1 KB and 1 KB for each octave met, 129 KB at most.
 */
struct stat_hist {
	uint64_t *octave[HIST_OCTAVES]; /* HIST_STEPS counts, or NULL when none fell there */
	uint64_t n, zeros;
	double min, max; /* exact; meaningless while n is 0 */
};

void hist_init(struct stat_hist *h);
void hist_finish(struct stat_hist *h);

/** Forget every sample, keep the memory. */
void hist_clear(struct stat_hist *h);

/** 0 <= @x < 2^64, asserted; NaN fails. */
void hist_add(struct stat_hist *h, double x);

/** Add all of @from's samples to @h. */
void hist_merge(struct stat_hist *h, const struct stat_hist *from);

/**
 * The sample of rank ceil(q n), within the error above and never outside [min, max].
 * @q = 0 gives the least and 1 the greatest sample, exactly. NaN when there is none.
 */
double hist_quantile(const struct stat_hist *h, double q);

static inline uint64_t hist_count(const struct stat_hist *h)
{
	return h->n;
}

/** Mean of independent replications with its confidence interval. */
struct stat_interval {
	double mean, sd; /* sd: sample, n - 1 */
	double lo, hi;   /* mean -+ t(n - 1, (1 + level)/2) sd / sqrt(n) */
	size_t n;
};

/**
 * Student's t interval of @x[0..@n) at @level in (0, 1), 0.95 say. With one sample sd, lo
 * and hi are NaN; with none the mean is NaN too.
 */
void stat_interval(struct stat_interval *out, const double *x, size_t n, double level);

#endif
