/* Links, as written: the topology expands their globs. */
#include <math.h>
#include <stddef.h>

#include "io/scenario_parts.h"

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
		if (!schema_want(r, end, YAML_TEXT, "an end of a link"))
			return false;
		link->between[i] = end->text;
		link->between_at[i] = end->at;
	}
	return true;
}

#define DIR(member) offsetof(struct link_dir_spec, member)
/* Shaping: what links of a rate and a delay do not do yet. */
#define LINK_UNBUILT \
	{.name = "burst", .kind = SCHEMA_UNBUILT}, {.name = "limit", .kind = SCHEMA_UNBUILT}, \
		{.name = "jitter", .kind = SCHEMA_UNBUILT}, \
		{.name = "loss", .kind = SCHEMA_UNBUILT}, \
		{.name = "schedule", .kind = SCHEMA_UNBUILT}, \
	{ \
		.name = "trace", .kind = SCHEMA_UNBUILT \
	}
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

static const struct schema_key link_dir_keys[] = {
	LINK_RATE(DIR(bytes_per_s), .at = DIR(at)),
	LINK_DELAY(DIR(delay_s)),
	LINK_UNBUILT,
	{0},
};

static bool read_link_dir(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_dir_spec *dir = to;
	size_t mark = schema_enter(r, key->name);
	bool ok;

	dir->delay_s = -1;
	ok = schema_read(r, *slot, link_dir_keys, dir);
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
		.required = true},
	LINK_RATE(LINK(rate_bytes_per_s), .at = LINK(rate_at)),
	LINK_DELAY(LINK(delay_s), .dflt = "0 s"),
	{.name = "up", .kind = SCHEMA_OTHER, .to = LINK(given[0]), .read = read_link_dir},
	{.name = "down", .kind = SCHEMA_OTHER, .to = LINK(given[1]), .read = read_link_dir},
	{.name = "shared", .kind = SCHEMA_BOOL, .to = LINK(spec.shared), .dflt = "false"},
	LINK_UNBUILT,
	{0},
};

/** What holds in one direction: its own keys before those of both. */
static bool resolve_dir(struct schema_reader *r, const struct link_entry *link,
	const struct link_dir_spec *given, struct src_pos at, struct link_dir_spec *to)
{
	bool has_own = given->at.line > 0;

	to->delay_s = has_own && given->delay_s >= 0 ? given->delay_s : link->delay_s;
	to->bytes_per_s =
		has_own && given->bytes_per_s > 0 ? given->bytes_per_s : link->rate_bytes_per_s;
	to->at = has_own ? given->at : link->rate_at;
	if (to->bytes_per_s > 0)
		return true;
	return err_list_at(r->errs, at, "%s needs the key 'rate'", r->path);
}

static bool read_link(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct link_entry *link = entry;

	link->spec.name = link->e.name;
	link->spec.at = link->e.at;
	return schema_read(r, *slot, link_keys, link) &&
	       resolve_dir(r, link, &link->given[0], (*slot)->at, &link->spec.up) &&
	       resolve_dir(r, link, &link->given[1], (*slot)->at, &link->spec.down);
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
