/* A program as it is put together: columns, rows, and the first thing that is wrong with it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/milp_parts.h"

static const double row_tolerance = 1e-7, whole_tolerance = 1e-5;

struct milp *milp_create(const char *name)
{
	struct milp *m = mem_zalloc(1, sizeof *m);

	arena_init(&m->arena);
	m->name = arena_strdup(&m->arena, name);
	return m;
}

void milp_destroy(struct milp *m)
{
	if (!m)
		return;
	free(m->columns);
	free(m->rows);
	free(m->coefficients);
	free(m->groups);
	free(m->start);
	free(m->x);
	arena_finish(&m->arena);
	free(m);
}

/* An empty range, NaN, or one that is infinite on the wrong side. */
static bool is_range(double lo, double hi)
{
	return lo <= hi && lo < HUGE_VAL && hi > -HUGE_VAL;
}

size_t milp_column(
	struct milp *m, const char *name, double lo, double hi, enum milp_kind kind, double cost)
{
	struct column *c;

	if (!is_range(lo, hi))
		err_run(&m->fault, "'%s': column '%s' cannot be from %g to %g", m->name, name, lo,
			hi);
	if (!isfinite(cost))
		err_run(&m->fault, "'%s': the cost of column '%s' is %g", m->name, name, cost);
	m->columns = mem_grow(m->columns, m->n_columns, &m->cap_columns, sizeof *m->columns);
	c = &m->columns[m->n_columns];
	*c = (struct column){arena_strdup(&m->arena, name), lo, hi, cost, kind, 0, 0};
	if (kind == MILP_WHOLE) {
		c->lo = ceil(lo);
		c->hi = floor(hi);
	}
	return m->n_columns++;
}

void milp_group(struct milp *m, const char *name)
{
	for (m->group = 1; m->group <= m->n_groups; m->group++)
		if (strcmp(m->groups[m->group - 1], name) == 0)
			return;
	m->groups = mem_grow(m->groups, m->n_groups, &m->cap_groups, sizeof *m->groups);
	m->groups[m->n_groups++] = arena_strdup(&m->arena, name);
}

size_t milp_row(struct milp *m, const char *name, double lo, double hi)
{
	if (!is_range(lo, hi))
		err_run(&m->fault, "'%s': row '%s' cannot be from %g to %g", m->name, name, lo, hi);
	m->rows = mem_grow(m->rows, m->n_rows, &m->cap_rows, sizeof *m->rows);
	m->rows[m->n_rows] =
		(struct row){arena_strdup(&m->arena, name), lo, hi, m->group, m->n_coefficients};
	return m->n_rows++;
}

void milp_add(struct milp *m, size_t column, double factor)
{
	struct column *c;

	if (m->n_rows == 0 || column >= m->n_columns || !isfinite(factor)) {
		err_run(&m->fault, "'%s': row %zu cannot have %g of column %zu, of %zu", m->name,
			m->n_rows, factor, column, m->n_columns);
		return;
	}
	c = &m->columns[column];
	if (c->row == m->n_rows) {
		m->coefficients[c->at].factor += factor;
		return;
	}
	c->row = m->n_rows;
	c->at = m->n_coefficients;
	m->coefficients = mem_grow(
		m->coefficients, m->n_coefficients, &m->cap_coefficients, sizeof *m->coefficients);
	m->coefficients[m->n_coefficients++] = (struct coefficient){column, factor};
}

void milp_start(struct milp *m, const double *x)
{
	m->start = mem_resize(m->start, m->n_columns, sizeof *x);
	if (m->n_columns > 0)
		memcpy(m->start, x, m->n_columns * sizeof *x);
	m->n_start = m->n_columns;
}

size_t milp_n_columns(const struct milp *m)
{
	return m->n_columns;
}

size_t milp_n_rows(const struct milp *m)
{
	return m->n_rows;
}

double milp_value(const struct milp *m, size_t column)
{
	return column < m->n_x ? m->x[column] : 0.0;
}

bool milp_sound(const struct milp *m, const struct milp_limits *limits, struct err *err)
{
	if (m->fault.kind != ERR_NONE) {
		if (err->kind == ERR_NONE)
			*err = m->fault;
		return false;
	}
	if (!(limits->gap >= 0.0 && limits->gap < HUGE_VAL))
		return err_run(
			err, "'%s': the gap must be 0 or above, not %g", m->name, limits->gap);
	if (!(limits->seconds >= 0.0))
		return err_run(err, "'%s': the seconds must be 0 or above, not %g", m->name,
			limits->seconds);
	return true;
}

static bool within(double x, double lo, double hi)
{
	return x >= lo - row_tolerance * (1.0 + fabs(lo)) &&
	       x <= hi + row_tolerance * (1.0 + fabs(hi));
}

bool milp_holds(const struct milp *m, const double *x)
{
	for (size_t c = 0; c < m->n_columns; c++)
		if (!within(x[c], m->columns[c].lo, m->columns[c].hi) ||
			(m->columns[c].kind == MILP_WHOLE &&
				fabs(x[c] - round(x[c])) > whole_tolerance))
			return false;
	for (size_t r = 0; r < m->n_rows; r++) {
		double sum = 0.0;

		for (size_t k = m->rows[r].first; k < milp_row_end(m, r); k++)
			sum += m->coefficients[k].factor * x[m->coefficients[k].column];
		if (!within(sum, m->rows[r].lo, m->rows[r].hi))
			return false;
	}
	return true;
}

double milp_keep(struct milp *m, const double *x)
{
	double sum = 0.0;

	m->x = mem_resize(m->x, m->n_columns, sizeof *x);
	m->n_x = m->n_columns;
	for (size_t c = 0; c < m->n_columns; c++) {
		m->x[c] = m->columns[c].kind == MILP_WHOLE ? round(x[c]) : x[c];
		sum += m->columns[c].cost * m->x[c];
	}
	return sum;
}
