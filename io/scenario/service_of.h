#ifndef OFFING_IO_SCENARIO_SERVICE_OF_H
#define OFFING_IO_SCENARIO_SERVICE_OF_H

#include "io/scenario/parts.h"

/**
 * `service_of: {GROUP: LAW}`: how long a synthetic instance serves the users of each group. Groups
 * are known once all sections are read.
 */
schema_read_fn read_service_of; /* of a struct instance_entry */

/** Names of groups into ids. False when one is unknown. */
bool service_of_resolve(struct scenario_parts *p, struct instance_entry *e);

/** Warn of laws that no request is drawn by. */
void service_of_warn_idle(struct scenario_parts *p);

#endif
