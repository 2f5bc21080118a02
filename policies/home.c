#include "policies/home.h"

#include <math.h>
#include <stdio.h>

#include "policies/score.h"

static bool at_home(const struct view *v, const struct waiting *w, uint32_t i)
{
	return v->instances[i].site.i == v->groups[w->group.i].home.i;
}

/** The instance at home that fits @w and has been empty longest; *@able: some could, once. */
static struct instance_id idle_at_home(const struct view *v, const struct waiting *w, bool *able)
{
	struct score best = {.instance = {NO_ID}}, s;

	*able = false;
	for (uint32_t i = 0; i < v->n_instances; i++) {
		s = (struct score){v->instances[i].idle_since_s, 0.0, {i}};
		if (!at_home(v, w, i) || !v->can_serve(v, w, s.instance))
			continue;
		*able = true;
		if (v->fits(v, w, s.instance) &&
			(best.instance.i == NO_ID || score_better(&s, &best)))
			best = s;
	}
	return best.instance;
}

/** Has somebody before @nth the same home? Then @nth waits behind that. */
static bool is_behind(const struct view *v, size_t nth)
{
	uint32_t home = v->groups[v->waiting[nth].group.i].home.i;

	for (size_t k = 0; k < nth; k++)
		if (v->groups[v->waiting[k].group.i].home.i == home)
			return true;
	return false;
}

bool home_next(const struct view *v, struct assignment *out)
{
	bool able;

	for (size_t k = 0; k < v->n_waiting && v->n_free > 0; k++) {
		const struct waiting *w = &v->waiting[k];

		*out = (struct assignment){.request = w->id, .instance = idle_at_home(v, w, &able)};
		out->drop = !able;
		if ((out->drop || out->instance.i != NO_ID) && !is_behind(v, k))
			return true;
	}
	return false;
}

static bool able_at_home(const struct view *v, const struct waiting *w, enum tier tier)
{
	for (uint32_t i = 0; i < v->n_instances; i++)
		if (at_home(v, w, i) && v->instances[i].tier == tier &&
			v->can_serve(v, w, (struct instance_id){i}))
			return true;
	return false;
}

/** Whoever computes the prompt of @w alone at home has somebody there who goes on. */
static bool follows_at_home(const struct view *v, const struct waiting *w, enum tier tier)
{
	struct waiting next = *w, whole = *w;

	whole.output_tok = next.output_tok = 2; /* one more than a prompt gives */
	next.phase = PHASE_DECODE;
	for (next.from.i = 0; next.from.i < v->n_instances; next.from.i++)
		if (v->instances[next.from.i].phases == PHASES_PREFILL &&
			at_home(v, w, next.from.i) && v->can_serve(v, &whole, next.from) &&
			!able_at_home(v, &next, tier))
			return false;
	return true;
}

bool home_check(const struct view *v, enum tier tier, char *why, size_t size)
{
	struct waiting w = {.from = {NO_ID},
		.deadline_s = HUGE_VAL,
		.prompt_tok = 1,
		.output_tok = 1,
		.home_instance = {NO_ID}};

	for (uint32_t g = 0; g < v->n_groups; g++) {
		w.group.i = g;
		if (able_at_home(v, &w, tier) && follows_at_home(v, &w, tier))
			continue;
		snprintf(why, size, "needs a home %s with an instance that can serve users '%s'",
			tier == TIER_EDGE ? "at the edge" : "in the cloud", v->groups[g].name);
		return false;
	}
	return true;
}
