#include "models/net/rate_curve.h"

#include <assert.h>
#include <math.h>

static const int64_t BIN_NS = 100000000; /* over which chances become a rate */
static const double CLOCK_NS = 9e18;     /* the clock ends soon after */

const struct rate_curve *rate_curve_of_steps(
	struct arena *arena, const struct rate_step *steps, size_t n, int64_t period_ns)
{
	struct rate_curve *c = arena_alloc(arena, 1, sizeof *c);
	int64_t *at_ns = arena_alloc(arena, n, sizeof *at_ns);
	int64_t *up_ns = arena_alloc(arena, n + 1, sizeof *up_ns);
	double *rate = arena_alloc(arena, n, sizeof *rate);
	double *before = arena_alloc(arena, n + 1, sizeof *before);
	bool outages = false;

	assert(n > 0 && steps[0].at_ns == 0);
	for (size_t i = 0; i < n; i++) {
		int64_t next_ns = i + 1 < n ? steps[i + 1].at_ns : period_ns;
		int64_t lasts_ns = next_ns > steps[i].at_ns ? next_ns - steps[i].at_ns : 0;

		at_ns[i] = steps[i].at_ns;
		rate[i] = steps[i].bytes_per_s;
		before[i + 1] = before[i] + rate[i] * s_of_ns(lasts_ns);
		up_ns[i + 1] = up_ns[i] + (rate[i] > 0.0 ? lasts_ns : 0);
		outages = outages || !(rate[i] > 0.0);
	}
	*c = (struct rate_curve){
		.kind = CURVE_STEPS,
		.period_ns = period_ns,
		.n = n,
		.at_ns = at_ns,
		.bytes_per_s = rate,
		.before_bytes = before,
		.before_up_ns = up_ns,
		.cycle_bytes = before[n],
		.cycle_up_ns = up_ns[n],
		.outages = outages,
	};
	return c;
}

const struct rate_curve *rate_curve_of_chances(struct arena *arena, const int64_t *at_ns, size_t n)
{
	struct rate_curve *c = arena_alloc(arena, 1, sizeof *c);
	int64_t *mine = arena_alloc(arena, n, sizeof *mine);

	assert(n > 0 && at_ns[n - 1] > 0);
	for (size_t i = 0; i < n; i++)
		mine[i] = at_ns[i];
	*c = (struct rate_curve){
		.kind = CURVE_CHANCES,
		.period_ns = mine[n - 1],
		.n = n,
		.at_ns = mine,
		.cycle_bytes = (double)n * CHANCE_BYTES,
	};
	return c;
}

/** How many of the times lie at or before @t_ns. */
static size_t count_until(const struct rate_curve *c, int64_t t_ns)
{
	size_t lo = 0, hi = c->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->at_ns[mid] <= t_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/** Whole periods before @t_ns, and what is left of it. */
static int64_t cycles(const struct rate_curve *c, int64_t *t_ns)
{
	int64_t n = c->period_ns > 0 ? *t_ns / c->period_ns : 0;

	*t_ns -= n * c->period_ns;
	return n;
}

double rate_curve_bytes(const struct rate_curve *c, int64_t t_ns)
{
	double n = (double)cycles(c, &t_ns);
	size_t k = count_until(c, t_ns);

	if (c->kind == CURVE_CHANCES)
		return n * c->cycle_bytes + (double)k * CHANCE_BYTES;
	return n * c->cycle_bytes + c->before_bytes[k - 1] +
	       c->bytes_per_s[k - 1] * s_of_ns(t_ns - c->at_ns[k - 1]);
}

/** The same within one period, in ns: @bytes <= cycle_bytes when there is one. */
static double steps_when_ns(const struct rate_curve *c, double bytes)
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
	return (double)c->at_ns[lo - 1] +
	       1e9 * ((bytes - c->before_bytes[lo - 1]) / c->bytes_per_s[lo - 1]);
}

/** @n periods and @local_ns, unless that is beyond the clock. */
static int64_t instant_ns(const struct rate_curve *c, double n, double local_ns)
{
	if (!(n * (double)c->period_ns + local_ns < CLOCK_NS))
		return CURVE_NEVER;
	return (int64_t)n * c->period_ns + (int64_t)(local_ns + 0.5);
}

int64_t rate_curve_when_ns(const struct rate_curve *c, double bytes)
{
	double n = 0.0, k;

	if (bytes <= 0.0)
		return 0;
	if (c->period_ns > 0) {
		if (!(c->cycle_bytes > 0.0))
			return CURVE_NEVER;
		n = ceil(bytes / c->cycle_bytes) - 1.0;
		bytes -= n * c->cycle_bytes;
	}
	if (c->kind == CURVE_STEPS)
		return instant_ns(c, n, steps_when_ns(c, bytes));
	k = fmin(fmax(ceil(bytes / CHANCE_BYTES), 1.0), (double)c->n);
	return instant_ns(c, n, (double)c->at_ns[(size_t)k - 1]);
}

double rate_curve_now_bytes_per_s(const struct rate_curve *c, int64_t t_ns)
{
	if (c->kind == CURVE_CHANCES) {
		int64_t from_ns = t_ns / BIN_NS * BIN_NS;

		return (rate_curve_bytes(c, from_ns + BIN_NS) - rate_curve_bytes(c, from_ns)) /
		       s_of_ns(BIN_NS);
	}
	cycles(c, &t_ns);
	return c->bytes_per_s[count_until(c, t_ns) - 1];
}

int64_t rate_curve_change_ns(const struct rate_curve *c, int64_t t_ns)
{
	int64_t local_ns = t_ns, n;
	size_t k;

	if (c->kind == CURVE_CHANCES)
		return (t_ns / BIN_NS + 1) * BIN_NS;
	n = cycles(c, &local_ns);
	k = count_until(c, local_ns);
	if (k < c->n)
		return n * c->period_ns + c->at_ns[k];
	return c->period_ns > 0 ? (n + 1) * c->period_ns : CURVE_NEVER;
}

int64_t rate_curve_up_ns(const struct rate_curve *c, int64_t t_ns)
{
	int64_t local_ns = t_ns, n;
	size_t k;

	if (!c->outages) /* nor have chances any: a packet waits for one as for a rate */
		return t_ns;
	n = cycles(c, &local_ns);
	k = count_until(c, local_ns);
	return n * c->cycle_up_ns + c->before_up_ns[k - 1] +
	       (c->bytes_per_s[k - 1] > 0.0 ? local_ns - c->at_ns[k - 1] : 0);
}

double rate_curve_mean_bytes_per_s(const struct rate_curve *c)
{
	if (c->period_ns > 0)
		return c->cycle_bytes / s_of_ns(c->period_ns);
	return c->bytes_per_s[c->n - 1];
}
