/* Instances alike in device, model, runtime and path: found once, since none of these change. */

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/offload/scheduler_parts.h"
#include "models/net/route.h"
#include "models/serving/alike.h"

/** Does KV go alike to and from these two? */
static bool same_way(const struct scheduler *s, struct site_id a, struct site_id b)
{
	const struct kv_routes *r = s->kv_routes;

	if (r->n == 0 || a.i == b.i)
		return true;
	if (r->number[a.i] == NO_ID || r->number[b.i] == NO_ID)
		return r->number[a.i] == r->number[b.i];
	return r->alike[r->number[a.i]] == r->alike[r->number[b.i]];
}

/** Are the stages of these two, which are alike, joined alike? */
static bool same_hops(const struct scheduler_instance *x, const struct scheduler_instance *y)
{
	for (size_t k = 0; k < x->instance->spec->n_stages; k++)
		if (!routes_alike(x->hops[k], y->hops[k]))
			return false;
	return true;
}

static bool same_class(const struct scheduler *s, const uint32_t *reached, struct instance_id a,
	struct instance_id b)
{
	const struct scheduler_instance *x = &s->seats[a.i].of, *y = &s->seats[b.i].of;

	return reached[x->instance->spec->site.i] == reached[y->instance->spec->site.i] &&
	       x->tier == y->tier &&
	       same_way(s, x->instance->spec->site, y->instance->spec->site) &&
	       instances_alike(x->instance->spec, x->gpu, y->instance->spec, y->gpu) &&
	       same_hops(x, y);
}

/** Give every instance its class, and count; @first gets one of each. Returns how many. */
static size_t classes_count(struct scheduler *s, const uint32_t *reached, struct class_view *cls,
	struct instance_id *first)
{
	size_t n = 0;

	for (uint32_t i = 0; i < s->view.n_instances; i++) {
		uint32_t c = 0;

		while (c < n && !same_class(s, reached, first[c], (struct instance_id){i}))
			c++;
		if (c == n)
			first[n++].i = i;
		s->instance_views[i].cls.i = c;
		cls[c].n_members++;
	}
	return n;
}

static void members_list(struct scheduler *s, struct class_view *cls, uint32_t c)
{
	struct instance_id *members = arena_alloc(s->arena, cls->n_members, sizeof *members);
	size_t k = 0;

	for (uint32_t i = 0; i < s->view.n_instances; i++)
		if (s->instance_views[i].cls.i == c) {
			s->seats[i].member = (uint32_t)k;
			members[k++].i = i;
		}
	cls->members = members;
	cls->tier = s->instance_views[members[0].i].tier;
	cls->phases = s->instance_views[members[0].i].phases;
}

void classes_find(struct scheduler *s, size_t n_sites)
{
	size_t n = s->view.n_instances, n_classes;
	struct class_view *cls = arena_alloc(s->arena, n, sizeof *cls);
	struct instance_id *first = mem_zalloc(n, sizeof *first);
	uint32_t *reached = mem_zalloc(n_sites, sizeof *reached);

	net_alike(s->net, reached);
	assert(n >> MEMBER_BITS == 0);
	n_classes = classes_count(s, reached, cls, first);
	for (uint32_t c = 0; c < n_classes; c++)
		members_list(s, &cls[c], c);
	free(first);
	free(reached);
	s->rankings = arena_alloc(s->arena, n_classes, sizeof *s->rankings);
	s->short_of_memory = arena_alloc(s->arena, 1, sizeof *s->short_of_memory);
	s->class_views = cls;
	s->view.classes = cls;
	s->view.n_classes = n_classes;
}
