/* From the relaxation to whole tensors, and better by exchanges between two devices. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "plan/printed_parts.h"

enum {
	PASSES = 30,
	EACH = 4,          /* of a class in a bundle of two classes; twice as many of one */
	CLASSES_MOST = 40, /* for bundles of two */
	NEAR = 40,         /* bundles looked at for each */
};

struct rounding {
	const struct printed *s;
	size_t *counts;
	double *left;  /* [device], bytes */
	size_t *loose; /* [class], without a home */
	struct bundle *mine, *theirs;
	size_t n_mine, n_theirs;
};

/* Tensors of one class or two that go together. */
struct bundle {
	double bytes, weight; /* weight: bytes x accesses */
	size_t a, b, n_a, n_b;
};

static size_t *count_of(const struct rounding *r, size_t class, size_t device)
{
	return &r->counts[class * r->s->p->n_devices + device];
}

static void put(struct rounding *r, size_t class, size_t device)
{
	++*count_of(r, class, device);
	r->left[device] -= r->s->classes[class].bytes;
}

static void take(struct rounding *r, size_t class, size_t device)
{
	--*count_of(r, class, device);
	r->left[device] += r->s->classes[class].bytes;
}

/* On the cheapest device that has room. */
static bool settle(struct rounding *r, size_t class)
{
	for (size_t i = 0; i < r->s->p->n_devices; i++) {
		size_t d = r->s->by_rate[i];

		if (r->left[d] >= r->s->classes[class].bytes) {
			put(r, class, d);
			return true;
		}
	}
	return false;
}

/* In the place of a smaller one that has room elsewhere. */
static bool push(struct rounding *r, size_t class)
{
	double bytes = r->s->classes[class].bytes;

	for (size_t q = 0; q < r->s->n_classes; q++)
		for (size_t d = 0; d < r->s->p->n_devices; d++) {
			double smaller = r->s->classes[q].bytes;

			if (*count_of(r, q, d) == 0 || smaller >= bytes ||
				r->left[d] + smaller < bytes)
				continue;
			take(r, q, d);
			put(r, class, d);
			if (settle(r, q))
				return true;
			take(r, class, d);
			put(r, q, d);
		}
	return false;
}

/* All that have no home, the largest first. */
static bool settle_all(struct rounding *r)
{
	for (;;) {
		size_t best = r->s->n_classes;

		for (size_t k = 0; k < r->s->n_classes; k++)
			if (r->loose[k] > 0 &&
				(best == r->s->n_classes ||
					r->s->classes[k].bytes > r->s->classes[best].bytes))
				best = k;
		if (best == r->s->n_classes)
			return true;
		if (!settle(r, best) && !push(r, best))
			return false;
		r->loose[best]--;
	}
}

static void empty(struct rounding *r)
{
	size_t n = r->s->p->n_devices;

	for (size_t k = 0; k < r->s->n_classes; k++) {
		r->loose[k] = r->s->classes[k].n;
		for (size_t d = 0; d < n; d++)
			*count_of(r, k, d) = 0;
	}
	for (size_t d = 0; d < n; d++)
		r->left[d] = r->s->p->devices[d].bytes;
}

static void count_left(struct rounding *r)
{
	for (size_t d = 0; d < r->s->p->n_devices; d++)
		r->left[d] = r->s->p->devices[d].bytes;
	for (size_t k = 0; k < r->s->n_classes; k++) {
		r->loose[k] = r->s->classes[k].n;
		for (size_t d = 0; d < r->s->p->n_devices; d++) {
			r->loose[k] -= *count_of(r, k, d);
			r->left[d] -= (double)*count_of(r, k, d) * r->s->classes[k].bytes;
		}
	}
}

static int by_bytes(const void *x, const void *y)
{
	const struct bundle *a = x, *b = y;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight < b->weight ? -1 : 1;
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	if (a->b != b->b)
		return a->b < b->b ? -1 : 1;
	return (a->n_a > b->n_a) - (a->n_a < b->n_a);
}

static struct bundle bundle_of(const struct rounding *r, size_t a, size_t n_a, size_t b, size_t n_b)
{
	const struct printed_class *x = &r->s->classes[a], *y = &r->s->classes[b];
	double some = (double)n_a * x->bytes, more = (double)n_b * y->bytes;

	return (struct bundle){
		some + more, some * x->accesses + more * y->accesses, a, b, n_a, n_b};
}

