/* max-weight: of all groups with requests waiting and instances with room, the pair with the
 * largest product of queue length and service rate, n_i * mu_ij (Tassiulas and Ephremides, 1992;
 * Stolyar, "MaxWeight scheduling in a generalized switch", 2004). mu_ij is one over the predicted
 * service of the group's oldest request, were j idle. Where phases are apart each group has a queue
 * for each. Counts the queues at every assignment.
 *
 * With V it trades queues for a penalty (drift plus penalty: Neely, "Stochastic Network
 * Optimization", 2010, 4.1): (n_i - V c_ij) * mu_ij, where c_ij is what that request costs at j,
 * and nothing is assigned while no pair is above 0. Neither changes between two events. */
#include <math.h>
#include <stdio.h>

#include "policies/all.h"
#include "policies/penalty.h"
#include "policies/score.h"

enum { GROUPS_MAX = 1024, QUEUES_MAX = PHASE_KINDS * GROUPS_MAX };

/** Queues are numbered by group, and by phase within it. */
struct policy_state {
	double weight; /* V */
	int penalty;
	size_t n[QUEUES_MAX];      /* scratch of next(): how many wait, */
	size_t oldest[QUEUES_MAX]; /* and where in the line the first of them is */
};

static void count(struct policy_state *st, const struct view *v)
{
	size_t k, q;

	for (q = 0; q < PHASE_KINDS * v->n_groups; q++)
		st->n[q] = 0;
	for (k = 0; k < v->n_waiting; k++) {
		q = PHASE_KINDS * v->waiting[k].group.i + v->waiting[k].phase;
		if (st->n[q]++ == 0)
			st->oldest[q] = k;
	}
}

/** The weight of giving @w, the oldest of @n, to @i; smaller scores are better. */
static struct score weigh(const struct policy_state *st, const struct view *v,
	const struct waiting *w, size_t n, struct instance_id i, size_t place)
{
	struct prediction p = v->predict_idle(v, w, i, w->output_tok);
	double service_s = p.prefill_s + p.decode_s, gain = (double)n;

	if (st->weight > 0.0)
		gain -= st->weight * penalty_of((enum penalty)st->penalty, v, w, i, service_s);
	return (struct score){-gain / service_s, (double)place, i};
}

static bool max_weight_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct score best = {.instance = {NO_ID}}, s;
	const struct waiting *w;
	struct instance_id i;
	uint32_t c;
	size_t q;

	if (v->n_waiting == 0 || v->n_free == 0)
		return false;
	count(st, v);
	for (q = 0; q < PHASE_KINDS * v->n_groups; q++) {
		w = &v->waiting[st->n[q] > 0 ? st->oldest[q] : 0];
		for (c = 0; c < v->n_classes && st->n[q] > 0; c++) {
			if (!v->best(v, w, (struct class_id){c}, RANK_STEP, &i))
				continue;
			s = weigh(st, v, w, st->n[q], i, st->oldest[q]);
			if (!(s.first < 0.0))
				continue;
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
	if (v->n_groups > GROUPS_MAX) {
		snprintf(why, size, "takes at most %d groups of users, not %zu", GROUPS_MAX,
			v->n_groups);
		return false;
	}
	return !(st->weight > 0.0) || penalty_known((enum penalty)st->penalty, v, why, size);
}

static const struct param_spec params[] = {
	PARAM_QUANTITY(struct policy_state, weight, "V", QUANTITY_NUMBER, 0.0, 0.0, 1e12,
		"requests that must wait before it pays a unit of the penalty for one; 0: it does "
		"not look at it"),
	PARAM_CHOICE(struct policy_state, penalty, "penalty", penalty_words, PENALTY_NETWORK_TIME,
		"what a request costs: seconds on the links, dollars or joules of its service "
		"alone"),
	{0},
};

const struct policy_ops policy_max_weight = {
	.name = "max-weight",
	.summary = "the group and the instance with most waiting times service rate",
	.state_size = sizeof(struct policy_state),
	.params = params,
	.next = max_weight_next,
	.check = max_weight_check,
};
