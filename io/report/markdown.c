#include "io/report/markdown.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "io/report/html.h"
#include "io/report/markdown_parts.h"
#include "io/text/text_file.h"

enum { TEXT_MAX = 16 << 20 };

/* Lines. A block is what follows one another of one kind. */

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

static bool put_blocks(struct markdown *m, struct str rest);

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
	ok = put_blocks(m, text);
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

static bool put_blocks(struct markdown *m, struct str rest)
{
	while (rest.n > 0)
		if (!put_block(&rest, m))
			return false;
	return true;
}

/* Files */

/** The title of a file is its first line, if that is a heading; what follows it is the section. */
static struct str title_of(struct str *rest)
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

static const char *stem(struct arena *a, const char *file)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
	const char *dot = strrchr(name, '.');

	return arena_printf(
		a, "%.*s", dot && dot > name ? (int)(dot - name) : (int)strlen(name), name);
}

/** Headings are text in the list of contents: without the marks of code and emphasis. */
static const char *plain(struct arena *a, struct str s)
{
	char *text = arena_printf(a, "%.*s", (int)s.n, s.s), *to = text;

	for (const char *c = text; *c; c++)
		if (*c != '`' && *c != '*')
			*to++ = *c;
	*to = '\0';
	return text;
}

static void name_section(struct markdown_file *f, size_t number, struct arena *a)
{
	char *id = arena_printf(a, "file%zu-%s", number, stem(a, f->file));
	struct str rest = str_of(f->text), title = title_of(&rest);

	for (char *s = id; *s; s++)
		if (!isalnum((unsigned char)*s))
			*s = '-';
	f->id = id;
	f->title = title.n > 0 ? plain(a, title) : stem(a, f->file);
}

static bool read_one(struct markdown_file *out, const char *file, struct arena *a, struct err *err)
{
	char *path = realpath(file, NULL);
	size_t n;
	char *to;

	out->file = file;
	out->path = path ? arena_strdup(a, path) : file;
	free(path);
	if (!text_file_read(&out->text, &n, a, file, TEXT_MAX, (struct src_pos){0}, err))
		return false;
	to = out->text;
	for (const char *s = to; s < out->text + n; s++)
		if (*s != '\r' || s[1] != '\n')
			*to++ = *s;
	*to = '\0';
	return text_check(out->text, (size_t)(to - out->text),
		(struct src_pos){.file = file, .line = 1, .col = 1}, err);
}

bool markdown_read(
	struct markdown_file *out, char *const *files, size_t n, struct arena *a, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (!read_one(&out[i], files[i], a, err))
			return false;
		name_section(&out[i], i + 1, a);
	}
	return true;
}

bool markdown_sections(struct page *p, const struct markdown_file *files, size_t n, struct arena *a,
	struct err *err)
{
	struct markdown m = {.files = files, .n = n, .to = page_out(p), .arena = a, .err = err};

	for (size_t i = 0; i < n; i++) {
		struct str rest = str_of(files[i].text);

		m.now = &files[i];
		title_of(&rest);
		page_section(p, files[i].id, files[i].title);
		if (!put_blocks(&m, rest))
			return false;
	}
	return true;
}
