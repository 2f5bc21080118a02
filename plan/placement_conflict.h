#ifndef OFFING_PLAN_PLACEMENT_CONFLICT_H
#define OFFING_PLAN_PLACEMENT_CONFLICT_H

#include "plan/placement_parts.h"

/** Say why there is no placement of @p, which is so: which units have no room in which memories,
 *  none of them without need. Always false. */
bool placement_conflict(
	const struct placement_problem *p, const struct placement_limits *limits, struct err *err);

#endif
