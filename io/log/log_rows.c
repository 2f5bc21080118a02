/* Requests as they are read, whatever the form of the log. */
#include "io/log/log_parts.h"

bool log_add(struct log_rows *rows, const struct served_request *r, struct err *err)
{
	struct src_pos at = {rows->file, r->line, r->col};

	if (r->first_ns <= r->arrival_ns)
		return err_at(err, at,
			"the first token must come after the arrival, not %g s before it",
			1e-9 * (double)(r->arrival_ns - r->first_ns));
	if (r->end_ns < r->first_ns)
		return err_at(err, at, "the end must not be before the first token, %g s here",
			1e-9 * (double)(r->first_ns - r->end_ns));
	rows->at = mem_grow(rows->at, rows->n, &rows->cap, sizeof *rows->at);
	rows->at[rows->n++] = *r;
	return true;
}

void log_place(struct served_request *r, const struct row_reader *rows, struct str value)
{
	struct src_pos at = row_reader_pos(rows, value);

	r->line = at.line;
	r->col = at.col;
}
