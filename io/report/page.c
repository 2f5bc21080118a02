#include "io/report/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "io/report/html.h"
#include "io/report/page_parts.h"

struct page {
	struct arena arena;
	FILE *body, *facts, *contents;
	char *text[3];
	size_t size[3];
	bool in_section;
};

struct page *page_create(void)
{
	struct page *p = mem_zalloc(1, sizeof *p);

	arena_init(&p->arena);
	p->body = open_memstream(&p->text[0], &p->size[0]);
	p->facts = open_memstream(&p->text[1], &p->size[1]);
	p->contents = open_memstream(&p->text[2], &p->size[2]);
	if (!p->body || !p->facts || !p->contents)
		abort();
	return p;
}

static void close_streams(struct page *p)
{
	FILE **all[] = {&p->body, &p->facts, &p->contents};

	for (size_t i = 0; i < 3; i++) {
		if (*all[i])
			fclose(*all[i]);
		*all[i] = NULL;
	}
}

void page_destroy(struct page *p)
{
	if (!p)
		return;
	close_streams(p);
	for (size_t i = 0; i < 3; i++)
		free(p->text[i]);
	arena_finish(&p->arena);
	free(p);
}

FILE *page_out(struct page *p)
{
	return p->body;
}

static void end_section(struct page *p)
{
	if (p->in_section)
		fputs("</section>\n", p->body);
	p->in_section = false;
}

void page_section(struct page *p, const char *id, const char *title)
{
	end_section(p);
	p->in_section = true;
	fprintf(p->body, "<section id=\"%s\" aria-labelledby=\"%s-title\">\n<h2 id=\"%s-title\">",
		id, id, id);
	html_text(p->body, title);
	fputs("</h2>\n", p->body);
	fprintf(p->contents, "<li><a href=\"#%s\">", id);
	html_text(p->contents, title);
	fputs("</a></li>\n", p->contents);
}

void page_heading(struct page *p, const char *text)
{
	fputs("<h3>", p->body);
	html_text(p->body, text);
	fputs("</h3>\n", p->body);
}

void page_fact(struct page *p, const char *fmt, ...)
{
	va_list args;

	fputs("<li>", p->facts);
	va_start(args, fmt);
	html_vprintf(p->facts, fmt, args);
	va_end(args);
	fputs("</li>\n", p->facts);
}

void page_text(struct page *p, const char *css, const char *fmt, ...)
{
	va_list args;

	fputs("<p", p->body);
	if (css)
		html_attr(p->body, "class", css);
	fputc('>', p->body);
	va_start(args, fmt);
	html_vprintf(p->body, fmt, args);
	va_end(args);
	fputs("</p>\n", p->body);
}

void page_word(FILE *to, const char *css, const char *word)
{
	fprintf(to, "<span class=\"word %s\">", css);
	html_text(to, word);
	fputs("</span>", to);
}

void page_fold_begin(struct page *p, const char *summary)
{
	fputs("<details><summary>", p->body);
	html_text(p->body, summary);
	fputs("</summary>\n", p->body);
}

void page_fold_end(struct page *p)
{
	fputs("</details>\n", p->body);
}

static void put_lines(FILE *to, const char *css, const char *text)
{
	fprintf(to, "<pre class=\"%s\" tabindex=\"0\">", css);
	html_text(to, text);
	fputs("</pre>\n", to);
}

void page_verbatim(struct page *p, const char *text)
{
	put_lines(p->body, "long", text);
}

void page_commands(struct page *p, const char *text)
{
	put_lines(p->body, "commands", text);
}

/* The document */

static void print_head(FILE *to, const struct page_head *head)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
	      "<meta charset=\"utf-8\"/>\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;; "
	      "style-src &#39;unsafe-inline&#39;; script-src &#39;unsafe-inline&#39;; img-src "
	      "data:\"/>\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
	      "<meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"generator\"",
		to);
	html_attr(to, "content", head->generator);
	fputs("/>\n<link rel=\"icon\" href=\"data:,\"/>\n<title>", to);
	html_text(to, head->title);
	fputs(" – ", to);
	html_text(to, head->over);
	fprintf(to, "</title>\n<style>\n%s</style>\n</head>\n", page_style);
}

void page_write(struct page *p, FILE *to, const struct page_head *head)
{
	end_section(p);
	close_streams(p);
	print_head(to, head);
	fputs("<body>\n<a class=\"skip\" href=\"#content\">To the content</a>\n"
	      "<div class=\"frame\">\n<header>\n<p class=\"over\">",
		to);
	html_text(to, head->over);
	fputs("</p>\n<h1>", to);
	html_text(to, head->title);
	fputs("</h1>\n", to);
	if (*head->lead) {
		fputs("<p class=\"lead\">", to);
		html_text(to, head->lead);
		fputs("</p>\n", to);
	}
	fprintf(to, "<ul class=\"facts\">\n%s</ul>\n</header>\n", p->text[1]);
	fprintf(to, "<nav aria-label=\"Contents\"><ul>\n%s</ul></nav>\n", p->text[2]);
	fputs("<main id=\"content\">\n", to);
	fwrite(p->text[0], 1, p->size[0], to);
	fputs("</main>\n<footer>Made by ", to);
	html_text(to, head->generator);
	fprintf(to,
		"; nothing on this page is loaded from elsewhere.</footer>\n</div>\n<script>\n"
		"%s</script>\n</body>\n</html>\n",
		page_script);
}