/* All bundles of what is on @device, the smallest first; the empty one, too. */
static size_t make_bundles(const struct rounding *r, size_t device, struct bundle *out)
{
	size_t n = 0, classes = r->s->n_classes;

	out[n++] = bundle_of(r, 0, 0, 0, 0);
	for (size_t a = 0; a < classes; a++) {
		size_t has_a = *count_of(r, a, device);

		for (size_t i = 1; i <= has_a && i <= 2 * EACH; i++)
			out[n++] = bundle_of(r, a, i, a, 0);
		for (size_t b = a + 1; classes <= CLASSES_MOST && b < classes; b++)
			for (size_t i = 1; i <= has_a && i <= EACH; i++)
				for (size_t k = 1; k <= *count_of(r, b, device) && k <= EACH; k++)
					out[n++] = bundle_of(r, a, i, b, k);
	}
	mem_sort(out, n, sizeof *out, by_bytes);
	return n;
}

static size_t bundles_most(const struct printed *s)
{
	size_t n = s->n_classes, pairs = n <= CLASSES_MOST ? n * n / 2 * EACH * EACH : 0;

	return 1 + n * 2 * EACH + pairs;
}

static void carry(struct rounding *r, const struct bundle *x, size_t from, size_t to)
{
	for (size_t i = 0; i < x->n_a; i++) {
		take(r, x->a, from);
		put(r, x->a, to);
	}
	for (size_t i = 0; i < x->n_b; i++) {
		take(r, x->b, from);
		put(r, x->b, to);
	}
}

/* The best of them to go the other way for @x: at least @least bytes, at most @most. */
static const struct bundle *partner(const struct rounding *r, double least, double most)
{
	const struct bundle *best = NULL;
	size_t low = 0, high = r->n_theirs;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->theirs[middle].bytes < least)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < r->n_theirs && i < low + NEAR && r->theirs[i].bytes <= most; i++)
		if (!best || r->theirs[i].weight < best->weight)
			best = &r->theirs[i];
	return best;
}

/* The exchange that gains most: a bundle from @dear to @cheap, one back. */
static bool exchange(struct rounding *r, size_t cheap, size_t dear)
{
	const struct bundle *mine = NULL, *theirs = NULL;
	double most = 0.0;

	r->n_mine = make_bundles(r, dear, r->mine);
	r->n_theirs = make_bundles(r, cheap, r->theirs);
	for (size_t i = 0; i < r->n_mine; i++) {
		const struct bundle *x = &r->mine[i];
		const struct bundle *y =
			partner(r, x->bytes - r->left[cheap], x->bytes + r->left[dear]);

		if (y && x->weight - y->weight > fmax(most, 1e-12 * x->weight)) {
			most = x->weight - y->weight;
			mine = x;
			theirs = y;
		}
	}
	if (!mine)
		return false;
	carry(r, mine, dear, cheap);
	carry(r, theirs, cheap, dear);
	return true;
}

static bool is_over(const struct printed *s)
{
	return clock_s() >= s->end_s || (s->stop && atomic_load(s->stop));
}

static bool pass(struct rounding *r)
{
	const struct printed *s = r->s;
	bool better = false;

	for (size_t i = 0; i < s->p->n_devices; i++)
		for (size_t j = i + 1; j < s->p->n_devices; j++) {
			if (is_over(s))
				return false;
			if (s->rate_s[s->by_rate[i]] < s->rate_s[s->by_rate[j]])
				better = exchange(r, s->by_rate[i], s->by_rate[j]) || better;
		}
	return better;
}

double printed_round(const struct printed *s, size_t *counts)
{
	struct rounding r = {.s = s, .counts = counts};
	bool ok;

	r.left = mem_zalloc(s->p->n_devices, sizeof *r.left);
	r.loose = mem_zalloc(s->n_classes, sizeof *r.loose);
	r.mine = mem_zalloc(bundles_most(s), sizeof *r.mine);
	r.theirs = mem_zalloc(bundles_most(s), sizeof *r.theirs);
	count_left(&r);
	ok = settle_all(&r);
	if (!ok) {
		empty(&r);
		ok = settle_all(&r);
	}
	for (size_t i = 0; ok && i < PASSES && pass(&r); i++)
		;
	free(r.left);
	free(r.loose);
	free(r.mine);
	free(r.theirs);
	return ok ? printed_sum_s(s, counts) : HUGE_VAL;
}
