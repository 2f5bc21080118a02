#include "study/ranking.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

struct work {
	const struct ranking_setting *s;
	double eta;     /* half of h squared, for each of first - 1 degrees */
	double *spread; /* [system][system]: variance of the differences of the first ones */
	double *sums;   /* [system] up to the replication that is looked at */
};

static double difference(const struct ranking_setting *s, size_t i, size_t l, size_t r)
{
	return s->values[i][r] - s->values[l][r];
}

static double variance(const struct ranking_setting *s, size_t i, size_t l, size_t n)
{
	struct stat_mean m = {0};

	for (size_t r = 0; r < n; r++)
		stat_mean_add(&m, difference(s, i, l, r));
	return m.m2 / (double)(n - 1);
}

static double *spread_of(const struct work *w, size_t i, size_t l)
{
	return &w->spread[i * w->s->n_systems + l];
}

/** Replications after which a difference of @variance leaves no doubt. */
static double enough(const struct work *w, double spread)
{
	double h2 = 2.0 * w->eta * (double)(w->s->first - 1);

	return h2 * spread / (w->s->indifference * w->s->indifference);
}

static void begin(struct work *w, const struct ranking_setting *s)
{
	double rivals = (double)(s->n_systems - 1);

	w->s = s;
	w->eta = 0.5 * (pow(s->error / rivals, -2.0 / (double)(s->first - 1)) - 1.0);
	w->sums = mem_zalloc(s->n_systems, sizeof *w->sums);
	w->spread = mem_zalloc(s->n_systems * s->n_systems, sizeof *w->spread);
	for (size_t i = 0; i < s->n_systems; i++)
		for (size_t l = 0; l < s->n_systems; l++)
			*spread_of(w, i, l) = variance(s, i, l, s->first);
}

/** Is @i, after @r replications, further behind @l than chance explains? */
static bool beaten(const struct work *w, size_t i, size_t l, size_t r)
{
	double sign = w->s->more_is_better ? 1.0 : -1.0;
	double behind = sign * (w->sums[l] - w->sums[i]);
	double slack = 0.5 * w->s->indifference * (enough(w, *spread_of(w, i, l)) - (double)r);

	return behind > (slack > 0.0 ? slack : 0.0);
}

/** All are judged by those that were left before. */
static void screen(const struct work *w, struct ranked *of, size_t r)
{
	for (size_t i = 0; i < w->s->n_systems; i++)
		for (size_t l = 0; l < w->s->n_systems && !of[i].out; l++)
			if (l != i && (!of[l].out || of[l].out_after == r) && beaten(w, i, l, r)) {
				of[i].out = true;
				of[i].out_after = r;
			}
}

static size_t count_left(const struct ranked *of, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		left += !of[i].out;
	return left;
}

static bool better(const struct ranking_setting *s, double a, double b)
{
	return s->more_is_better ? a > b : a < b;
}

static size_t best_left(const struct ranking_setting *s, const struct ranked *of)
{
	size_t best = s->n_systems;

	for (size_t i = 0; i < s->n_systems; i++)
		if (!of[i].out &&
			(best == s->n_systems || better(s, of[i].mean.mean, of[best].mean.mean)))
			best = i;
	return best;
}

static struct stat_interval behind(const struct ranking_setting *s, size_t best, size_t i)
{
	double *less = mem_zalloc(s->n, sizeof *less);
	double pairs = 0.5 * (double)s->n_systems * (double)(s->n_systems - 1);
	struct stat_interval out;

	for (size_t r = 0; r < s->n; r++)
		less[r] = difference(s, i, best, r);
	stat_interval(&out, less, s->n, 1.0 - 0.5 * s->error / pairs);
	free(less);
	return out;
}

static void compare_intervals(struct ranked *of, const struct ranking_setting *s, size_t best)
{
	for (size_t i = 0; i < s->n_systems; i++) {
		of[i].behind = behind(s, best, i);
		of[i].out |= s->more_is_better ? of[i].behind.hi < 0.0 : of[i].behind.lo > 0.0;
	}
}

static double most_of(const struct work *w)
{
	double most = 0.0;

	for (size_t i = 0; i < w->s->n_systems; i++)
		for (size_t l = 0; l < w->s->n_systems; l++)
			most = fmax(most, enough(w, *spread_of(w, i, l)));
	return most;
}

struct ranking ranking_select(struct ranked *of, const struct ranking_setting *s)
{
	struct ranking out = {.n_left = s->n_systems};
	struct work w;

	begin(&w, s);
	for (size_t i = 0; i < s->n_systems; i++) {
		of[i] = (struct ranked){0};
		stat_interval(&of[i].mean, s->values[i], s->n, 0.95);
	}
	while (out.used < s->n && out.n_left > 1) {
		for (size_t i = 0; i < s->n_systems; i++)
			w.sums[i] += s->values[i][out.used];
		if (++out.used >= s->first)
			screen(&w, of, out.used);
		out.n_left = count_left(of, s->n_systems);
	}
	out.most = (size_t)fmin(floor(most_of(&w)) + 1.0, 1e15);
	out.best = best_left(s, of);
	compare_intervals(of, s, out.best);
	out.n_left = count_left(of, s->n_systems);
	free(w.sums);
	free(w.spread);
	return out;
}
