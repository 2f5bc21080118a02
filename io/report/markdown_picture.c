/* Pictures of files of Markdown: SVG as part of the page, or whatever it is as data. */
#include <stdint.h>
#include <string.h>

#include "base/quote.h"
#include "io/report/html.h"
#include "io/report/markdown_parts.h"
#include "io/text/text_file.h"

enum { PICTURE_MAX = 16 << 20 };

struct picture {
	char *bytes;
	size_t n;
	bool svg;
};

static bool ends_with(struct str s, const char *end)
{
	const size_t n = strlen(end);

	return s.n > n && strncmp(s.s + s.n - n, end, n) == 0;
}

static bool fail(struct markdown *m, struct str target, const char *why)
{
	char name[QUOTE_SIZE];

	return markdown_fail(m, target.s, "picture '%s' %s",
		quote_bytes(name, sizeof name, target.s, target.n), why);
}

static bool read_picture(struct picture *out, struct markdown *m, struct str target)
{
	static const char png[] = "\x89PNG\r\n\x1a\n";
	struct err why = {0};

	if (memmem(target.s, target.n, "://", 3))
		return fail(
			m, target, "is not on this machine: a page loads nothing from elsewhere");
	out->svg = ends_with(target, ".svg");
	if (!out->svg && !ends_with(target, ".png"))
		return fail(m, target, "is neither .svg nor .png");
	if (!text_file_read(&out->bytes, &out->n, m->arena, markdown_beside(m, target), PICTURE_MAX,
		    (struct src_pos){0}, &why))
		return fail(m, target, arena_printf(m->arena, "cannot be read: %s", why.msg));
	if (out->svg ? !strstr(out->bytes, "<svg") : out->n < 8 || memcmp(out->bytes, png, 8) != 0)
		return fail(m, target, out->svg ? "is no SVG" : "is no PNG");
	return true;
}

static void put_base64(FILE *to, const unsigned char *s, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		const uint32_t x = (uint32_t)s[i] << 16 |
				   (i + 1 < n ? (uint32_t)s[i + 1] << 8 : 0) |
				   (i + 2 < n ? s[i + 2] : 0);

		fputc(digits[x >> 18], to);
		fputc(digits[x >> 12 & 63], to);
		fputc(i + 1 < n ? digits[x >> 6 & 63] : '=', to);
		fputc(i + 2 < n ? digits[x & 63] : '=', to);
	}
}

static void put_image(struct markdown *m, const struct picture *x, const char *words)
{
	fputs("<img", m->to);
	html_attr(m->to, "alt", words);
	fprintf(m->to, " src=\"data:image/%s;base64,", x->svg ? "svg+xml" : "png");
	put_base64(m->to, (const unsigned char *)x->bytes, x->n);
	fputs("\"/>", m->to);
}

bool markdown_picture(struct markdown *m, struct str words, struct str target)
{
	struct picture x;

	if (!read_picture(&x, m, target))
		return false;
	put_image(m, &x, arena_printf(m->arena, "%.*s", (int)words.n, words.s));
	return true;
}

bool markdown_figure(struct markdown *m, struct str words, struct str target)
{
	const char *label = arena_printf(m->arena, "%.*s", (int)words.n, words.s);
	struct picture x;

	if (!read_picture(&x, m, target))
		return false;
	fputs("<figure class=\"wide\">\n<div class=\"figure white\" role=\"img\" tabindex=\"0\"",
		m->to);
	html_attr(m->to, "aria-label", label);
	fputs(">\n", m->to);
	if (!x.svg || !svg_inline(m->to, x.bytes, ++m->pictures))
		put_image(m, &x, label);
	fputs("</div>\n<figcaption>", m->to);
	html_text(m->to, label);
	fputs("</figcaption>\n</figure>\n", m->to);
	return true;
}
