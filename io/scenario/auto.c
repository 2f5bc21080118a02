/* `instances: auto`: whoever decides is asked (models/placing.h), and the scenario then reads as if
 * a user had written the answer. */
#include "base/quote.h"
#include "io/scenario/auto.h"
#include "io/scenario/deployment.h"

static bool is_asked_for(const struct scenario_parts *p, uint32_t model)
{
	for (size_t g = 0; g < p->s->spec.n_groups; g++)
		if (p->s->spec.groups[g].model.i == model)
			return true;
	return false;
}

/** Does a group ask for what is no model? */
static bool asks_for_stranger(const struct scenario_parts *p)
{
	for (size_t g = 0; g < p->n_groups; g++)
		if (p->groups[g].model.name && p->s->spec.groups[g].model.i == NO_ID)
			return true;
	return false;
}

/* instances: auto */

static bool find_profile(struct scenario_parts *p, struct instance_entry *e)
{
	struct err err = {0};

	return !e->profile.name ||
	       profile_read(&e->spec.profile, p->r.arena, e->profile.name, e->profile.at, &err) ||
	       err_list_add(p->r.errs, &err);
}

/** What an instance of @model is like; the place in the template is read as if it were at the
 *  first site with a gpu. */
static bool read_like(struct scenario_parts *p, uint32_t model, struct placing_like *to)
{
	struct instance_entry *e = arena_alloc(p->r.arena, 1, sizeof *e);
	struct yaml_node *map = yaml_copy(p->r.arena, p->auto_node);
	const struct yaml_item *how = yaml_find(map, "decoding");
	const struct scenario_spec *s = &p->s->spec;
	size_t site = 0, mark;
	bool ok;

	while (site < s->n_sites && !s->sites[site].has_gpu)
		site++;
	if (site == s->n_sites)
		return err_list_at(p->r.errs, map->at, "no site has a gpu: auto finds no place");
	deployment_put(p->r.arena, map, "site", s->sites[site].name);
	deployment_put(p->r.arena, map, "model", s->models[model].name);
	e->e.name = s->models[model].name;
	e->e.at = map->at;
	mark = schema_enter(&p->r, "instances");
	schema_enter(&p->r, "auto");
	ok = read_instance(&p->r, &map, e);
	schema_leave(&p->r, mark);
	if (!ok || !find_profile(p, e))
		return false;
	e->spec.model.i = model;
	if (!p->profiles)
		p->profiles = profile_builtin(p->r.arena);
	*to = (struct placing_like){.like = &e->spec,
		.profiles = p->profiles->all,
		.n_profiles = p->profiles->n,
		.drafting = e->spec.draft.on              ? DRAFTING_MUST
			    : how && !how->value->is_null ? DRAFTING_NEVER
							  : DRAFTING_MAY};
	return true;
}

static struct yaml_node *written(struct scenario_parts *p, const struct deployment *dep)
{
	struct yaml_node *map = yaml_copy(p->r.arena, p->auto_node);

	deployment_write(p->r.arena, map, &p->s->spec, dep);
	return map;
}

/** chat-1, chat-2, ... in order of the models and then as they were found. */
static struct yaml_node *written_all(
	struct scenario_parts *p, const struct deployment *all, size_t n)
{
	struct yaml_node *map = yaml_new_map(p->r.arena, p->instances_node->at);

	for (uint32_t m = 0; m < p->s->spec.n_models; m++)
		for (size_t i = 0, k = 0; i < n; i++) {
			if (all[i].model.i != m)
				continue;
			yaml_set(p->r.arena, map,
				arena_printf(p->r.arena, "%s-%zu", p->s->spec.models[m].name, ++k),
				p->auto_node->at, written(p, &all[i]));
		}
	return map;
}

/** What is written beside auto changes just that instance. */
static bool lay_over(struct scenario_parts *p, struct yaml_node *made)
{
	struct yaml_node *over = yaml_copy(p->r.arena, p->instances_node);
	char quoted[QUOTE_SIZE];
	bool ok = true;

	yaml_remove(over, "auto");
	for (size_t i = 0; i < over->n; i++)
		if (!yaml_find(made, over->items[i].key))
			ok = err_list_at(p->r.errs, over->items[i].key_at,
				"there is no '%s': auto makes %s%s%s",
				quote(quoted, sizeof quoted, over->items[i].key),
				made->items[0].key, made->n > 1 ? " to " : "",
				made->n > 1 ? made->items[made->n - 1].key : "");
	if (ok)
		yaml_merge(p->r.arena, made, over);
	return ok;
}

static bool deploy(struct scenario_parts *p, struct yaml_node **made)
{
	const struct scenario_spec *s = &p->s->spec;
	struct placing_like *likes = arena_alloc(p->r.arena, s->n_models, sizeof *likes);
	struct deployment *all;
	struct err err = {0};
	size_t n = 0, n_all;

	for (uint32_t m = 0; m < s->n_models; m++)
		if (is_asked_for(p, m) && !read_like(p, m, &likes[n++]))
			return false;
	if (n == 0 && asks_for_stranger(p))
		return false; /* which is told of later */
	if (n == 0)
		return err_list_at(p->r.errs, p->auto_node->at,
			"auto makes instances of the models that users ask for, and they ask for "
			"none");
	if (!p->req->placer->deploy(&all, &n_all, p->r.arena, s, likes, n, p->auto_node->at, &err))
		return err_list_add(p->r.errs, &err);
	*made = written_all(p, all, n_all);
	return lay_over(p, *made);
}

void auto_instances(struct scenario_parts *p)
{
	struct yaml_node *made;

	if (!p->auto_node || p->sites_bad || p->r.errs->n > 0)
		return;
	auto_show_groups(p);
	if (!deploy(p, &made))
		return;
	*p->instances_node = *made;
	p->s->placed = true;
	p->auto_node = NULL; /* nothing is left of it */
	(void)parts_read_instances(p);
}
