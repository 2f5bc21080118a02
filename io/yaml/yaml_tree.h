#ifndef OFFING_IO_YAML_YAML_TREE_H
#define OFFING_IO_YAML_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

/**
 * A strict subset of YAML as a tree of texts, maps and lists, each with its
 * place. What a text means is left to the schema: there is no "no" that turns
 * false. Block and flow style, plain and quoted text, comments, anchors and
 * aliases; no tags, no "<<", no directives, one document a file.
 *
 * Hostile input is refused early: at most 4 MB, 32 levels, 20 000 values, an
 * alias counting as much as what it stands for (it becomes a copy).
 */
#define YAML_MAX_BYTES ((size_t)4000000)
#define YAML_MAX_DEPTH 32
#define YAML_MAX_VALUES 20000

enum yaml_kind { YAML_TEXT, YAML_MAP, YAML_LIST };

struct yaml_node;

/** One entry of a map, or of a list (then without a key). */
struct yaml_item {
	const char *key;
	struct src_pos key_at;
	struct yaml_node *value; /* not NULL */
};

/** Lives in the arena it was read into. */
struct yaml_node {
	enum yaml_kind kind;
	struct src_pos at;
	const char *text;        /* YAML_TEXT */
	bool is_null;            /* YAML_TEXT: a plain null or ~ */
	size_t n, cap;           /* YAML_MAP, YAML_LIST */
	struct yaml_item *items; /* in file order; keys differ */
	size_t index_size;       /* YAML_MAP: a hash index over large maps */
	uint32_t *index;
};

/** Read @file ("-": standard input), which is asked for at @asked_at. Places name it by a
 *  copy in @a. */
MUST_CHECK bool yaml_read_file(struct yaml_node **root, struct arena *a, const char *file,
	struct src_pos asked_at, struct err *err);

/** Parse @n bytes. @from is the place of the first byte; its file must outlive the tree. */
MUST_CHECK bool yaml_parse(struct yaml_node **root, struct arena *a, const char *bytes, size_t n,
	struct src_pos from, struct err *err);

/** "a map", "a list", "a single value": for messages. */
const char *yaml_kind_word(enum yaml_kind kind);

/** The number of values below and with @n: texts, maps and lists. */
size_t yaml_count(const struct yaml_node *n);

struct yaml_node *yaml_new_map(struct arena *a, struct src_pos at);
struct yaml_node *yaml_new_text(struct arena *a, const char *text, struct src_pos at);
/** Add an entry whose key is new, or, to a list, an entry without a key. */
void yaml_append(struct arena *a, struct yaml_node *n, struct yaml_item item);
struct yaml_node *yaml_copy(struct arena *a, const struct yaml_node *n);

/** The entry of @key in a map, or NULL; constant time. */
struct yaml_item *yaml_find(const struct yaml_node *map, const char *key);

/** Set or add. @key is borrowed. */
void yaml_set(struct arena *a, struct yaml_node *map, const char *key, struct src_pos key_at,
	struct yaml_node *value);

/** Take out the entry of @key; false when there is none. */
bool yaml_remove(struct yaml_node *map, const char *key);

/**
 * Lay @over on @base: maps merge, a null takes out what is there (and stays
 * where nothing is, for the schema to judge), everything else replaces.
 */
void yaml_merge(struct arena *a, struct yaml_node *base, const struct yaml_node *over);

/** Print in block style, lists in flow style: text that reads back to the same tree. */
struct buf;
void yaml_print(struct buf *to, const struct yaml_node *n);

#endif
