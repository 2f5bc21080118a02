#ifndef OFFING_PLAN_OPTIMUM_SEARCH_H
#define OFFING_PLAN_OPTIMUM_SEARCH_H

#include "plan/optimum_parts.h"

/** Nodes of a tree, between plan/optimum_tree.c, which says what is looked for, and
 *  plan/optimum_search.c. */

static const double whole = 1e-6; /* nearer to a whole number than this is one */
enum { ROOT_ROUNDS = 200, NODE_ROUNDS = 4 };

/** What is looked for. */
struct goal {
	bool count; /* the most tasks; else the least T */
	size_t n;   /* of so many */
	double gap;
	double cutoff; /* what costs that much is of no use */
	double open;   /* the least that a node not looked into may cost */
	double end_s;
	uint64_t nodes_left;
	bool probe; /* what is found is not kept */
	bool found, over;
};

/** Solve and add rows until none is broken, or @rounds are over. */
enum lp_status search_relax(struct tree *t, struct goal *g, int rounds, double *v);

/** A node, whose parent costs @above, and all below it. */
void search_branch(struct tree *t, struct goal *g, double above);

/** The largest part of a task is made a whole, again and again. */
void search_dive(struct tree *t, struct goal *g);

/** What is no better than @cost by the gap, and by a whole task where those are counted, is of no
 *  use. */
void search_cutoff(struct goal *g, double cost);

/** A node of that cost is not looked into. */
void search_leave_open(struct goal *g, double v);

#endif
