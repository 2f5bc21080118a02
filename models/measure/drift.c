#include "models/measure/drift.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static const double NONE = (double)NAN, LEVEL = 0.95;

/* Bins */

enum { FIRST_OCTAVE = 3 }; /* 2^3 = DRIFT_SINGLE */

size_t drift_bin(uint32_t backlog)
{
	unsigned octave = FIRST_OCTAVE;

	if (backlog < DRIFT_SINGLE)
		return backlog;
	while (backlog >> octave > 1)
		octave++;
	return DRIFT_SINGLE + DRIFT_OCTAVE * (octave - FIRST_OCTAVE) +
	       (backlog >> (octave - 2) & (DRIFT_OCTAVE - 1));
}

uint64_t drift_bin_from(size_t bin)
{
	size_t octave = FIRST_OCTAVE + (bin - DRIFT_SINGLE) / DRIFT_OCTAVE;

	if (bin < DRIFT_SINGLE)
		return bin;
	return (uint64_t)(DRIFT_OCTAVE + (bin - DRIFT_SINGLE) % DRIFT_OCTAVE) << (octave - 2);
}

/* Stretches */

static void sums_add_times(struct drift_sums *to, const struct drift_sums *s, double times)
{
	to->slots += times * s->slots;
	to->N += times * s->N;
	to->dN += times * s->dN;
	to->dL += times * s->dL;
	to->squares += times * s->squares;
	to->per_N += times * s->per_N;
	to->per_N2 += times * s->per_N2;
	to->dL_per_N += times * s->dL_per_N;
	to->dL_per_N2 += times * s->dL_per_N2;
}

static void sums_add(struct drift_sums *to, const struct drift_sums *s)
{
	sums_add_times(to, s, 1.0);
}

static void reserve(struct drift *d, size_t n)
{
	size_t cap = d->cap ? d->cap : DRIFT_OF_RUN;

	while (cap < n)
		cap *= 2;
	if (cap == d->cap)
		return;
	d->at = mem_resize(d->at, cap, sizeof *d->at);
	memset(d->at + d->cap, 0, (cap - d->cap) * sizeof *d->at);
	d->cap = cap;
}

/* Two become one. */
static void fold(struct drift *d)
{
	for (size_t i = 0; i < d->n; i++) {
		if (i > 0 && i % 2 == 0)
			memcpy(d->at[i / 2], d->at[i], sizeof *d->at);
		if (i % 2 == 1)
			for (size_t b = 0; b < DRIFT_BINS; b++)
				sums_add(&d->at[i / 2][b], &d->at[i][b]);
	}
	d->n = (d->n + 1) / 2;
	memset(d->at + d->n, 0, (d->cap - d->n) * sizeof *d->at);
}

/* The stretch that the next slot is part of. */
static struct drift_sums *open_stretch(struct drift *d)
{
	if (d->n == 0 || d->filled == d->full) {
		if (d->n == DRIFT_OF_RUN) {
			fold(d);
			d->full *= 2;
		}
		d->full += d->full == 0;
		reserve(d, ++d->n);
		d->filled = 0;
	}
	d->filled++;
	return d->at[d->n - 1];
}

void drift_slot(struct drift *d, const struct drift_step *s)
{
	const double N = (double)s->backlog, per_N = s->backlog > 0 ? 1.0 / N : 0.0;

	sums_add(&open_stretch(d)[drift_bin(s->backlog)],
		&(struct drift_sums){1.0, N, s->dN, s->dL, s->squares, per_N, per_N * per_N,
			s->dL * per_N, s->dL * per_N * per_N});
}

void drift_merge(struct drift *d, const struct drift *from)
{
	assert(from->n <= DRIFT_OF_ALL / 2);
	if (from->n == 0)
		return;
	while (d->n + from->n > DRIFT_OF_ALL)
		fold(d);
	reserve(d, d->n + from->n);
	memcpy(d->at + d->n, from->at, from->n * sizeof *d->at);
	d->n += from->n;
	d->places = fmax(d->places, from->places);
	d->most_left = fmax(d->most_left, from->most_left);
}

/* Slots in a stretch are as many in both. */
static void fold_until(struct drift *d, uint32_t full)
{
	while (d->n > 1 && d->full < full) {
		fold(d);
		d->full *= 2;
	}
}

void drift_beside(struct drift *to, const struct drift *from)
{
	struct drift with = {.full = from->full};

	drift_merge(&with, from);
	fold_until(&with, to->full);
	fold_until(to, with.full);
	if (with.n > to->n) {
		reserve(to, with.n);
		to->n = with.n;
	}
	for (size_t i = 0; i < with.n; i++)
		for (size_t b = 0; b < DRIFT_BINS; b++)
			sums_add(&to->at[i][b], &with.at[i][b]);
	to->places = fmax(to->places, with.places);
	to->most_left = fmax(to->most_left, with.most_left);
	drift_finish(&with);
}

void drift_finish(struct drift *d)
{
	free(d->at);
	*d = (struct drift){0};
}

/* Intervals */

