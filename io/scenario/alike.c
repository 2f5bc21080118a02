/* Names that are each valid and together make two links alike: a link of its own for each pair of
 * ends is called LINK/END-END, so that a-b and c, or a and b-c, would be one. */
#include <fnmatch.h>
#include <string.h>

#include "io/scenario/parts.h"

enum { NAME_SIZE = 80 };

/** A user group or a site. */
struct end {
	const char *name;
	struct src_pos at;
	size_t rank; /* groups, then sites */
};

static struct end end_at(const struct scenario_parts *p, size_t rank)
{
	const size_t site = rank - p->n_groups;

	if (rank < p->n_groups)
		return (struct end){p->groups[rank].e.name, p->groups[rank].e.at, rank};
	return (struct end){p->s->spec.sites[site].name, p->site_entries[site]->e.at, rank};
}

/** One end of a link as written: groups or sites, and which of them. */
struct side {
	const char *glob;
	bool groups;
};

static struct side side_of(const struct scenario_parts *p, const char *glob)
{
	return (struct side){glob, parts_end_is_groups(p, glob)};
}

static bool stands_at(const struct scenario_parts *p, struct side s, size_t rank)
{
	return s.groups == (rank < p->n_groups) &&
	       (!strcmp(s.glob, "users") || fnmatch(s.glob, end_at(p, rank).name, 0) == 0);
}

/** The end called @name of those that @s stands for. */
static bool find_end(
	const struct scenario_parts *p, struct side s, const char *name, struct end *out)
{
	struct site_id site;
	size_t rank;

	if (s.groups) {
		for (rank = 0; rank < p->n_groups && strcmp(p->groups[rank].e.name, name); rank++)
			continue;
		if (rank == p->n_groups)
			return false;
	} else {
		site = parts_find_site(p, name);
		if (site.i == NO_ID)
			return false;
		rank = p->n_groups + site.i;
	}
	*out = end_at(p, rank);
	return stands_at(p, s, rank);
}

/** Whether the link joins this pair, in this order: a pair that is met both ways is taken once. */
static bool joins(const struct scenario_parts *p, const struct side ends[2], const struct end *a,
	const struct end *b)
{
	if (a->rank == b->rank)
		return false;
	return a->rank < b->rank || !stands_at(p, ends[0], b->rank) ||
	       !stands_at(p, ends[1], a->rank);
}

/** What a name is in two: BEFORE-BEHIND. False: no further one. */
static bool cut_at_dash(const char *name, size_t *from, char before[NAME_SIZE], const char **behind)
{
	const char *dash = strchr(name + *from, '-');

	if (!dash || (size_t)(dash - name) >= NAME_SIZE)
		return false;
	memcpy(before, name, (size_t)(dash - name));
	before[dash - name] = '\0';
	*behind = dash + 1;
	*from = (size_t)(dash - name) + 1;
	return true;
}

/** The ranks of the ends that may stand at @glob. */
static void range_of(const struct scenario_parts *p, struct side s, size_t *from, size_t *to)
{
	struct site_id one;

	*from = 0;
	*to = p->n_groups;
	if (s.groups)
		return;
	*from = p->n_groups;
	*to = p->n_groups + p->s->spec.n_sites;
	one = parts_find_site(p, s.glob);
	if (one.i == NO_ID)
		return;
	*from += one.i;
	*to = *from + 1;
}

static void add_middle(
	struct arena *arena, struct yaml_node *map, const char *middle, const struct end *d)
{
	const struct yaml_item *item = yaml_find(map, middle);
	struct yaml_node *list = item ? item->value : yaml_new_map(arena, d->at);

	list->kind = YAML_LIST;
	if (!item)
		yaml_set(arena, map, arena_strdup(arena, middle), d->at, list);
	yaml_append(arena, list,
		(struct yaml_item){.key_at = d->at, .value = yaml_new_text(arena, d->name, d->at)});
}

/** All X such that X-B and B are second ends of @l; the value lists the X-B. */
static struct yaml_node *middles(
	struct scenario_parts *p, const struct link_spec *l, const struct side ends[2])
{
	struct yaml_node *map = yaml_new_map(p->r.arena, l->at);
	char before[NAME_SIZE];
	const char *behind;
	struct end d, b;
	size_t rank, to;

	for (range_of(p, ends[1], &rank, &to); rank < to; rank++) {
		size_t from = 0;

		if (!stands_at(p, ends[1], rank))
			continue;
		d = end_at(p, rank);
		while (cut_at_dash(d.name, &from, before, &behind))
			if (find_end(p, ends[1], behind, &b))
				add_middle(p->r.arena, map, before, &d);
	}
	return map;
}

static void refuse(struct scenario_parts *p, const struct link_spec *l, const struct end *a,
	const struct end *b, const struct end *c, const struct end *d)
{
	err_list_at(p->r.errs, a->at,
		"'%s' and '%s' are joined by link '%s', as are '%s' (line %u) and '%s' (line %u): "
		"both pairs would be called '%s/%s-%s'; rename one",
		a->name, b->name, l->name, c->name, c->at.line, d->name, d->at.line, l->name,
		a->name, b->name);
}

/** C and each X-B of @list against C-X, which is @a, and B. */
static bool check_end(struct scenario_parts *p, const struct link_spec *l,
	const struct side ends[2], const struct end *a, const struct end *c,
	const struct yaml_node *list)
{
	size_t middle = strlen(a->name) - strlen(c->name) - 1;
	struct end b, d;

	for (size_t i = 0; i < list->n; i++) {
		if (!find_end(p, ends[1], list->items[i].value->text, &d) ||
			!find_end(p, ends[1], d.name + middle + 1, &b))
			continue;
		if (!joins(p, ends, a, &b) || !joins(p, ends, c, &d))
			continue;
		refuse(p, l, a, &b, c, &d);
		return false;
	}
	return true;
}

static bool check_link(struct scenario_parts *p, const struct link_spec *l)
{
	const struct side ends[2] = {side_of(p, l->between[0]), side_of(p, l->between[1])};
	const struct yaml_node *map = NULL;
	const struct yaml_item *item;
	char before[NAME_SIZE];
	const char *behind;
	struct end a, c;
	size_t rank, to;

	for (range_of(p, ends[0], &rank, &to); rank < to; rank++) {
		size_t from = 0;

		if (!stands_at(p, ends[0], rank))
			continue;
		a = end_at(p, rank);
		while (cut_at_dash(a.name, &from, before, &behind)) {
			if (!find_end(p, ends[0], before, &c))
				continue;
			map = map ? map : middles(p, l, ends);
			item = yaml_find(map, behind);
			if (item && !check_end(p, l, ends, &a, &c, item->value))
				return false;
		}
	}
	return true;
}

/** Whether some name begins as another does, up to a dash; nearly always none, and all is well. */
static bool may_be_alike(const struct scenario_parts *p)
{
	const struct side all[] = {{"users", true}, {"*", false}};
	const char *behind;
	char before[NAME_SIZE];
	size_t rank, to;
	struct end c;

	for (size_t k = 0; k < 2; k++)
		for (range_of(p, all[k], &rank, &to); rank < to; rank++) {
			size_t from = 0;

			while (cut_at_dash(end_at(p, rank).name, &from, before, &behind))
				if (find_end(p, all[k], before, &c))
					return true;
		}
	return false;
}

void parts_check_alike(struct scenario_parts *p)
{
	if (!may_be_alike(p))
		return;
	for (size_t i = 0; i < p->s->spec.n_links; i++)
		if (!p->s->spec.links[i].shared && !check_link(p, &p->s->spec.links[i]))
			return;
}
