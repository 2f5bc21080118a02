/* From entries to the arrays of the spec: members of counted entries, names into ids. */
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "io/scenario/auto.h"
#include "io/scenario/batching.h"
#include "io/scenario/pipelining.h"
#include "io/scenario/service_of.h"
#include "models/cost/profile.h"

/* Instances */

/** NO_ID and no complaint where none is named. */
static struct model_id find_model(struct scenario_parts *p, struct name_ref ref, bool *ok)
{
	const struct yaml_item *item;
	char quoted[QUOTE_SIZE], nearest[100];

	*ok = true;
	if (!ref.name)
		return (struct model_id){NO_ID};
	item = p->n_models ? yaml_find(p->models_node, ref.name) : NULL;
	if (item)
		return (struct model_id){(uint32_t)(item - p->models_node->items)};
	*ok = false;
	err_list_at(p->r.errs, ref.at, "unknown model '%s'%s",
		quote(quoted, sizeof quoted, ref.name),
		p->models_node ? parts_suggest(p->models_node, ref.name, nearest, sizeof nearest)
			       : "");
	return (struct model_id){NO_ID};
}

/** A member of a counted entry: where it is, and its number, from 1. */
struct place {
	struct site_id site;
	unsigned number;
};

/** The members of @e on the sites that its `site` stands for: *@n of them in @places. On the
 *  sites of a counted entry a member has the number of its site. */
static void place_on_many(
	struct scenario_parts *p, const struct instance_entry *e, struct place *places, size_t *n)
{
	size_t prefix = parts_is_glob(e->site.name) ? 0 : strlen(e->site.name), i;
	const char *name;

	*n = 0;
	for (i = 0; i < p->s->spec.n_sites; i++) {
		if (!parts_stands_for(p, e->site.name, i))
			continue;
		name = p->s->spec.sites[i].name;
		places[*n].site.i = (uint32_t)i;
		places[*n].number =
			prefix ? (unsigned)strtoul(name + prefix, NULL, 10) : (unsigned)*n + 1;
		++*n;
	}
}

static bool place_members(
	struct scenario_parts *p, struct instance_entry *e, struct place **places, size_t *n)
{
	struct site_id one = parts_find_site(p, e->site.name);
	bool counted = e->e.count_at.line > 0;
	size_t i;

	if (one.i != NO_ID) {
		*n = counted ? e->e.count : 1;
		*places = arena_alloc(p->r.arena, *n, sizeof **places);
		for (i = 0; i < *n; i++)
			(*places)[i] = (struct place){one, (unsigned)i + 1};
		return true;
	}
	if (e->pipeline.n > 0 ||
		(!parts_is_glob(e->site.name) && !parts_is_counted(p, e->site.name)))
		return parts_no_site(p, e->site, e->pipeline.n == 0);
	*places = arena_alloc(p->r.arena, p->s->spec.n_sites, sizeof **places);
	place_on_many(p, e, *places, n);
	if (*n == 0)
		return parts_no_site(p, e->site, true);
	if (counted && *n != e->e.count)
		return err_list_at(p->r.errs, e->e.count_at,
			"count is %u, but '%s' stands for %zu sites; leave count out for one on "
			"each",
			e->e.count, e->site.name, *n);
	return true;
}

static bool check_machine(struct scenario_parts *p, const struct instance_spec *i)
{
	const struct site_spec *site = &p->s->spec.sites[i->site.i];

	if (i->synthetic || site->has_gpu || p->sites_bad)
		return true;
	return err_list_at(p->r.errs, i->at, "instance '%s' runs a model, but site '%s' has no gpu",
		i->name, site->name);
}

/** What the entry names: its model, and its profile if that is a file. */
static bool resolve_entry(struct scenario_parts *p, struct instance_entry *e)
{
	struct err err = {0};
	bool ok;

	e->spec.model = find_model(p, e->model, &ok);
	if (ok && e->profile.name &&
		!profile_read(&e->spec.profile, p->r.arena, e->profile.name, e->profile.at, &err))
		ok = err_list_add(p->r.errs, &err);
	ok = service_of_resolve(p, e) && ok;
	if (e->spec.profile)
		profile_host(&e->spec.host_time, e->spec.profile);
	e->e.bad = !ok;
	return ok;
}

