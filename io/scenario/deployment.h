#ifndef OFFING_IO_SCENARIO_DEPLOYMENT_H
#define OFFING_IO_SCENARIO_DEPLOYMENT_H

#include "base/str.h"
#include "io/scenario/scenario.h"
#include "io/yaml/yaml_tree.h"

/** Deployments (models/placing.h) as entries of instances: as a user would write them. */

/** Put the place of @dep and what follows from it into @map, an instance without a place. */
void deployment_write(struct arena *a, struct yaml_node *map, const struct scenario_spec *s,
	const struct deployment *dep);

/** `{cpu_layers: ..., streamed_layers: ...}` */
struct yaml_node *deployment_offload(
	struct arena *a, struct src_pos at, unsigned cpu, unsigned streamed);

/** Set @key of @map to a text. */
void deployment_put(struct arena *a, struct yaml_node *map, const char *key, const char *text);

/**
 * A scenario that extends @base, in which @dep is the one instance of its model; what else it is
 * like is as @like, an instance of @s. Instances of other models stay. The text goes to @out.
 */
void deployment_fragment(struct buf *out, struct scenario *s, const char *base,
	const struct deployment *dep, const struct instance_spec *like);

#endif
