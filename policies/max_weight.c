/* max-weight: of all groups with requests waiting and instances with room, the pair with the
 * largest product of queue length and service rate, n_i * mu_ij (Tassiulas and Ephremides, 1992;
 * Stolyar, "MaxWeight scheduling in a generalized switch", 2004). mu_ij is one over the predicted
 * service of the group's oldest request, were j idle. Where phases are apart each group has a queue
 * for each.
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

/** Queues are numbered by group, and by phase within it. What of the line was counted stays
 * counted: others join behind it, and only what is assigned leaves it. */
struct policy_state {
	double weight; /* V */
	int penalty;
	size_t n[QUEUES_MAX];      /* how many wait, */
	size_t oldest[QUEUES_MAX]; /* and where in the line the first of them is */
	size_t counted;            /* of the line, */
	struct request_id last;    /* up to this */
	bool gave;                 /* next() did, a moment ago: */
	size_t gave_queue;         /* the oldest of this */
};

static size_t queue_of(const struct waiting *w)
{
	return PHASE_KINDS * w->group.i + (size_t)w->phase;
}

static void count(struct policy_state *st, const struct view *v)
{
	for (; st->counted < v->n_waiting; st->counted++) {
		size_t q = queue_of(&v->waiting[st->counted]);

		if (st->n[q]++ == 0)
			st->oldest[q] = st->counted;
		st->last = v->waiting[st->counted].id;
	}
}

static void count_anew(struct policy_state *st, const struct view *v)
{
	for (size_t q = 0; q < PHASE_KINDS * v->n_groups; q++)
		st->n[q] = 0;
	st->counted = 0;
	count(st, v);
}

/** The oldest of @q that was given has left the line. */
static void leave(struct policy_state *st, const struct view *v, size_t q)
{
	size_t at = st->oldest[q];

	st->counted--;
	if (st->counted > 0 && st->counted <= v->n_waiting)
		st->last = v->waiting[st->counted - 1].id;
	for (size_t k = 0; k < PHASE_KINDS * v->n_groups; k++)
		st->oldest[k] -= st->n[k] > 0 && st->oldest[k] > at;
	if (--st->n[q] == 0)
		return;
	while (at < st->counted && at < v->n_waiting && queue_of(&v->waiting[at]) != q)
		at++;
	st->oldest[q] = at;
}

/** Is the line what was counted, and others behind it? */
static bool stands(const struct policy_state *st, const struct view *v)
{
	if (st->counted > v->n_waiting ||
		(st->counted > 0 && v->waiting[st->counted - 1].id.n != st->last.n))
		return false;
	for (size_t q = 0; q < PHASE_KINDS * v->n_groups; q++)
		if (st->n[q] > 0 &&
			(st->oldest[q] >= st->counted || queue_of(&v->waiting[st->oldest[q]]) != q))
			return false;
	return true;
}

/** Phases that are apart come back into the middle of the line. */
static bool comes_back(const struct view *v)
{
	for (size_t c = 0; c < v->n_classes; c++)
		if (v->classes[c].phases != PHASES_BOTH)
			return true;
	return false;
}

static void look(struct policy_state *st, const struct view *v)
{
	bool gave = st->gave;

	st->gave = false;
	if (gave && st->counted > 0)
		leave(st, v, st->gave_queue);
	if (stands(st, v) && !comes_back(v))
		count(st, v);
	else
		count_anew(st, v);
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
	look(st, v);
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
			st->gave_queue = q;
			*out = (struct assignment){.request = w->id, .instance = i};
		}
	}
	st->gave = best.instance.i != NO_ID;
	return st->gave;
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
