#ifndef OFFING_PLAN_OPTIMUM_MILP_H
#define OFFING_PLAN_OPTIMUM_MILP_H

#include "plan/milp.h"
#include "plan/optimum.h"

/**
 * Eq. 1 as it stands, with (1b) and (1c) as rows and y as columns, for any solver behind milp.h:
 * a second way to the same front, and the way to say why there is no solution. Rows of (1d) are
 * added as solutions break them.
 */

/** As optimum_solve(), each count in a program of its own. */
MUST_CHECK bool optimum_by_milp(struct optimum_front *out, const struct optimum_problem *p,
	const struct optimum_limits *limits, enum milp_solver solver, struct err *err);

/** The same of the @n_points fullest points alone; the others have no solution and a bound of 0. */
MUST_CHECK bool optimum_by_milp_top(struct optimum_front *out, const struct optimum_problem *p,
	const struct optimum_limits *limits, enum milp_solver solver, size_t n_points,
	struct err *err);

/** Names for what a conflict is made of. */
struct optimum_names {
	const char *const *tasks, *const *servers;
};

/**
 * (1a) as printed, with =: can all tasks be in time? Where they cannot, the parts of an irreducible
 * set of what forbids it, such as "task office1/3" and "capacity of edge1": @parts and its @n
 * strings are freed by the caller. *@irreducible is false where time ran out first; *@known, where
 * it is not known whether they can.
 */
struct optimum_conflict {
	bool feasible, known, irreducible;
	size_t n;
	char **parts;
};
MUST_CHECK bool optimum_conflict(struct optimum_conflict *out, const struct optimum_problem *p,
	const struct optimum_names *names, const struct optimum_limits *limits, struct err *err);
void optimum_conflict_finish(struct optimum_conflict *c);

#endif
