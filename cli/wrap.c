#include "cli/wrap.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

size_t text_columns(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

size_t text_widen(size_t width, const char *s)
{
	size_t n = text_columns(s);

	return n > width ? n : width;
}

static void blanks(FILE *to, const char *s, size_t width)
{
	size_t n = text_columns(s);

	fprintf(to, "%*s", (int)(width > n ? width - n : 0), "");
}

void text_left(FILE *to, const char *s, size_t width)
{
	fputs(s, to);
	blanks(to, s, width);
}

void text_right(FILE *to, const char *s, size_t width)
{
	blanks(to, s, width);
	fputs(s, to);
}

void text_line_begin(struct text_line *l)
{
	l->out = open_memstream(&l->text, &l->size);
}

void text_line_end(struct text_line *l, FILE *to)
{
	fclose(l->out);
	while (l->size && l->text[l->size - 1] == ' ')
		l->text[--l->size] = '\0';
	fprintf(to, "%s\n", l->text);
	free(l->text);
}

static void start_line(struct wrap *w, size_t indent)
{
	w->used = indent;
	if (w->prefix) {
		fputs(w->prefix, w->to);
		w->used += text_columns(w->prefix);
	}
	fprintf(w->to, "%*s", (int)indent, "");
}

static void put_word(struct wrap *w, const char *word)
{
	if (w->used > 0 && w->used + w->pending + text_columns(word) > w->width) {
		fputc('\n', w->to);
		start_line(w, w->indent);
		w->pending = 0;
	} else if (w->used == 0) {
		start_line(w, 0);
	}
	fprintf(w->to, "%*s%s", (int)w->pending, "", word);
	w->used += w->pending + text_columns(word);
	w->pending = 0;
}

void wrap_printf(struct wrap *w, const char *fmt, ...)
{
	char *text = NULL, *at, *end;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	for (at = text; at && *at; at = end) {
		size_t blanks = strspn(at, " ");
		char *word = at + blanks;

		w->pending += blanks;
		end = word + strcspn(word, " ");
		if (end > word) {
			char after = *end;

			*end = '\0';
			put_word(w, word);
			*end = after;
		}
	}
	free(text);
}

void wrap_end(struct wrap *w)
{
	fputc('\n', w->to);
	w->used = w->pending = 0;
}
