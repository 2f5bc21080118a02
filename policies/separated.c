/*
 * separated: for instances that compute prompts and others that go on, in one of two manners.
 *
 * splitwise (Patel et al., "Splitwise: Efficient generative LLM inference using phase splitting",
 * ISCA 2024, section IV): each phase joins the shortest queue of its pool; where that is long, the
 * pool between the two, of instances that do both, helps out. There a prompt is computed for others
 * to go on with, and goes on itself where they are all behind. Queues are counted in requests.
 *
 * distserve (Zhong et al., "DistServe: Disaggregating prefill and decoding for goodput-optimized
 * large language model serving", OSDI 2024, sections 4 and 5): prompts and answers go by pairs. To
 * a prefill instance belong those over its fastest way for KV; the least loaded pair gets the
 * request, and its KV goes to the least loaded of them.
 *
 * Where no instance has a role both are jsq. O(classes), distserve O(classes^2); where a class is
 * full also its members.
 */
#include <math.h>

#include "policies/all.h"
#include "policies/score.h"

enum rule { RULE_SPLITWISE, RULE_DISTSERVE };

struct policy_state {
	int rule;
	size_t queue;
};

/** KV at an instance that does both may go elsewhere only where there is room for it. */
static bool must_fit(const struct view *v, const struct waiting *w)
{
	return w->phase == PHASE_DECODE && v->instances[w->from.i].phases == PHASES_BOTH;
}

/** The member of @c with the fewest requests that can serve @w, with room if it has one. */
static bool least_loaded(
	const struct view *v, const struct waiting *w, uint32_t c, struct score *out)
{
	const struct class_view *cls = &v->classes[c];
	size_t m;

	if (!v->can_serve(v, w, cls->members[0]))
		return false;
	out->second = 0.0;
	if (!v->best(v, w, (struct class_id){c}, RANK_LOAD, &out->instance)) {
		if (must_fit(v, w))
			return false;
		out->instance = cls->members[0];
		for (m = 1; m < cls->n_members; m++)
			if (v->instances[cls->members[m].i].assigned <
				v->instances[out->instance.i].assigned)
				out->instance = cls->members[m];
	}
	out->first = v->instances[out->instance.i].assigned;
	return true;
}

/** The shortest queue of the pool of those with these @phases. */
static bool shortest(
	const struct view *v, const struct waiting *w, unsigned phases, struct score *out)
{
	bool found = false;
	struct score s;
	uint32_t c;

	for (c = 0; c < v->n_classes; c++) {
		if (v->classes[c].phases != phases || !least_loaded(v, w, c, &s))
			continue;
		if (!found || score_better(&s, out))
			*out = s;
		found = true;
	}
	return found;
}

/** Could somebody who only goes on take over where @i has computed the prompt of @w? */
static bool pool_follows(const struct view *v, const struct waiting *w, struct instance_id i)
{
	struct waiting next = *w;
	uint32_t c;

	next.phase = PHASE_DECODE;
	next.from = i;
	for (c = 0; c < v->n_classes; c++)
		if (v->classes[c].phases == PHASES_DECODE &&
			v->can_serve(v, &next, v->classes[c].members[0]))
			return true;
	return false;
}

/* Splitwise */

static struct instance_id between_pools(
	const struct policy_state *st, const struct view *v, const struct waiting *w)
{
	unsigned own = w->phase == PHASE_PREFILL ? PHASES_PREFILL : PHASES_DECODE;
	struct score pool = {.instance = {NO_ID}}, mixed;
	bool has_pool = shortest(v, w, own, &pool);

	if (has_pool && pool.first < (double)st->queue)
		return pool.instance;
	if (must_fit(v, w) && !has_pool)
		return w->from; /* nothing moves */
	if (shortest(v, w, PHASES_BOTH, &mixed) && (!has_pool || mixed.first < pool.first))
		return mixed.instance;
	return pool.instance;
}

/* DistServe */

/** The least loaded of those over the fastest way from @from; its second is minus the rate. */
static bool partner(
	const struct view *v, const struct waiting *w, struct instance_id from, struct score *out)
{
	struct waiting next = *w;
	bool found = false;
	uint32_t c;

	next.phase = PHASE_DECODE;
	next.from = from;
	for (c = 0; c < v->n_classes; c++) {
		struct score s;

		if (!(v->classes[c].phases & PHASES_DECODE) || !least_loaded(v, &next, c, &s))
			continue;
		s.second = -v->kv_path(v, from, s.instance).bytes_per_s;
		if (!found || s.second < out->second ||
			(s.second <= out->second && score_better(&s, out)))
			*out = s;
		found = true;
	}
	return found;
}

/** Of all that compute prompts alone, the one whose pair has least to do; then the faster pair. */
static bool least_pair(const struct view *v, const struct waiting *w, struct instance_id *out)
{
	struct score best = {.instance = {NO_ID}}, s, p;
	uint32_t c;

	for (c = 0; c < v->n_classes; c++) {
		if (v->classes[c].phases != PHASES_PREFILL || !least_loaded(v, w, c, &s) ||
			!partner(v, w, s.instance, &p))
			continue;
		s.first += p.first;
		s.second = p.second;
		if (best.instance.i == NO_ID || score_better(&s, &best))
			best = s;
	}
	*out = best.instance;
	return best.instance.i != NO_ID;
}

static struct instance_id by_pairs(const struct view *v, const struct waiting *w)
{
	struct instance_id i;
	struct score s;

	if (w->phase == PHASE_DECODE)
		return partner(v, w, w->from, &s) ? s.instance : w->from;
	if (least_pair(v, w, &i))
		return i;
	if (shortest(v, w, PHASES_BOTH, &s) || shortest(v, w, PHASES_PREFILL, &s))
		return s.instance;
	return (struct instance_id){NO_ID};
}

static bool separated_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting;

	if (v->n_waiting == 0)
		return false;
	*out = (struct assignment){.request = w->id};
	if (st->rule == RULE_DISTSERVE) {
		out->instance = by_pairs(v, w);
		return true;
	}
	out->instance = between_pools(st, v, w);
	out->apart = w->phase == PHASE_PREFILL && w->output_tok > 1 &&
		     v->instances[out->instance.i].phases == PHASES_BOTH &&
		     pool_follows(v, w, out->instance);
	return true;
}

static const char *const rules[] = {
	[RULE_SPLITWISE] = "splitwise", [RULE_DISTSERVE] = "distserve", NULL};

static const struct param_spec params[] = {
	PARAM_CHOICE(struct policy_state, rule, "rule", rules, RULE_SPLITWISE,
		"shortest queues of two pools and one between them, or the least loaded pair"),
	PARAM_COUNT(struct policy_state, queue, "queue", 8, 1, 1000000,
		"splitwise: a queue as long as this is long, and the pool between helps out"),
	{0},
};

const struct policy_ops policy_separated = {
	.name = "separated",
	.summary = "phases apart: shortest queues of pools (Splitwise), or pairs (DistServe)",
	.state_size = sizeof(struct policy_state),
	.params = params,
	.eager = true,
	.next = separated_next,
};
