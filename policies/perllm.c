/* perllm: learns, for each group of users, which class of instances meets the deadline at the least
 * cost, by upper confidence bounds under a constraint, as CS-UCB of PerLLM does (Yang et al., 2024,
 * arXiv 2405.14636). Arms are classes; an arm's cost is the mean of what requests sent there cost,
 * as predicted, and its lateness the share of those answered from there that missed the deadline.
 * Both are taken at their best within sqrt(explore ln t / n), the costs as shares of the largest
 * seen (UCB1: Auer, Cesa-Bianchi and Fischer, 2002). Of the arms that may meet the constraint the
 * cheapest is taken; if none may, the one that may be late least often. O(classes + log instances).
 */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "policies/all.h"
#include "policies/penalty.h"

struct arm {
	double cost; /* of those sent there, together */
	uint64_t sent, ended, late;
};

/** A group, in one of the phases that its requests wait in. */
struct bandit {
	struct arm *arms; /* by class */
	uint64_t sent;
	double most; /* that a request cost */
};

struct policy_state {
	int objective;
	double in_time, explore;
	size_t n_classes, n_bandits;
	struct bandit *bandits;
	struct arm *arms;
	uint32_t *class_of; /* by instance */
};

static struct bandit *bandit_of(struct policy_state *st, struct group_id g, enum phase p)
{
	return &st->bandits[PHASE_KINDS * g.i + (size_t)p];
}

static double cost_of(const struct policy_state *st, const struct view *v, const struct waiting *w,
	struct instance_id i)
{
	struct prediction p = v->predict_idle(v, w, i, w->output_tok);

	return penalty_of((enum penalty)st->objective, v, w, i, p.prefill_s + p.decode_s);
}

static double late_share(const struct arm *a)
{
	return a->ended > 0 ? (double)a->late / (double)a->ended : 0.0;
}

/** What is hoped of an arm. Less is better: first lateness beyond what is allowed, then cost. */
struct hope {
	double beyond, cost;
};

static struct hope hope_of(
	const struct policy_state *st, const struct bandit *b, const struct arm *a)
{
	double radius, n = (double)a->sent;

	if (a->sent == 0)
		return (struct hope){0.0, -HUGE_VAL}; /* each is tried */
	radius = sqrt(st->explore * log((double)b->sent) / n);
	return (struct hope){fmax(0.0, late_share(a) - radius - (1.0 - st->in_time)),
		a->cost / n - radius * b->most};
}

static bool more_hope(struct hope a, struct hope b)
{
	return a.beyond < b.beyond || (a.beyond == b.beyond && a.cost < b.cost);
}

static bool perllm_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting;
	struct instance_id i, best_i = {NO_ID};
	struct bandit *b;
	struct hope best, h;
	struct arm *arm;
	double cost;

	if (v->n_waiting == 0)
		return false;
	b = bandit_of(st, w->group, w->phase);
	for (uint32_t c = 0; c < v->n_classes; c++) {
		if (!v->best(v, w, (struct class_id){c}, RANK_QUEUE, &i))
			continue;
		h = hope_of(st, b, &b->arms[c]);
		if (best_i.i != NO_ID && !more_hope(h, best))
			continue;
		best = h;
		best_i = i;
	}
	arm = &b->arms[st->class_of[best_i.i]];
	cost = cost_of(st, v, w, best_i);
	arm->cost += cost;
	arm->sent++;
	b->sent++;
	b->most = fmax(b->most, cost);
	*out = (struct assignment){.request = w->id, .instance = best_i};
	return true;
}

static void note(
	struct policy_state *st, const struct outcome *o, enum phase p, struct instance_id i)
{
	struct arm *a = &bandit_of(st, o->group, p)->arms[st->class_of[i.i]];

	a->ended++;
	a->late += o->delivered_s > o->deadline_s;
}

