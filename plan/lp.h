#ifndef OFFING_PLAN_LP_H
#define OFFING_PLAN_LP_H

#include <stdbool.h>
#include <stddef.h>

/**
 * A linear program that is solved again and again: between two solves a bound moves, or a row
 * comes. The dual simplex method goes on from the basis of the solve before, so that a node of a
 * tree costs some pivots. (milp.h is for a program that is solved once.) All columns lie between
 * finite bounds, so that it is never unbounded.
 *
 * GLPK's environment is the thread's: no milp_solve() while one of these lives there.
 */
struct lp;

/** @n columns in [0, 1] without costs. The caller destroys it. */
struct lp *lp_create(size_t n);
void lp_destroy(struct lp *l);

void lp_cost(struct lp *l, size_t column, double cost);
void lp_bounds(struct lp *l, size_t column, double lo, double hi);

/** lo <= sum of @factor[k] x_@column[k] <= hi, with @lo -HUGE_VAL or @hi HUGE_VAL: none. Its
 *  index, from 0. */
size_t lp_row(
	struct lp *l, double lo, double hi, size_t n, const size_t *column, const double *factor);
void lp_row_bounds(struct lp *l, size_t row, double lo, double hi);

size_t lp_n_rows(const struct lp *l);
/** Drop those rows from @from on that bind nobody in the last solution. */
void lp_drop_slack(struct lp *l, size_t from);

/** One more column in [0, @hi], with its entries in @n rows. Its index. */
size_t lp_column(
	struct lp *l, double hi, double cost, size_t n, const size_t *row, const double *factor);
/** Drop these @n columns, in ascending order, which are 0 in the last solution. */
void lp_drop_columns(struct lp *l, size_t n, const size_t *columns);

enum lp_status {
	LP_OPTIMAL,
	LP_ABOVE, /* the optimum is at or above @cutoff */
	LP_INFEASIBLE,
	LP_GAVE_UP, /* out of @iterations, or the solver */
};

/** Minimise. @cutoff HUGE_VAL: to the end. */
enum lp_status lp_solve(struct lp *l, double cutoff, int iterations, double *objective);

/** The same by the primal simplex method: where columns came, or costs fell. */
enum lp_status lp_solve_primal(struct lp *l, int iterations, double *objective);

/** Of the last LP_OPTIMAL. */
double lp_value(const struct lp *l, size_t column);
double lp_reduced_cost(const struct lp *l, size_t column);
double lp_dual(const struct lp *l, size_t row);

#endif
