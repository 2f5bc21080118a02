#ifndef OFFING_IO_SCENARIO_KEYS_H
#define OFFING_IO_SCENARIO_KEYS_H

#include <stddef.h>

#include "base/mem.h"
#include "io/yaml/schema.h"
#include "models/offload/policy.h"

/** A key that a scenario may have, as the tables that read it have it. */
struct scenario_key {
	const char *path;      /* "sites.X.gpu.memory", where X is a name of the user's own; below
				  "DISTRIBUTION" what stands in many places */
	const char *when;      /* "with process gamma, weibull"; NULL: always */
	bool again;            /* the same table stands before this, for another map */
	struct schema_key key; /* of dimension QUANTITY_DIMS: that of where a distribution stands */
};

/** All of them, in the order in which they are read, in the arena: *@n. Those of the parameters of
 *  @policies are told as keys of `policy`. */
const struct scenario_key *scenario_keys(
	size_t *n, struct arena *a, struct policy_registry policies);

/**
 * Those of the @n that @text may mean, into @found, which has room for all; how many. @text is the
 * path of a key in some scenario ("links.wan.rate"), one with X for names, or the end of one
 * ("rate"), names left out as one likes.
 */
size_t scenario_keys_find(const struct scenario_key **found, const struct scenario_key *all,
	size_t n, const char *text);

/** A parameter of a policy as a key of a scenario; no default yet. */
struct schema_key scenario_param_key(const struct param_spec *param);

#endif
