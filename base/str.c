#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct str str_of(const char *s)
{
	return (struct str){s, strlen(s)};
}

bool str_eq(struct str a, const char *b)
{
	return a.n == strlen(b) && (a.n == 0 || memcmp(a.s, b, a.n) == 0);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str a)
{
	while (a.n > 0 && is_blank(a.s[a.n - 1]))
		a.n--;
	while (a.n > 0 && is_blank(a.s[0])) {
		a.s++;
		a.n--;
	}
	return a;
}

bool str_split(struct str *rest, char sep, struct str *field)
{
	const char *end;

	if (!rest->s)
		return false;
	end = rest->n > 0 ? memchr(rest->s, sep, rest->n) : NULL;
	if (!end) {
		*field = *rest;
		*rest = (struct str){NULL, 0};
		return true;
	}
	*field = (struct str){rest->s, (size_t)(end - rest->s)};
	*rest = (struct str){end + 1, rest->n - field->n - 1};
	return true;
}

/** Room for @n more bytes and the final zero. */
static void make_room(struct buf *b, size_t n)
{
	size_t cap = b->cap;

	if (b->n + n < cap)
		return;
	while (cap <= b->n + n)
		cap = cap ? 2 * cap : 64;
	b->s = mem_resize(b->s, cap, 1);
	b->cap = cap;
}

void buf_init(struct buf *b)
{
	*b = (struct buf){0};
	make_room(b, 0);
	b->s[0] = '\0';
}

void buf_finish(struct buf *b)
{
	free(b->s);
	*b = (struct buf){0};
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->s[0] = '\0';
}

void buf_add(struct buf *b, const char *bytes, size_t n)
{
	make_room(b, n);
	if (n > 0)
		memcpy(b->s + b->n, bytes, n);
	b->n += n;
	b->s[b->n] = '\0';
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		make_room(b, (size_t)n);
		vsnprintf(b->s + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}
