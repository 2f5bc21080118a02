#ifndef OFFING_PLAN_PRINTED_PARTS_H
#define OFFING_PLAN_PRINTED_PARTS_H

/* Between the files of plan/printed*.c alone. */

#include "plan/printed.h"

/** Tensors of the same size and accesses: which of them is where makes no difference. */
struct printed_class {
	double bytes, accesses;
	size_t first, n; /* in @order */
};

struct printed {
	const struct printed_problem *p;
	double *rate_s;   /* [device]: seconds a byte, an access */
	size_t *order;    /* tensors, class by class, most accesses first */
	size_t *class_of; /* [tensor] */
	struct printed_class *classes;
	size_t n_classes;
	size_t *by_rate; /* devices, the cheapest first */
	double end_s;    /* of clock_s() */
	const atomic_bool *stop;
};

void printed_init(
	struct printed *s, const struct printed_problem *p, const struct placement_limits *limits);
void printed_finish(struct printed *s);

/** Of one tensor of @class. */
static inline double printed_price_s(const struct printed *s, size_t class, size_t device)
{
	return s->classes[class].bytes * s->classes[class].accesses * s->rate_s[device];
}

/* @counts: [class][device], how many of a class are there. */

/** The relaxation, in which tensors may be split. Bytes go where the most are read over the
 *  fastest links first, which is its optimum, as costs are a product (Monge). *@counts, 0 before,
 *  has those that are not split. HUGE_VAL: there is no room for all. */
double printed_relax(const struct printed *s, size_t *counts);

/** Give all others a home and improve by exchanges. HUGE_VAL: they found none. */
double printed_round(const struct printed *s, size_t *counts);

/** The sum of what all cost. */
double printed_sum_s(const struct printed *s, const size_t *counts);

/** Which of a class is where makes no difference: in their order. */
void printed_deal(const struct printed *s, const size_t *counts, struct placement_home *homes);

/** By MILP over classes, from @counts on if *@objective is below HUGE_VAL. *@bound_s is raised;
 *  HUGE_VAL: there is no placement. */
MUST_CHECK bool printed_milp(const struct printed *s, const struct placement_limits *limits,
	size_t *counts, double *objective, double *bound_s, bool *timed_out, struct err *err);

/** Say why there is no room. Always false. */
bool printed_conflict(const struct printed *s, struct err *err);

#endif
