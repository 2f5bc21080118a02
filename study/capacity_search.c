/* What both searches share: what they have seen and spent, when they have enough. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "study/capacity_parts.h"

void capacity_note(struct search *s, double scale, double value, size_t runs)
{
	struct capacity_answer *a = s->out;

	a->points = mem_grow(a->points, a->n_points, &a->cap_points, sizeof *a->points);
	a->points[a->n_points++] = (struct capacity_point){scale, value, runs};
}

void capacity_count(struct search *s, uint64_t requests, size_t runs)
{
	s->out->requests += requests;
	s->out->runs += runs;
	if (s->q->show)
		s->q->show(s->q->user, requests);
}

bool capacity_may_go_on(const struct search *s)
{
	return s->out->requests < s->q->most_requests;
}

/** It is looked at after each step, and ends where it happens to look small. */
static const double to_be_sure = 0.75;

bool capacity_is_precise(const struct search *s, const struct stat_interval *i)
{
	return i->sd == 0.0 || i->hi - i->mean <= to_be_sure * s->q->precision * i->mean;
}

void capacity_set(struct search *s, const struct stat_interval *i)
{
	s->out->scale = i->mean;
	s->out->lo = i->sd > 0.0 ? i->lo : (double)NAN;
	s->out->hi = i->sd > 0.0 ? i->hi : (double)NAN;
	s->out->precise = capacity_is_precise(s, i);
}

static double root_of(const double x[2], double sum_0, double sum_1, double n)
{
	double y = sum_0 / n;

	return x[0] - y * (x[1] - x[0]) / ((sum_1 - sum_0) / n);
}

struct stat_interval capacity_root(const double x[2], const double *const y[2], size_t n)
{
	double *pseudo = mem_zalloc(n, sizeof *pseudo), sum[2] = {0.0, 0.0}, all;
	struct stat_interval out;

	for (size_t i = 0; i < n; i++) {
		sum[0] += y[0][i];
		sum[1] += y[1][i];
	}
	all = root_of(x, sum[0], sum[1], (double)n);
	for (size_t i = 0; i < n; i++)
		pseudo[i] =
			n < 2 ? all
			      : (double)n * all - ((double)n - 1.0) * root_of(x, sum[0] - y[0][i],
									      sum[1] - y[1][i],
									      (double)n - 1.0);
	stat_interval(&out, pseudo, n, 0.95);
	free(pseudo);
	return out;
}
