#ifndef OFFING_PLAN_TASKS_H
#define OFFING_PLAN_TASKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "models/scenario.h"
#include "plan/optimum.h"

/**
 * The tasks of Eq. 1 from a scenario: requests that a run with this seed and replication makes,
 * out of the same streams; and a scenario of these requests alone, for policies to be run on.
 */
struct task {
	uint32_t group;
	uint64_t nth;               /* of its group, in the run, from 0 */
	int64_t at_ns, deadline_ns; /* OPTIMUM_NEVER_NS: none */
	uint32_t prompt_tok, output_tok;
	/* how the prompt begins, which others may have brought before: of each of n_ids streams
	 * the first id_tok (models/content.h) */
	const uint64_t *ids;
	uint32_t n_ids, id_tok;
	bool rejected; /* longer than the model's context */
};

struct tasks {
	const struct scenario_spec *spec;
	size_t n, cap;
	struct task *at;     /* in order of time, then of groups */
	double from_s, to_s; /* what they are of: to_s HUGE_VAL: up to a number */
	size_t n_groups;     /* that have some */
	bool deadlines;      /* some have one */
	struct arena arena;
};

struct tasks_wanted {
	size_t n;            /* the first so many, or 0: those of */
	double from_s, to_s; /* this window of the run */
	uint32_t replication;
};

/** The caller calls tasks_finish() in either case. Fails for users whose arrivals hang on what
 * becomes of others, for none at all, and for more than can be. */
MUST_CHECK bool tasks_draw(struct tasks *out, const struct scenario_spec *s,
	const struct tasks_wanted *wanted, struct err *err);
void tasks_finish(struct tasks *t);

/** A scenario whose only requests are these, at the same times; it lives as long as @t. */
void tasks_scenario(struct scenario_spec *out, struct tasks *t);

/** Pairs of the tasks and the instances of their scenario, such that no run beats Eq. 1 with them.
 *  What @out points to lives as long as @t. */
MUST_CHECK bool tasks_problem(struct optimum_problem *out, struct tasks *t, struct err *err);

#endif
