/* A table in Markdown, as GitHub and pandoc read it. */
#include <ctype.h>
#include <string.h>

#include "cli/table.h"

static bool in_word(const char *at, const char *start)
{
	return at > start && isalnum((unsigned char)at[-1]) && isalnum((unsigned char)at[1]);
}

/** What would end a cell or be taken as a mark is told to be itself. */
static void put(FILE *to, const char *text)
{
	for (const char *at = text; *at; at++) {
		if (strchr("\\`*|<[~", *at) || (*at == '_' && !in_word(at, text)))
			fputc('\\', to);
		fputc(*at, to);
	}
}

/** In one line of headings: "10 Mbps, e2e.mean_s (s)". */
static void put_heading(FILE *to, struct table *t, size_t c)
{
	const size_t keys = query_cols(t->q)->n_keys;

	for (size_t k = 0; k < keys; k++) {
		fputs(k ? ", " : "", to);
		put(to, table_heading(t, c, k));
	}
	if (t->n_metrics > 1 || keys == 0) {
		fputs(keys ? ", " : "", to);
		put(to, table_metric(t, c % t->n_metrics));
	}
}

static void print_headings(FILE *to, struct table *t)
{
	const struct query_axis *rows = query_rows(t->q);

	fputc('|', to);
	for (size_t k = 0; k < rows->n_keys; k++) {
		fputc(' ', to);
		put(to, rows->keys[k].name);
		fputs(" |", to);
	}
	for (size_t c = 0; c < t->n_columns; c++) {
		fputc(' ', to);
		put_heading(to, t, c);
		fputs(" |", to);
	}
	fputs("\n|", to);
	for (size_t k = 0; k < rows->n_keys; k++)
		fputs(rows->keys[k].numeric ? "---:|" : ":---|", to);
	for (size_t c = 0; c < t->n_columns; c++)
		fputs("---:|", to);
	fputc('\n', to);
}

static void put_cell(FILE *to, const struct table_cell *at)
{
	if (at->word)
		put(to, at->word);
	else
		fprintf(to, "%s%s%s", at->is.mean, *at->is.half ? " ± " : "", at->is.half);
	put(to, at->mark);
}

static void print_row(FILE *to, struct table *t, size_t r)
{
	const size_t keys = query_rows(t->q)->n_keys;

	fputc('|', to);
	for (size_t k = 0; k < keys; k++) {
		fputc(' ', to);
		put(to, table_label(t, r, k));
		fputs(" |", to);
	}
	for (size_t c = 0; c < t->n_columns; c++) {
		fputc(' ', to);
		put_cell(to, table_at(t, r, c));
		fputs(" |", to);
	}
	fputc('\n', to);
}

/** "; columns: links.wan.rate, policy" */
static void put_keys(FILE *to, const struct query_axis *cols)
{
	for (size_t k = 0; k < cols->n_keys; k++) {
		fputs(k ? ", " : "; columns: ", to);
		put(to, cols->keys[k].name);
	}
}

void table_print_markdown(FILE *to, struct table *t)
{
	put(to, t->caption);
	put_keys(to, query_cols(t->q));
	fputs("\n\n", to);
	print_headings(to, t);
	for (size_t r = 0; r < t->n_rows; r++)
		print_row(to, t, r);
	for (size_t i = 0; i < t->n_notes; i++) {
		fputc('\n', to);
		put(to, t->notes[i]);
		fputc('\n', to);
	}
}
