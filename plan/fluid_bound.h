#ifndef OFFING_PLAN_FLUID_BOUND_H
#define OFFING_PLAN_FLUID_BOUND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "models/scenario.h"

/**
 * How many times the arrivals of a scenario may come, at most, before no policy keeps up: the
 * fluid linear program. Flows carry x lambda from each group of users to instances, or by way of
 * two of them where prefill and decode are apart, and no second of anything is given out twice:
 *
 *	max x :  sum over ways w of f_gw = x lambda_g,  sum over g, w of f_gw c_rgw <= 1 for each r
 *
 * with c seconds that a request of g on the way w takes of the resource r: an instance, a link, a
 * memory. Of synthetic instances they are exact, and so is the boundary. What a request takes of
 * an LLM instance hangs on who is in the batch with it: there c is the least that it can come to
 * (plan/least.h), and x is an upper bound. Lengths are drawn from the scenario's laws; which
 * instance a request goes to may hang on its lengths. docs/capacity.md has the formulas.
 */

enum fluid_kind {
	FLUID_TIME,   /* of an instance */
	FLUID_MEMORY, /* its memory for keys and values */
	FLUID_LINK,   /* one direction of a link, or of a class in it */
	FLUID_WITHIN, /* between devices of a site, where KV goes from one to another */
	FLUID_DRAFTER,
};

/** Something of which there is not enough: all alike of a scenario together. */
struct fluid_binding {
	enum fluid_kind kind;
	const char *name;    /* "cloud", "edge1 and 3 alike", "wan up" */
	double share;        /* d ln x / d ln of it: its price */
	double more;         /* by how much x grows with 10 % more of it, from solving again */
	double prompt_share; /* of an LLM instance's time, on prompts; below 0: of nothing else */
	uint32_t family;     /* for plan/fluid_bound.c */
};

struct fluid_bound {
	double scale; /* x; HUGE_VAL: nothing is ever scarce */
	double error; /* of it, half of the 95 % interval, since lengths are drawn; 0: none are */
	double rate_per_s; /* requests at scale 1, turns of sessions included */
	bool exact;        /* the boundary itself */
	size_t n;          /* those with 1e-3 of the price or more, the dearest first */
	struct fluid_binding *binding;
	struct arena arena;
};

/** The caller calls fluid_bound_finish() in either case. Fails at their place for arrivals that
 *  have no rate of their own (closed, saturated) and for what no run would take. */
MUST_CHECK bool fluid_bound(
	struct fluid_bound *out, const struct scenario_spec *s, struct err *err);
void fluid_bound_finish(struct fluid_bound *b);

/** What binds, in a sentence without full stop: "cloud decode and the link wan up bind; 10 % more
 * of cloud gives 6 % more, of the link wan up gives 4 % more". */
void fluid_bound_words(struct buf *out, const struct fluid_bound *b);

#endif
