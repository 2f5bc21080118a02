/* locality: the oldest request goes to the nearest instance that has room: at home if it can, else
 * where the network takes least, links idle; then to the one idle longest. */
#include <math.h>

#include "policies/all.h"
#include "policies/score.h"

static double network_s(const struct view *v, const struct waiting *w, struct instance_id i)
{
	struct prediction p = v->predict_idle(v, w, i, v->groups[w->group.i].output_mean_tok);

	return p.upload_s + p.download_s;
}

static bool is_at_home(const struct view *v, const struct waiting *w, struct instance_id i)
{
	return v->instances[i.i].site.i == v->groups[w->group.i].home.i;
}

static bool locality_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting;
	struct score best = {.instance = {NO_ID}}, s;

	(void)st;
	if (v->n_waiting == 0 || v->n_free == 0)
		return false;
	if (w->home_instance.i != NO_ID && v->fits(v, w, w->home_instance)) {
		*out = (struct assignment){.request = w->id, .instance = w->home_instance};
		return true;
	}
	for (uint32_t c = 0; c < v->n_classes; c++) {
		if (v->classes[c].n_free == 0 ||
			!v->best(v, w, (struct class_id){c}, RANK_IDLE, &s.instance))
			continue;
		s.first = is_at_home(v, w, s.instance) ? 0.0 : network_s(v, w, s.instance);
		s.second = v->instances[s.instance.i].idle_since_s;
		if (best.instance.i == NO_ID || score_better(&s, &best))
			best = s;
	}
	*out = (struct assignment){.request = w->id, .instance = best.instance};
	return best.instance.i != NO_ID;
}

const struct policy_ops policy_locality = {
	.name = "locality",
	.summary = "the oldest request to the nearest instance with room, home first",
	.next = locality_next,
};
