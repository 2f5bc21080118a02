#ifndef OFFING_PLAN_PLACEMENT_SEARCH_H
#define OFFING_PLAN_PLACEMENT_SEARCH_H

#include "plan/placement_bound.h"

/**
 * The dynamic program over (executors used, the last one, units so far), unit by unit. Of states
 * that agree in these the ones that another beats in time, memory and fetches are dropped, and
 * those whose bound is no better than the best placement known. With @width states kept after each
 * unit, the most promising, it is a heuristic; where no state had to be cut, it is exact.
 */
struct search {
	const struct bound *b;
	size_t width;            /* at least 1 */
	double gap;              /* states that could win less than this part are dropped, too */
	double end_s;            /* of clock_s(); HUGE_VAL: never */
	const atomic_bool *stop; /* or NULL */

	/* in and out: the best placement known, of n_units and the draft */
	struct placement_home *homes;
	double objective; /* HUGE_VAL: none */

	/* out */
	double bound_s; /* nothing with this draft has a lower objective */
	bool cut;       /* states were, so that what is missing may exist */
	bool timed_out, stopped;
};

/** @twin: [executor] the one before it that is just like it, or PLACEMENT_NONE. */
void search_run(struct search *s, const int *twin);

/** Who is just like whom with the draft on @draft, or, where there is one, wherever it is; to be
 *  freed. */
int *search_twins(const struct placement_problem *p, int draft);

#endif
