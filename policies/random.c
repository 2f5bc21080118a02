/* random: on arrival, any instance that can ever serve the request, all equally likely. */
#include <assert.h>

#include "policies/all.h"

static size_t n_able(const struct view *v, const struct waiting *w)
{
	size_t c, n = 0;

	for (c = 0; c < v->n_classes; c++) {
		if (v->can_serve(v, w, v->classes[c].members[0]))
			n += v->classes[c].n_members;
	}
	return n;
}

/** The @nth of the instances that can serve @w, class by class. */
static struct instance_id able(const struct view *v, const struct waiting *w, size_t nth)
{
	const struct class_view *c;

	for (c = v->classes; c < v->classes + v->n_classes; c++) {
		if (!v->can_serve(v, w, c->members[0]))
			continue;
		if (nth < c->n_members)
			return c->members[nth];
		nth -= c->n_members;
	}
	assert(!"an instance that can serve it");
	return (struct instance_id){NO_ID};
}

static bool random_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting;

	(void)st;
	if (v->n_waiting == 0)
		return false;
	*out = (struct assignment){
		.request = w->id, .instance = able(v, w, v->draw(v, n_able(v, w)))};
	return true;
}

const struct policy_ops policy_random = {
	.name = "random",
	.summary = "on arrival, any instance that can serve it, all equally likely",
	.eager = true,
	.next = random_next,
};
