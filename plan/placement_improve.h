#ifndef OFFING_PLAN_PLACEMENT_IMPROVE_H
#define OFFING_PLAN_PLACEMENT_IMPROVE_H

#include "plan/placement_bound.h"

/**
 * Make a placement better: its executors, and some more, in an order of which each may be left
 * out; the best split of the chain along such an order is a small dynamic program, and orders
 * change by taking one executor elsewhere, until none of these helps. Memory that several
 * executors share, and fetches, are looked at only when a better one is found. From the best order
 * it begins anew a few times, some random changes away.
 *
 * @homes (the draft is where that of @b is) and *@objective are changed only to better ones;
 * HUGE_VAL: there is none yet, and it looks for a first.
 */
void improve(const struct bound *b, struct placement_home *homes, double *objective);

#endif
