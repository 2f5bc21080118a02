/* Tables of a page, and numbers that say where they come from. */
#include <math.h>
#include <string.h>

#include "io/report/html.h"
#include "io/report/page.h"

enum { TALL = 30 };

static void put_source(FILE *to, const struct page_source *s)
{
	if (s->folder > 0)
		fprintf(to, " data-folder=\"%zu\"", s->folder);
	if (s->run > 0)
		fprintf(to, " data-run=\"%zu\"", s->run);
	if (s->name)
		html_attr(to, "data-name", s->name);
	if (s->scope)
		html_attr(to, "data-scope", s->scope);
	if (s->column)
		html_attr(to, "data-column", s->column);
	if (s->among)
		html_attr(to, "data-among", s->among);
	if (s->scale > 0.0)
		html_attr_number(to, "data-scale", s->scale);
}

/** With a minus sign for a hyphen. */
static void put_number(FILE *to, const char *text)
{
	if (*text == '-' && text[1] != '\0') {
		fputs("\xe2\x88\x92", to);
		text++;
	}
	html_text(to, text);
}

static void put_value(FILE *to, const struct page_number *x)
{
	put_number(to, x->text);
	if (*x->half) {
		fputs("<i> ± ", to);
		html_text(to, x->half);
		fputs("</i>", to);
	}
}

static void put_heading(FILE *to, const struct page_column *c)
{
	fputs("<th scope=\"col\"", to);
	if (c->number || c->pin)
		html_attr(to, "class", c->number ? "n" : "pin");
	if (c->hint)
		html_attr(to, "title", c->hint);
	put_source(to, &c->from);
	fputs("><span>", to);
	html_text(to, c->title);
	fputs("</span>", to);
	if (*c->unit) {
		fputs("<small>", to);
		html_text(to, c->unit);
		fputs("</small>", to);
	}
	fputs("</th>", to);
}

void page_table(struct page *p, const char *label, size_t n_columns,
	const struct page_column *columns, size_t n_rows, bool sorts)
{
	FILE *to = page_out(p);

	fprintf(to, "<div class=\"table%s\" role=\"region\" tabindex=\"0\"",
		n_rows > TALL ? " tall" : "");
	html_attr(to, "aria-label", label);
	fprintf(to, ">\n<table%s>\n<thead><tr>", sorts ? " class=\"sorts\"" : "");
	for (size_t i = 0; i < n_columns; i++)
		put_heading(to, &columns[i]);
	fputs("</tr></thead>\n<tbody>\n", to);
}

void page_row(struct page *p, const char *css, const struct page_source *from)
{
	FILE *to = page_out(p);

	fputs("<tr", to);
	if (*css)
		html_attr(to, "class", css);
	put_source(to, from);
	fputc('>', to);
}

void page_name_cell(struct page *p, const char *css, const char *text)
{
	FILE *to = page_out(p);

	fputs("<th scope=\"row\"", to);
	if (*css)
		html_attr(to, "class", css);
	fputc('>', to);
	html_text(to, text);
	fputs("</th>", to);
}

void page_group_row(struct page *p, const char *text, size_t n_columns)
{
	fprintf(page_out(p), "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"%zu\"><span>",
		n_columns);
	html_text(page_out(p), text);
	fputs("</span></th></tr>\n", page_out(p));
}

void page_line_cell(struct page *p, const char *label, const char *unit)
{
	fputs("<th scope=\"row\" class=\"pin line\">", page_out(p));
	html_text(page_out(p), label);
	if (*unit) {
		fputs(" <small>", page_out(p));
		html_text(page_out(p), unit);
		fputs("</small>", page_out(p));
	}
	fputs("</th>", page_out(p));
}

void page_cell(struct page *p, const char *text)
{
	FILE *to = page_cell_begin(p);

	html_text(to, text);
	page_cell_end(p);
}

void page_short_cell(struct page *p, const char *text)
{
	fputs("<td class=\"short\">", page_out(p));
	html_text(page_out(p), text);
	page_cell_end(p);
}

FILE *page_cell_begin(struct page *p)
{
	fputs("<td>", page_out(p));
	return page_out(p);
}

void page_cell_end(struct page *p)
{
	fputs("</td>", page_out(p));
}

void page_number_cell(struct page *p, const struct page_number *x)
{
	const bool bar = isfinite(x->bar);
	FILE *to = page_out(p);

	fprintf(to, "<td class=\"n%s%s\"", x->top ? " top" : "", bar ? " bars" : "");
	html_attr_number(to, "data-v", x->value);
	put_source(to, &x->from);
	if (bar)
		fprintf(to, " style=\"--w:%.1f%%\"", 100.0 * fmin(fmax(x->bar, 0.0), 1.0));
	fputc('>', to);
	put_value(to, x);
	if (x->word) {
		fputc(' ', to);
		page_word(to, x->css, x->word);
	}
	fputs("</td>", to);
}

void page_row_end(struct page *p)
{
	fputs("</tr>\n", page_out(p));
}

void page_table_end(struct page *p)
{
	fputs("</tbody>\n</table>\n</div>\n", page_out(p));
}

void page_data(FILE *to, const struct page_number *x, const char *unit)
{
	fputs("<data", to);
	html_attr_number(to, "value", x->value);
	put_source(to, &x->from);
	fputc('>', to);
	put_value(to, x);
	fputs("</data>", to);
	if (*unit) {
		fputs("&#160;<span class=\"unit\">", to);
		html_text(to, unit);
		fputs("</span>", to);
	}
}
