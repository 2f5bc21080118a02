#ifndef OFFING_CLI_TABLE_H
#define OFFING_CLI_TABLE_H

#include <stdio.h>

#include "base/mem.h"
#include "cli/cell.h"
#include "io/results/query.h"

/** What `offing table` prints: a query as cells of text, laid out once for every format. */

struct table_cell {
	struct cell is;
	const char *word; /* in its place: "no run", "stable"; NULL: none */
	const char *mark; /* behind it: "*" where the run is not complete, or "" */
};

/** A column is for one place on the axis of columns, and one metric. */
struct table {
	struct arena arena;
	const struct query *q;
	size_t n_rows, n_columns, n_metrics;
	bool same_name, same_scope;     /* of all metrics */
	const struct table_cell *cells; /* [row][column] */
	/** What every cell is, in words: "e2e.mean_s (s), mean ± half-width of the 95 % interval
	 * over 10 replications". */
	const char *caption;
	/** What a reader must know of some cells, a sentence each. */
	size_t n_notes, notes_cap;
	const char **notes;
};

/** All is borrowed from @q. Free with table_finish(). */
void table_make(struct table *out, const struct query *q);
void table_finish(struct table *t);

static inline const struct table_cell *table_at(const struct table *t, size_t row, size_t column)
{
	return &t->cells[row * t->n_columns + column];
}

/** What stands in a row before its cells: its value of key @k; "-" where the run has no such. */
const char *table_label(struct table *t, size_t row, size_t k);
/** The value of key @k that @column is for. */
const char *table_heading(struct table *t, size_t column, size_t k);
/** What tells @metric from the others: its name, its scope, or both. */
const char *table_metric(struct table *t, size_t metric);
/** Whether @column has the same values as the one before it up to and with key @k. */
bool table_continues(struct table *t, size_t column, size_t k);

/* a file each */
void table_print_text(FILE *to, struct table *t);
void table_print_markdown(FILE *to, struct table *t);
void table_print_latex(FILE *to, struct table *t);
void table_print_csv(FILE *to, struct table *t);

#endif
