/* max-weight: of all groups with requests waiting and instances with room, the pair with the
 * largest product of queue length and service rate, n_i * mu_ij (Tassiulas and Ephremides, 1992;
 * Stolyar, "MaxWeight scheduling in a generalized switch", 2004). mu_ij is one over the predicted
 * service of the group's oldest request, were j idle. Counts the queue at every assignment. */
#include <math.h>
#include <stdio.h>

#include "policies/all.h"
#include "policies/score.h"

enum { GROUPS_MAX = 1024 };

struct policy_state {
	size_t n[GROUPS_MAX];      /* scratch of next(): how many wait, */
	size_t oldest[GROUPS_MAX]; /* and where in the queue the first of them is */
};

static void count(struct policy_state *st, const struct view *v)
{
	size_t k;
	uint32_t g;

	for (g = 0; g < v->n_groups; g++)
		st->n[g] = 0;
	for (k = 0; k < v->n_waiting; k++) {
		g = v->waiting[k].group.i;
		if (st->n[g]++ == 0)
			st->oldest[g] = k;
	}
}

/** The weight of giving @w, the oldest of @n, to @i; smaller scores are better. */
static struct score weigh(
	const struct view *v, const struct waiting *w, size_t n, struct instance_id i, size_t place)
{
	struct prediction p = v->predict_idle(v, w, i, w->output_tok);

	return (struct score){-(double)n / (p.prefill_s + p.decode_s), (double)place, i};
}

static bool max_weight_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct score best = {.instance = {NO_ID}}, s;
	const struct waiting *w;
	struct instance_id i;
	uint32_t g, c;

	if (v->n_waiting == 0 || v->n_free == 0)
		return false;
	count(st, v);
	for (g = 0; g < v->n_groups; g++) {
		w = &v->waiting[st->n[g] > 0 ? st->oldest[g] : 0];
		for (c = 0; c < v->n_classes && st->n[g] > 0; c++) {
			if (!v->best(v, w, (struct class_id){c}, RANK_STEP, &i))
				continue;
			s = weigh(v, w, st->n[g], i, st->oldest[g]);
			if (best.instance.i != NO_ID && !score_better(&s, &best))
				continue;
			best = s;
			*out = (struct assignment){.request = w->id, .instance = i};
		}
	}
	return best.instance.i != NO_ID;
}

static bool max_weight_check(
	const struct policy_state *st, const struct view *v, char *why, size_t size)
{
	(void)st;
	if (v->n_groups <= GROUPS_MAX)
		return true;
	snprintf(why, size, "takes at most %d groups of users, not %zu", GROUPS_MAX, v->n_groups);
	return false;
}

const struct policy_ops policy_max_weight = {
	.name = "max-weight",
	.summary = "the group and the instance with most waiting times service rate",
	.state_size = sizeof(struct policy_state),
	.next = max_weight_next,
	.check = max_weight_check,
};
