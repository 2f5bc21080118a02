/* A program as free MPS. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "plan/milp_mps.h"

enum { NAME_MOST = 100 };

static void put_name(FILE *to, char kind, size_t index, const char *name)
{
	fprintf(to, "%c%zu_", kind, index);
	for (size_t i = 0; name[i] && i < NAME_MOST; i++) {
		unsigned char c = (unsigned char)name[i];

		fputc(c > ' ' && c < 0x7f && c != '$' && c != '\'' && c != '*' ? c : '_', to);
	}
}

static void put_value(FILE *to, const char *row, size_t n, const char *name, double value)
{
	fputc(' ', to);
	if (name)
		put_name(to, row[0], n, name);
	else
		fputs(row, to);
	fprintf(to, " %.17g\n", value);
}

static bool is_free(const struct row *r)
{
	return r->lo == -HUGE_VAL && r->hi == HUGE_VAL;
}

static void put_rows(FILE *to, const struct milp *m)
{
	fputs("ROWS\n N cost\n", to);
	for (size_t r = 0; r < m->n_rows; r++) {
		const struct row *row = &m->rows[r];

		fprintf(to, " %c ",
			is_free(row)          ? 'N'
			: row->lo == row->hi  ? 'E'
			: row->hi == HUGE_VAL ? 'G'
					      : 'L');
		put_name(to, 'r', r, row->name);
		fputc('\n', to);
	}
}

/* Coefficients column by column: where those of each begin in @at, which has one more than there
 * are columns. */
static size_t *by_column(const struct milp *m, size_t *at)
{
	size_t *order = mem_zalloc(m->n_coefficients + 1, sizeof *order);

	for (size_t k = 0; k < m->n_coefficients; k++)
		at[m->coefficients[k].column + 1]++;
	for (size_t c = 0; c < m->n_columns; c++)
		at[c + 1] += at[c];
	for (size_t k = 0; k < m->n_coefficients; k++)
		order[at[m->coefficients[k].column]++] = k;
	for (size_t c = m->n_columns; c > 0; c--)
		at[c] = at[c - 1];
	at[0] = 0;
	return order;
}

static size_t *rows_of(const struct milp *m)
{
	size_t *row = mem_zalloc(m->n_coefficients + 1, sizeof *row);

	for (size_t r = 0; r < m->n_rows; r++)
		for (size_t k = m->rows[r].first; k < milp_row_end(m, r); k++)
			row[k] = r;
	return row;
}

static void put_marker(FILE *to, const char *what)
{
	fprintf(to, " MARKER 'MARKER' '%s'\n", what);
}

static void put_columns(FILE *to, const struct milp *m, double factor)
{
	size_t *at = mem_zalloc(m->n_columns + 2, sizeof *at);
	size_t *order = by_column(m, at), *row = rows_of(m);
	bool whole = false;

	fputs("COLUMNS\n", to);
	for (size_t c = 0; c < m->n_columns; c++) {
		const struct column *column = &m->columns[c];

		if (whole != (column->kind == MILP_WHOLE)) {
			whole = !whole;
			put_marker(to, whole ? "INTORG" : "INTEND");
		}
		fputc(' ', to);
		put_name(to, 'c', c, column->name);
		put_value(to, "cost", 0, NULL, column->cost * factor);
		for (size_t i = at[c]; i < at[c + 1]; i++) {
			fputc(' ', to);
			put_name(to, 'c', c, column->name);
			put_value(to, "r", row[order[i]], m->rows[row[order[i]]].name,
				m->coefficients[order[i]].factor);
		}
	}
	if (whole)
		put_marker(to, "INTEND");
	free(at);
	free(order);
	free(row);
}

static void put_sides(FILE *to, const struct milp *m)
{
	fputs("RHS\n", to);
	for (size_t r = 0; r < m->n_rows; r++) {
		const struct row *row = &m->rows[r];

		if (is_free(row))
			continue;
		fputs(" RHS", to);
		put_value(to, "r", r, row->name, row->hi == HUGE_VAL ? row->lo : row->hi);
	}
	fputs("RANGES\n", to);
	for (size_t r = 0; r < m->n_rows; r++) {
		const struct row *row = &m->rows[r];

		if (row->lo == -HUGE_VAL || row->hi == HUGE_VAL || row->lo == row->hi)
			continue;
		fputs(" RANGE", to);
		put_value(to, "r", r, row->name, row->hi - row->lo);
	}
}

static void put_bound(
	FILE *to, const char *type, size_t c, const struct column *column, const double *value)
{
	fprintf(to, " %s BOUND ", type);
	put_name(to, 'c', c, column->name);
	if (value)
		fprintf(to, " %.17g", *value);
	fputc('\n', to);
}

/* All of them: what a reader takes for granted differs. */
static void put_bounds(FILE *to, const struct milp *m)
{
	fputs("BOUNDS\n", to);
	for (size_t c = 0; c < m->n_columns; c++) {
		const struct column *column = &m->columns[c];

		if (column->lo == column->hi) {
			put_bound(to, "FX", c, column, &column->lo);
		} else if (column->lo == -HUGE_VAL && column->hi == HUGE_VAL) {
			put_bound(to, "FR", c, column, NULL);
		} else {
			if (column->lo == -HUGE_VAL)
				put_bound(to, "MI", c, column, NULL);
			else
				put_bound(to, "LO", c, column, &column->lo);
			if (column->hi == HUGE_VAL)
				put_bound(to, "PL", c, column, NULL);
			else
				put_bound(to, "UP", c, column, &column->hi);
		}
	}
}

bool milp_put_mps(const struct milp *m, const char *file, double factor, struct err *err)
{
	char shown[QUOTE_SIZE];
	FILE *to = fopen(file, "w");
	bool ok;

	if (!to)
		return err_run(err, "cannot write %s: %s", quote(shown, sizeof shown, file),
			strerror(errno));
	fputs("NAME program FREE\n", to);
	put_rows(to, m);
	put_columns(to, m, factor);
	put_sides(to, m);
	put_bounds(to, m);
	fputs("ENDATA\n", to);
	ok = !ferror(to);
	if (fclose(to) != 0 || !ok)
		return err_run(err, "cannot write %s: %s", quote(shown, sizeof shown, file),
			strerror(errno));
	return true;
}

bool milp_write_mps(const struct milp *m, const char *file, struct err *err)
{
	const struct milp_limits none = {0};

	return milp_sound(m, &none, err) && milp_put_mps(m, file, 1.0, err);
}
