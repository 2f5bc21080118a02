#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/quote.h"
#include "base/utf8.h"

static const char DOTS[] = "...";

void err_write(struct err *e, const char *fmt, va_list ap)
{
	const size_t half = (sizeof e->msg - sizeof DOTS) / 2;
	size_t n, head, tail;
	va_list again;
	char *whole;

	va_copy(again, ap);
	n = (size_t)vsnprintf(e->msg, sizeof e->msg, fmt, ap);
	if (n >= sizeof e->msg) {
		whole = mem_zalloc(n + 1, 1);
		vsnprintf(whole, n + 1, fmt, again);
		head = utf8_prefix(whole, n, half);
		for (tail = n - half; ((unsigned char)whole[tail] & 0xc0) == 0x80;)
			tail++;
		snprintf(e->msg, sizeof e->msg, "%.*s%s%s", (int)head, whole, DOTS, whole + tail);
		free(whole);
	}
	va_end(again);
}

static bool set(struct err *e, enum err_kind kind, struct src_pos at, const char *fmt, va_list ap)
{
	if (e->kind != ERR_NONE)
		return false;
	e->kind = kind;
	e->at = at;
	err_write(e, fmt, ap);
	return false;
}

bool err_at(struct err *e, struct src_pos at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, ERR_INPUT, at, fmt, ap);
	va_end(ap);
	return false;
}

bool err_input(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, ERR_INPUT, (struct src_pos){0}, fmt, ap);
	va_end(ap);
	return false;
}

bool err_run(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, ERR_RUN, (struct src_pos){0}, fmt, ap);
	va_end(ap);
	return false;
}

bool err_stop(struct err *e)
{
	if (e->kind == ERR_NONE)
		*e = (struct err){.kind = ERR_STOP, .msg = "interrupted"};
	return false;
}

void err_print_as(const struct err *e, const char *word, FILE *to)
{
	quote_print(to, e->at.file ? e->at.file : "offing");
	if (e->at.file && e->at.line > 0)
		fprintf(to, ":%u", e->at.line);
	if (e->at.file && e->at.line > 0 && e->at.col > 0)
		fprintf(to, ":%u", e->at.col);
	fprintf(to, ": %s: ", word);
	quote_print(to, e->msg);
	fputc('\n', to);
}

void err_print(const struct err *e, FILE *to)
{
	err_print_as(e, "error", to);
}
