#ifndef OFFING_MODELS_SERVING_PLAN_PARTS_H
#define OFFING_MODELS_SERVING_PLAN_PARTS_H

#include "models/serving/course.h"
#include "models/serving/planner.h"

/** The inside of the planner, between planner.c and the files of each kind of instance. */

enum { PLANS_KEPT = 256 };

struct planner {
	struct planner_spec spec;
	double fetch_s;
	double weight_bytes, kv_bytes_tok, draft_weight_bytes, draft_kv_bytes_tok;
	struct plan_answer kept[PLANS_KEPT]; /* by a hash of what was asked */
};

/** A candidate: it is among the best, if it fits. */
void plan_look_at(struct plan_answer *a, const struct plan *c);

/** What binds on any kind of device: memory, where without its limit less time would be possible,
 * or prompts, where they take longer than all rounds. False: the rounds do; which part of them is
 * for the kind to say. */
bool plan_binds_outside(enum plan_bound *out, const struct plan_answer *a);

/** Hidden values and those between gate, up and down, of all rows of the largest pass. */
double plan_activation_bytes(const struct llm_shape *s, const struct plan *c, uint32_t prompt_tok);

/** (3b) of the device that has the model. */
double plan_memory_bytes(
	const struct planner *p, const struct plan_answer *a, const struct plan *c);

/** All candidates of a pipeline, and where drafts are made elsewhere. */
void plan_stages_search(const struct planner *p, struct plan_answer *a);
void plan_apart_search(const struct planner *p, struct plan_answer *a);

/** False: no plan fits, or the host's memory is short. */
MUST_CHECK bool plan_memory_check(
	const struct planner *p, const struct plan_answer *a, struct err *err);

/* On one device: times of a batch by size of pass and by k */

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