static void perllm_finished(struct policy_state *st, const struct outcome *o)
{
	note(st, o, PHASE_PREFILL, o->prefilled_at);
	if (o->prefilled_at.i != o->instance.i)
		note(st, o, PHASE_DECODE, o->instance);
}

/* What it was worth */

/** The cheapest arm that has met the constraint; if none has, that which missed it least often. */
static const struct arm *best_fixed(const struct policy_state *st, const struct bandit *b)
{
	const struct arm *best = NULL;
	struct hope least, is;

	for (const struct arm *a = b->arms; a < b->arms + st->n_classes; a++) {
		if (a->ended == 0)
			continue;
		is.beyond = fmax(0.0, late_share(a) - (1.0 - st->in_time));
		is.cost = a->cost / (double)a->sent;
		if (best && !more_hope(is, least))
			continue;
		best = a;
		least = is;
	}
	return best;
}

static void perllm_report(const struct policy_state *st, struct policy_report *out)
{
	double beyond = 0.0, fixed = 0.0, late = 0.0, ended = 0.0;

	for (size_t k = 0; k < st->n_bandits; k++) {
		const struct bandit *b = &st->bandits[k];
		const struct arm *best = best_fixed(st, b), *a;
		double each;

		if (!best)
			continue;
		each = best->cost / (double)best->sent;
		fixed += each * (double)b->sent;
		for (a = b->arms; a < b->arms + st->n_classes; a++) {
			beyond += fmax(0.0, a->cost - each * (double)a->sent);
			late += fmax(0.0, late_share(a) - (1.0 - st->in_time)) * (double)a->ended;
			ended += (double)a->ended;
		}
	}
	if (ended == 0.0)
		return;
	out->late_beyond = late / ended;
	if (fixed > 0.0)
		out->regret = beyond / fixed;
}

static bool perllm_check(
	const struct policy_state *st, const struct view *v, char *why, size_t size)
{
	return penalty_known((enum penalty)st->objective, v, why, size);
}

static bool perllm_init(struct policy_state *st, const struct view *v, char *why, size_t size)
{
	(void)why;
	(void)size;
	st->n_classes = v->n_classes;
	st->n_bandits = PHASE_KINDS * v->n_groups;
	st->bandits = mem_zalloc(st->n_bandits, sizeof *st->bandits);
	st->arms = mem_zalloc(st->n_bandits * st->n_classes, sizeof *st->arms);
	st->class_of = mem_zalloc(v->n_instances, sizeof *st->class_of);
	for (size_t k = 0; k < st->n_bandits; k++)
		st->bandits[k].arms = st->arms + k * st->n_classes;
	for (size_t i = 0; i < v->n_instances; i++)
		st->class_of[i] = v->instances[i].cls.i;
	return true;
}

static void perllm_finish(struct policy_state *st)
{
	free(st->bandits);
	free(st->arms);
	free(st->class_of);
}

static const struct param_spec params[] = {
	PARAM_CHOICE(struct policy_state, objective, "objective", penalty_words, PENALTY_ENERGY,
		"what is to be as little as can be: seconds on the links, dollars or joules of a "
		"request's service alone"),
	PARAM_QUANTITY(struct policy_state, in_time, "in_time", QUANTITY_FRACTION, 0.95, 0.0, 1.0,
		"the constraint: the share of each group's answers that is to meet the deadline"),
	PARAM_QUANTITY(struct policy_state, explore, "explore", QUANTITY_NUMBER, 2.0, 0.0, 100.0,
		"how much it tries: confidence bounds are sqrt(explore ln t / n) wide"),
	{0},
};

const struct policy_ops policy_perllm = {
	.name = "perllm",
	.summary =
		"on arrival, the cheapest kind of instance that meets deadlines, as it has learned",
	.state_size = sizeof(struct policy_state),
	.params = params,
	.eager = true,
	.next = perllm_next,
	.finished = perllm_finished,
	.check = perllm_check,
	.init = perllm_init,
	.finish = perllm_finish,
	.report = perllm_report,
};
