/* jsq, join the shortest queue: on arrival, the instance with the fewest unfinished requests, then
 * the longest idle, then the first in the file (Winston, "Optimality of the shortest line
 * discipline", 1977). O(classes + log instances) a request. */
#include "policies/all.h"
#include "policies/score.h"

static bool jsq_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct score best = {.instance = {NO_ID}}, s;
	const struct instance_view *i;

	(void)st;
	if (v->n_waiting == 0)
		return false;
	for (uint32_t c = 0; c < v->n_classes; c++) {
		if (!v->best(v, v->waiting, (struct class_id){c}, RANK_QUEUE, &s.instance))
			continue;
		i = &v->instances[s.instance.i];
		s.first = i->assigned;
		s.second = i->idle_since_s;
		if (best.instance.i == NO_ID || score_better(&s, &best))
			best = s;
	}
	*out = (struct assignment){.request = v->waiting->id, .instance = best.instance};
	return true;
}

const struct policy_ops policy_jsq = {
	.name = "jsq",
	.summary = "on arrival, the instance with the fewest unfinished requests",
	.eager = true,
	.next = jsq_next,
};
