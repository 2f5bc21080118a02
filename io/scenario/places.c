/* The sites there are once `count` has expanded, and references to them. */
#include <fnmatch.h>
#include <string.h>

#include "base/quote.h"
#include "io/scenario/parts.h"

struct entry *parts_member(struct scenario_parts *p, const struct yaml_node *map,
	struct entry *entries, size_t size, struct entry *e, unsigned k)
{
	const struct yaml_item *own;
	struct entry *m;

	own = yaml_find(map, arena_printf(p->r.arena, "%s%u", e->name, k));
	if (!own)
		return e;
	m = (struct entry *)((char *)entries + (size_t)(own - map->items) * size);
	return m->family == e && m->member == k ? m : e;
}

bool parts_is_glob(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

/* Sites */

static void add_site(
	struct scenario_parts *p, struct site_spec *to, struct site_entry *from, const char *name)
{
	size_t n = p->s->spec.n_sites++;

	p->site_entries[n] = from;
	to[n] = from->spec;
	to[n].name = name;
	yaml_set(p->r.arena, p->site_names, name, from->e.at,
		yaml_new_text(p->r.arena, name, from->e.at));
}

static size_t count_members(const struct entry *e)
{
	return e->count_at.line > 0 ? e->count : 1;
}

void parts_expand_sites(struct scenario_parts *p)
{
	struct site_entry *e, *m;
	struct site_spec *sites;
	size_t total = 0, i;
	unsigned k;

	for (i = 0; i < p->n_sites; i++)
		total += count_members(&p->sites[i].e);
	if (total > SCENARIO_MAX_MEMBERS) {
		err_list_at(p->r.errs, p->sites_node->at, "%zu sites; at most %d are possible",
			total, SCENARIO_MAX_MEMBERS);
		total = 0;
		p->n_sites = 0;
	}
	sites = arena_alloc(p->r.arena, total, sizeof *sites);
	p->site_entries = arena_alloc(p->r.arena, total, sizeof *p->site_entries);
	p->site_names = yaml_new_map(p->r.arena, (struct src_pos){0});
	p->s->spec.sites = sites;
	for (i = 0; i < p->n_sites; i++) {
		e = &p->sites[i];
		if (e->e.family || e->e.removed)
			continue;
		if (e->e.count_at.line == 0)
			add_site(p, sites, e, e->e.name);
		for (k = 1; k <= e->e.count; k++) {
			m = (struct site_entry *)parts_member(
				p, p->sites_node, &p->sites->e, sizeof *p->sites, &e->e, k);
			if (!m->e.removed)
				add_site(p, sites, m,
					arena_printf(p->r.arena, "%s%u", e->e.name, k));
		}
	}
}

struct site_id parts_find_site(const struct scenario_parts *p, const char *name)
{
	const struct yaml_item *item = yaml_find(p->site_names, name);

	return (struct site_id){item ? (uint32_t)(item - p->site_names->items) : NO_ID};
}

bool parts_stands_for(const struct scenario_parts *p, const char *pattern, size_t i)
{
	const char *name = p->site_names->items[i].key;
	size_t n = strlen(pattern);

	if (parts_is_glob(pattern))
		return fnmatch(pattern, name, 0) == 0;
	return !strncmp(name, pattern, n) && name[n] != '0' &&
	       strspn(name + n, "0123456789") == strlen(name + n);
}

bool parts_is_counted(const struct scenario_parts *p, const char *name)
{
	const struct yaml_item *item = p->n_sites ? yaml_find(p->sites_node, name) : NULL;

	return item && p->sites[item - p->sites_node->items].e.count_at.line > 0;
}

bool parts_no_site(struct scenario_parts *p, struct name_ref ref, bool all)
{
	char quoted[QUOTE_SIZE], nearest[100];

	if (p->sites_bad)
		return false;
	quote(quoted, sizeof quoted, ref.name);
	if (parts_is_glob(ref.name))
		return err_list_at(p->r.errs, ref.at, "no site matches '%s'", quoted);
	if (parts_is_counted(p, ref.name))
		return err_list_at(p->r.errs, ref.at,
			"'%s' stands for several sites; write '%s%s' for %s of them", quoted,
			quoted, all ? "*" : "1", all ? "all" : "the first");
	return err_list_at(p->r.errs, ref.at, "unknown site '%s'%s", quoted,
		parts_suggest(p->site_names, ref.name, nearest, sizeof nearest));
}

/* The ends of links: "users", or a name or glob for sites or, where no site matches, groups. */

enum end_kind { END_NONE, END_SITES, END_GROUPS };

static bool any_site(const struct scenario_parts *p, const char *end)
{
	if (!parts_is_glob(end))
		return parts_find_site(p, end).i != NO_ID;
	for (size_t s = 0; s < p->s->spec.n_sites; s++)
		if (parts_stands_for(p, end, s))
			return true;
	return false;
}

static bool any_group(const struct scenario_parts *p, const char *end)
{
	for (size_t g = 0; g < p->n_groups; g++)
		if (fnmatch(end, p->groups[g].e.name, 0) == 0)
			return true;
	return false;
}

static enum end_kind end_kind(const struct scenario_parts *p, const char *end)
{
	if (strcmp(end, "users") == 0)
		return END_GROUPS;
	if (any_site(p, end))
		return END_SITES;
	return any_group(p, end) ? END_GROUPS : END_NONE;
}

bool parts_end_is_groups(const struct scenario_parts *p, const char *end)
{
	return end_kind(p, end) == END_GROUPS;
}

static bool no_end(struct scenario_parts *p, struct name_ref end)
{
	char quoted[QUOTE_SIZE];

	if (p->sites_bad || p->groups_bad)
		return false;
	if (!parts_is_glob(end.name))
		return parts_no_site(p, end, true);
	return err_list_at(p->r.errs, end.at, "no site and no group of users matches '%s'",
		quote(quoted, sizeof quoted, end.name));
}

void parts_check_links(struct scenario_parts *p)
{
	for (size_t i = 0; i < p->s->spec.n_links; i++) {
		const struct link_spec *l = &p->s->spec.links[i];
		enum end_kind kinds[2];

		for (size_t k = 0; k < 2; k++) {
			kinds[k] = end_kind(p, l->between[k]);
			if (kinds[k] == END_NONE)
				no_end(p, (struct name_ref){l->between[k], l->between_at[k]});
		}
		if (kinds[0] == END_GROUPS && kinds[1] == END_GROUPS)
			err_list_at(p->r.errs, l->between_at[1],
				"a link cannot be between users and users");
	}
}

void parts_check_group_names(struct scenario_parts *p)
{
	for (size_t g = 0; g < p->n_groups; g++)
		if (parts_find_site(p, p->groups[g].e.name).i != NO_ID)
			err_list_at(p->r.errs, p->groups[g].e.at,
				"'%s' is the name of a site, too: a link could not tell them apart",
				p->groups[g].e.name);
}
