#ifndef OFFING_PLAN_PLACEMENT_PACK_H
#define OFFING_PLAN_PLACEMENT_PACK_H

#include "plan/placement_parts.h"

/**
 * Whether units have room at all, wherever the next one is: how many of each kind go to each
 * executor, resident or streamed. Where they have not, this is fast to show.
 */
struct pack;

/** @end_s: of clock_s(), when to give up. @stop: NULL, or polled. */
struct pack *pack_create(const struct placement_problem *p, double end_s, const atomic_bool *stop);
void pack_destroy(struct pack *k); /* takes NULL */

/** False only where there is no room: *@none; running out of time counts as room. */
MUST_CHECK bool pack_has_none(struct pack *k, bool *none, struct err *err);

/**
 * Of one that has none: the units that have no room together in memories, so that without any one
 * of either the others have; of units that are alike, the last ones. @unit: [n_units, and the
 * draft], @memory: [n_memories]. *@sure: false where time ran out.
 */
MUST_CHECK bool pack_conflict(
	struct pack *k, bool *unit, bool *memory, bool *sure, struct err *err);

#endif
