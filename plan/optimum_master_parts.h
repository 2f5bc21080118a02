#ifndef OFFING_PLAN_OPTIMUM_MASTER_PARTS_H
#define OFFING_PLAN_OPTIMUM_MASTER_PARTS_H

#include "plan/optimum_master.h"

/** The inside of struct master, for plan/optimum_master*.c alone. */

static const double first_box = 4.0; /* prices, in the largest cost; wider where that binds */

/** A set of tasks that a server can do: a column. */
struct set {
	uint32_t server;
	uint32_t out; /* of its spots, so many are forbidden or have to be elsewhere */
	size_t n;
	size_t *spots;
	double part; /* of it in the last relaxation */
};

struct master {
	const struct eq1 *e;
	const struct tree *t;
	struct lp *l;
	struct pricer *pricer;
	size_t n_prices, n_sets, set_cap;
	struct set *sets; /* by column */
	size_t n;         /* tasks at least */
	double *cost;     /* [spot] */
	uint32_t *shut;   /* [spot]: how often it is forbidden */
	bool *put;        /* [spot]: it has to be in */
	uint32_t *wanted; /* [task]: how often it has to be served */
	bool *in;         /* [tally * n_spots + spot] */
	double box;
	size_t labels;         /* that the pricer keeps a task at most */
	double *at, *best, *y; /* prices: the program's, the best bound's, those asked */
	bool has_best;
	double line, slope; /* the best bound of the last solve, and what a task more adds */
	double *value;      /* [spot] */
	double *good;       /* [server] what a set is worth that was found quickly */
	size_t *rows;       /* scratch of a column */
	double *factor;
};

/* Prices, and the rows that they are of: of each task, the count, and each server; then of each
 * tally a row, and a price of its upper and one of its lower limit. */

static inline size_t of_count(const struct master *m)
{
	return m->e->n_tasks;
}

static inline size_t of_server(const struct master *m, uint32_t j)
{
	return m->e->n_tasks + 1 + j;
}

static inline size_t of_tally(const struct master *m, size_t k)
{
	return m->e->n_tasks + 1 + m->e->n_servers + 2 * k;
}

static inline size_t row_of_tally(const struct master *m, size_t k)
{
	return m->e->n_tasks + 1 + m->e->n_servers + k;
}

/* The first columns are what rows may lack, or have too much, at the price of the box: of each
 * task, the count, and each tally from both sides. */

static inline size_t lack_of_tally(const struct master *m, size_t k)
{
	return m->e->n_tasks + 1 + 2 * k;
}

static inline size_t first_set(const struct master *m)
{
	return lack_of_tally(m, m->t->n_tallies);
}

/** The limits of rows as the tree has them, and the box. */
void master_set_rows(struct master *m);

/** A column for the set. */
void master_add(struct master *m, uint32_t server, const struct priced *x);

/** When there are many sets, those go that are farthest from being of use, about half of them. */
void master_drop(struct master *m);

#endif
