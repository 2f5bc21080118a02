/* The tree that YAML is read into: look-up, changes, merging, printing. */
#include "io/yaml/yaml_tree.h"

#include <stdint.h>
#include <string.h>

#include "base/str.h"

/* Maps of more entries than this get a hash index. */
enum { INDEX_FROM = 16 };

const char *yaml_kind_word(enum yaml_kind kind)
{
	static const char *const words[] = {"a single value", "a map", "a list"};

	return words[kind];
}

size_t yaml_count(const struct yaml_node *n)
{
	size_t total = 1, i;

	for (i = 0; i < n->n; i++)
		total += yaml_count(n->items[i].value);
	return total;
}

struct yaml_node *yaml_new_map(struct arena *a, struct src_pos at)
{
	struct yaml_node *n = arena_alloc(a, 1, sizeof *n);

	n->kind = YAML_MAP;
	n->at = at;
	return n;
}

struct yaml_node *yaml_new_text(struct arena *a, const char *text, struct src_pos at)
{
	struct yaml_node *n = arena_alloc(a, 1, sizeof *n);

	n->kind = YAML_TEXT;
	n->at = at;
	n->text = arena_strdup(a, text);
	return n;
}

struct yaml_node *yaml_copy(struct arena *a, const struct yaml_node *n)
{
	struct yaml_node *copy = arena_alloc(a, 1, sizeof *copy);
	size_t i;

	*copy = *n;
	copy->cap = n->n;
	copy->index = NULL;
	copy->index_size = 0;
	copy->items = arena_alloc(a, n->n, sizeof *copy->items);
	for (i = 0; i < n->n; i++) {
		copy->items[i] = n->items[i];
		copy->items[i].value = yaml_copy(a, n->items[i].value);
	}
	return copy;
}

/* FNV-1a */
static size_t hash(const char *key)
{
	uint64_t h = 14695981039346656037U;

	for (; *key; key++)
		h = (h ^ (unsigned char)*key) * 1099511628211U;
	return (size_t)(h ^ (h >> 32));
}

/* The slot of @key: it holds 1 + the entry's place, or 0 where @key is not there. */
static uint32_t *index_slot(const struct yaml_node *map, const char *key)
{
	size_t mask = map->index_size - 1, i = hash(key) & mask;

	while (map->index[i] && strcmp(map->items[map->index[i] - 1].key, key) != 0)
		i = (i + 1) & mask;
	return &map->index[i];
}

static void index_all(struct yaml_node *map)
{
	size_t i;

	memset(map->index, 0, map->index_size * sizeof *map->index);
	for (i = 0; i < map->n; i++)
		*index_slot(map, map->items[i].key) = (uint32_t)i + 1;
}

struct yaml_item *yaml_find(const struct yaml_node *map, const char *key)
{
	size_t i;

	if (map->index) {
		i = *index_slot(map, key);
		return i ? &map->items[i - 1] : NULL;
	}
	for (i = 0; i < map->n; i++)
		if (!strcmp(map->items[i].key, key))
			return &map->items[i];
	return NULL;
}

static void reserve(struct arena *a, struct yaml_node *n)
{
	struct yaml_item *items;

	if (n->n < n->cap)
		return;
	n->cap = n->cap ? 2 * n->cap : 4;
	items = arena_alloc(a, n->cap, sizeof *items);
	if (n->n)
		memcpy(items, n->items, n->n * sizeof *items);
	n->items = items;
	if (n->kind != YAML_MAP || n->cap <= INDEX_FROM)
		return;
	n->index_size = 4;
	while (n->index_size < 2 * n->cap)
		n->index_size *= 2;
	n->index = arena_alloc(a, n->index_size, sizeof *n->index);
	index_all(n);
}

void yaml_append(struct arena *a, struct yaml_node *n, struct yaml_item item)
{
	reserve(a, n);
	n->items[n->n++] = item;
	if (n->index)
		*index_slot(n, item.key) = (uint32_t)n->n;
}

