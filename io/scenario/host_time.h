#ifndef OFFING_IO_SCENARIO_HOST_TIME_H
#define OFFING_IO_SCENARIO_HOST_TIME_H

#include "io/scenario/parts.h"

/** What a server takes beside its device: part of reading an instance, for instances.c. */

/** Fill in what @map does not give of its runtime's, so that the resolved scenario says it. */
void host_time_preset(struct schema_reader *r, struct yaml_node *map);

/** Into a struct instance_spec, whose runtime is read before. */
schema_read_fn read_host_time;

#endif
