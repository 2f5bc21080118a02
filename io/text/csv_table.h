#ifndef OFFING_IO_TEXT_CSV_TABLE_H
#define OFFING_IO_TEXT_CSV_TABLE_H

#include "base/err.h"
#include "base/mem.h"

/**
 * A table as text whose columns are not known before, as a whole: the dialect
 * is that of csv.h, and doubled quotes are single ones again. Names of columns
 * are not empty and differ.
 */
struct csv_cell {
	const char *text; /* "" when there is nothing between the commas */
	struct src_pos at;
};

struct csv_table {
	size_t n_columns, n_rows, cap_rows;
	struct csv_cell *heading; /* [n_columns] */
	struct csv_cell **rows;   /* [n_rows][n_columns] */
	struct arena arena;       /* all but @rows */
};

/** Read @file, which is asked for at @at, of at most @most_rows rows. Places borrow its name. On
 *  false @t needs no csv_table_finish(). */
MUST_CHECK bool csv_table_read(struct csv_table *t, const char *file, unsigned most_rows,
	struct src_pos at, struct err *err);
void csv_table_finish(struct csv_table *t);

#endif
