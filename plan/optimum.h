#ifndef OFFING_PLAN_OPTIMUM_H
#define OFFING_PLAN_OPTIMUM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/**
 * Eq. 1 in plain numbers, and its exact Pareto front.
 *
 *	tasks in time  n = sum x_ij        to be large (S = -n / t)
 *	network time   T = sum x_ij L_ij^trans    to be small
 *	(1a) sum_j x_ij <= 1               what is served by nobody is left out
 *	(1b) sum_k y_jk M_k <= S_j         the models that a server holds
 *	(1c) x_ij <= y_j,mod(i)
 *	(1d) of the tasks that a server has, those that can run only between a and b need no more of
 *	     its time than b - a, for all a < b
 *	(1e) L_ij^trans + L_ij^comp <= L_max where x_ij = 1
 *
 * (1d) is the paper's sum_i x_ij W_i <= Omega_j said of each interval of time instead of one: it
 * holds just when an interrupted schedule of one machine exists (Horn 1974). Times are whole
 * nanoseconds, so that this is decided exactly.
 */

/** Task i on server j. */
struct optimum_pair {
	bool can;         /* it has, or may have, the model, and room for the request */
	int64_t from_ns;  /* the prompt is there */
	int64_t until_ns; /* the answer has to leave by then; OPTIMUM_NEVER_NS: any time */
	int64_t work_ns;  /* W_ij of the server's time; 0 or more */
	int64_t comp_ns;  /* L_ij^comp, from prompt to answer; 0 or more */
	double trans_s;   /* L_ij^trans, there and back; 0 or more, finite */
};
#define OPTIMUM_NEVER_NS (INT64_MAX / 4)

struct optimum_problem {
	size_t n_tasks, n_servers, n_models;
	const struct optimum_pair *pairs; /* [task * n_servers + server] */
	const uint32_t *model_of;         /* [task] */
	/* what each server may hold; NULL: all that its pairs ask for */
	const double *model_bytes;  /* [model] M_k */
	const double *memory_bytes; /* [server] S_j */
};

/** How large a problem may be: tasks by servers, and sets of models on all servers together. */
enum { OPTIMUM_MOST_TASKS = 2000, OPTIMUM_MOST_PAIRS = 40000, OPTIMUM_MOST_HOLDINGS = 256 };

struct optimum_limits {
	double gap;              /* 0 or above: how far T may be from its bound, as a part of it */
	double seconds;          /* wall clock; 0: none */
	const atomic_bool *stop; /* NULL, or polled: true ends with ERR_STOP */
};

/** The least T with so many tasks in time. */
struct optimum_point {
	size_t n;            /* tasks in time */
	double trans_s;      /* T of @server_of; HUGE_VAL: no solution was found */
	double bound_s;      /* no solution with @n or more has less; HUGE_VAL: there is none */
	bool proved;         /* they are equal, or within the gap */
	bool beaten;         /* weakly: a point with more tasks has no larger T */
	uint32_t *server_of; /* [task] of that solution, UINT32_MAX: left out; NULL: none */
};

struct optimum_front {
	size_t n_tasks;
	size_t most;         /* tasks in time of the best solution found */
	size_t most_bound;   /* nobody has more in time; equal to @most where that is proved */
	double relaxed_most; /* the relaxation's count */
	size_t n_points;     /* @most_bound + 1 */
	struct optimum_point *points; /* by n, from 0 */
	bool timed_out;
	double seconds;
	uint64_t nodes; /* of the trees */
};

/** The caller frees with optimum_front_finish() in either case. False: too large, or not a problem
 *  (ERR_INPUT), interrupted (ERR_STOP), or a solver that gave up (ERR_RUN). Deterministic: the
 * limit of time changes the answer only where it was hit, and then that is said. */
MUST_CHECK bool optimum_solve(struct optimum_front *out, const struct optimum_problem *p,
	const struct optimum_limits *limits, struct err *err);
void optimum_front_finish(struct optimum_front *f);

/** Is @server_of [task] a solution? */
bool optimum_holds(const struct optimum_problem *p, const uint32_t *server_of);

/** Can the task run on the server at all, by (1c) and (1e)? */
bool optimum_can(const struct optimum_pair *p);

/** Where somebody with @n tasks in time and @trans_s stands. */
struct optimum_place {
	double missing;  /* tasks that the front has more in time with no more T */
	double excess_s; /* T above the least with as many in time */
	double distance; /* the additive epsilon: the least part of both ranges by which it would
			    have to be better, at once, to reach a point of the front */
	bool beyond;     /* the bound of the front, by more than rounding: never, if that is one */
};
struct optimum_place optimum_place(const struct optimum_front *f, size_t n, double trans_s);

#endif
