/* Links, as written: the topology expands their globs. */
#include <math.h>
#include <stddef.h>

#include "io/scenario/parts.h"

struct link_entry {
	struct entry e;
	struct link_spec spec;
	double rate_bytes_per_s, delay_s; /* of both directions */
	struct src_pos rate_at;
	struct link_dir_spec given[2]; /* of `up` and `down` alone; delay_s < 0: not given */
};

static bool read_between(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_spec *link = to;
	const struct yaml_node *end;
	size_t i;

	if (!schema_want(r, *slot, YAML_LIST, key->name))
		return false;
	if ((*slot)->n != 2)
		return err_list_at(r->errs, (*slot)->at,
			"between should name two ends, as in [users, edge*], not %zu", (*slot)->n);
	for (i = 0; i < 2; i++) {
		end = (*slot)->items[i].value;
		if (!schema_pattern(r, end, "an end of a link"))
			return false;
		link->between[i] = end->text;
		link->between_at[i] = end->at;
	}
	return true;
}

#define DIR(member) offsetof(struct link_dir_spec, member)
#define LINK_RATE(offset, ...) \
	{ \
		.name = "rate", .kind = SCHEMA_QUANTITY, .to = (offset), .dim = QUANTITY_BIT_RATE, \
		.above_min = true, .word = "unlimited", .word_value = HUGE_VAL, __VA_ARGS__ \
	}
#define LINK_DELAY(offset, ...) \
	{ \
		.name = "delay", .kind = SCHEMA_QUANTITY, .to = (offset), .dim = QUANTITY_TIME, \
		__VA_ARGS__ \
	}

/** The shaping keys behind @own, made once: they may stand for one direction or both, and are read
 *  by shaping_read() when it is known which hold where. */
static const struct schema_key *keys_of_link(
	struct schema_reader *r, enum link_table table, const struct schema_key *own)
{
	const struct schema_key **made = &parts_of(r)->link_keys[table];

	if (!*made)
		*made = shaping_keys_behind(r->arena, own);
	return *made;
}

static const struct schema_key link_dir_keys[] = {
	LINK_RATE(DIR(bytes_per_s), .at = DIR(at), .without = "that of the link",
		.help = "Rate of this direction."),
	LINK_DELAY(DIR(delay_s), .without = "that of the link", .help = "Rate of this direction."),
	{0},
};
const struct schema_map map_link_dir = {.tables = {link_dir_keys, shaping_keys}};

static bool read_link_dir(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_dir_spec *dir = to;
	size_t mark = schema_enter(r, key->name);
	bool ok;

	dir->delay_s = -1;
	ok = schema_read(r, *slot, keys_of_link(r, LINK_DIR_KEYS, link_dir_keys), dir);
	if (dir->at.line == 0)
		dir->at = (*slot)->at;
	schema_leave(r, mark);
	return ok;
}

#define LINK(member) offsetof(struct link_entry, member)
static const struct schema_key link_keys[] = {
	{.name = "between",
		.kind = SCHEMA_OTHER,
		.to = LINK(spec),
		.read = read_between,
		.required = true,
		.takes = "`[END, END]`",
		.help = "Its two ends: `users` (every group), or a name or pattern of sites or, "
			"where no site matches, of groups."},
	LINK_RATE(LINK(rate_bytes_per_s), .at = LINK(rate_at),
		.without = "required, here, in both directions or as a `trace`",
		.help = "Rate of each direction."),
	LINK_DELAY(LINK(delay_s), .dflt = "0 s", .help = "Time of propagation, each way."),
	{.name = "up",
		.kind = SCHEMA_OTHER,
		.to = LINK(given[0]),
		.read = read_link_dir,
		.map = &map_link_dir,
		.without = "as the link",
		.help = "What differs from the first end to the second: `rate`, `delay`, and the "
			"keys that shape."},
	{.name = "down",
		.kind = SCHEMA_OTHER,
		.to = LINK(given[1]),
		.read = read_link_dir,
		.map = &map_link_dir,
		.without = "as the link",
		.help = "What differs from the second end to the first: the same keys."},
	{.name = "shared",
		.kind = SCHEMA_BOOL,
		.to = LINK(spec.shared),
		.dflt = "false",
		.help = "One pipe for all pairs of ends instead of one for each."},
	{0},
};
const struct schema_map map_links = {.each = "X", .tables = {link_keys, shaping_keys}};

