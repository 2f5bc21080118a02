#ifndef OFFING_TESTS_KEYS_H
#define OFFING_TESTS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "io/yaml/schema.h"

/**
 * Every key that a scenario has or could have, from the tables that read it, and
 * the same scenario with something else in its place.
 */
struct scenario_key {
	const char *path;       /* "sites.edge.gpus" */
	struct schema_key rule; /* the first one with a kind that says what goes; a copy */
	enum quantity_dim dim;
	bool is_given;
	bool is_loose;    /* no key of a table: an entry of a list, a time in a schedule */
	const char *text; /* what is given, when that is one value */
};

struct key_list {
	struct arena *arena;
	size_t n, cap;
	struct scenario_key *at;
};

/** Read the scenario @file, which must be right, into @k. False: it is not; said on stderr. */
bool keys_read(struct key_list *k, struct arena *a, const char *file);
void keys_finish(struct key_list *k);

/** The scenario @file as a tree, files in it named so that they are found from anywhere. */
struct yaml_node *keys_tree(struct arena *a, const char *file);

/** Put @value (YAML) at @path. A @path that ends in '@' names a key of a map, which becomes
 *  @value. False when @value is no YAML, or @path leads nowhere. */
bool keys_change(struct arena *a, struct yaml_node *root, const char *path, const char *value);

/** Write @root to @file. */
void keys_write(const char *file, const struct yaml_node *root);

/** The SI unit of @dim as a scenario spells it, with a blank before it: " s". */
const char *keys_unit(enum quantity_dim dim);

#endif
