/* Tables of Markdown: sorted by numbers where a column has them. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/report/html.h"
#include "io/report/markdown_parts.h"

enum { COLUMNS = 64, TALL = 30, LONG = 48 };

struct columns {
	size_t n;
	bool right[COLUMNS];
};

/** The cells of a line; -1: too many. */
static int split(struct str cell[COLUMNS], struct str line)
{
	size_t from = 1;
	int n = 0;

	line = str_trim(line);
	for (size_t i = 1; i <= line.n; i++) {
		if (i < line.n && line.s[i] == '\\') {
			i++;
		} else if (i == line.n || line.s[i] == '|') {
			if (i == line.n && from >= line.n)
				break;
			if (n == COLUMNS)
				return -1;
			cell[n++] = str_trim((struct str){line.s + from, i - from});
			from = i + 1;
		}
	}
	return n;
}

static bool read_rule(struct columns *c, struct markdown *m, struct str line)
{
	struct str cell[COLUMNS];
	const int n = split(cell, line);

	for (int i = 0; i < n; i++) {
		struct str x = cell[i];

		if (x.n == 0 || strspn(x.s, ":-") < x.n || !memchr(x.s, '-', x.n))
			return markdown_fail(
				m, line.s, "below a table's heading is a line of |---|");
		c->right[i] = x.s[x.n - 1] == ':' && *x.s != ':';
	}
	return n == (int)c->n ||
	       markdown_fail(m, line.s, "a line of %d cells below a heading of %zu", n, c->n);
}

/** What the cell sorts by: its number, with what may stand behind one; NaN: it is text. */
static double number_of(struct str cell)
{
	static const char *const behind[] = {"\xc2\xb1", "%", "(", "x", "\xc3\x97"};
	char text[80], *end;
	const char *s = text;
	double x;

	while (cell.n > 0 && *cell.s == '*')
		cell = (struct str){cell.s + 1, cell.n - 1};
	if (cell.n == 0 || cell.n >= sizeof text)
		return (double)NAN;
	snprintf(text, sizeof text, "%.*s", (int)cell.n, cell.s);
	if (!isdigit((unsigned char)s[strspn(s, "+-.")]) || strncmp(s, "0x", 2) == 0)
		return (double)NAN;
	x = strtod(s, &end);
	if (end == s)
		return (double)NAN;
	end += strspn(end, "* ");
	for (size_t i = 0; i < sizeof behind / sizeof *behind; i++)
		if (strncmp(end, behind[i], strlen(behind[i])) == 0)
			return x;
	return *end == '\0' ? x : (double)NAN;
}

static bool put_cell(struct markdown *m, struct str text, bool right)
{
	const double x = number_of(text);
	bool ok = true;

	fputs("<td", m->to);
	if (right || text.n > LONG)
		html_attr(m->to, "class", right ? "n" : "text");
	html_attr_number(m->to, "data-v", x);
	fputc('>', m->to);
	if (str_eq(text, "-"))
		fputs("\xe2\x80\x93", m->to);
	else
		ok = markdown_inline(m, text);
	fputs("</td>", m->to);
	return ok;
}

static bool put_head(struct columns *c, struct markdown *m, struct str heading, struct str rule)
{
	struct str cell[COLUMNS];
	const int n = split(cell, heading);

	if (n <= 0)
		return markdown_fail(m, heading.s, "a table has 1 to %d columns", COLUMNS);
	c->n = (size_t)n;
	if (!read_rule(c, m, rule))
		return false;
	fputs("<thead><tr>", m->to);
	for (int i = 0; i < n; i++) {
		fprintf(m->to, "<th scope=\"col\"%s><span>", c->right[i] ? " class=\"n\"" : "");
		if (!markdown_inline(m, cell[i]))
			return false;
		fputs("</span></th>", m->to);
	}
	fputs("</tr></thead>\n<tbody>\n", m->to);
	return true;
}

static bool put_row(struct markdown *m, const struct columns *c, struct str line)
{
	struct str cell[COLUMNS];
	const int n = split(cell, line);

	if (n != (int)c->n)
		return markdown_fail(m, line.s, "a row of %d cells in a table of %zu columns",
			n < 0 ? COLUMNS + 1 : n, c->n);
	fputs("<tr>", m->to);
	for (int i = 0; i < n; i++)
		if (!put_cell(m, cell[i], c->right[i]))
			return false;
	fputs("</tr>\n", m->to);
	return true;
}

bool markdown_table(struct markdown *m, struct str text)
{
	struct str heading, rule, line;
	struct columns c = {0};
	size_t rows = 0;

	text = str_trim(text);
	for (size_t i = 0; i < text.n; i++)
		rows += text.s[i] == '\n';
	if (!str_split(&text, '\n', &heading) || !str_split(&text, '\n', &rule))
		return markdown_fail(m, heading.s, "below a table's heading is a line of |---|");
	fprintf(m->to,
		"<div class=\"table%s\" role=\"region\" tabindex=\"0\" aria-label=\"Table\">\n"
		"<table class=\"sorts\">\n",
		rows > TALL ? " tall" : "");
	if (!put_head(&c, m, heading, rule))
		return false;
	while (str_split(&text, '\n', &line))
		if (!put_row(m, &c, line))
			return false;
	fputs("</tbody>\n</table></div>\n", m->to);
	return true;
}