void yaml_set(struct arena *a, struct yaml_node *map, const char *key, struct src_pos key_at,
	struct yaml_node *value)
{
	struct yaml_item *old = yaml_find(map, key);

	if (old) {
		old->key_at = key_at;
		old->value = value;
		return;
	}
	yaml_append(a, map, (struct yaml_item){.key = key, .key_at = key_at, .value = value});
}

/* Close the gaps left by entries without a value. */
static void compact(struct yaml_node *map)
{
	size_t i, n = 0;

	for (i = 0; i < map->n; i++)
		if (map->items[i].value)
			map->items[n++] = map->items[i];
	if (n == map->n)
		return;
	map->n = n;
	if (map->index)
		index_all(map);
}

bool yaml_remove(struct yaml_node *map, const char *key)
{
	struct yaml_item *old = yaml_find(map, key);

	if (!old)
		return false;
	old->value = NULL;
	compact(map);
	return true;
}

void yaml_merge(struct arena *a, struct yaml_node *base, const struct yaml_node *over)
{
	const struct yaml_item *o;
	struct yaml_item *b;
	size_t i;

	for (i = 0; i < over->n; i++) {
		o = &over->items[i];
		b = yaml_find(base, o->key);
		if (b && o->value->is_null)
			b->value = NULL;
		else if (b && b->value->kind == YAML_MAP && o->value->kind == YAML_MAP)
			yaml_merge(a, b->value, o->value);
		else
			yaml_set(a, base, o->key, o->key_at, o->value);
	}
	compact(base);
}

/* What needs no quotes anywhere, flow lists included. */
static bool is_plain(const char *text)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "_./+-*% ()=";
	size_t n = strlen(text);

	if (n == 0 || text[strspn(text, safe)] || text[n - 1] == ' ' || strchr(" %*=", text[0]))
		return false;
	if (text[0] == '-' && (n == 1 || text[1] == ' ' || text[1] == '-'))
		return false;
	if (!strcmp(text, "...") || !strcmp(text, "="))
		return false;
	return strcmp(text, "null") != 0;
}

static void print_text(struct buf *to, const char *text)
{
	if (is_plain(text)) {
		buf_puts(to, text);
		return;
	}
	buf_putc(to, '"');
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			buf_printf(to, "\\x%02x", (unsigned char)*text);
		else if (*text == '"' || *text == '\\')
			buf_printf(to, "\\%c", *text);
		else
			buf_putc(to, *text);
	buf_putc(to, '"');
}

/* Inside a list everything is in flow style. */
static void print_flow(struct buf *to, const struct yaml_node *n)
{
	size_t i;

	if (n->kind == YAML_TEXT && n->is_null) {
		buf_puts(to, "null");
		return;
	}
	if (n->kind == YAML_TEXT) {
		print_text(to, n->text);
		return;
	}
	buf_putc(to, n->kind == YAML_MAP ? '{' : '[');
	for (i = 0; i < n->n; i++) {
		buf_puts(to, i ? ", " : "");
		if (n->kind == YAML_MAP) {
			print_text(to, n->items[i].key);
			buf_puts(to, ": ");
		}
		print_flow(to, n->items[i].value);
	}
	buf_putc(to, n->kind == YAML_MAP ? '}' : ']');
}

static void print_block(struct buf *to, const struct yaml_node *map, int indent)
{
	const struct yaml_node *value;
	size_t i;

	for (i = 0; i < map->n; i++) {
		value = map->items[i].value;
		buf_printf(to, "%*s", indent, "");
		print_text(to, map->items[i].key);
		if (value->kind == YAML_MAP && value->n > 0) {
			buf_puts(to, ":\n");
			print_block(to, value, indent + 2);
			continue;
		}
		buf_puts(to, ": ");
		print_flow(to, value);
		buf_putc(to, '\n');
	}
}

void yaml_print(struct buf *to, const struct yaml_node *n)
{
	if (n->kind == YAML_MAP && n->n > 0) {
		print_block(to, n, 0);
		return;
	}
	print_flow(to, n);
	buf_putc(to, '\n');
}
