#include "io/export/numbers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

void print_ns(FILE *to, int64_t ns, unsigned digits)
{
	uint64_t unit = 1, left;

	for (unsigned d = 0; d < digits; d++)
		unit *= 10;
	if (ns < 0)
		fputc('-', to);
	left = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	fprintf(to, "%" PRIu64, left / unit);
	left %= unit;
	if (left == 0)
		return;
	for (; left % 10 == 0; left /= 10)
		digits--;
	fprintf(to, ".%0*" PRIu64, (int)digits, left);
}

double metric_at(const struct results_metric *m, uint32_t replication)
{
	double x = (double)NAN;

	for (size_t i = 0; i < m->n; i++)
		if (m->numbers[i] == replication)
			x = m->values[i];
	return x;
}

void sample_add(struct sample *s, double x)
{
	s->at = mem_grow(s->at, s->n, &s->cap, sizeof *s->at);
	s->at[s->n++] = x;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void sample_sort(struct sample *s)
{
	mem_sort(s->at, s->n, sizeof *s->at, by_size);
}

void sample_finish(struct sample *s)
{
	free(s->at);
	*s = (struct sample){0};
}

double sample_mean(const struct sample *s)
{
	double sum = 0.0;

	for (size_t i = 0; i < s->n; i++)
		sum += s->at[i];
	return s->n ? sum / (double)s->n : 0.0;
}

double sample_sd(const struct sample *s)
{
	const double mean = sample_mean(s);
	double sum = 0.0;

	for (size_t i = 0; i < s->n; i++)
		sum += (s->at[i] - mean) * (s->at[i] - mean);
	return s->n ? sqrt(sum / (double)s->n) : 0.0;
}

double sample_quantile(const struct sample *s, double q)
{
	const double at = s->n ? q * (double)(s->n - 1) : 0.0;
	const size_t below = (size_t)at;

	if (s->n == 0)
		return 0.0;
	if (below + 1 >= s->n)
		return s->at[s->n - 1];
	return s->at[below] + (at - (double)below) * (s->at[below + 1] - s->at[below]);
}
