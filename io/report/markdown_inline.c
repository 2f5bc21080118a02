/* What is marked within text. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"
#include "io/report/html.h"
#include "io/report/markdown_parts.h"

enum { DEPTH = 16 };

static struct str after(struct str s, size_t n)
{
	return (struct str){s.s + n, s.n - n};
}

static size_t run_of(struct str s, char c)
{
	size_t n = 0;

	while (n < s.n && s.s[n] == c)
		n++;
	return n;
}

/** Where the closing @mark of what @s opens is found; 0: nowhere. Neither in code nor behind \. */
static size_t closing(struct str s, const char *mark)
{
	const size_t n = strlen(mark);

	for (size_t i = n; i + n <= s.n; i++) {
		const size_t ticks = run_of(after(s, i), '`');
		const size_t same = run_of(after(s, i), *mark);

		if (s.s[i] == '\\') {
			i++;
		} else if (ticks > 0) {
			const char *end = memchr(s.s + i + ticks, '`', s.n - i - ticks);

			i = end ? (size_t)(end - s.s) + ticks - 1 : i + ticks - 1;
		} else if (same >= n && (same == n || same == 3) &&
			   !isspace((unsigned char)s.s[i - 1]) &&
			   !(*mark == '_' && i + same < s.n &&
				   isalnum((unsigned char)s.s[i + same]))) {
			return i + (same - n);
		} else if (same > 0) {
			i += same - 1;
		}
	}
	return 0;
}

/** *emphasis* or **bold**; what is not closed is text. 0: it is none; else its length. */
static size_t emphasis(struct markdown *m, struct str s, char before, bool *ok)
{
	char mark[3] = {*s.s, '\0', '\0'};
	const size_t n = run_of(s, *s.s) >= 2 ? 2 : 1;
	const char *tag = n == 2 ? "strong" : "em";
	size_t end;

	if (n == 2)
		mark[1] = *s.s;
	if (s.n <= n || isspace((unsigned char)s.s[n]) ||
		(*s.s == '_' && isalnum((unsigned char)before)))
		return 0;
	end = closing(s, mark);
	if (end == 0)
		return 0;
	fprintf(m->to, "<%s>", tag);
	*ok = markdown_inline(m, (struct str){s.s + n, end - n});
	fprintf(m->to, "</%s>", tag);
	return end + n;
}

/** `code`; 0: it is not closed. */
static size_t code(struct markdown *m, struct str s)
{
	const size_t n = run_of(s, '`');
	size_t end = n;
	struct str inside;

	while (end < s.n && run_of(after(s, end), '`') != n)
		end += run_of(after(s, end), '`') ? run_of(after(s, end), '`') : 1;
	if (end >= s.n)
		return 0;
	inside = (struct str){s.s + n, end - n};
	if (inside.n > 2 && *inside.s == ' ' && inside.s[inside.n - 1] == ' ')
		inside = (struct str){inside.s + 1, inside.n - 2};
	fputs("<code>", m->to);
	html_bytes(m->to, inside.s, inside.n);
	fputs("</code>", m->to);
	return end + n;
}

bool markdown_link_at(struct str s, struct str *words, struct str *target, size_t *all)
{
	size_t depth = 0, i = 0;
	const char *end;

	for (; i < s.n; i++) {
		if (s.s[i] == '\\')
			i++;
		else if (s.s[i] == '[')
			depth++;
		else if (s.s[i] == ']' && --depth == 0)
			break;
	}
	if (i + 1 >= s.n || s.s[i + 1] != '(')
		return false;
	end = memchr(s.s + i, ')', s.n - i);
	if (!end)
		return false;
	*words = (struct str){s.s + 1, i - 1};
	*target = str_trim((struct str){s.s + i + 2, (size_t)(end - s.s) - i - 2});
	*all = (size_t)(end - s.s) + 1;
	return true;
}

static bool begins(struct str s, const char *with)
{
	return s.n >= strlen(with) && strncmp(s.s, with, strlen(with)) == 0;
}

