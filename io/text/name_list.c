#include "io/text/name_list.h"

#include <string.h>

#include "base/quote.h"

enum { LONG_BYTES = 90 };

void name_list_add(struct buf *list, const char *before, struct str name)
{
	char quoted[QUOTE_SIZE];

	if (list->n >= 3 && !strcmp(list->s + list->n - 3, "..."))
		return;
	buf_puts(list, list->n ? ", " : "");
	if (list->n < LONG_BYTES)
		buf_printf(
			list, "%s'%s'", before, quote_bytes(quoted, sizeof quoted, name.s, name.n));
	else
		buf_puts(list, "...");
}
