/* Blocks of Markdown: what follows one another of one kind of lines. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "io/report/html.h"
#include "io/report/markdown_parts.h"

enum kind { BLANK, HEADING, FENCE, ROW, QUOTE, ITEM, TEXT };

static size_t indent(struct str line)
{
	size_t n = 0;

	while (n < line.n && line.s[n] == ' ')
		n++;
	return n;
}

/** The length of the mark of an item, with the blank behind it; 0: it is none. */
static size_t item_mark(struct str line)
{
	size_t n = indent(line), digits = 0;

	while (n + digits < line.n && isdigit((unsigned char)line.s[n + digits]))
		digits++;
	n += digits;
	if (n + 1 >= line.n || line.s[n + 1] != ' ' || digits > 9 ||
		!strchr(digits > 0 ? ".)" : "-*+", line.s[n]))
		return 0;
	return n + 2;
}

static enum kind kind_of(struct str line)
{
	struct str s = str_trim(line);
	size_t marks = 0;

	while (marks < s.n && s.s[marks] == '#')
		marks++;
	if (s.n == 0)
		return BLANK;
	if (marks > 0 && marks <= 6 && (marks == s.n || s.s[marks] == ' '))
		return HEADING;
	if (s.n >= 3 && strncmp(s.s, "```", 3) == 0)
		return FENCE;
	if (*s.s == '|')
		return ROW;
	if (*s.s == '>')
		return QUOTE;
	return item_mark(line) > 0 ? ITEM : TEXT;
}

static struct str line_of(struct str text)
{
	const char *end = memchr(text.s, '\n', text.n);

	return (struct str){text.s, end ? (size_t)(end - text.s) : text.n};
}

/** What follows @line, the first of @text. */
static struct str behind(struct str text, struct str line)
{
	const size_t n = line.n < text.n ? line.n + 1 : line.n;

	return (struct str){text.s + n, text.n - n};
}

static struct str between(struct str from, struct str rest)
{
	return (struct str){from.s, (size_t)(rest.s - from.s)};
}

/** Refuse what would be something that is not read. */
static bool check_text(struct markdown *m, struct str line, bool first)
{
	struct str s = str_trim(line), words, target;
	size_t n = 0;

	while (n < s.n && strchr("-=|: *_", s.s[n]))
		n++;
	if (n == s.n)
		return markdown_fail(m, s.s,
			"neither rules, nor underlined headings, nor tables without | in front are "
			"read");
	if (first && (indent(line) >= 4 || *line.s == '\t'))
		return markdown_fail(m, line.s, "code is read between lines of ```, not indented");
	if (*s.s == '[' && memmem(s.s, s.n, "]:", 2) && !markdown_link_at(s, &words, &target, &n))
		return markdown_fail(m, s.s, "links by reference are not read");
	return (s.n < 3 || strncmp(s.s, "~~~", 3) != 0) ||
	       markdown_fail(m, s.s, "code is read between lines of ```");
}

static bool put_heading(struct markdown *m, struct str line)
{
	struct str s = str_trim(line);
	size_t level = 0;
	bool ok;

	while (level < s.n && s.s[level] == '#')
		level++;
	s = str_trim((struct str){s.s + level, s.n - level});
	level = level < 2 ? 3 : level < 5 ? level + 1 : 6;
	fprintf(m->to, "<h%zu>", level);
	ok = markdown_inline(m, s);
	fprintf(m->to, "</h%zu>\n", level);
	return ok;
}

static bool put_fence(struct str *rest, struct markdown *m)
{
	struct str first = line_of(*rest), from, line;

	*rest = from = behind(*rest, first);
	while (rest->n > 0) {
		line = line_of(*rest);
		if (kind_of(line) == FENCE) {
			fputs("<pre tabindex=\"0\">", m->to);
			html_bytes(m->to, from.s, between(from, *rest).n);
			fputs("</pre>\n", m->to);
			*rest = behind(*rest, line);
			return true;
		}
		*rest = behind(*rest, line);
	}
	return markdown_fail(m, first.s, "``` is not closed");
}

/** Lines of one kind. */
static struct str take(struct str *rest, enum kind kind)
{
	struct str from = *rest;

	while (rest->n > 0 && kind_of(line_of(*rest)) == kind)
		*rest = behind(*rest, line_of(*rest));
	return between(from, *rest);
}

/** Is the line of a paragraph that was begun? "19. of May" starts no list there. */
static bool goes_on(struct str line)
{
	const char first = *str_trim(line).s;

	return kind_of(line) == TEXT || (kind_of(line) == ITEM && isdigit((unsigned char)first) &&
						strtol(str_trim(line).s, NULL, 10) != 1);
}

