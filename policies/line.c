#include "policies/line.h"

#include <math.h>
#include <stdio.h>

#include "policies/score.h"

static bool within(const struct class_view *c, enum tier_set tiers)
{
	return (1 << c->tier & (int)tiers) != 0;
}

/** Some instance of @tiers can serve @w, now or later. Members of a class are alike. */
static bool served_in(const struct view *v, const struct waiting *w, enum tier_set tiers)
{
	size_t c;

	for (c = 0; c < v->n_classes; c++) {
		if (within(&v->classes[c], tiers) && v->can_serve(v, w, v->classes[c].members[0]))
			return true;
	}
	return false;
}

static bool longest_idle(
	const struct view *v, const struct waiting *w, enum tier_set tiers, struct instance_id *out)
{
	struct score best = {.first = HUGE_VAL}, s = {0};
	bool found = false;
	uint32_t c;

	for (c = 0; c < v->n_classes; c++) {
		if (!within(&v->classes[c], tiers) || v->classes[c].n_free == 0)
			continue;
		if (!v->best(v, w, (struct class_id){c}, RANK_IDLE, &s.instance))
			continue;
		s.first = v->instances[s.instance.i].idle_since_s;
		if (!found || score_better(&s, &best))
			best = s;
		found = true;
	}
	*out = best.instance;
	return found;
}

bool line_next(const struct view *v, enum tier_set tiers, struct assignment *out)
{
	const struct waiting *head = v->waiting;

	if (v->n_waiting == 0 || v->n_free == 0)
		return false;
	*out = (struct assignment){.request = head->id, .instance = {NO_ID}};
	if (longest_idle(v, head, tiers, &out->instance))
		return true;
	out->drop = !served_in(v, head, tiers);
	return out->drop;
}

/** Where a class of @tiers computes the prompt of @w alone, somebody of @tiers must go on. NO_ID:
 *  so it is; else one of a class where it is not. */
static struct instance_id left_alone(
	const struct view *v, const struct waiting *w, enum tier_set tiers)
{
	struct waiting next = *w, whole = *w;
	size_t c;

	whole.output_tok = next.output_tok = 2; /* one more than a prompt gives */
	next.phase = PHASE_DECODE;
	for (c = 0; c < v->n_classes; c++) {
		next.from = v->classes[c].members[0];
		if (v->classes[c].phases == PHASES_PREFILL && within(&v->classes[c], tiers) &&
			v->can_serve(v, &whole, next.from) && !served_in(v, &next, tiers))
			return next.from;
	}
	return (struct instance_id){NO_ID};
}

bool line_check(
	const struct view *v, enum tier_set tiers, const char *where, char *why, size_t size)
{
	struct waiting w = {.from = {NO_ID},
		.deadline_s = HUGE_VAL,
		.prompt_tok = 1,
		.output_tok = 1,
		.home_instance = {NO_ID}};
	struct instance_id alone;
	uint32_t g;

	for (g = 0; g < v->n_groups; g++) {
		w.group.i = g;
		alone = left_alone(v, &w, tiers);
		if (served_in(v, &w, tiers) && alone.i == NO_ID)
			continue;
		if (alone.i == NO_ID)
			snprintf(why, size, "needs an instance %s that can serve users '%s'", where,
				v->groups[g].name);
		else
			snprintf(why, size,
				"needs an instance %s that goes on where '%s' computes the prompts "
				"of users '%s'",
				where, v->instances[alone.i].name, v->groups[g].name);
		return false;
	}
	return true;
}