/** The shaping keys of both directions, those of one in their place. The values are the nodes
 *  themselves, so that what they are completed with shows in the resolved text. */
static struct yaml_node *shaping_of(
	struct schema_reader *r, const struct yaml_node *both, const struct yaml_item *own)
{
	struct yaml_node *map = yaml_new_map(r->arena, both->at);
	const struct yaml_node *from[] = {both, own ? own->value : NULL};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; from[k] && from[k]->kind == YAML_MAP && i < from[k]->n; i++) {
			const struct yaml_item *item = &from[k]->items[i];

			if (shaping_is_key(item->key))
				yaml_set(r->arena, map, item->key, item->key_at, item->value);
		}
	return map;
}

/** What holds in one direction: its own keys before those of both. */
static bool resolve_dir(struct schema_reader *r, const struct link_entry *link,
	const struct yaml_node *node, struct yaml_node *shaping, int end, struct link_dir_spec *to)
{
	const struct link_dir_spec *given = &link->given[end];
	bool has_own = given->at.line > 0;

	to->delay_s = has_own && given->delay_s >= 0 ? given->delay_s : link->delay_s;
	to->bytes_per_s =
		has_own && given->bytes_per_s > 0 ? given->bytes_per_s : link->rate_bytes_per_s;
	to->at = has_own ? given->at : link->rate_at.line > 0 ? link->rate_at : node->at;
	return shaping_read(r, shaping, to);
}

/** Both directions alike: the defaults of a shaped link stand in the resolved text. */
static bool complete(struct schema_reader *r, struct yaml_node *node,
	const struct yaml_node *shaping, struct link_entry *link)
{
	for (size_t i = 0; i < shaping->n; i++) {
		const struct yaml_item *item = &shaping->items[i];

		if (!yaml_find(node, item->key))
			yaml_set(r->arena, node, item->key, item->key_at, item->value);
	}
	return schema_read(
		r, node, keys_of_link(r, LINK_KEYS, link_keys), link); /* the order of the keys */
}

static bool read_link(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct link_entry *link = entry;
	const struct yaml_item *own[2] = {NULL};
	struct yaml_node *shaping;
	bool shaped;

	link->spec.name = link->e.name;
	link->spec.at = link->e.at;
	if (!schema_read(r, *slot, keys_of_link(r, LINK_KEYS, link_keys), link))
		return false;
	own[0] = yaml_find(*slot, "up");
	own[1] = yaml_find(*slot, "down");
	shaping = shaping_of(r, *slot, own[0]);
	shaped = shaping->n > 0;
	if (!resolve_dir(r, link, *slot, shaping, 0, &link->spec.up))
		return false;
	if (own[0] || own[1])
		return resolve_dir(
			r, link, *slot, shaping_of(r, *slot, own[1]), 1, &link->spec.down);
	link->spec.down = link->spec.up;
	return !shaped || complete(r, *slot, shaping, link);
}

bool read_links(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct scenario_parts *p = to;
	size_t mark = schema_enter(r, key->name), n, i;
	struct link_entry *entries;
	struct link_spec *links;
	bool ok;

	ok = parts_named(r, *slot, "a link", sizeof *entries, read_link, &entries, &n);
	schema_leave(r, mark);
	if (!ok)
		return false;
	links = arena_alloc(r->arena, n, sizeof *links);
	for (i = 0; i < n; i++)
		links[i] = entries[i].spec;
	p->s->spec.links = links;
	p->s->spec.n_links = n;
	return true;
}
