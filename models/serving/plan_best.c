/* The best of the candidates that fit. */
#include <math.h>

#include "models/serving/plan_parts.h"

/** Less total, then less work in a round, which streamed layers may hide; else whoever came first,
 *  with the smaller sizes. */
static bool is_better(const struct plan *x, const struct plan *y)
{
	if (x->total_s < y->total_s || x->total_s > y->total_s)
		return x->total_s < y->total_s;
	return x->draft_s + x->verify_s < y->draft_s + y->verify_s;
}

static void keep_best(struct plan_answer *a, const struct plan *c)
{
	size_t at = a->n_best < PLAN_BEST ? a->n_best++ : PLAN_BEST;

	for (; at > 0 && is_better(c, &a->best[at - 1]); at--)
		if (at < PLAN_BEST)
			a->best[at] = a->best[at - 1];
	if (at < PLAN_BEST)
		a->best[at] = *c;
}

void plan_look_at(struct plan_answer *a, const struct plan *c)
{
	a->n_candidates++;
	a->unlimited_s = fmin(a->unlimited_s, c->total_s);
	if (!(c->memory_bytes <= c->room_bytes))
		return;
	a->n_fit++;
	keep_best(a, c);
}