/** @e is the entry that describes this instance, of which there may be several. */
static bool add_instance(struct scenario_parts *p, struct instance_spec *to,
	struct instance_entry *e, const char *name, struct site_id site)
{
	*to = e->spec;
	to->name = name;
	to->site = site;
	if (!check_machine(p, to))
		return false;
	if (to->synthetic || p->sites_bad || p->models[to->model.i].e.bad)
		return true;
	if (!batching_place(p, to) || !parts_find_profile(p, e, to, site, &to->profile) ||
		!auto_offload(p, to) || !parts_place(p, to) || !parts_place_draft(p, to) ||
		!pipelining_place(p, e, to))
		return false;
	auto_offload_write(p, e, to);
	return true;
}

/** Where the member is that has the entry @m of its own; the resolved scenario says so too. */
static bool place_member(struct scenario_parts *p, struct instance_entry *m, struct site_id *site)
{
	struct yaml_node *node = p->instances_node->items[m - p->instances].value;
	struct yaml_item *item = yaml_find(node, "site");

	if (!m->e.has_site) {
		item->value =
			yaml_new_text(p->r.arena, p->s->spec.sites[site->i].name, item->value->at);
		return true;
	}
	*site = parts_find_site(p, m->site.name);
	return site->i != NO_ID || parts_no_site(p, m->site, false);
}

static void expand_instance(
	struct scenario_parts *p, struct instance_entry *e, struct instance_spec *instances)
{
	bool single = e->e.count_at.line == 0 && parts_find_site(p, e->site.name).i != NO_ID,
	     ok = true;
	struct instance_entry *m = e;
	const char *name = e->e.name;
	struct place *places = NULL;
	size_t n = 0, i;

	if (!resolve_entry(p, e) || !place_members(p, e, &places, &n))
		return;
	for (i = 0; i < n && ok; i++) {
		e->most = places[i].number > e->most ? places[i].number : e->most;
		if (!single) {
			name = arena_printf(p->r.arena, "%s%u", e->e.name, places[i].number);
			m = (struct instance_entry *)parts_member(p, p->instances_node,
				&p->instances->e, sizeof *p->instances, &e->e, places[i].number);
		}
		if (m->e.removed || m->e.bad)
			continue;
		if (m != e && (!resolve_entry(p, m) || !place_member(p, m, &places[i].site)))
			return;
		ok = add_instance(p, &instances[p->s->spec.n_instances], m, name, places[i].site);
		p->s->spec.n_instances++;
	}
}

/** Upper bound of how many instances there will be. */
static size_t count_instances(const struct scenario_parts *p)
{
	const struct instance_entry *e;
	size_t total = 0, i;
	bool several;

	for (i = 0; i < p->n_instances; i++) {
		e = &p->instances[i];
		several = !e->e.bad && !e->e.removed && parts_find_site(p, e->site.name).i == NO_ID;
		total += e->e.count_at.line > 0 ? e->e.count : several ? p->s->spec.n_sites : 1;
	}
	return total;
}

/** edge9, where edge stands for four. */
static void check_members(struct scenario_parts *p)
{
	const struct instance_entry *family, *m;
	size_t i;

	for (i = 0; i < p->n_instances; i++) {
		m = &p->instances[i];
		family = (const struct instance_entry *)m->e.family;
		if (family && !family->e.bad && family->most > 0 && m->e.member > family->most)
			err_list_at(p->r.errs, m->e.at,
				"there is no '%s': '%s' makes '%s1' to '%s%u'", m->e.name,
				family->e.name, family->e.name, family->e.name, family->most);
	}
}

