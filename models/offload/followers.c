/* Where the phases are apart: who can go on where a prompt was computed. Found once. */

#include "models/net/route.h"
#include "models/offload/scheduler_parts.h"
#include "models/serving/alike.h"

const struct route *kv_route_of(
	const struct scheduler *s, struct instance_id a, struct instance_id b)
{
	return kv_route(s->kv_routes, instance_of(s, a)->spec->site, instance_of(s, b)->spec->site);
}

const struct kv_local *kv_local_of(
	const struct scheduler *s, struct instance_id a, struct instance_id b)
{
	return kv_local(s->kv_routes, instance_of(s, a)->spec->site, instance_of(s, b)->spec->site);
}

/** Can @b go on with what @a has computed? */
static bool follows(const struct scheduler *s, struct instance_id a, struct instance_id b)
{
	const struct instance *x = instance_of(s, a), *y = instance_of(s, b);

	return (s->instance_views[b.i].phases & PHASES_DECODE) && y->takes_kv &&
	       y->spec->model.i == x->spec->model.i && kv_route_of(s, a, b);
}

/** The same machine, over the same way from @a? */
static bool same_to(
	const struct scheduler *s, struct instance_id a, struct instance_id b, struct instance_id c)
{
	const struct scheduler_instance *x = &s->seats[b.i].of, *y = &s->seats[c.i].of;

	return kv_local_of(s, a, b) == kv_local_of(s, a, c) &&
	       routes_alike(kv_route_of(s, a, b), kv_route_of(s, a, c)) &&
	       instances_alike(x->instance->spec, x->gpu, y->instance->spec, y->gpu);
}

static void add(
	struct scheduler *s, struct followers *f, struct instance_id a, struct instance_id b)
{
	for (size_t k = 0; k < f->n; k++)
		if (same_to(s, a, f->at[k], b))
			return;
	f->at[f->n++] = b;
}

void followers_find(struct scheduler *s)
{
	size_t n = s->view.n_classes;

	s->followers = arena_alloc(s->arena, n, sizeof *s->followers);
	for (size_t c = 0; c < n && s->kv_routes->n > 0; c++) {
		struct followers *f = &s->followers[c];
		struct instance_id a = s->class_views[c].members[0];

		if (s->class_views[c].phases != PHASES_PREFILL)
			continue;
		f->at = arena_alloc(s->arena, n, sizeof *f->at);
		for (size_t d = 0; d < n; d++)
			if (follows(s, a, s->class_views[d].members[0]))
				add(s, f, a, s->class_views[d].members[0]);
	}
}

bool scheduler_follows(const struct scheduler *s, struct instance_id i)
{
	return s->followers[s->instance_views[i.i].cls.i].n > 0;
}
