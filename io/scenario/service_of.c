#include "io/scenario/service_of.h"

#include <string.h>

#include "base/quote.h"

/** Those that are not taken out again, as a null does. */
static size_t count(const struct yaml_node *map)
{
	size_t n = 0;

	for (size_t k = 0; k < map->n; k++)
		n += !map->items[k].value->is_null;
	return n;
}

static bool read_laws(struct schema_reader *r, struct yaml_node *map, const struct schema_key *key,
	struct instance_entry *e)
{
	bool ok = true;

	for (size_t k = 0; k < map->n; k++) {
		struct yaml_item *item = &map->items[k];
		struct group_service *s = &e->service_of[e->spec.n_service_of];
		struct schema_key one = *key;

		if (item->value->is_null)
			continue;
		one.name = item->key;
		*s = (struct group_service){.name = item->key, .at = item->key_at};
		ok = read_dist(r, &item->value, &one, &s->law) && ok;
		e->spec.n_service_of++;
	}
	return ok;
}

bool read_service_of(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct instance_entry *e = to;
	size_t n, mark;
	bool ok;

	if (!schema_want(r, *slot, YAML_MAP, key->name))
		return false;
	n = count(*slot);
	if (n == 0)
		return err_list_at(r->errs, (*slot)->at,
			"service_of should have a service for at least one group of users");
	e->service_of = arena_alloc(r->arena, n, sizeof *e->service_of);
	e->spec.service_of = e->service_of;
	mark = schema_enter(r, key->name);
	ok = read_laws(r, *slot, key, e);
	schema_leave(r, mark);
	return ok;
}

static bool find_group(struct scenario_parts *p, struct group_service *s)
{
	char quoted[QUOTE_SIZE], nearest[100];
	struct near near;

	near_init(&near, s->name);
	for (uint32_t g = 0; g < p->n_groups; g++) {
		s->group.i = g;
		if (strcmp(p->groups[g].e.name, s->name) == 0)
			return true;
		near_add(&near, p->groups[g].e.name);
	}
	return err_list_at(p->r.errs, s->at, "unknown users '%s' in service_of%s",
		quote(quoted, sizeof quoted, s->name),
		parts_near(&near, "", nearest, sizeof nearest));
}

bool service_of_resolve(struct scenario_parts *p, struct instance_entry *e)
{
	bool ok = true;

	for (size_t k = 0; p->groups && k < e->spec.n_service_of; k++)
		ok = find_group(p, &e->service_of[k]) && ok;
	return ok;
}

/** Does he ask for another model? */
static bool never_comes(
	const struct scenario_parts *p, const struct instance_spec *i, struct group_id g)
{
	return i->model.i != NO_ID && i->model.i != p->s->spec.groups[g.i].model.i;
}

static void warn_laws(struct scenario_parts *p, const struct instance_spec *i)
{
	size_t others = 0;

	for (size_t k = 0; k < i->n_service_of; k++)
		if (never_comes(p, i, i->service_of[k].group))
			scenario_warn(&p->r, i->service_of[k].at,
				"service_of has no effect for users '%s': they do not ask for the "
				"model of '%s'",
				i->service_of[k].name, i->name);
	for (uint32_t g = 0; g < p->s->spec.n_groups; g++) {
		struct group_id id = {g};

		others += !never_comes(p, i, id) && !instance_own_service(i, id);
	}
	if (!i->named_only && others == 0)
		scenario_warn(&p->r, i->service.at,
			"service has no effect: service_of has one for all users who come");
}

void service_of_warn_idle(struct scenario_parts *p)
{
	for (size_t i = 0; i < p->n_instances; i++) {
		const struct instance_entry *e = &p->instances[i];

		if (!e->e.removed && !e->e.family && e->spec.n_service_of > 0)
			warn_laws(p, &e->spec);
	}
}
