#include "models/net/delay_line.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/event.h"

void delay_line_finish(struct delay_line *d)
{
	free(d->ring);
	*d = (struct delay_line){0};
}

static struct delay_train *train_at(const struct delay_line *d, size_t i)
{
	return &d->ring[(d->head + i) & (d->cap - 1)];
}

static void keep(struct delay_line *d, const struct delay_train *t)
{
	if (d->n == d->cap) {
		size_t cap = d->cap > 0 ? 2 * d->cap : 8;
		struct delay_train *ring = mem_zalloc(cap, sizeof *ring);

		for (size_t i = 0; i < d->n; i++)
			ring[i] = *train_at(d, i);
		free(d->ring);
		d->ring = ring;
		d->cap = cap;
		d->head = 0;
	}
	*train_at(d, d->n++) = *t;
}

/** When packet @k (from 1) of a train enters. */
static int64_t enters_ns(const struct delay_train *t, double k)
{
	double share = t->packets > 1.0 ? (k - 1.0) / (t->packets - 1.0) : 0.0;

	return ns_after(t->first_ns, (int64_t)(share * (double)(t->last_ns - t->first_ns)));
}

/** When packet @k of all that ever entered did, or 0. */
static int64_t entered_ns(const struct delay_line *d, double k)
{
	size_t lo = 0, hi = d->n;

	while (lo + 1 < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (train_at(d, mid)->before < k)
			lo = mid;
		else
			hi = mid;
	}
	return k < 1.0 || d->n == 0 ? 0 : enters_ns(train_at(d, lo), k - train_at(d, lo)->before);
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/** When packet @k (from 1) of @t, which would like to, can: behind those of its own that fill the
 *  line whole turns before it, and behind those before the train. */
static int64_t can_ns(const struct delay_line *d, double limit, int64_t delay_ns,
	const struct delay_train *t, double k)
{
	double turns = floor((k - 1.0) / limit), before = t->before + k - (turns + 1.0) * limit;
	int64_t turns_ns = ns_of_s(turns * s_of_ns(delay_ns));
	int64_t at_ns = later(enters_ns(t, k), ns_after(enters_ns(t, k - turns * limit), turns_ns));

	if (before < 1.0)
		return at_ns;
	turns_ns = ns_after(turns_ns, delay_ns);
	return later(at_ns, ns_after(entered_ns(d, before), turns_ns));
}

/** Keep when packets @from to @to of @t enter. */
static int64_t keep_part(struct delay_line *d, double limit, int64_t delay_ns,
	const struct delay_train *t, double from, double to)
{
	struct delay_train part = {t->before + from - 1.0, to - from + 1.0,
		can_ns(d, limit, delay_ns, t, from), can_ns(d, limit, delay_ns, t, to)};

	part.last_ns = later(part.first_ns, part.last_ns);
	keep(d, &part);
	return part.last_ns;
}

void delay_line_enter(struct delay_line *d, double limit, int64_t delay_ns, double packets,
	int64_t *first_ns, int64_t *last_ns)
{
	struct delay_train t = {d->entered, packets, *first_ns, *last_ns};
	double turns = floor((packets - 1.0) / limit); /* those behind it look back one turn */

	*first_ns = can_ns(d, limit, delay_ns, &t, 1.0);
	if (turns > 0.0)
		keep_part(d, limit, delay_ns, &t, (turns - 1.0) * limit + 1.0, turns * limit);
	*last_ns = keep_part(d, limit, delay_ns, &t, turns * limit + 1.0, packets);
	d->entered += packets;
	while (d->n > 1 && train_at(d, 1)->before < d->entered + 1.0 - limit) {
		d->head = (d->head + 1) & (d->cap - 1);
		d->n--;
	}
}
