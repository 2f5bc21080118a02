#include "models/net/tally.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"

void tally_finish(struct tally *t)
{
	free(t->ring);
	t->ring = NULL;
}

void tally_sums_add(struct tally_sums *to, const struct tally_sums *s, double sign)
{
	to->busy_s += sign * s->busy_s;
	to->wait_s += sign * s->wait_s;
	to->left += sign * s->left;
	for (size_t k = 0; k < TRANSFER_KINDS; k++)
		to->kind_bytes[k] += sign * s->kind_bytes[k];
	to->dropped += sign * s->dropped;
	to->resent += sign * s->resent;
}

static double clamp(double x, double most)
{
	return x < 0.0 ? 0.0 : x > most ? most : x;
}

static double busy_s(const struct tally_piece *p, const struct rate_curve *c, int64_t at_ns)
{
	int64_t to_ns = at_ns < p->busy_to_ns ? at_ns : p->busy_to_ns;

	if (to_ns <= p->busy_from_ns)
		return 0.0;
	if (c)
		return s_of_ns(rate_curve_up_ns(c, to_ns) - rate_curve_up_ns(c, p->busy_from_ns));
	return s_of_ns(to_ns - p->busy_from_ns);
}

static double left_bytes(const struct tally_piece *p, const struct rate_curve *c, int64_t at_ns)
{
	double share;

	if (p->last_ns < at_ns)
		return p->bytes;
	if (p->first_ns >= at_ns)
		return 0.0;
	if (c)
		return clamp(rate_curve_bytes(c, at_ns) - p->from_bytes, p->bytes);
	share = s_of_ns(at_ns - p->first_ns) / s_of_ns(p->last_ns - p->first_ns);
	return p->at_once_bytes + (p->bytes - p->at_once_bytes) * share;
}

static void piece_count(struct tally_sums *to, const struct tally_piece *p,
	const struct rate_curve *c, int64_t at_ns)
{
	to->busy_s += busy_s(p, c, at_ns);
	to->kind_bytes[p->kind] += left_bytes(p, c, at_ns);
	if (p->last_ns >= at_ns)
		return;
	to->left += 1.0;
	to->wait_s += p->wait_s;
}

static bool is_over(const struct tally_piece *p, int64_t now_ns)
{
	return p->last_ns < now_ns && p->busy_to_ns <= now_ns;
}

static void grow(struct tally *t)
{
	size_t cap = t->cap > 0 ? 2 * t->cap : 4;
	struct tally_piece *ring = mem_zalloc(cap, sizeof *ring);

	for (size_t i = 0; i < t->n; i++)
		ring[i] = t->ring[(t->head + i) & (t->cap - 1)];
	free(t->ring);
	t->ring = ring;
	t->cap = cap;
	t->head = 0;
}

struct tally_piece *tally_next(struct tally *t, const struct rate_curve *c, int64_t now_ns)
{
	for (; t->n > 0 && is_over(&t->ring[t->head], now_ns); t->n--) {
		piece_count(&t->done, &t->ring[t->head], c, now_ns);
		t->head = (t->head + 1) & (t->cap - 1);
	}
	if (t->n == t->cap)
		grow(t);
	return &t->ring[(t->head + t->n++) & (t->cap - 1)];
}

struct tally_sums tally_by(const struct tally *t, const struct rate_curve *c, int64_t at_ns)
{
	struct tally_sums s = t->done;

	for (size_t i = 0; i < t->n; i++)
		piece_count(&s, &t->ring[(t->head + i) & (t->cap - 1)], c, at_ns);
	return s;
}
