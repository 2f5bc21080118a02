#ifndef OFFING_POLICIES_PLUGIN_H
#define OFFING_POLICIES_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "models/offload/policy.h"

/**
 * Policies from shared objects, next to the built-in ones. An object stays
 * loaded until plugins_finish(), which must come after the last use of its
 * policy. Loading runs the object's code: the user asked for it.
 */
struct plugins {
	size_t n_objects, n_policies, cap_objects, cap_policies;
	struct plugin_object *objects;
	const struct policy_ops **policies; /* the built-in ones first */
};

void plugins_init(struct plugins *p);
void plugins_finish(struct plugins *p);

/**
 * Load @path (a file's name, never searched for) and add its policy. On false
 * nothing was added and @err names the file and what is wrong with it: not
 * loadable, no table, another ABI, something missing in the table, or a name
 * that is taken.
 */
MUST_CHECK bool plugins_load(struct plugins *p, const char *path, struct err *err);

/** What object @i, in the order of loading, exports. */
const struct policy_ops *plugins_policy(const struct plugins *p, size_t i);

/** All policies there are now; valid until the next plugins_load() or plugins_finish(). */
struct policy_registry plugins_registry(const struct plugins *p);

/**
 * Check what @path exports and copy as much of its table as it has to *@ops;
 * the rest is zero. A part of plugins_load(), here for its tests.
 */
MUST_CHECK bool plugin_check(struct policy_ops *ops, const struct policy_plugin *table,
	const char *path, struct err *err);

#endif
