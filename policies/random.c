/* random: on arrival, any instance that can ever serve the request, all equally likely. */
#include "policies/able.h"
#include "policies/all.h"

static bool random_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting;

	(void)st;
	if (v->n_waiting == 0)
		return false;
	*out = (struct assignment){
		.request = w->id,
		.instance = able_nth(v, w, v->draw(v, able_count(v, w))),
	};
	return true;
}

const struct policy_ops policy_random = {
	.name = "random",
	.summary = "on arrival, any instance that can serve it, all equally likely",
	.eager = true,
	.next = random_next,
};
