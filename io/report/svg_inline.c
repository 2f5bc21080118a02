/* SVG as a part of a page. A small reader of tags: whatever it does not know makes no part of the
   page, but a picture of its own. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "io/report/markdown_parts.h"

enum { DEPTH = 64 };

struct svg {
	const char *s;
	FILE *to;
	size_t number, depth;
	struct str open[DEPTH];
	bool sized; /* it says its viewBox, so that it can be as wide as the page has it */
};

static bool is_one_of(struct str s, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(s, *words))
			return true;
	return false;
}

static const char *const shapes[] = {"svg", "g", "defs", "title", "desc", "rect", "circle",
	"ellipse", "line", "path", "polyline", "polygon", "text", "tspan", "use", "symbol",
	"clipPath", "mask", "pattern", "marker", "linearGradient", "radialGradient", "stop",
	"filter", "feFlood", "feComposite", "feMerge", "feMergeNode", "feGaussianBlur", "feOffset",
	NULL};

static struct str name_at(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || (n > 0 && strchr("-_:.", s[n]) && s[n]))
		n++;
	return (struct str){s, n};
}

static void skip_blanks(struct svg *v)
{
	while (*v->s && isspace((unsigned char)*v->s))
		fputc(*v->s++, v->to);
}

/** A character of text, or of a value: an entity must be one that every document has. */
static bool put_char(struct svg *v)
{
	static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};

	if (*v->s == '&') {
		size_t n = 0;

		for (size_t i = 0; i < sizeof entities / sizeof *entities; i++)
			if (strncmp(v->s, entities[i], strlen(entities[i])) == 0)
				n = strlen(entities[i]);
		if (n == 0)
			return false;
		fwrite(v->s, 1, n, v->to);
		v->s += n;
		return true;
	}
	fputc(*v->s++, v->to);
	return true;
}

static bool may_refer(struct str name, struct str value)
{
	static const char *const places[] = {"href", "xlink:href", NULL};
	const char *url = memmem(value.s, value.n, "url(", 4);

	if (is_one_of(name, places))
		return value.n > 1 && *value.s == '#';
	for (; url; url = memmem(url + 4, value.n - (size_t)(url + 4 - value.s), "url(", 4))
		if (url[4] != '#')
			return false;
	return true;
}

static bool may_have(struct str name)
{
	static const char *const prefixed[] = {"xmlns:xlink", "xlink:href", "xml:space", NULL};

	if (memchr(name.s, ':', name.n))
		return is_one_of(name, prefixed);
	return name.n > 0 && !(name.n > 1 && strncmp(name.s, "on", 2) == 0);
}

/** With the number of the picture in each identifier and in what refers to it. */
static bool put_value(struct svg *v, struct str name, struct str value)
{
	const bool link = str_eq(name, "href") || str_eq(name, "xlink:href");
	const char *end = value.s + value.n;

	v->s = value.s;
	if (str_eq(name, "id"))
		fprintf(v->to, "picture%zu-", v->number);
	while (v->s < end) {
		const bool refers =
			*v->s == '#' &&
			((link && v->s == value.s) ||
				(v->s >= value.s + 4 && strncmp(v->s - 4, "url(", 4) == 0));

		if (*v->s == '<' || !put_char(v))
			return false;
		if (refers)
			fprintf(v->to, "picture%zu-", v->number);
	}
	return v->s == end;
}

static bool put_attribute(struct svg *v)
{
	struct str name = name_at(v->s), value;
	const char *end;
	char mark;

	fwrite(name.s, 1, name.n, v->to);
	v->s += name.n;
	skip_blanks(v);
	if (!may_have(name) || *v->s != '=')
		return false;
	fputc(*v->s++, v->to);
	skip_blanks(v);
	mark = *v->s;
	end = mark == '"' || mark == '\'' ? strchr(v->s + 1, mark) : NULL;
	if (!end)
		return false;
	value = (struct str){v->s + 1, (size_t)(end - v->s - 1)};
	if (v->depth == 0 && str_eq(name, "viewBox"))
		v->sized = true;
	fputc(mark, v->to);
	if (!may_refer(name, value) || !put_value(v, name, value))
		return false;
	fputc(mark, v->to);
	v->s = end + 1;
	return true;
}

static bool put_begin(struct svg *v)
{
	struct str name = name_at(v->s + 1);

	if (!is_one_of(name, shapes) || v->depth == DEPTH)
		return false;
	fwrite(v->s, 1, name.n + 1, v->to);
	v->s += name.n + 1;
	skip_blanks(v);
	while (*v->s != '>' && *v->s != '/') {
		if (!isspace((unsigned char)v->s[-1]) || !put_attribute(v))
			return false;
		skip_blanks(v);
	}
	if (*v->s == '/') {
		fputs("/>", v->to);
		v->s += 2;
		return v->s[-1] == '>';
	}
	fputc(*v->s++, v->to);
	v->open[v->depth++] = name;
	return true;
}

static bool put_end(struct svg *v)
{
	struct str name = name_at(v->s + 2);
	const struct str *open = &v->open[v->depth - 1];

	if (name.n != open->n || strncmp(name.s, open->s, name.n) != 0)
		return false;
	v->s += 2 + name.n;
	fprintf(v->to, "</%.*s", (int)name.n, name.s);
	skip_blanks(v);
	if (*v->s != '>')
		return false;
	fputc(*v->s++, v->to);
	v->depth--;
	return true;
}

static bool put_tag(struct svg *v)
{
	if (strncmp(v->s, "<!--", 4) == 0) {
		v->s = strstr(v->s + 4, "-->");
		if (v->s)
			v->s += 3;
		return v->s != NULL;
	}
	return v->s[1] == '/' ? put_end(v) : put_begin(v);
}

static bool is_text(const char *s)
{
	uint32_t c;
	size_t n;

	for (; *s; s += n) {
		n = utf8_decode(s, strnlen(s, 4), &c);
		if (n == 0 || (c < 0x20 && !isspace((int)c)) || c == 0xc || c == 0xb ||
			(c >= 0x7f && c < 0xa0) || (c & 0xfffe) == 0xfffe)
			return false;
	}
	return true;
}

static bool put_all(struct svg *v)
{
	if (!put_begin(v))
		return false;
	while (v->depth > 0) {
		if (*v->s == '\0' || !(*v->s == '<' ? put_tag(v) : put_char(v)))
			return false;
	}
	return v->sized;
}

/** The root, behind what may stand before it; NULL: it is another. */
static const char *root_of(const char *s)
{
	for (s = strchr(s, '<'); s && (s[1] == '?' || s[1] == '!'); s = s ? strchr(s, '<') : NULL)
		s = strstr(s, s[1] == '?' ? "?>" : strncmp(s, "<!--", 4) == 0 ? "-->" : ">");
	return s && strncmp(s, "<svg", 4) == 0 ? s : NULL;
}

bool svg_inline(FILE *to, const char *svg, size_t number)
{
	const char *from = root_of(svg);
	char *text = NULL;
	size_t size = 0;
	struct svg v = {.s = from, .number = number};
	bool ok;

	if (!from || !is_text(svg))
		return false;
	v.to = open_memstream(&text, &size);
	if (!v.to)
		abort();
	ok = put_all(&v);
	fclose(v.to);
	if (ok)
		fwrite(text, 1, size, to);
	free(text);
	return ok;
}