static void expand_instances(struct scenario_parts *p)
{
	size_t total = count_instances(p), i;
	struct instance_spec *instances;
	struct instance_entry *e;

	if (total > SCENARIO_MAX_MEMBERS) {
		err_list_at(p->r.errs, p->instances_node->at,
			"%zu instances; at most %d are possible", total, SCENARIO_MAX_MEMBERS);
		return;
	}
	instances = arena_alloc(p->r.arena, total, sizeof *instances);
	p->s->spec.instances = instances;
	for (i = 0; i < p->n_instances; i++) {
		e = &p->instances[i];
		if (!e->e.family && !e->e.removed && !e->e.bad)
			expand_instance(p, e, instances);
	}
	check_members(p);
	if (p->s->spec.n_instances == 0 && p->r.errs->n == 0)
		err_list_at(p->r.errs, p->instances_node->at, "there are no instances");
}

/* Users */

static bool all_synthetic(const struct scenario_spec *spec)
{
	size_t i;

	for (i = 0; i < spec->n_instances && spec->instances[i].synthetic; i++)
		continue;
	return i == spec->n_instances;
}

static bool is_served(const struct scenario_spec *spec, struct model_id model)
{
	struct model_id has;
	size_t i;

	for (i = 0; i < spec->n_instances; i++) {
		has = spec->instances[i].model;
		if (has.i == model.i || (spec->instances[i].synthetic && has.i == NO_ID))
			return true;
	}
	return model.i == NO_ID && all_synthetic(spec);
}

/** Among those with its model, one that does not serve others only. */
static bool is_wanted(const struct scenario_spec *spec, struct model_id model, struct group_id g)
{
	for (size_t i = 0; i < spec->n_instances; i++) {
		const struct instance_spec *at = &spec->instances[i];

		if ((at->model.i == model.i || (at->synthetic && at->model.i == NO_ID)) &&
			(!at->synthetic || instance_service(at, g)))
			return true;
	}
	return false;
}

static void check_group(struct scenario_parts *p, struct group_entry *g, struct group_id id)
{
	const struct scenario_spec *spec = &p->s->spec;
	bool ok;

	g->spec.home = (struct site_id){NO_ID};
	if (g->home.name) {
		g->spec.home = parts_find_site(p, g->home.name);
		if (g->spec.home.i == NO_ID)
			parts_no_site(p, g->home, false);
	}
	g->spec.model = find_model(p, g->model, &ok);
	if (p->r.errs->n > 0)
		return;
	if (!g->model.name && !all_synthetic(spec))
		err_list_at(p->r.errs, g->e.at, "users.%s needs the key 'model'", g->e.name);
	else if (!is_served(spec, g->spec.model))
		err_list_at(p->r.errs, g->model.at, "no instance serves the model '%s'",
			g->model.name ? g->model.name : "");
	else if (!is_wanted(spec, g->spec.model, id))
		err_list_at(p->r.errs, g->e.at,
			"no instance serves users '%s': none has a service for all, or names them "
			"in service_of",
			g->e.name);
	if (g->spec.workload.kind == WORKLOAD_NONE && !all_synthetic(spec))
		err_list_at(p->r.errs, g->e.at, "users.%s needs the key 'workload'", g->e.name);
}

/** Only then does it matter what prompts are made of. */
static bool has_prefix_cache(const struct scenario_spec *spec)
{
	for (size_t i = 0; i < spec->n_instances; i++)
		if (spec->instances[i].prefix_cache)
			return true;
	return false;
}

static void expand_groups(struct scenario_parts *p)
{
	struct group_spec *groups = arena_alloc(p->r.arena, p->n_groups, sizeof *groups);
	size_t i;

	for (i = 0; i < p->n_groups; i++) {
		if (!p->groups[i].e.bad)
			check_group(p, &p->groups[i], (struct group_id){(uint32_t)i});
		groups[i] = p->groups[i].spec;
		groups[i].arrivals.trace.contents = has_prefix_cache(&p->s->spec);
	}
	p->s->spec.groups = groups;
	p->s->spec.n_groups = p->n_groups;
}

void parts_expand(struct scenario_parts *p)
{
	parts_expand_sites(p);
	parts_check_links(p);
	parts_check_group_names(p);
	auto_instances(p);
	if (p->instances_node && !p->auto_node) {
		expand_instances(p);
		parts_check_devices(p);
	}
	if (p->groups)
		expand_groups(p);
	if (p->r.errs->n == 0)
		parts_check_alike(p);
}
