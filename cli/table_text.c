/* A table for a terminal. */
#include <string.h>

#include "cli/table.h"
#include "cli/wrap.h"

enum { GAP = 3, NOTES_WIDTH = 100 };

struct widths {
	size_t *label;              /* [row key] */
	size_t *mean, *half, *mark; /* [column]; 0: none has one */
	size_t *column;             /* all of it */
	size_t labels;              /* with the gaps between */
};

/* How wide */

static size_t cell_width(const struct widths *w, size_t c)
{
	return w->mean[c] + (w->half[c] ? w->half[c] + 3 : 0) + w->mark[c];
}

static const char *name_of(struct table *t, size_t c)
{
	const size_t keys = query_cols(t->q)->n_keys;

	if (t->n_metrics > 1 || keys == 0)
		return table_metric(t, c % t->n_metrics);
	return table_heading(t, c, keys - 1);
}

static void measure_cells(struct widths *w, const struct table *t)
{
	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t c = 0; c < t->n_columns; c++) {
			const struct table_cell *at = table_at(t, r, c);

			w->mark[c] = text_widen(w->mark[c], at->mark);
			if (at->word)
				continue;
			w->mean[c] = text_widen(w->mean[c], at->is.mean);
			w->half[c] = text_widen(w->half[c], at->is.half);
		}
	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t c = 0; c < t->n_columns; c++) {
			const struct table_cell *at = table_at(t, r, c);

			if (at->word && text_columns(at->word) + w->mark[c] > cell_width(w, c))
				w->mean[c] +=
					text_columns(at->word) + w->mark[c] - cell_width(w, c);
		}
}

static void measure(struct widths *w, struct table *t)
{
	const struct query_axis *rows = query_rows(t->q);

	w->label = arena_alloc(&t->arena, rows->n_keys, sizeof *w->label);
	w->mean = arena_alloc(&t->arena, t->n_columns, sizeof *w->mean);
	w->half = arena_alloc(&t->arena, t->n_columns, sizeof *w->half);
	w->mark = arena_alloc(&t->arena, t->n_columns, sizeof *w->mark);
	w->column = arena_alloc(&t->arena, t->n_columns, sizeof *w->column);
	for (size_t k = 0; k < rows->n_keys; k++) {
		w->label[k] = text_columns(rows->keys[k].name);
		for (size_t r = 0; r < t->n_rows; r++)
			w->label[k] = text_widen(w->label[k], table_label(t, r, k));
		w->labels += w->label[k] + (k + 1 < rows->n_keys ? 2 : 0);
	}
	measure_cells(w, t);
	for (size_t c = 0; c < t->n_columns; c++)
		w->column[c] = text_widen(cell_width(w, c), name_of(t, c));
}

/* Above the cells */

static void blank(FILE *to, size_t n)
{
	fprintf(to, "%*s", (int)n, "");
}

/** How far the columns that have the value of @c reach. */
static size_t span_of(struct table *t, const struct widths *w, size_t *c, size_t k)
{
	size_t width = w->column[*c];

	for ((*c)++; *c < t->n_columns && table_continues(t, *c, k); (*c)++)
		width += GAP + w->column[*c];
	return width;
}

/** Values of a key that several columns have, in the middle above them. */
static void print_spans(FILE *to, struct table *t, const struct widths *w, size_t k)
{
	struct text_line line;

	text_line_begin(&line);
	blank(line.out, w->labels);
	for (size_t c = 0; c < t->n_columns;) {
		const char *text = table_heading(t, c, k);
		size_t width, n = text_columns(text);

		width = span_of(t, w, &c, k);
		blank(line.out, GAP + (width > n ? (width - n) / 2 : 0));
		text_left(line.out, text, width > n ? width - (width - n) / 2 : n);
	}
	text_line_end(&line, to);
}

/** The names of the keys of columns, above them all. */
static void print_keys(FILE *to, struct table *t, const struct widths *w)
{
	const struct query_axis *cols = query_cols(t->q);

	if (cols->n_keys == 0)
		return;
	blank(to, w->labels + GAP);
	for (size_t k = 0; k < cols->n_keys; k++)
		fprintf(to, "%s%s", k ? ", " : "", cols->keys[k].name);
	fputc('\n', to);
}

static void print_heading(FILE *to, struct table *t, const struct widths *w)
{
	const struct query_axis *rows = query_rows(t->q), *cols = query_cols(t->q);
	const size_t spans = cols->n_keys - (t->n_metrics == 1 && cols->n_keys > 0);
	struct text_line line;

	print_keys(to, t, w);
	for (size_t k = 0; k < spans; k++)
		print_spans(to, t, w, k);
	text_line_begin(&line);
	for (size_t k = 0; k < rows->n_keys; k++)
		text_left(
			line.out, rows->keys[k].name, w->label[k] + (k + 1 < rows->n_keys ? 2 : 0));
	for (size_t c = 0; c < t->n_columns; c++) {
		blank(line.out, GAP);
		text_right(line.out, name_of(t, c), w->column[c]);
	}
	text_line_end(&line, to);
}

/* Cells */

/** A mark stands next to what it is of, whatever others in the column have there. */
static void print_cell(FILE *to, const struct table_cell *at, const struct widths *w, size_t c)
{
	const size_t behind = w->half[c] ? w->half[c] + 3 : 0;
	char rest[2 * CELL_SIZE];

	blank(to, GAP + w->column[c] - cell_width(w, c));
	if (at->word) {
		text_right(to, at->word, w->mean[c] + behind);
		text_left(to, at->mark, w->mark[c]);
		return;
	}
	text_right(to, at->is.mean, w->mean[c]);
	snprintf(rest, sizeof rest, "%s%s%s", *at->is.half ? " ± " : "", at->is.half, at->mark);
	text_left(to, rest, behind + w->mark[c]);
}

static void print_row(FILE *to, struct table *t, const struct widths *w, size_t r)
{
	const size_t keys = query_rows(t->q)->n_keys;
	struct text_line line;

	text_line_begin(&line);
	for (size_t k = 0; k < keys; k++)
		text_left(line.out, table_label(t, r, k), w->label[k] + (k + 1 < keys ? 2 : 0));
	for (size_t c = 0; c < t->n_columns; c++)
		print_cell(line.out, table_at(t, r, c), w, c);
	text_line_end(&line, to);
}

void table_print_text(FILE *to, struct table *t)
{
	struct wrap wrap = {.to = to, .width = NOTES_WIDTH};
	struct widths w = {0};

	measure(&w, t);
	wrap_printf(&wrap, "%s", t->caption);
	wrap_end(&wrap);
	fputc('\n', to);
	print_heading(to, t, &w);
	for (size_t r = 0; r < t->n_rows; r++)
		print_row(to, t, &w, r);
	for (size_t i = 0; i < t->n_notes; i++) {
		fputs(i == 0 ? "\n" : "", to);
		wrap_printf(&wrap, "%s", t->notes[i]);
		wrap_end(&wrap);
	}
}
