#ifndef OFFING_MODELS_SERVING_PLAN_PARTS_H
#define OFFING_MODELS_SERVING_PLAN_PARTS_H

#include "models/serving/course.h"
#include "models/serving/planner.h"

/** The inside of the planner: times of a batch by size of pass and by k. */

/** What the candidates for one batch are made of; of rounds, sums over all. */
struct plan_parts {
	struct passes verify, draft; /* of the k that is looked at */
	size_t n_sizes;
	const uint32_t *size;
	double prefill_s[PASSES_MOST], draft_prefill_s[PASSES_MOST];
	double rounds[PLAN_K_MOST + 1];
	double draft_s[PLAN_K_MOST + 1][PASSES_MOST];
	double verify_s[PLAN_K_MOST + 1][PASSES_MOST], wait_s[PLAN_K_MOST + 1][PASSES_MOST];
	uint32_t k_most;
};

/** Of the batch that @a is about. Into zeroed memory. */
void plan_parts_fill(
	struct plan_parts *t, const struct planner_spec *p, const struct plan_answer *a);

#endif
