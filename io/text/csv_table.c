#include "io/text/csv_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "io/text/csv.h"

enum { MOST_COLUMNS = 1000, MOST_BYTES = 256 << 20 };

static const char *without_doubled(struct arena *a, struct str field)
{
	char *copy = arena_alloc(a, field.n + 1, 1), *to = copy;

	for (size_t i = 0; i < field.n; i++) {
		*to++ = field.s[i];
		if (field.s[i] == '"' && i + 1 < field.n && field.s[i + 1] == '"')
			i++;
	}
	return copy;
}

static const char *cell_text(struct arena *a, struct str line, struct str field)
{
	if (field.n > 0 && field.s > line.s && field.s[-1] == '"')
		return without_doubled(a, field);
	return arena_printf(a, "%.*s", (int)field.n, field.s ? field.s : "");
}

/* The cells of the line in hand into @cells, which has room for @room of them; *@n: how many. */
static bool cut_line(struct csv_table *t, const struct line_reader *r, struct str line,
	struct csv_cell *cells, size_t room, size_t *n, struct err *err)
{
	struct str rest = line, field;
	const char *why, *from = line.s;
	int got;

	for (*n = 0; (got = csv_cut(&rest, &field, &why)) > 0; from = rest.s, ++*n) {
		if (*n == room)
			continue;
		cells[*n].text = cell_text(&t->arena, line, field);
		cells[*n].at = line_reader_pos(r, line, field.s ? field.s : line.s + line.n);
	}
	if (got < 0)
		return err_at(err, line_reader_pos(r, line, from), "%s", why);
	return line_reader_shows(r, line, line, err);
}

static bool check_heading(const struct csv_table *t, struct err *err)
{
	char quoted[QUOTE_SIZE];

	for (size_t i = 0; i < t->n_columns; i++) {
		if (!t->heading[i].text[0])
			return err_at(err, t->heading[i].at, "column %zu has no name", i + 1);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(t->heading[i].text, t->heading[k].text))
				return err_at(err, t->heading[i].at, "column '%s' is there twice",
					quote(quoted, sizeof quoted, t->heading[i].text));
	}
	return true;
}

static bool read_heading(struct csv_table *t, struct line_reader *r, struct err *err)
{
	struct str line;
	int got = line_reader_next_text(r, &line, err);

	if (got <= 0)
		return got == 0 && err_at(err, (struct src_pos){r->file, 1, 1}, "file is empty");
	t->heading = arena_alloc(&t->arena, MOST_COLUMNS, sizeof *t->heading);
	if (!cut_line(t, r, line, t->heading, MOST_COLUMNS, &t->n_columns, err))
		return false;
	if (t->n_columns > MOST_COLUMNS)
		return err_at(err, t->heading[0].at, "more than %d columns", MOST_COLUMNS);
	return check_heading(t, err);
}

static bool add_row(
	struct csv_table *t, const struct line_reader *r, struct str line, struct err *err)
{
	struct csv_cell *cells = arena_alloc(&t->arena, t->n_columns, sizeof *cells);
	size_t n;

	if (!cut_line(t, r, line, cells, t->n_columns, &n, err))
		return false;
	if (n != t->n_columns)
		return err_at(err, cells[0].at, "row has %zu field%s, not %zu as the first line", n,
			n == 1 ? "" : "s", t->n_columns);
	t->rows = mem_grow(t->rows, t->n_rows, &t->cap_rows, sizeof *t->rows);
	t->rows[t->n_rows++] = cells;
	return true;
}

static bool read_all(
	struct csv_table *t, struct line_reader *r, unsigned most_rows, struct err *err)
{
	struct str line;
	int got;

	if (!read_heading(t, r, err))
		return false;
	while ((got = line_reader_next_text(r, &line, err)) > 0) {
		if (t->n_rows == most_rows)
			return err_at(err, line_reader_pos(r, line, line.s),
				"file has more than %u rows", most_rows);
		if (!add_row(t, r, line, err))
			return false;
	}
	return got == 0;
}

bool csv_table_read(struct csv_table *t, const char *file, unsigned most_rows, struct src_pos at,
	struct err *err)
{
	struct line_reader r;
	bool ok;

	*t = (struct csv_table){0};
	if (!line_reader_open(&r, file, (struct line_limits){MOST_BYTES, 1u << 31}, at, err))
		return false;
	arena_init(&t->arena);
	ok = read_all(t, &r, most_rows, err);
	line_reader_close(&r);
	if (!ok)
		csv_table_finish(t);
	return ok;
}

void csv_table_finish(struct csv_table *t)
{
	free(t->rows);
	arena_finish(&t->arena);
	*t = (struct csv_table){0};
}