static bool put_paragraph(struct str *rest, struct markdown *m)
{
	struct str text, words, target, lines = *rest;
	size_t all;
	bool ok;

	while (rest->n > 0 && goes_on(line_of(*rest)))
		*rest = behind(*rest, line_of(*rest));
	text = between(lines, *rest);
	for (struct str line; lines.s < rest->s; lines = behind(lines, line)) {
		line = line_of(lines);
		if (!check_text(m, line, lines.s == text.s))
			return false;
	}
	text = str_trim(text);
	if (text.n > 2 && strncmp(text.s, "![", 2) == 0 &&
		markdown_link_at((struct str){text.s + 1, text.n - 1}, &words, &target, &all) &&
		all + 1 == text.n)
		return markdown_figure(m, words, target);
	fputs("<p>", m->to);
	ok = markdown_inline(m, text);
	fputs("</p>\n", m->to);
	return ok;
}

/** The text of an item goes on in lines that are indented. */
static bool put_item(struct str *rest, struct markdown *m)
{
	struct str from = line_of(*rest);
	const size_t mark = item_mark(from);
	struct str text;
	bool ok;

	if (indent(from) > 3)
		return markdown_fail(m, from.s, "lists within lists are not read");
	*rest = behind(*rest, from);
	while (rest->n > 0 && kind_of(line_of(*rest)) == TEXT) {
		if (!check_text(m, line_of(*rest), false))
			return false;
		*rest = behind(*rest, line_of(*rest));
	}
	if (rest->n > 0 && indent(line_of(*rest)) >= indent(from) + 2 &&
		kind_of(line_of(*rest)) != BLANK)
		return markdown_fail(m, rest->s, "within an item of a list only text is read");
	text = between(from, *rest);
	fputs("<li>", m->to);
	ok = markdown_inline(m, str_trim((struct str){text.s + mark, text.n - mark}));
	fputs("</li>\n", m->to);
	return ok;
}

/** Items, with blank lines between them or not. */
static bool put_list(struct str *rest, struct markdown *m)
{
	const struct str first = str_trim(line_of(*rest));
	const size_t deeper = indent(line_of(*rest)) + 2;
	const bool ordered = isdigit((unsigned char)*first.s) != 0;

	if (ordered)
		fprintf(m->to, "<ol class=\"list\" start=\"%ld\">\n", strtol(first.s, NULL, 10));
	else
		fputs("<ul class=\"list\">\n", m->to);
	while (rest->n > 0 && kind_of(line_of(*rest)) == ITEM &&
		(isdigit((unsigned char)*str_trim(line_of(*rest)).s) != 0) == ordered) {
		struct str next;

		if (!put_item(rest, m))
			return false;
		next = *rest;
		take(&next, BLANK);
		if (next.n > 0 && kind_of(line_of(next)) == ITEM)
			*rest = next;
		else if (next.n > 0 && next.s > rest->s && indent(line_of(next)) >= deeper)
			return markdown_fail(m, next.s, "an item of a list is one paragraph");
	}
	fputs(ordered ? "</ol>\n" : "</ul>\n", m->to);
	return true;
}

/** Its marks become blanks, where they stand, so that errors within it have their place. */
static bool put_quote(struct str *rest, struct markdown *m)
{
	const struct str text = take(rest, QUOTE);
	bool ok;

	for (struct str lines = text, line; lines.n > 0; lines = behind(lines, line)) {
		line = line_of(lines);
		m->now->text[line.s + indent(line) - m->now->text] = ' ';
		if (kind_of(line) == QUOTE)
			return markdown_fail(m, line.s, "quotes within quotes are not read");
	}
	fputs("<blockquote>\n", m->to);
	ok = markdown_blocks(m, text);
	fputs("</blockquote>\n", m->to);
	return ok;
}

static bool put_block(struct str *rest, struct markdown *m)
{
	struct str line = line_of(*rest);

	switch (kind_of(line)) {
	case BLANK:
		*rest = behind(*rest, line);
		return true;
	case HEADING:
		*rest = behind(*rest, line);
		return put_heading(m, line);
	case FENCE:
		return put_fence(rest, m);
	case ROW:
		return markdown_table(m, take(rest, ROW));
	case QUOTE:
		return put_quote(rest, m);
	case ITEM:
		return put_list(rest, m);
	case TEXT:
		return put_paragraph(rest, m);
	}
	return true;
}

bool markdown_blocks(struct markdown *m, struct str rest)
{
	while (rest.n > 0)
		if (!put_block(&rest, m))
			return false;
	return true;
}

struct str markdown_title(struct str *rest)
{
	struct str line, none = {0};

	take(rest, BLANK);
	if (rest->n == 0)
		return none;
	line = line_of(*rest);
	if (kind_of(line) != HEADING || strncmp(str_trim(line).s, "# ", 2) != 0)
		return none;
	*rest = behind(*rest, line);
	line = str_trim(line);
	return str_trim((struct str){line.s + 1, line.n - 1});
}
