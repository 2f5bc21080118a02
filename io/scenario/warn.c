/* What is said of a scenario that can be run all the same. */

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"
#include "io/scenario/parts.h"

void scenario_warn(struct schema_reader *r, struct src_pos at, const char *fmt, ...)
{
	struct scenario *s = parts_of(r)->s;
	struct err *e;
	va_list ap;

	s->warnings = mem_grow(s->warnings, s->n_warnings, &s->cap_warnings, sizeof *s->warnings);
	e = &s->warnings[s->n_warnings++];
	*e = (struct err){.kind = ERR_INPUT, .at = at};
	va_start(ap, fmt);
	err_write(e, fmt, ap);
	va_end(ap);
}
