#include "models/net/rate_curve.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>

static const double BIN_S = 0.1; /* over which chances become a rate */
static const double TICK_S = 1e-9;

const struct rate_curve *rate_curve_of_steps(
	struct arena *arena, const struct rate_step *steps, size_t n, double period_s)
{
	struct rate_curve *c = arena_alloc(arena, 1, sizeof *c);
	double *at_s = arena_alloc(arena, n, sizeof *at_s);
	double *rate = arena_alloc(arena, n, sizeof *rate);
	double *before = arena_alloc(arena, n, sizeof *before);

	assert(n > 0 && !(steps[0].at_s > 0.0));
	for (size_t i = 0; i < n; i++) {
		at_s[i] = steps[i].at_s;
		rate[i] = steps[i].bytes_per_s;
		before[i] = i > 0 ? before[i - 1] + rate[i - 1] * (at_s[i] - at_s[i - 1]) : 0.0;
	}
	*c = (struct rate_curve){
		.kind = CURVE_STEPS,
		.period_s = period_s,
		.n = n,
		.at_s = at_s,
		.bytes_per_s = rate,
		.before_bytes = before,
		.cycle_bytes = before[n - 1] + rate[n - 1] * fmax(0.0, period_s - at_s[n - 1]),
	};
	return c;
}

const struct rate_curve *rate_curve_of_chances(struct arena *arena, const double *at_s, size_t n)
{
	struct rate_curve *c = arena_alloc(arena, 1, sizeof *c);
	double *mine = arena_alloc(arena, n, sizeof *mine);

	assert(n > 0 && at_s[n - 1] > 0.0);
	for (size_t i = 0; i < n; i++)
		mine[i] = at_s[i];
	*c = (struct rate_curve){
		.kind = CURVE_CHANCES,
		.period_s = mine[n - 1],
		.n = n,
		.at_s = mine,
		.cycle_bytes = (double)n * CHANCE_BYTES,
	};
	return c;
}

/** How many of the times lie at or before @t_s. */
static size_t count_until(const struct rate_curve *c, double t_s)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->at_s[mid] <= t_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/** Whole periods before @t_s, and what is left of it. */
static double cycles(const struct rate_curve *c, double *t_s)
{
	double n = c->period_s > 0.0 ? (double)(int64_t)(*t_s / c->period_s) : 0.0;

	*t_s -= n * c->period_s;
	return n;
}

double rate_curve_bytes(const struct rate_curve *c, double t_s)
{
	double n = cycles(c, &t_s);
	size_t k = count_until(c, t_s);

	if (c->kind == CURVE_CHANCES)
		return n * c->cycle_bytes + (double)k * CHANCE_BYTES;
	return n * c->cycle_bytes + c->before_bytes[k - 1] +
	       c->bytes_per_s[k - 1] * (t_s - c->at_s[k - 1]);
}

/** The same within one period: @bytes <= cycle_bytes when there is one. */
static double steps_when_s(const struct rate_curve *c, double bytes)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) { /* the last step that begins with less carried */
		size_t mid = lo + (hi - lo) / 2;

		if (c->before_bytes[mid] < bytes)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return 0.0;
	if (!(c->bytes_per_s[lo - 1] > 0.0)) /* only the last: a later one would begin with less */
		return HUGE_VAL;
	return c->at_s[lo - 1] + (bytes - c->before_bytes[lo - 1]) / c->bytes_per_s[lo - 1];
}

double rate_curve_when_s(const struct rate_curve *c, double bytes)
{
	double n = 0.0;

	if (bytes <= 0.0)
		return 0.0;
	if (c->period_s > 0.0) {
		if (!(c->cycle_bytes > 0.0))
			return HUGE_VAL;
		n = ceil(bytes / c->cycle_bytes) - 1.0;
		bytes -= n * c->cycle_bytes;
	}
	if (c->kind == CURVE_CHANCES) {
		double k = ceil(bytes / CHANCE_BYTES);

		return n * c->period_s + c->at_s[(size_t)fmin(fmax(k, 1.0), (double)c->n) - 1];
	}
	return n * c->period_s + steps_when_s(c, bytes);
}

double rate_curve_now_bytes_per_s(const struct rate_curve *c, double t_s)
{
	if (c->kind == CURVE_CHANCES) {
		double from_s = floor(t_s / BIN_S + 1e-6) * BIN_S;

		return (rate_curve_bytes(c, from_s + BIN_S) - rate_curve_bytes(c, from_s)) / BIN_S;
	}
	cycles(c, &t_s);
	return c->bytes_per_s[count_until(c, t_s) - 1];
}

double rate_curve_change_s(const struct rate_curve *c, double t_s)
{
	double local_s = t_s, n;
	size_t k;

	if (c->kind == CURVE_CHANCES)
		return (floor(t_s / BIN_S + 1e-6) + 1.0) * BIN_S;
	n = cycles(c, &local_s);
	k = count_until(c, local_s + TICK_S);
	if (k < c->n)
		return n * c->period_s + c->at_s[k];
	return c->period_s > 0.0 ? (n + 1.0) * c->period_s : HUGE_VAL;
}

double rate_curve_mean_bytes_per_s(const struct rate_curve *c)
{
	if (c->period_s > 0.0)
		return c->cycle_bytes / c->period_s;
	return c->bytes_per_s[c->n - 1];
}
