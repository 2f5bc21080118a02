/* Tensors that are alike, devices by what a byte on them costs, and the relaxation. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/printed_parts.h"

static double rate_of(const struct printed_problem *p, size_t d)
{
	double sum = 0.0;

	for (size_t e = p->all_pairs ? 0 : d + 1; e < p->n_devices; e++)
		if (e != d)
			sum += 1.0 / p->bytes_per_s[d * p->n_devices + e];
	return sum;
}

double printed_cost_s(const struct printed_problem *p, size_t tensor, size_t device)
{
	return p->tensors[tensor].bytes * p->accesses[tensor] * rate_of(p, device);
}

struct tensor {
	double accesses, bytes;
	size_t index;
};

/* Most accesses first, then the largest. */
static int by_accesses(const void *a, const void *b)
{
	const struct tensor *x = a, *y = b;

	if (x->accesses != y->accesses)
		return x->accesses > y->accesses ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

static void find_classes(struct printed *s)
{
	size_t n = s->p->n_tensors;
	struct tensor *tensors = mem_zalloc(n, sizeof *tensors);
	struct printed_class *c = NULL;

	for (size_t t = 0; t < n; t++)
		tensors[t] = (struct tensor){s->p->accesses[t], s->p->tensors[t].bytes, t};
	mem_sort(tensors, n, sizeof *tensors, by_accesses);
	for (size_t i = 0; i < n; i++) {
		const struct tensor *t = &tensors[i];

		if (!c || c->bytes != t->bytes || c->accesses != t->accesses) {
			c = &s->classes[s->n_classes++];
			*c = (struct printed_class){t->bytes, t->accesses, i, 0};
		}
		c->n++;
		s->order[i] = t->index;
		s->class_of[t->index] = s->n_classes - 1;
	}
	free(tensors);
}

/* A slower device moves down. */
static void sort_devices(struct printed *s)
{
	for (size_t d = 0; d < s->p->n_devices; d++) {
		size_t i = d;

		s->rate_s[d] = rate_of(s->p, d);
		for (; i > 0 && s->rate_s[s->by_rate[i - 1]] > s->rate_s[d]; i--)
			s->by_rate[i] = s->by_rate[i - 1];
		s->by_rate[i] = d;
	}
}

double printed_relax(const struct printed *s, size_t *counts)
{
	double sum = 0.0, left = s->p->devices[s->by_rate[0]].bytes;
	size_t at = 0, n = s->p->n_devices;

	for (size_t i = 0; i < s->p->n_tensors; i++) {
		size_t k = s->class_of[s->order[i]];
		const struct printed_class *c = &s->classes[k];
		double rest = c->bytes;

		if (rest <= left)
			counts[k * n + s->by_rate[at]]++;
		while (rest > left) {
			sum += left * c->accesses * s->rate_s[s->by_rate[at]];
			rest -= left;
			if (++at == n)
				return HUGE_VAL;
			left = s->p->devices[s->by_rate[at]].bytes;
		}
		sum += rest * c->accesses * s->rate_s[s->by_rate[at]];
		left -= rest;
	}
	return sum;
}

double printed_sum_s(const struct printed *s, const size_t *counts)
{
	double sum = 0.0;

	for (size_t k = 0; k < s->n_classes; k++)
		for (size_t d = 0; d < s->p->n_devices; d++)
			sum += (double)counts[k * s->p->n_devices + d] * printed_price_s(s, k, d);
	return sum;
}

void printed_deal(const struct printed *s, const size_t *counts, struct placement_home *homes)
{
	for (size_t k = 0; k < s->n_classes; k++) {
		size_t at = s->classes[k].first;

		for (size_t d = 0; d < s->p->n_devices; d++)
			for (size_t i = 0; i < counts[k * s->p->n_devices + d]; i++)
				homes[s->order[at++]].executor = (int)d;
	}
}

void printed_finish(struct printed *s)
{
	free(s->rate_s);
	free(s->order);
	free(s->class_of);
	free(s->classes);
	free(s->by_rate);
}

void printed_init(
	struct printed *s, const struct printed_problem *p, const struct placement_limits *limits)
{
	*s = (struct printed){.p = p, .stop = limits->stop, .end_s = HUGE_VAL};
	if (limits->seconds > 0.0)
		s->end_s = clock_s() + limits->seconds;
	s->rate_s = mem_zalloc(p->n_devices, sizeof *s->rate_s);
	s->by_rate = mem_zalloc(p->n_devices, sizeof *s->by_rate);
	s->order = mem_zalloc(p->n_tensors, sizeof *s->order);
	s->class_of = mem_zalloc(p->n_tensors, sizeof *s->class_of);
	s->classes = mem_zalloc(p->n_tensors, sizeof *s->classes);
	find_classes(s);
	sort_devices(s);
}
