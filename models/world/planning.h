#ifndef OFFING_MODELS_PLANNING_H
#define OFFING_MODELS_PLANNING_H

#include "models/scenario.h"
#include "models/serving/planner.h"

/**
 * What a plan for an instance of a scenario is made from: prices as runs have them (prices.h), of
 * all stages and of who drafts, and the links between them as they are when the run begins.
 */
struct planning;

struct planning_of {
	const struct scenario_spec *spec;     /* checked by world_check() */
	const struct instance_spec *instance; /* of a language model */
	const struct group_spec *users;       /* drafts are made where theirs are; NULL: nobody's */
	uint32_t max_n;
};

/** The caller owns *@out; what @of points to must stay. Fails where the instance cannot be planned
 *  for: drafts ahead of verdicts, an acceptance that nobody knows, links that are down. */
MUST_CHECK bool planning_create(
	struct planning **out, const struct planning_of *of, struct err *err);
void planning_destroy(struct planning *p); /* takes NULL */

const struct planner_spec *planning_spec(const struct planning *p);

#endif
