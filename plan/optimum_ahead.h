#ifndef OFFING_PLAN_OPTIMUM_AHEAD_H
#define OFFING_PLAN_OPTIMUM_AHEAD_H

#include "plan/optimum_parts.h"

/** What tasks that are still to come can be worth to a server at most, for plan/optimum_price.c. */
struct ahead {
	const struct eq1 *e;
	size_t *by_density; /* [] items */
	struct ahead_rest *rest;
	int64_t span_ns; /* the longest time that anybody has */
	int grid_bits;   /* a step of the table is 2^grid_bits ns */
	double *to_come; /* [item * (AHEAD_GRID + 1) + left_ns >> grid_bits] */
	bool has_table;
};
enum { AHEAD_GRID = 2048 };

/** What the tasks from one on can be worth at most, when @total_ns is left to do by then:
 * base - slope total_ns. */
struct ahead_rest {
	double base, slope;
};

void ahead_init(struct ahead *a, const struct eq1 *e);
void ahead_finish(struct ahead *a);

/** Of the spots @items, in the order in which they come, by @value [spot]. @table: better bounds,
 * for the time that AHEAD_GRID steps an item take. */
void ahead_look(struct ahead *a, const size_t *items, size_t n, const double *value, bool table);

/** Those from @item on, when so much is left to do. */
double ahead_most(const struct ahead *a, size_t item, int64_t left_ns);

#endif
