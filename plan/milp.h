#ifndef OFFING_PLAN_MILP_H
#define OFFING_PLAN_MILP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/**
 * A mixed integer linear program: minimise cost . x subject to lo <= A x <= hi, column by column
 * lo <= x <= hi, some columns whole numbers. The solver (GLPK 5.0) stays behind this header.
 *
 * Numbers should lie within some six orders of magnitude: divide bytes by GiB. A row may be
 * missed by 1e-7 of its size, a whole number by 1e-5; what must hold exactly is checked by the
 * caller.
 *
 * The first bad argument (an infinity where there is none to be, lo > hi, a column that is not
 * there) is kept and told by milp_solve() and the others that have an @err; what comes after it
 * is ignored. Nothing bad reaches the solver. All of an object belongs to one thread; different
 * threads may solve different objects at once.
 */
struct milp;

/** @name is copied, as all names here. The caller frees with milp_destroy(), which takes NULL. */
struct milp *milp_create(const char *name);
void milp_destroy(struct milp *m);

enum milp_kind { MILP_REAL, MILP_WHOLE };

/** Add a variable; its index, from 0. @lo may be -HUGE_VAL, @hi HUGE_VAL; @cost is finite. */
size_t milp_column(
	struct milp *m, const char *name, double lo, double hi, enum milp_kind kind, double cost);

/**
 * Rows from here on belong to the group @name, until the next call: what milp_conflict() tells
 * the user, such as "memory of edge-1". The same name again is the same group. Rows before the
 * first call belong to no group: they always hold.
 */
void milp_group(struct milp *m, const char *name);

/** Begin a row, its index from 0; milp_add() puts coefficients into the row begun last. A column
 *  named twice in one row counts with the sum. */
size_t milp_row(struct milp *m, const char *name, double lo, double hi);
void milp_add(struct milp *m, size_t column, double factor);

/** A solution to start from: a value of each column so far. One that breaks a row or a bound is
 *  no error, but is not used: milp_solve() says so in its answer. */
void milp_start(struct milp *m, const double *x);

size_t milp_n_columns(const struct milp *m);
size_t milp_n_rows(const struct milp *m);

enum milp_solver {
	MILP_GLPK,
	MILP_CBC, /* the program `cbc`, found on PATH, by way of an MPS file */
};

struct milp_limits {
	double gap;              /* 0 or above: stop within this part of the objective */
	double seconds;          /* wall clock; 0: none */
	const atomic_bool *stop; /* NULL, or polled between nodes: true ends with ERR_STOP */
	enum milp_solver solver;
};

enum milp_status {
	MILP_OPTIMAL,    /* proved, to rounding; always so within @gap 0 and without a limit hit */
	MILP_FEASIBLE,   /* a solution, with the gap told: that asked for, or time is up */
	MILP_INFEASIBLE, /* proved */
	MILP_UNBOUNDED,  /* so is its relaxation, and there is a solution or no whole column */
	MILP_TIMED_OUT,  /* without a solution: there may be one */
};
extern const char *const milp_status_names[];

struct milp_answer {
	enum milp_status status;
	bool timed_out;    /* the limit of time was hit */
	bool start_used;   /* milp_start() gave a solution that holds */
	double objective;  /* of @x; HUGE_VAL without a solution */
	double bound;      /* no solution has a lower objective; -HUGE_VAL: none is known */
	double relaxation; /* the optimum without whole numbers; -HUGE_VAL where it was not found */
	double gap;        /* (objective - bound) / |objective|, 0 where they are equal */
	double seconds;
};

/**
 * Solve; the values are kept in @m and asked for with milp_value(). Deterministic: the limit of
 * time changes the answer only where it was hit, and then the answer says so. A bad argument, a
 * solver that gives up (ERR_RUN), and an interrupt (ERR_STOP) are false.
 */
MUST_CHECK bool milp_solve(
	struct milp *m, const struct milp_limits *limits, struct milp_answer *out, struct err *err);

/** Of the solution found last, whole columns exactly whole. 0 where there is none. */
double milp_value(const struct milp *m, size_t column);

/** Is `cbc` on PATH? */
bool milp_has_cbc(void);

/** Write in free MPS, numbers with 17 digits. Columns are named c0_NAME, rows r0_NAME, with what
 *  MPS would not take in a name as '_'. */
MUST_CHECK bool milp_write_mps(const struct milp *m, const char *file, struct err *err);

/**
 * Why there is no solution: the groups of an irreducible set, by deletion. With it alone (and the
 * rows of no group) there is no solution, with any one of its groups less there is one. A group
 * for which time ran out stays in; then *@irreducible is false. Each of up to n groups costs a
 * solve without an objective; @limits->seconds is for all of them together.
 *
 * *@names are borrowed from @m, the array is freed by the caller; *@n is 0 where there is a
 * solution after all, or where rows of no group and bounds of columns alone allow none.
 */
MUST_CHECK bool milp_conflict(struct milp *m, const struct milp_limits *limits,
	const char *const **names, size_t *n, bool *irreducible, struct err *err);

#endif
