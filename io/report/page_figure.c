/* Pictures of a page: SVG of gnuplot whose colours follow the page. */
#include <stdio.h>
#include <string.h>

#include "io/report/html.h"
#include "io/report/page.h"

/* Colours of style.gp, and what they are called in page.css. */
static const struct {
	unsigned rgb;
	const char *name;
} colours[] = {
	{0x0072b2, "--c1"},
	{0xd55e00, "--c2"},
	{0x009e73, "--c3"},
	{0xcc79a7, "--c4"},
	{0xe69f00, "--c5"},
	{0x56b4e9, "--c6"},
	{0x8c510a, "--c7"},
	{0x666666, "--c8"},
	{0x000000, "--ink"},
	{0x222222, "--ink"},
	{0x444444, "--axis"},
	{0x555555, "--soft"},
	{0xdddddd, "--grid"},
	{0xd9d9d9, "--wait"},
	{0xffffff, "--sheet"},
};

static const char *name_of(unsigned rgb)
{
	for (size_t i = 0; i < sizeof colours / sizeof *colours; i++)
		if (colours[i].rgb == rgb)
			return colours[i].name;
	return NULL;
}

/** The length of the colour at @s, in any spelling of gnuplot's; 0: there is none. */
static size_t colour_at(unsigned *rgb, const char *s)
{
	char head[64]; /* sscanf() goes to the end of what it is given */
	unsigned r, g, b;
	int n = 0;

	if (strncmp(s, "black", 5) == 0) {
		*rgb = 0;
		return 5;
	}
	if (*s != '#' && *s != 'r')
		return 0;
	snprintf(head, sizeof head, "%.*s", (int)sizeof head - 1, s);
	if (sscanf(head, "rgb(%u ,%u ,%u )%n", &r, &g, &b, &n) == 3 && n > 0) {
		*rgb = r << 16 | g << 8 | b;
		return (size_t)n;
	}
	return sscanf(head, "#%6x%n", rgb, &n) == 1 && n == 7 ? 7 : 0;
}

/** Is the quote before @s, at @from or after it, that of a value of @attribute? */
static bool is_value_of(const char *from, const char *s, const char *attribute)
{
	const size_t n = strlen(attribute);
	const char *end = s - 1;

	if (end <= from || (*end != '"' && *end != '\''))
		return false;
	while (end > from && (end[-1] == ' ' || end[-1] == '='))
		end--;
	return (size_t)(end - from) > n && strncmp(end - n, attribute, n) == 0;
}

static bool is_colour_value(const char *from, const char *s)
{
	return is_value_of(from, s, "fill") || is_value_of(from, s, "stroke") ||
	       is_value_of(from, s, " color");
}

static void put_svg(FILE *to, const char *svg)
{
	for (const char *s = svg; *s;) {
		unsigned rgb;
		size_t n = colour_at(&rgb, s);
		const char *name = n > 0 && is_colour_value(svg, s) ? name_of(rgb) : NULL;

		if (name)
			fprintf(to, "var(%s)", name);
		else
			fwrite(s, 1, n ? n : 1, to);
		s += n ? n : 1;
	}
}

void page_figure(struct page *p, const char *svg, const char *caption, const char *command)
{
	const char *from = strstr(svg, "<svg");
	FILE *to = page_out(p);

	if (!from)
		return;
	fputs("<figure>\n<div class=\"figure\" role=\"img\" tabindex=\"0\"", to);
	html_attr(to, "aria-label", caption);
	fputs(">\n", to);
	put_svg(to, from);
	fputs("</div>\n<figcaption>", to);
	html_text(to, caption);
	fputs("<br/><code>", to);
	html_text(to, command);
	fputs("</code></figcaption>\n</figure>\n", to);
}