/* What an estimate is made of: the sums of the stretches over the bins from @from to @to. */
struct source {
	const struct drift *d;
	size_t from, to;
	struct drift_sums all;
	double n, squares; /* stretches with a slot there; of the slots of each, squared */
	double between; /* of the variance of 1/N, times the slots, what lies between stretches */
};

static struct drift_sums stretch(const struct source *k, size_t i)
{
	struct drift_sums s = {0};

	for (size_t b = k->from; b < k->to; b++)
		sums_add(&s, &k->d->at[i][b]);
	return s;
}

static bool gather(struct source *k, const struct drift *d, size_t from, size_t to)
{
	*k = (struct source){.d = d, .from = from, .to = to};
	for (size_t i = 0; i < d->n; i++) {
		struct drift_sums s = stretch(k, i);

		if (!(s.slots > 0.0))
			continue;
		sums_add(&k->all, &s);
		k->n++;
		k->squares += s.slots * s.slots;
		k->between += s.per_N * s.per_N / s.slots;
	}
	k->between -= k->all.per_N * k->all.per_N / k->all.slots;
	return k->all.slots > 0.0;
}

/* Two numbers out of sums. */
struct pair {
	double a, b;
};

/* The jackknife over stretches: each is left out once (Bell and McCaffrey, Survey Methodology 28,
 * 2002). Degrees of freedom by how evenly the slots are spread: a stretch that has nearly all is
 * nearly the only one. */
static void jackknife(struct drift_mean *a, struct drift_mean *b, const struct source *k,
	struct pair (*estimate)(const struct drift_sums *s), double fitted)
{
	const struct pair is = estimate(&k->all);
	double df = k->all.slots * k->all.slots / k->squares - fitted, a2 = 0.0, b2 = 0.0, t;

	*a = (struct drift_mean){is.a, NONE};
	*b = (struct drift_mean){is.b, NONE};
	if (!(df >= 1.0))
		return;
	for (size_t i = 0; i < k->d->n; i++) {
		struct drift_sums s = stretch(k, i), rest = k->all;
		struct pair without;

		if (!(s.slots > 0.0))
			continue;
		sums_add_times(&rest, &s, -1.0);
		without = estimate(&rest);
		a2 += (without.a - is.a) * (without.a - is.a);
		b2 += (without.b - is.b) * (without.b - is.b);
	}
	if (!isfinite(a2) || !isfinite(b2))
		return; /* without one stretch there is nothing to make it of */
	t = gsl_cdf_tdist_Pinv((1.0 + LEVEL) / 2.0, df) * sqrt((k->n - 1.0) / k->n);
	a->half = t * sqrt(a2);
	b->half = t * sqrt(b2);
}

/* Bins */

static struct pair means(const struct drift_sums *s)
{
	return (struct pair){s->dN / s->slots, s->dL / s->slots};
}

bool drift_bin_means(struct drift_bin_means *out, const struct drift *d, size_t bin)
{
	struct source k;

	if (!gather(&k, d, bin, bin + 1))
		return false;
	out->slots = k.all.slots;
	out->backlog = k.all.N / k.all.slots;
	jackknife(&out->dN, &out->dL, &k, means, 1.0);
	return true;
}

/* Eq. 22 */

static double determinant(const struct drift_sums *s)
{
	return s->per_N2 * s->slots - s->per_N * s->per_N;
}

/* dL / N = B / N - epsilon: ordinary least squares of that. */
static struct pair regress(const struct drift_sums *s)
{
	double det = determinant(s);

	return (struct pair){(s->slots * s->dL_per_N2 - s->per_N * s->dL_per_N) / det,
		(s->per_N * s->dL_per_N2 - s->per_N2 * s->dL_per_N) / det};
}

/* B is the mean of the squares, epsilon that of (B - dL) / N. */
static struct pair average(const struct drift_sums *s)
{
	double B = s->squares / s->slots;

	return (struct pair){B, (B * s->per_N - s->dL_per_N) / s->slots};
}

/* To regress on 1/N it must vary, and not by rounding alone; of its variance so much may lie
 * between stretches at most. */
static const double LEAST_VARIANCE = 1e-9; /* of the mean square */
static const double MOST_BETWEEN = 0.6;

static bool can_regress(const struct source *k)
{
	double det = determinant(&k->all);

	return det > LEAST_VARIANCE * k->all.per_N2 * k->all.slots &&
	       k->between * k->all.slots < MOST_BETWEEN * det;
}

struct drift_fit drift_fit(const struct drift *d)
{
	double least = fmax(d->places + d->most_left, 1.0);
	struct drift_fit f = {.epsilon = {NONE, NONE}, .B = {NONE, NONE}};
	struct source k;
	size_t from;

	if (!(least < 4294967296.0))
		return f;
	from = drift_bin((uint32_t)ceil(least));
	from += (double)drift_bin_from(from) < least;
	f.threshold = (double)drift_bin_from(from);
	if (!gather(&k, d, from, DRIFT_BINS))
		return f;
	f.slots = k.all.slots;
	if (can_regress(&k))
		jackknife(&f.B, &f.epsilon, &k, regress, 2.0);
	else
		jackknife(&f.B, &f.epsilon, &k, average, 1.0);
	return f;
}
