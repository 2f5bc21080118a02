#include "policies/able.h"

#include <assert.h>

size_t able_count(const struct view *v, const struct waiting *w)
{
	const struct class_view *c;
	size_t n = 0;

	for (c = v->classes; c < v->classes + v->n_classes; c++) {
		if (v->can_serve(v, w, c->members[0]))
			n += c->n_members;
	}
	return n;
}

struct instance_id able_nth(const struct view *v, const struct waiting *w, size_t nth)
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
