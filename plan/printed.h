#ifndef OFFING_PLAN_PRINTED_H
#define OFFING_PLAN_PRINTED_H

#include "plan/placement.h"

/**
 * Eq. 2 as the paper prints it: tensors one by one over devices d = 1, 2, ... so that
 *
 *	sum over p, d1 < d2 of x[p,d1] (1 - x[p,d2]) Size(p) Acc(p) / B(d1, d2)
 *
 * is least, each tensor on one device (2b), no device beyond its memory (2a). As x[p,d1] = 1 leaves
 * 1 - x[p,d2] = 1 for every other device, it is linear: a tensor on d costs
 * Size(p) Acc(p) sum over e > d of 1 / B(d, e), a generalised assignment problem. The last device
 * costs nothing, whatever it is, and what it takes to compute is absent.
 */
struct printed_problem {
	const char *name; /* in messages */
	size_t n_devices, n_tensors;
	const struct placement_memory *devices;
	const struct placement_unit *tensors; /* their kv_bytes are not looked at */
	const double *accesses;               /* [p], Acc(p) */
	const double *bytes_per_s;            /* [d][e], above 0; HUGE_VAL: costs nothing */
	bool all_pairs; /* over d1 != d2 instead: without the device that is free by its number */
};

/**
 * As placement_solve(): from the relaxation, rounded and then improved by moves and swaps; where
 * its gap is above @limits->gap, by MILP from there on (PLACEMENT_HEURISTIC: not). The terms of
 * @out are 0 but for token_s, the objective, and homes has a device for each tensor.
 */
MUST_CHECK bool printed_solve(struct placement_answer *out, const struct printed_problem *p,
	const struct placement_limits *limits, struct err *err);

/** What tensor @p costs on device @d. */
double printed_cost_s(const struct printed_problem *p, size_t tensor, size_t device);

#endif
