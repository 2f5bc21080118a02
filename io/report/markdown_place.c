/* Places in the file of Markdown in hand, and beside it. */
#include <stdarg.h>
#include <string.h>

#include "io/report/markdown_parts.h"

bool markdown_fail(struct markdown *m, const char *at, const char *fmt, ...)
{
	struct src_pos where = {.file = m->now->file, .line = 1, .col = 1};
	struct err said = {0};
	va_list args;

	for (const char *s = m->now->text; s < at; s++) {
		where.line += *s == '\n';
		where.col = *s == '\n' ? 1 : where.col + 1;
	}
	va_start(args, fmt);
	err_write(&said, fmt, args);
	va_end(args);
	return err_at(m->err, where, "%s", said.msg);
}

const char *markdown_beside(struct markdown *m, struct str target)
{
	const char *slash = strrchr(m->now->file, '/');
	const int folder = *target.s != '/' && slash ? (int)(slash + 1 - m->now->file) : 0;

	return arena_printf(m->arena, "%.*s%.*s", folder, m->now->file, (int)target.n, target.s);
}
