/* Sections keyed by name, and the members that `count` makes of an entry. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/scenario/parts.h"

struct section {
	struct schema_reader *r;
	struct yaml_node *map;
	const char *what;
	size_t size;
	entry_read_fn *read;
	char *entries;
};

const char *parts_near(const struct near *near, const char *otherwise, char *buf, size_t size)
{
	if (!near_best(near))
		return otherwise;
	snprintf(buf, size, "; did you mean '%s'?", near_best(near));
	return buf;
}

const char *parts_suggest(const struct yaml_node *map, const char *name, char *buf, size_t size)
{
	struct near near;
	size_t i;

	near_init(&near, name);
	for (i = 0; i < map->n; i++)
		if (!map->items[i].value->is_null)
			near_add(&near, map->items[i].key);
	return parts_near(&near, "", buf, size);
}

static struct entry *entry_at(const struct section *s, size_t i)
{
	return (struct entry *)(s->entries + i * s->size);
}

/** What `count` says before the entry itself is read; 0: nothing, or nothing that is valid. */
static unsigned long peek_count(const struct yaml_node *n)
{
	const struct yaml_item *item = n->kind == YAML_MAP ? yaml_find(n, "count") : NULL;
	unsigned long count;
	char *end;

	if (!item || item->value->kind != YAML_TEXT || item->value->is_null)
		return 0;
	count = strtoul(item->value->text, &end, 10);
	return *end || count > SCENARIO_MAX_MEMBERS ? 0 : count;
}

/** How many members the entry @n may have: its count, or one on each of many sites. */
static unsigned long most_members(const struct section *s, const struct yaml_node *n)
{
	const struct yaml_item *site = n->kind == YAML_MAP ? yaml_find(n, "site") : NULL, *of;

	if (peek_count(n) > 0 || !site || site->value->kind != YAML_TEXT)
		return peek_count(n);
	if (strpbrk(site->value->text, "*?["))
		return SCENARIO_MAX_MEMBERS;
	of = parts_of(s->r)->sites_node ? yaml_find(parts_of(s->r)->sites_node, site->value->text)
					: NULL;
	return of ? peek_count(of->value) : 0;
}

/** The counted entry of which @key names a member: edge3 one of edge. NULL: none. */
static struct entry *family_of(const struct section *s, const char *key, unsigned *member)
{
	size_t n = strlen(key), digits = 0;
	const struct yaml_item *item;
	char prefix[80];

	while (digits < n && key[n - 1 - digits] >= '0' && key[n - 1 - digits] <= '9')
		digits++;
	if (n >= sizeof prefix || digits > 9)
		return NULL;
	for (; digits > 0; digits--) {
		if (key[n - digits] == '0')
			continue;
		snprintf(prefix, sizeof prefix, "%.*s", (int)(n - digits), key);
		item = yaml_find(s->map, prefix);
		*member = (unsigned)strtoul(key + n - digits, NULL, 10);
		if (item && *member <= most_members(s, item->value))
			return entry_at(s, (size_t)(item - s->map->items));
	}
	return NULL;
}

/** What a member is before it is read: its family's entry with its own laid over. */
static bool merge_member(const struct section *s, struct yaml_item *item, struct entry *e)
{
	const struct yaml_node *family = yaml_find(s->map, e->family->name)->value;
	const struct yaml_item *count;
	struct yaml_node *merged;

	if (item->value->is_null) {
		e->removed = true;
		return true;
	}
	if (!schema_want(s->r, item->value, YAML_MAP, item->key))
		return false;
	count = yaml_find(item->value, "count");
	if (count)
		return err_list_at(s->r->errs, count->key_at,
			"'%s' is one of those that '%s' stands for; it cannot have a count",
			item->key, e->family->name);
	e->has_site = yaml_find(item->value, "site") != NULL;
	merged = yaml_copy(s->r->arena, family);
	yaml_remove(merged, "count");
	yaml_merge(s->r->arena, merged, item->value);
	merged->at = item->value->at;
	item->value = merged;
	return true;
}

static bool refuse_null(const struct section *s, const struct yaml_item *item)
{
	char quoted[QUOTE_SIZE], nearest[100];

	return err_list_at(s->r->errs, item->key_at, "there is no '%s' to take out%s",
		quote(quoted, sizeof quoted, item->key),
		parts_suggest(s->map, item->key, nearest, sizeof nearest));
}

/** All members first: they start from what their family says, not from what was read of it. */
static bool prepare(const struct section *s)
{
	struct yaml_item *item;
	struct entry *e;
	bool ok = true;
	size_t i;

	for (i = 0; i < s->map->n; i++) {
		entry_at(s, i)->name = s->map->items[i].key;
		entry_at(s, i)->at = s->map->items[i].key_at;
	}
	for (i = 0; i < s->map->n; i++) {
		item = &s->map->items[i];
		e = entry_at(s, i);
		e->bad = !schema_name(s->r, item, s->what);
		e->family = e->bad ? NULL : family_of(s, item->key, &e->member);
		if (e->family)
			e->bad = !merge_member(s, item, e);
		else if (!e->bad && item->value->is_null)
			e->bad = !refuse_null(s, item);
		ok = ok && !e->bad;
	}
	return ok;
}

/* An entry that -s has made, as of a mistyped name, and that is wrong: which may have been meant?
 */
static void suggest_other(const struct section *s, const struct yaml_item *item, size_t n_errs)
{
	struct err_list *errs = s->r->errs;
	char other[100], *msg;
	struct near near;
	size_t n;

	if (item->key_at.file[0] != '-' || errs->n == n_errs)
		return;
	near_init(&near, item->key);
	for (size_t i = 0; i < s->map->n; i++)
		if (s->map->items[i].key_at.file[0] != '-')
			near_add(&near, s->map->items[i].key);
	msg = errs->items[n_errs].msg;
	n = strlen(msg);
	snprintf(msg + n, sizeof errs->items[n_errs].msg - n, "%s",
		parts_near(&near, "", other, sizeof other));
}

bool parts_named(struct schema_reader *r, struct yaml_node *map, const char *what, size_t size,
	entry_read_fn *read, void *entries, size_t *n)
{
	struct section s = {r, map, what, size, read, NULL};
	struct entry *e;
	size_t i, mark, n_errs;
	bool ok;

	if (!schema_want(r, map, YAML_MAP, r->path))
		return false;
	s.entries = arena_alloc(r->arena, map->n, size);
	*(void **)entries = s.entries;
	*n = map->n;
	ok = prepare(&s);
	for (i = 0; i < map->n; i++) {
		e = entry_at(&s, i);
		if (e->bad || e->removed)
			continue;
		mark = schema_enter(r, map->items[i].key);
		n_errs = r->errs->n;
		e->bad = !read(r, &map->items[i].value, e);
		schema_leave(r, mark);
		suggest_other(&s, &map->items[i], n_errs);
		ok = ok && !e->bad;
	}
	return ok;
}
