/* `offload: auto`: how many layers of an instance are its host's. */
#include <limits.h>

#include "io/scenario/auto.h"
#include "io/scenario/deployment.h"

bool auto_has_placer(struct scenario_parts *p, struct src_pos at)
{
	return p->req->placer ||
	       err_list_at(p->r.errs, at, "'auto' needs a planner, and there is none here");
}

void auto_show_groups(struct scenario_parts *p)
{
	struct group_spec *groups;

	if (p->s->spec.groups)
		return;
	groups = arena_alloc(p->r.arena, p->n_groups, sizeof *groups);
	for (size_t g = 0; g < p->n_groups; g++) {
		const struct group_entry *e = &p->groups[g];
		const struct yaml_item *model = e->model.name && p->models_node
							? yaml_find(p->models_node, e->model.name)
							: NULL;

		groups[g] = e->spec;
		groups[g].name = e->e.name;
		groups[g].home =
			e->home.name ? parts_find_site(p, e->home.name) : (struct site_id){NO_ID};
		groups[g].model.i =
			model ? (uint32_t)(model - p->models_node->items) : (uint32_t)NO_ID;
	}
	p->s->spec.groups = groups;
	p->s->spec.n_groups = p->n_groups;
}

enum { AUTO = UINT_MAX };

void auto_offload_mark(struct offload_spec *o)
{
	o->cpu_layers = AUTO;
}

static bool is_auto(const struct offload_spec *o)
{
	return o->cpu_layers == AUTO;
}

bool auto_offload(struct scenario_parts *p, struct instance_spec *i)
{
	struct placing_like like = {
		.like = i, .profiles = p->profiles->all, .n_profiles = p->profiles->n};
	struct deployment found;
	struct err err = {0};

	if (!is_auto(&i->offload))
		return true;
	if (!auto_has_placer(p, i->offload.at))
		return false;
	if (instance_devices(i) > 1)
		return err_list_at(p->r.errs, i->offload.at,
			"instance '%s' is tensor-parallel: layers beside several gpus are not "
			"built yet",
			i->name);
	i->offload.cpu_layers = 0;
	auto_show_groups(p);
	if (!p->req->placer->offload(&found, &p->s->spec, &like, i->offload.at, &err))
		return err_list_add(p->r.errs, &err);
	p->s->offloaded = true;
	p->site_entries[i->site.i]->hosts = true; /* it was looked at */
	i->offload.cpu_layers = found.cpu_layers;
	i->offload.streamed_layers = found.streamed_layers;
	return true;
}

/** No layer beside the gpu is what nothing says. */
static void write_found(
	struct scenario_parts *p, struct yaml_node *map, const struct offload_spec *o)
{
	struct yaml_item *item = yaml_find(map, "offload");

	if (o->cpu_layers + o->streamed_layers > 0)
		item->value = deployment_offload(
			p->r.arena, item->value->at, o->cpu_layers, o->streamed_layers);
	else
		(void)yaml_remove(map, "offload");
}

static bool same_layers(const struct offload_spec *a, const struct offload_spec *b)
{
	return a->cpu_layers == b->cpu_layers && a->streamed_layers == b->streamed_layers;
}

void auto_offload_write(
	struct scenario_parts *p, struct instance_entry *e, const struct instance_spec *made)
{
	struct yaml_node *map = p->instances_node->items[e - p->instances].value;

	if (!is_auto(&e->spec.offload))
		return;
	if (!e->found.name) {
		e->found = *made;
		write_found(p, map, &made->offload);
	} else if (!same_layers(&e->found.offload, &made->offload)) {
		/* its members differ: only auto says it of all */
		yaml_set(p->r.arena, map, "offload", map->at,
			yaml_new_text(p->r.arena, "auto", map->at));
	}
}
