#ifndef OFFING_PLAN_MILP_PARTS_H
#define OFFING_PLAN_MILP_PARTS_H

/* The inside of a program, for plan/milp*.c alone. */

#include "base/mem.h"
#include "plan/milp.h"

struct column {
	char *name;
	double lo, hi, cost;
	enum milp_kind kind;
	size_t row, at; /* the row that named it last, counted from 1, and where in it */
};

struct row {
	char *name;
	double lo, hi;
	size_t group; /* counted from 1; 0: none */
	size_t first; /* coefficient; it ends where the next row begins */
};

struct coefficient {
	size_t column;
	double factor;
};

struct milp {
	char *name;
	struct column *columns;
	struct row *rows;
	struct coefficient *coefficients;
	const char **groups;
	double *start; /* of n_start columns */
	double *x;     /* the solution of n_x columns */
	size_t n_columns, n_rows, n_coefficients, n_groups, n_start, n_x;
	size_t cap_columns, cap_rows, cap_coefficients, cap_groups;
	size_t group; /* of the next row */
	struct err fault;
	struct arena arena; /* names */
};

/** What of a program is to be solved. */
struct part {
	const bool *off; /* [group]: without its rows; NULL: with all */
	bool any;        /* any solution will do: without costs */
};

static inline size_t milp_row_end(const struct milp *m, size_t row)
{
	return row + 1 < m->n_rows ? m->rows[row + 1].first : m->n_coefficients;
}

static inline bool milp_row_off(const struct milp *m, const struct part *p, size_t row)
{
	size_t group = m->rows[row].group;

	return p->off && group > 0 && p->off[group - 1];
}

/** Is nothing wrong with @m and @limits? Else false, with what. */
MUST_CHECK bool milp_sound(const struct milp *m, const struct milp_limits *limits, struct err *err);

/** Does @x hold in all rows, to 1e-7 of their size, bounds, and whole columns? */
bool milp_holds(const struct milp *m, const double *x);

/** Take @x as the solution, whole columns rounded; its objective. */
double milp_keep(struct milp *m, const double *x);

/** As milp_solve(), of a part. */
MUST_CHECK bool milp_solve_part(struct milp *m, const struct milp_limits *limits,
	const struct part *part, struct milp_answer *out, struct err *err);

/** By `cbc`; sets status, objective and bound alone. */
MUST_CHECK bool milp_run_cbc(
	struct milp *m, const struct milp_limits *limits, struct milp_answer *out, struct err *err);

#endif
