#ifndef OFFING_IO_TEXT_ROW_READER_H
#define OFFING_IO_TEXT_ROW_READER_H

#include "io/text/csv.h"

/**
 * Rows of named values, one dialect for all (docs/formats.md): CSV with a heading (csv.h), or
 * JSON lines, an object each, in which a name with dots is that of a nested member, blank lines
 * are skipped, a value may be in quotes, and null is one that is not there. Names come in any
 * order, with others among them; what is missing is named with what is there.
 */
enum row_shape { ROWS_CSV, ROWS_JSON };

struct row_reader {
	struct csv_reader csv; /* of JSON only its lines, the line and the columns */
	enum row_shape shape;
};

/** Open @file and, of CSV, read its heading. @columns[0..@n) outlive the reader, at most
 *  CSV_COLUMNS; @who needs them: "format csv". On false nothing needs closing. */
MUST_CHECK bool row_reader_open(struct row_reader *r, enum row_shape shape, const char *file,
	struct line_limits limits, const struct csv_column *columns, size_t n, const char *who,
	struct src_pos at, struct err *err);
void row_reader_close(struct row_reader *r);

/** 1: @value[i] is what the next row has in column i (n 0: nothing, or null), until the next call;
 *  0: the end of the file; -1: see @err. Lists and objects come as written. */
int row_reader_next(struct row_reader *r, struct str value[CSV_COLUMNS], struct err *err);

/** Number of the line in hand. */
unsigned row_reader_line(const struct row_reader *r);

/** Where @value[@column] of the row in hand stands; where it is not there, the row. */
struct src_pos row_reader_pos(const struct row_reader *r, struct str value);

/** "NAME must be RULE, not 'TEXT'", at the value of column @column. Always false. */
bool row_reader_refuse(const struct row_reader *r, size_t column, struct str value,
	const char *rule, struct err *err);

/** The same for a time that is none in its unit; says so where it looks like one of another
 *  unit, counted from 1970. */
bool row_reader_refuse_time(const struct row_reader *r, size_t column, struct str value,
	const char *rule, struct err *err);

#endif
