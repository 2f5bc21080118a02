#ifndef OFFING_PLAN_OPTIMUM_SEARCH_H
#define OFFING_PLAN_OPTIMUM_SEARCH_H

#include "plan/optimum_parts.h"

/** Nodes of a tree, between plan/optimum_tree.c, which says what is looked for, and
 *  plan/optimum_search.c. */

static const double whole = 1e-6; /* nearer to a whole number than this is one */
enum { ROOT_ROUNDS = 200 };

/** What is looked for: the most tasks (then @lo and @hi are 0), or the least T of each number of
 *  tasks from @lo to @hi, all in one tree: what a node's prices say of one number bounds all. */
struct goal {
	bool count;
	size_t lo, hi;
	double gap;
	double *cutoff; /* [n - lo] what costs that much is of no use */
	double *open;   /* [n - lo] the least that a node not looked into may cost */
	double end_s;
	uint64_t nodes_left;
	bool probe; /* what is found is not kept */
	bool over;
	/* A better solution than any so far, in t->trial, which it may change; NULL: t->best is
	 * one. */
	void (*found)(void *context, struct tree *t);
	void *context;
};

/** Arrays of a goal with @lo and @hi: nothing known, nothing open. */
void goal_init(struct goal *g);
void goal_finish(struct goal *g);

/** What is no better than @cost by the gap, and by a whole task where those are counted, is of no
 *  use for @n. */
void goal_cutoff(struct goal *g, size_t n, double cost);

/** Solve the relaxation by rows, and add such until none is broken, or @rounds are over. */
enum lp_status search_relax(struct tree *t, double end_s, int rounds, double *v);

/** A node, whose parent bounds each number of tasks by @above [n - lo], and all below it. */
void search_branch(struct tree *t, struct goal *g, const double *above);

#endif
