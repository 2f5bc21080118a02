#ifndef OFFING_IO_SCENARIO_BATCHING_H
#define OFFING_IO_SCENARIO_BATCHING_H

#include "io/scenario/parts.h"

/** How an instance forms its steps and uses its memory: part of reading it, for instances.c. */

/** A table of @own and of the keys for that, in the arena. */
const struct schema_key *batching_keys_behind(struct arena *a, const struct schema_key *own);

/** `like: NAME`: fill in what @map does not give. Called before it is read, so that the resolved
 *  scenario says all of it. */
void batching_preset(struct schema_reader *r, struct yaml_node *map);

/** Complain about what does not go together. */
bool batching_check(struct schema_reader *r, struct instance_entry *e);

/** Complain about what does not go with the model. */
bool batching_fits_model(
	struct schema_reader *r, const struct instance_spec *i, const struct model_spec *m);

#endif