/** The section that a local target is; NULL: it is not on the page. */
static const struct markdown_file *on_page(struct markdown *m, struct str target)
{
	const char *hash = memchr(target.s, '#', target.n);
	const size_t n = hash ? (size_t)(hash - target.s) : target.n;
	const struct markdown_file *found = NULL;
	char *path;

	if (n == 0)
		return m->now;
	path = realpath(markdown_beside(m, (struct str){target.s, n}), NULL);
	for (size_t i = 0; path && i < m->n; i++)
		if (strcmp(m->files[i].path, path) == 0)
			found = &m->files[i];
	free(path);
	return found;
}

static bool link_to(struct markdown *m, struct str words, struct str target)
{
	const bool web = begins(target, "https://") || begins(target, "http://") ||
			 begins(target, "mailto:");
	const struct markdown_file *section;
	const char *text = arena_printf(m->arena, "%.*s", (int)target.n, target.s);
	char name[QUOTE_SIZE];
	bool ok;

	if (target.n == 0 || strcspn(text, " \t\n<>\"") < target.n)
		return markdown_fail(m, target.s,
			"a link goes to one address without blanks, not to '%s'",
			quote(name, sizeof name, text));
	if (!web && strcspn(text, ":") < strcspn(text, "/#?"))
		return markdown_fail(m, target.s,
			"a link goes to a file, http, https or mailto, not to '%s'",
			quote(name, sizeof name, text));
	section = web ? NULL : on_page(m, target);
	fputs(web || section ? "<a" : "<span class=\"file\"", m->to);
	if (section)
		text = arena_printf(m->arena, "#%s", section->id);
	html_attr(m->to, web || section ? "href" : "title", text);
	fputc('>', m->to);
	ok = markdown_inline(m, words);
	fputs(web || section ? "</a>" : "</span>", m->to);
	return ok;
}

/** A link or a picture; 0: it is text. */
static size_t reference(struct markdown *m, struct str s, bool *ok)
{
	const size_t mark = *s.s == '!' ? 1 : 0;
	struct str words, target;
	size_t all;

	if (s.n < 2 || s.s[mark] != '[' || !markdown_link_at(after(s, mark), &words, &target, &all))
		return 0;
	*ok = mark ? markdown_picture(m, words, target) : link_to(m, words, target);
	return all + mark;
}

/** What would be HTML, or an entity, which are not read. */
static bool is_html(struct str s)
{
	size_t n = 1;

	if (s.n < 2)
		return false;
	if (*s.s == '<')
		return isalpha((unsigned char)s.s[1]) || strchr("/!?", s.s[1]);
	while (n < s.n && (isalnum((unsigned char)s.s[n]) || (n == 1 && s.s[n] == '#')))
		n++;
	return n > 1 && n < s.n && s.s[n] == ';';
}

/** The marked thing at @s, which stands behind @before; its length, 0: a character of text. */
static size_t thing(struct markdown *m, struct str s, char before, bool *ok)
{
	switch (*s.s) {
	case '\\':
		if (s.n < 2 || !ispunct((unsigned char)s.s[1]))
			return 0;
		html_bytes(m->to, s.s + 1, 1);
		return 2;
	case '`':
		return code(m, s);
	case '*':
	case '_':
		return emphasis(m, s, before, ok);
	case '!':
	case '[':
		return reference(m, s, ok);
	case '<':
	case '&':
		if (is_html(s))
			*ok = markdown_fail(
				m, s.s, "HTML is not read; \\%c or `code` is text", *s.s);
		return 0;
	case ' ':
		if (s.n < 3 || strncmp(s.s, "  \n", 3) != 0)
			return 0;
		fputs("<br/>\n", m->to);
		return 3;
	default:
		return 0;
	}
}

bool markdown_inline(struct markdown *m, struct str s)
{
	char before = ' ';
	bool ok = true;

	if (m->depth == DEPTH)
		return markdown_fail(m, s.s, "more than %d marks within one another", DEPTH);
	m->depth++;
	while (s.n > 0 && ok) {
		size_t n = thing(m, s, before, &ok);

		if (n == 0) {
			n = strchr("*_`", *s.s) ? run_of(s, *s.s) : 1;
			/* a character of more than a byte stays whole */
			while (n < s.n && ((unsigned char)s.s[n] & 0xc0) == 0x80)
				n++;
			html_bytes(m->to, s.s, n);
		}
		before = s.s[n - 1];
		s = after(s, n);
	}
	m->depth--;
	return ok;
}
