#include "study/samples.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/antithetic.h"

static void set_cap(struct samples *s, size_t cap)
{
	double *values = mem_zalloc(cap * s->n_metrics, sizeof *values);

	for (size_t m = 0; m < s->n_metrics && s->n > 0; m++)
		memcpy(values + m * cap, s->by_replication + m * s->cap, s->n * sizeof *values);
	free(s->by_replication);
	s->by_replication = values;
	s->numbers = mem_resize(s->numbers, cap, sizeof *s->numbers);
	s->cap = cap;
}

void samples_add(struct samples *s, uint32_t number, struct world_result *r)
{
	if (s->n == 0) {
		s->n_metrics = r->n_metrics;
		s->names = r->metrics;
		s->strings = r->strings;
	}
	if (s->n == s->cap)
		set_cap(s, s->cap ? 2 * s->cap : 16);
	for (size_t m = 0; m < s->n_metrics; m++)
		s->by_replication[m * s->cap + s->n] = r->metrics[m].value;
	s->numbers[s->n] = number;
	s->random = s->random || r->random;
	if (s->n++ == 0) { /* the names stay here */
		r->metrics = NULL;
		r->strings = NULL;
	}
}

void samples_trim(struct samples *s)
{
	if (s->n < s->cap)
		set_cap(s, s->n);
}

void samples_finish(struct samples *s)
{
	free(s->numbers);
	free(s->by_replication);
	free(s->names);
	free(s->strings);
	*s = (struct samples){0};
}

size_t samples_find(const struct samples *s, enum metric_id id, const char *scope)
{
	size_t m = 0;

	while (m < s->n_metrics && (s->names[m].id != id || strcmp(s->names[m].scope, scope) != 0))
		m++;
	return m;
}

/* Independent values of the replications @numbers, which are among those of @s; NULL: all. */
static double *values_of(size_t *n, const struct samples *s, size_t metric, const uint32_t *numbers,
	size_t n_numbers)
{
	const double *x = s->by_replication + metric * s->cap;
	double *out = mem_zalloc(s->n, sizeof *out);
	uint32_t *of = mem_zalloc(s->n, sizeof *of);
	size_t k = 0;

	*n = 0;
	for (size_t i = 0; i < s->n; i++) {
		while (numbers && k < n_numbers && numbers[k] < s->numbers[i])
			k++;
		if (numbers && (k == n_numbers || numbers[k] != s->numbers[i]))
			continue;
		of[*n] = s->numbers[i];
		out[(*n)++] = x[i];
	}
	if (s->paired)
		*n = antithetic_means(out, of, *n);
	free(of);
	return out;
}

static struct stat_interval interval(
	const struct samples *s, size_t metric, const uint32_t *numbers, size_t n_numbers)
{
	struct stat_interval out;
	size_t n, known = 0;
	double *x = values_of(&n, s, metric, numbers, n_numbers);

	for (size_t i = 0; i < n; i++)
		if (!isnan(x[i]))
			x[known++] = x[i];
	stat_interval(&out, x, known, 0.95);
	free(x);
	return out;
}

size_t samples_alone(const struct samples *s)
{
	size_t alone = s->paired ? s->n : 0;

	for (size_t i = 0; s->paired && i + 1 < s->n; i++)
		if (antithetic_are_pair(s->numbers[i], s->numbers[i + 1]))
			alone -= 2;
	return alone;
}

double *samples_values(size_t *n, const struct samples *s, size_t metric)
{
	return values_of(n, s, metric, NULL, 0);
}

double samples_least(const struct samples *s, size_t metric)
{
	double least = HUGE_VAL;

	for (size_t i = 0; i < s->n; i++)
		least = fmin(least, s->by_replication[metric * s->cap + i]);
	return least;
}

struct stat_interval samples_interval(const struct samples *s, size_t metric)
{
	return interval(s, metric, NULL, 0);
}

double samples_pair_correlation(size_t *n, const struct samples *s, size_t metric)
{
	const double *x = s->by_replication + metric * s->cap;
	struct stat_mean first = {0}, second = {0}, sum = {0};

	for (size_t i = 0; i + 1 < s->n; i++) {
		if (!antithetic_are_pair(s->numbers[i], s->numbers[i + 1]) || isnan(x[i]) ||
			isnan(x[i + 1]))
			continue;
		stat_mean_add(&first, x[i]);
		stat_mean_add(&second, x[i + 1]);
		stat_mean_add(&sum, x[i] + x[i + 1]);
	}
	*n = sum.n;
	return sum.n < 2 ? (double)NAN
			 : (sum.m2 - first.m2 - second.m2) / (2.0 * sqrt(first.m2 * second.m2));
}

double samples_relative_half(const struct samples *s, size_t metric)
{
	struct stat_interval c = samples_interval(s, metric);
	double half = c.hi - c.mean;

	if (c.n == 0 || (s->n > 1 && !s->random) || half == 0.0)
		return 0.0;
	return isnan(half) || c.mean == 0.0 ? HUGE_VAL : half / fabs(c.mean);
}

static bool has(const struct samples *s, uint32_t number)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->numbers[mid] < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && s->numbers[low] == number;
}

uint32_t *samples_common(size_t *n, const struct samples *const *all, size_t n_all)
{
	const struct samples *least = NULL;
	uint32_t *out;

	*n = 0;
	for (size_t i = 0; i < n_all; i++)
		if (all[i]->n > 0 && (!least || all[i]->n < least->n))
			least = all[i];
	if (!least)
		return NULL;
	out = mem_zalloc(least->n, sizeof *out);
	for (size_t k = 0; k < least->n; k++) {
		bool in_all = true;

		for (size_t i = 0; i < n_all && in_all; i++)
			in_all = all[i]->n == 0 || has(all[i], least->numbers[k]);
		if (in_all)
			out[(*n)++] = least->numbers[k];
	}
	return out;
}

struct summary_row *samples_rows(const struct samples *s, const uint32_t *numbers, size_t n)
{
	struct summary_row *rows = mem_zalloc(s->n_metrics, sizeof *rows);

	for (size_t m = 0; m < s->n_metrics; m++) {
		struct stat_interval c = interval(s, m, numbers, n);
		const double none = (double)NAN;

		rows[m] = (struct summary_row){
			.scope = s->names[m].scope,
			.id = s->names[m].id,
			.mean = c.mean,
			.sd = s->random ? c.sd : none,
			.ci_low = s->random ? c.lo : none,
			.ci_high = s->random ? c.hi : none,
			.n = c.n,
		};
	}
	return rows;
}
