/* least-work: on arrival, the instance that is expected to get to the request first; among those
 * that would at once, the one that is expected to be done with it first. The network does not
 * count. Looks at one instance of each class that has room, else at every member. */
#include "policies/all.h"
#include "policies/score.h"

static void consider(const struct view *v, struct instance_id i, struct score *best)
{
	struct prediction p = v->predict(v, v->waiting, i, v->waiting->output_tok);
	struct score s = {p.wait_s, p.prefill_s + p.decode_s, i};

	if (best->instance.i == NO_ID || score_better(&s, best))
		*best = s;
}

static bool least_work_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct score best = {.instance = {NO_ID}};
	const struct class_view *cls;
	struct instance_id i;
	uint32_t c;
	size_t m;

	(void)st;
	if (v->n_waiting == 0)
		return false;
	for (c = 0; c < v->n_classes; c++) {
		cls = &v->classes[c];
		if (!v->can_serve(v, v->waiting, cls->members[0]))
			continue;
		if (v->best(v, v->waiting, (struct class_id){c}, RANK_STEP, &i)) {
			consider(v, i, &best);
			continue;
		}
		for (m = 0; m < cls->n_members; m++)
			consider(v, cls->members[m], &best);
	}
	*out = (struct assignment){.request = v->waiting->id, .instance = best.instance};
	return true;
}

const struct policy_ops policy_least_work = {
	.name = "least-work",
	.summary = "on arrival, the instance expected to get to it first, then to finish first",
	.eager = true,
	.next = least_work_next,
};
