/* jsq, join the shortest queue: on arrival, the instance with the fewest unfinished requests, then
 * the longest idle, then the first in the file. Looks at every instance. */
#include "policies/all.h"
#include "policies/score.h"

static bool jsq_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct score best = {.instance = {NO_ID}}, s;
	uint32_t i;

	(void)st;
	if (v->n_waiting == 0)
		return false;
	for (i = 0; i < v->n_instances; i++) {
		if (!v->can_serve(v, v->waiting, (struct instance_id){i}))
			continue;
		s = (struct score){v->instances[i].assigned, v->instances[i].idle_since_s, {i}};
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
