#ifndef OFFING_PLAN_PLACEMENT_IMPROVE_H
#define OFFING_PLAN_PLACEMENT_IMPROVE_H

#include "plan/placement_bound.h"

/**
 * Make a placement better: its executors, and some more, in an order of which each may be left
 * out; the best split of the chain along such an order is a small dynamic program, and orders
 * change by taking one executor elsewhere, until none of these helps. Memory that several
 * executors share, and fetches, are looked at only when a better one is found.
 *
 * @homes (the draft stays where it is) and *@objective are changed only to better ones.
 */
void improve(const struct bound *b, struct placement_home *homes, double *objective);

#endif
