#ifndef OFFING_IO_SCENARIO_BATCHING_H
#define OFFING_IO_SCENARIO_BATCHING_H

#include "io/scenario/parts.h"

/** How an instance forms its steps and uses its memory: part of reading it, for instances.c. */

/** The keys for that. */
extern const struct schema_key batching_keys[];

/** A table of @own and of the keys for that, in the arena. */
const struct schema_key *batching_keys_behind(struct arena *a, const struct schema_key *own);

/** `like: NAME`: fill in what @map does not give. Called before it is read, so that the resolved
 *  scenario says all of it. */
void batching_preset(struct schema_reader *r, struct yaml_node *map);

/** Complain about what does not go together. */
bool batching_check(struct schema_reader *r, struct instance_entry *e);

/** What its site has for it; complain about what does not go with its model. */
bool batching_place(struct scenario_parts *p, struct instance_spec *i);

#endif
