/* A table in LaTeX, with the rules of the package booktabs. */
#include <stdlib.h>
#include <string.h>

#include "cli/table.h"

/** Text that LaTeX prints as it is; what UTF-8 has beyond ASCII it reads itself. */
static void put(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (strchr("&%$#_{}", *text))
			fprintf(to, "\\%c", *text);
		else if (*text == '\\')
			fputs("\\textbackslash{}", to);
		else if (*text == '~')
			fputs("\\textasciitilde{}", to);
		else if (*text == '^')
			fputs("\\textasciicircum{}", to);
		else if (strchr("<>|", *text))
			fprintf(to, "$%c$", *text);
		else
			fputc(*text, to);
	}
}

/** In a comment, which ends with its line. */
static void put_comment(FILE *to, const char *text)
{
	fputs("% ", to);
	for (; *text; text++)
		fputc(*text == '\n' ? ' ' : *text, to);
	fputc('\n', to);
}

/** A number in mathematics: 1.2e+09 as 1.2 \times 10^{9}. */
static void put_number(FILE *to, const char *text)
{
	const char *e = strchr(text, 'e');

	if (e)
		fprintf(to, "%.*s \\times 10^{%d}", (int)(e - text), text, atoi(e + 1));
	else
		fputs(text, to);
}

static void put_cell(FILE *to, const struct table_cell *at)
{
	if (at->word) {
		put(to, strcmp(at->word, "-") == 0 ? "--" : at->word);
	} else {
		fputc('$', to);
		put_number(to, at->is.mean);
		fputs(*at->is.half ? " \\pm " : "", to);
		put_number(to, at->is.half);
		fputc('$', to);
	}
	fputs(*at->mark ? "$^{*}$" : "", to); /* apart: a power has one superscript already */
}

/* Headings */

static size_t n_labels(const struct table *t)
{
	const size_t keys = query_rows(t->q)->n_keys;

	return keys ? keys : 1; /* an empty one */
}

static void skip_labels(FILE *to, struct table *t)
{
	for (size_t k = 0; k < n_labels(t); k++)
		fputs(k ? " & " : "", to);
}

/** The names of the keys of columns, above all of these. */
static void print_keys(FILE *to, struct table *t)
{
	const struct query_axis *cols = query_cols(t->q);

	if (cols->n_keys == 0)
		return;
	skip_labels(to, t);
	fprintf(to, " & \\multicolumn{%zu}{c}{", t->n_columns);
	for (size_t k = 0; k < cols->n_keys; k++) {
		fputs(k ? ", " : "", to);
		put(to, cols->keys[k].name);
	}
	fprintf(to, "} \\\\\n\\cmidrule(lr){%zu-%zu}\n", n_labels(t) + 1,
		n_labels(t) + t->n_columns);
}

static size_t end_of_span(struct table *t, size_t c, size_t k)
{
	do
		c++;
	while (c < t->n_columns && table_continues(t, c, k));
	return c;
}

static void print_spans(FILE *to, struct table *t, size_t k)
{
	skip_labels(to, t);
	for (size_t c = 0, end; c < t->n_columns; c = end) {
		end = end_of_span(t, c, k);
		fprintf(to, " & \\multicolumn{%zu}{c}{", end - c);
		put(to, table_heading(t, c, k));
		fputc('}', to);
	}
	fputs(" \\\\\n", to);
	for (size_t c = 0, end; c < t->n_columns; c = end) {
		end = end_of_span(t, c, k);
		fprintf(to, "\\cmidrule(lr){%zu-%zu}", n_labels(t) + c + 1, n_labels(t) + end);
	}
	fputc('\n', to);
}

static void print_headings(FILE *to, struct table *t)
{
	const struct query_axis *rows = query_rows(t->q), *cols = query_cols(t->q);
	const bool by_metric = t->n_metrics > 1 || cols->n_keys == 0;

	print_keys(to, t);
	for (size_t k = 0; k + !by_metric < cols->n_keys; k++)
		print_spans(to, t, k);
	for (size_t k = 0; k < rows->n_keys; k++) {
		fputs(k ? " & " : "", to);
		put(to, rows->keys[k].name);
	}
	for (size_t c = 0; c < t->n_columns; c++) {
		fputs(" & ", to);
		put(to, by_metric ? table_metric(t, c % t->n_metrics)
				  : table_heading(t, c, cols->n_keys - 1));
	}
	fputs(" \\\\\n", to);
}

/* All of it */

static void print_row(FILE *to, struct table *t, size_t r)
{
	for (size_t k = 0; k < query_rows(t->q)->n_keys; k++) {
		fputs(k ? " & " : "", to);
		put(to, table_label(t, r, k));
	}
	for (size_t c = 0; c < t->n_columns; c++) {
		fputs(" & ", to);
		put_cell(to, table_at(t, r, c));
	}
	fputs(" \\\\\n", to);
}

void table_print_latex(FILE *to, struct table *t)
{
	const struct query_axis *rows = query_rows(t->q);

	put_comment(to, t->caption);
	for (size_t i = 0; i < t->n_notes; i++)
		put_comment(to, t->notes[i]);
	put_comment(to, "\\usepackage{booktabs}");
	fputs("\\begin{tabular}{", to);
	for (size_t k = 0; k < n_labels(t); k++)
		fputc(rows->n_keys && rows->keys[k].numeric ? 'r' : 'l', to);
	for (size_t c = 0; c < t->n_columns; c++)
		fputc('r', to);
	fputs("}\n\\toprule\n", to);
	print_headings(to, t);
	fputs("\\midrule\n", to);
	for (size_t r = 0; r < t->n_rows; r++)
		print_row(to, t, r);
	fputs("\\bottomrule\n\\end{tabular}\n", to);
}
