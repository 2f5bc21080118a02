#ifndef OFFING_IO_RESULTS_ROWS_H
#define OFFING_IO_RESULTS_ROWS_H

#include "io/results/inside.h"

/**
 * The rows that answer a question to results.sqlite.
 *
 *	if (!rows_of_run(&q, r, run, "SELECT ... WHERE run = ?1", err))
 *		return false;
 *	while (rows_next(&q))
 *		... rows_text(&q, 0) ...
 *	return rows_end(&q, err);
 *
 * What else is asked for is bound to @st before the first row.
 */
struct rows {
	struct results *r;
	sqlite3_stmt *st;
	int rc;
};

/** Set @err to what SQLite says; false. */
bool results_fail(const struct results *r, struct err *err);

/** On false there is nothing to end. */
MUST_CHECK bool rows_of_all(struct rows *q, struct results *r, const char *sql, struct err *err);
/** Of @run, whose id is ?1. */
MUST_CHECK bool rows_of_run(
	struct rows *q, struct results *r, size_t run, const char *sql, struct err *err);
/** The same for what an earlier version may not have written: ERR_INPUT then. */
MUST_CHECK bool rows_of_newer_run(
	struct rows *q, struct results *r, size_t run, const char *sql, struct err *err);

bool rows_next(struct rows *q);
/** Due also where not all of them were looked at. False: they could not be read. */
MUST_CHECK bool rows_end(struct rows *q, struct err *err);

/** A column of text, that lives as long as the results; "" where it is NULL. */
const char *rows_text(const struct rows *q, int column);
/** NaN where it is NULL. */
double rows_number(const struct rows *q, int column);

/** What was gathered in @list, which is freed, to live as long as @r. */
void *rows_keep(struct results *r, void *list, size_t n, size_t size);

#endif
