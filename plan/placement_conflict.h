#ifndef OFFING_PLAN_PLACEMENT_CONFLICT_H
#define OFFING_PLAN_PLACEMENT_CONFLICT_H

#include "plan/placement_parts.h"

/**
 * Why there is no placement: units that have no room together in memories. Without any one of the
 * units, or with one of the memories as large as can be, the others have room.
 */
struct placement_conflict {
	bool *unit;   /* [n_units, and then the draft] */
	bool *memory; /* [n_memories] */
	size_t n;     /* of both; 0: units have no way through the executors, whatever the room */
	bool chain;   /* all units have room, but not where they can run one after the other */
	bool irreducible; /* false: time ran out, and fewer may do */
};

/** Of a @p that has no placement; at most as many seconds as @limits has, and ten. @c is to be
 * freed with placement_conflict_finish(), also after false. */
MUST_CHECK bool placement_conflict_find(struct placement_conflict *c,
	const struct placement_problem *p, const struct placement_limits *limits, struct err *err);
void placement_conflict_finish(struct placement_conflict *c);

/** Find it and say it. Always false. */
bool placement_conflict_tell(
	const struct placement_problem *p, const struct placement_limits *limits, struct err *err);

#endif
