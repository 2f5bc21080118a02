#ifndef OFFING_IO_SCENARIO_PIPELINING_H
#define OFFING_IO_SCENARIO_PIPELINING_H

#include "io/scenario/parts.h"

/** Pipelines: the keys of an instance that say where the layers of its model are. */

/** A struct pipeline_entry: its stages with their layers, or only their sites. */
schema_read_fn read_stages, read_stage_sites;

/** Give @map, an instance that runs a model, what a pipeline has where nothing is said. */
void pipelining_preset(struct schema_reader *r, struct yaml_node *map);

/** What the keys of @i, which are read, say together: a pipeline, and what cannot be one. @n: its
 *  map. */
bool pipelining_check(struct schema_reader *r, struct yaml_node *n, struct instance_entry *i);

/** Find the sites of the stages of @e, their profiles, and how many layers each has. */
bool pipelining_place(
	struct scenario_parts *p, const struct instance_entry *e, struct instance_spec *to);

#endif
