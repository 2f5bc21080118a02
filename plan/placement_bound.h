#ifndef OFFING_PLAN_PLACEMENT_BOUND_H
#define OFFING_PLAN_PLACEMENT_BOUND_H

#include "plan/placement_parts.h"

/**
 * What no placement with the draft on one executor can beat. The chain over executors that may be
 * entered again and again is a shortest path, each visit within the memory of one; a byte of
 * memory and an entry then have a price (Lagrange), of which what there is is given back. Prices
 * are raised where the path takes more than there is, lowered where it takes less. Waits for
 * streamed units count with as many as must be streamed at least.
 */
struct bound {
	const struct placement_problem *p;
	int draft;        /* the executor, or PLACEMENT_NONE */
	double *capacity; /* [memory], without the draft */
	double *price_s;  /* [memory], of all its bytes */
	double *entry_s;  /* [executor], of an entry */
	double *rest;     /* [unit][executor][first]: see bound_rest_s() */
	double *going;    /* [unit][executor][first]: the same, with something streamed to it */
	double *next;     /* [unit][executor][first]: on to another */
	double *begin;    /* [unit][executor][first]: this unit and what follows, in a new visit */
	double *home_s;   /* [executor][first]: from the last back, and to the users */
	size_t n_first;   /* 1: alike for all */
	double fixed_s;   /* the draft, less what is given back for memories and entries */
	double least_s;   /* the bound; HUGE_VAL: there is no placement */
};

/** @draft or PLACEMENT_NONE. With the prices that a fluid would have; bound_raise() finds better
 *  ones. */
void bound_init(struct bound *b, const struct placement_problem *p, int draft);
void bound_finish(struct bound *b);

/** Look for prices that lift the bound, towards @target_s, the objective of a placement. */
void bound_raise(struct bound *b, double target_s);

/** The tables hold for one executor after the other as the first, or for all at once. */
static inline size_t bound_at(const struct bound *b, size_t first, size_t unit, size_t on)
{
	return (unit * b->p->n_executors + on) * b->n_first + (b->n_first == 1 ? 0 : first);
}

/** The least that units from @unit on take, with prices, if the ones before ended on @on, which
 *  then @streams. */
static inline double bound_rest_s(
	const struct bound *b, size_t first, size_t unit, size_t on, bool streams)
{
	return (streams ? b->going : b->rest)[bound_at(b, first, unit, on)];
}

/** What a byte of @memory costs. */
static inline double bound_byte_s(const struct bound *b, int memory)
{
	return b->capacity[memory] > 0.0 ? b->price_s[memory] / b->capacity[memory] : 0.0;
}

/** What it takes to begin on @on: from the users and, both ways, the draft. Without prices. */
double bound_enter_s(const struct bound *b, size_t on);

/* For placement_prices.c */

void bound_allocate(struct bound *b, const struct placement_problem *p, int draft);

/** All tables and the bound at the prices as they are; the first executor of the shortest path. */
size_t bound_evaluate(struct bound *b);

/** By how much the shortest path from @on takes more than there is, as a part of it. */
void bound_excess(const struct bound *b, size_t on, double *memory, double *entry);

#endif
