#include "cli/say.h"

#include <stdlib.h>

#include "base/quote.h"

void say(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	quote_print(stderr, text ? text : fmt);
	fputc('\n', stderr);
	free(text);
}
