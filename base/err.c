#include "base/err.h"

static bool set(struct err *e, enum err_kind kind, struct src_pos at, const char *fmt, va_list ap)
{
	if (e->kind != ERR_NONE)
		return false;
	e->kind = kind;
	e->at = at;
	vsnprintf(e->msg, sizeof e->msg, fmt, ap);
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

void err_print(const struct err *e, FILE *to)
{
	if (e->at.file && e->at.line > 0 && e->at.col > 0)
		fprintf(to, "%s:%u:%u: error: %s\n", e->at.file, e->at.line, e->at.col, e->msg);
	else if (e->at.file && e->at.line > 0)
		fprintf(to, "%s:%u: error: %s\n", e->at.file, e->at.line, e->msg);
	else if (e->at.file)
		fprintf(to, "%s: error: %s\n", e->at.file, e->msg);
	else
		fprintf(to, "offing: error: %s\n", e->msg);
}
