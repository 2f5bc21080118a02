#ifndef OFFING_IO_SCENARIO_DECODING_H
#define OFFING_IO_SCENARIO_DECODING_H

#include "io/scenario/parts.h"

/** Instances that speculate: `decoding: speculative` and its `draft`, for instances.c. */

schema_read_fn read_draft; /* a struct draft_spec, of an instance */

/** Give a speculative instance a draft to read, so that the resolved scenario says all of it.
 * Called before @map is read. */
void decoding_preset(struct schema_reader *r, struct yaml_node *map);

/** Complain about what does not go together. */
bool decoding_check(struct schema_reader *r, struct instance_entry *e);

#endif
