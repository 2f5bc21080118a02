#ifndef OFFING_PLAN_PLACEMENT_MILP_H
#define OFFING_PLAN_PLACEMENT_MILP_H

#include "plan/milp.h"
#include "plan/placement_parts.h"

/**
 * The repaired form as flows: a unit is on one executor, y[u,d,e] that the next one is on e, and
 * what comes out of a unit goes into the next. Its groups are m0, m1, ... for the memories: one
 * unit that is somewhere makes all others be somewhere, so that none is a group.
 */
struct placement_milp;

/** @scale_s: seconds of about the objective's size. */
struct placement_milp *placement_milp_create(const struct placement_problem *p, double scale_s);
void placement_milp_destroy(struct placement_milp *m); /* takes NULL */
struct milp *placement_milp_program(struct placement_milp *m);

/** From the solution that was found last. */
void placement_milp_homes(const struct placement_milp *m, struct placement_home *homes);

/** Start from @homes, which keep the rules. */
void placement_milp_start(struct placement_milp *m, const struct placement_home *homes);

/** The solver takes a row for kept that is missed by 1e-7: forbid what the solution found last
 *  has in memories that it overfills by that. False: there are none. */
bool placement_milp_forbid(struct placement_milp *m);

#endif
