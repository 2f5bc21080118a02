#ifndef OFFING_PLAN_OPTIMUM_PARTS_H
#define OFFING_PLAN_OPTIMUM_PARTS_H

#include "plan/lp.h"
#include "plan/machine.h"
#include "plan/optimum.h"

/** The inside of Eq. 1's solver, for plan/optimum*.c alone. */

/** A pair that can be: a column of the relaxation. */
struct spot {
	uint32_t task, server;
	struct machine_job job;
	double trans_s;
};

/** A server's spots, in two orders. */
struct bench {
	size_t n;
	size_t *by_from, *by_until; /* columns */
	uint16_t *most; /* [k-th by from * n + l-th by until]: so many of those between fit there at
			   most; NULL: not worked out */
};

struct eq1 {
	size_t n_tasks, n_servers, n_spots;
	struct spot *spots;  /* by task, then server */
	size_t *first;       /* [task], and the end */
	struct bench *bench; /* [server] */
};

/** Those of @p where each server holds the models of @holds [server * n_models + model]; NULL: all.
 */
void eq1_init(struct eq1 *e, const struct optimum_problem *p, const bool *holds);
void eq1_finish(struct eq1 *e);

/* What servers hold (optimum_holdings.c) */

enum { MOST_MODELS = 16 };

/** The sets that a server may hold, none of them in another: bit k is model k. */
struct holding {
	size_t n;
	uint64_t sets[OPTIMUM_MOST_HOLDINGS];
};

/** Of each server, if they choose, and how many combinations there are. False: too many. */
bool holdings_find(size_t *n, struct holding *h, const struct optimum_problem *p, struct err *err);

/** @holds [server * n_models + model] of the combination @at [server]. */
void holdings_at(
	bool *holds, const struct optimum_problem *p, const struct holding *h, const size_t *at);

/** The next combination, as an odometer; false: that was the last. */
bool holdings_advance(const struct optimum_problem *p, const struct holding *h, size_t *at);

/* Who is where (optimum_fill.c) */

enum { NOBODY = UINT32_MAX };

/** A solution in the making. */
struct fill {
	const struct eq1 *e;
	size_t *spot_of; /* [task], SIZE_MAX: left out */
	size_t n;        /* in time */
	double end_s;    /* of the clock, after which it is not bettered; HUGE_VAL: never */
	double trans_s;
	struct crowd {
		size_t n;
		size_t *spots;            /* in order of from_ns */
		struct machine_job *jobs; /* the same */
	} * at;                           /* [server] */
	struct machine_job *heap, *trial; /* scratch */
};

void fill_init(struct fill *f, const struct eq1 *e);
void fill_finish(struct fill *f);
void fill_clear(struct fill *f);
void fill_load(struct fill *f, const uint32_t *server_of);
void fill_copy(struct fill *to, const struct fill *from);

/** Would the task fit there, with @without (a task there, or NOBODY) gone? */
bool fill_fits(struct fill *f, size_t spot, uint32_t without);
void fill_put(struct fill *f, size_t spot);
void fill_take(struct fill *f, uint32_t task);

/** Fill in the order of @weight [spot], largest first, then by T, as far as it fits. */
void fill_round(struct fill *f, const double *weight);
/** Add tasks until there are @n, or none fits; moves and pairs of moves are tried. */
void fill_raise(struct fill *f, size_t n);
/** Down to @n tasks, the dearest first. */
void fill_drop(struct fill *f, size_t n);
/** The same; then better by moving and replacing, as far as that goes.
 */
void fill_trim(struct fill *f, size_t n);
void fill_improve(struct fill *f);

/* What the relaxation lacks (optimum_cuts.c) */

/** Add rows that the solution of @l breaks: intervals that ask for too much. How many. */
size_t cuts_add(struct lp *l, const struct eq1 *e, const double *x);

/* The tree (optimum_tree.c) */

/**
 * Tasks that are counted together, of which there is a whole number: those on a server, those on
 * it that have it nearest, all that are on their nearest. Their number is branched on before
 * single tasks: many tasks are nearly alike, and who of them goes where is worth little.
 */
struct tally {
	size_t row, n;
	size_t *spots;
	double lo, hi;
};

struct tree {
	const struct eq1 *e;
	struct lp *l;
	struct master *m;
	size_t n_tallies;
	struct tally *tallies;
	size_t fixed_rows; /* the rows of the count, tasks and tallies; cuts come after them */
	double *x;         /* [spot] of the last relaxation */
	double *cost;      /* [spot] of what is looked for */
	struct fill best, trial;
	double end_s; /* of the clock; HUGE_VAL: never */
	const atomic_bool *stop;
	uint64_t nodes;
	bool timed_out, stopped;
	bool costs_of_count; /* what the master was asked last was not T */
	double scale;        /* of T in the relaxation */
};

/** The tallies of a tree that has its other rows, and their end. */
void tallies_add(struct tree *t);
void tallies_finish(struct tree *t);

void tree_init(
	struct tree *t, const struct eq1 *e, const struct optimum_limits *limits, double end_s);
void tree_finish(struct tree *t);

/** Find out how many each tally can be at most, by relaxations. */
void tree_tallies(struct tree *t);

/** The most tasks: t->best is a solution with as many as were found; *@bound: no more can be. Where
 *  no more than @enough can be it is not asked how many. */
void tree_count(struct tree *t, double end_s, size_t enough, size_t *bound, double *relaxed);

/** The relaxation of the least T with @n tasks; HUGE_VAL: infeasible. t->x is its solution;
 * *@slope_s what a task more adds. */
double tree_relax(struct tree *t, size_t n, double *slope_s);

/** What tree_least() is to find: the least T of each number of tasks from @lo to @hi. */
struct least {
	size_t lo, hi;
	double gap;
	const double *best_s;                         /* [n - lo] of the solutions that are known */
	double *bound_s;                              /* [n - lo] of all solutions: raised */
	void (*found)(void *context, struct tree *t); /* t->trial is a better one, and may change */
	void *context;
};

/** By branching, at most @nodes. */
void tree_least(struct tree *t, const struct least *what, double end_s, uint64_t nodes);

#endif
