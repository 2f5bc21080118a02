/* What policies see, kept up to date one instance at a time. */

#include "models/offload/scheduler_parts.h"

void scheduler_touch(struct scheduler *s, struct instance_id i)
{
	const struct instance *of = instance_of(s, i);

	view_show(s, i, instance_load(of).n, instance_room(of), engine_now_ns(s->engine));
	if (s->stale)
		stale_touch(s, i);
}

const bool *scheduler_short(const struct scheduler *s)
{
	return s->short_of_memory;
}

void scheduler_eased(struct scheduler *s, struct instance_id i)
{
	ranking_eased(s, i);
}

static void instances_show(struct scheduler *s)
{
	for (size_t i = 0; i < s->view.n_instances; i++) {
		const struct scheduler_instance *of = &s->seats[i].of;

		s->instance_views[i] = (struct instance_view){
			.name = of->instance->spec->name,
			.site = of->instance->spec->site,
			.tier = of->tier,
			.phases = instance_phases(of->instance),
		};
	}
}

/** As far as the scenario says which users it serves. */
static bool is_for(
	const struct instance_spec *i, const struct scheduler_group *of, struct group_id g)
{
	if (i->synthetic && !instance_service(i, g))
		return false;
	return i->model.i == of->model.i || i->model.i == NO_ID;
}

static struct instance_id home_of(const struct scheduler *s, struct group_id id, enum phase p)
{
	const struct scheduler_group *g = &s->groups[id.i].of;

	for (uint32_t i = 0; g->home.i != NO_ID && i < s->view.n_instances; i++) {
		const struct instance_spec *spec = s->seats[i].of.instance->spec;

		if (spec->site.i == g->home.i && (s->instance_views[i].phases >> p & 1) &&
			is_for(spec, g, id))
			return (struct instance_id){i};
	}
	return (struct instance_id){NO_ID};
}

static void groups_show(struct scheduler *s)
{
	for (uint32_t g = 0; g < s->view.n_groups; g++) {
		const struct scheduler_group *of = &s->groups[g].of;

		s->group_views[g] = (struct group_view){
			.name = of->name,
			.home = of->home,
			.output_mean_tok = of->output_mean_tok,
			.output_q90_tok = of->output_q90_tok,
		};
		for (enum phase p = 0; p < PHASE_KINDS; p++)
			s->groups[g].home[p] = home_of(s, (struct group_id){g}, p);
	}
}

void view_create(struct scheduler *s, size_t n_sites)
{
	struct view *v = &s->view;

	s->group_views = arena_alloc(s->arena, v->n_groups, sizeof *s->group_views);
	s->instance_views = arena_alloc(s->arena, v->n_instances, sizeof *s->instance_views);
	v->groups = s->group_views;
	v->instances = s->instance_views;
	v->rng = &s->rng;
	asked_answer(v);
	instances_show(s);
	groups_show(s);
	classes_find(s, n_sites);
	followers_find(s);
	for (uint32_t i = 0; i < v->n_instances; i++)
		scheduler_touch(s, (struct instance_id){i});
}
