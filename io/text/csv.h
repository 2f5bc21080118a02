#ifndef OFFING_IO_TEXT_CSV_H
#define OFFING_IO_TEXT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "io/text/line_reader.h"

/**
 * Tables as text: a first line that names the columns, in any order and with
 * others among them, then rows with as many fields. Fields are separated by
 * commas, blanks around them do not count, and quotes may stand around them (a
 * quoted field may hold commas, but not the end of a line). Blank lines are
 * skipped.
 *
 * The heading is refused for all that is wrong with it at once: columns that
 * are missing, with those that are there; one that is there twice; semicolons
 * or tabs in place of commas. A name that resembles a missing one is pointed out.
 */

enum csv_need {
	CSV_NEEDED,
	CSV_ONE_OF, /* of all such columns exactly one must be there */
	CSV_OPTIONAL,
};

struct csv_column {
	const char *name;
	enum csv_need need;
};

enum { CSV_COLUMNS = 16 }; /* that can be asked for */

struct csv_reader {
	struct line_reader lines;
	struct str line; /* of the row in hand */
	const struct csv_column *columns;
	size_t n_columns;       /* asked for */
	size_t at[CSV_COLUMNS]; /* where they stand; SIZE_MAX: not there */
	size_t n_fields;        /* of every row */
};

/** Open @file and read its heading. @columns[0..@n) outlive the reader; @who needs them: "format
 *  csv". On false nothing needs closing. */
MUST_CHECK bool csv_open(struct csv_reader *r, const char *file, struct line_limits limits,
	const struct csv_column *columns, size_t n, const char *who, struct src_pos at,
	struct err *err);
void csv_close(struct csv_reader *r);

/** "semicolons" when a line is separated by them, or by tabs, in place of commas; else NULL. */
const char *csv_other_separator(struct str line);

/** 1: @value[i] is what the next row has in column i (empty when it is not there), until the next
 *  call; 0: the end of the file; -1: see @err. */
int csv_next(struct csv_reader *r, struct str value[CSV_COLUMNS], struct err *err);

/** Cut the field before the next comma off *@rest, which starts as a whole line: 1; 0: there is
 *  none left; -1: *@why says why not. Quotes around it are gone, doubled ones stay doubled. */
int csv_cut(struct str *rest, struct str *field, const char **why);

/** @text as a field in quotes, those in it doubled. Which fields need them is of who writes. */
void csv_print_quoted(FILE *to, const char *text);

#endif
