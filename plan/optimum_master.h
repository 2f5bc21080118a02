#ifndef OFFING_PLAN_OPTIMUM_MASTER_H
#define OFFING_PLAN_OPTIMUM_MASTER_H

#include "plan/optimum_parts.h"
#include "plan/optimum_price.h"

/**
 * The relaxation of Eq. 1 over whole sets: each server has one of the sets of tasks that it can do
 * in time, or parts of several (Dantzig and Wolfe 1960), so that only who is served where, and how
 * many, is relaxed. It is solved from the side of its prices: the program has a variable for each
 * task, the count and each server, and a row for each set that pricer_best() found worth more than
 * its server is charged (Kelley 1960). Any prices bound what is looked for.
 */
struct master;

/** The caller destroys it. @t has its tallies. */
struct master *master_create(const struct tree *t);
void master_destroy(struct master *m);

/** Costs of spots from now on, at most 1. */
void master_costs(struct master *m, const double *cost);

enum master_side { MASTER_OUT, MASTER_IN };

/** The spot, or the task wherever, is left out or has to be in; @on false: that no more. They go in
 *  the reverse of the order in which they came. Limits of tallies are the tree's as they stand when
 *  it is solved. */
void master_spot(struct master *m, size_t spot, enum master_side side, bool on);
void master_task(struct master *m, uint32_t task, enum master_side side, bool on);

/** Two tasks are on one server, or on none both; or on no server together. Not beyond
 *  master_has_pairs(). */
void master_pair(struct master *m, const struct price_pair *pair, bool on);
bool master_has_pairs(const struct master *m);

/** The two tasks that are together least wholly in the last relaxation, and how much; false: all
 * are or are not. */
bool master_find_pair(const struct master *m, uint32_t task[2], double *at);

/** Is it neither left out nor put in? */
bool master_is_free(const struct master *m, size_t spot);

/** Does @x, the last relaxation's, lack what was asked for? Then there is none, or one so dear that
 * no price said so. */
bool master_is_short(const struct master *m, const double *x);

enum master_status {
	MASTER_DONE,
	MASTER_ABOVE,   /* nothing below @cutoff */
	MASTER_GAVE_UP, /* out of time, or the solver; *@bound holds all the same */
};

/** To @weight [spot] add 1 for those of the largest set of each server, and its part. */
void master_prefer(const struct master *m, double *weight);

/** Minimise what @n tasks or more cost; 0: as many as pay. *@bound, which is one already: no
 * solution costs less; @x [spot] is the relaxation's, where it is MASTER_DONE. */
enum master_status master_solve(struct master *m, size_t n, double cutoff, double end_s,
	const atomic_bool *stop, double *bound, double *x);

/** What the last prices say of any number of tasks: no solution with n + d costs less than
 *  *@at + d *@slope. */
void master_line(const struct master *m, double *at, double *slope);

#endif
