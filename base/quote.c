#include "base/quote.h"

#include <stdbool.h>
#include <stdio.h>

enum { SHOWN = 40 };

static bool is_inside_utf8(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

char *quote(char *buf, size_t size, const char *text)
{
	size_t n = 0, shown = 0;

	for (; *text; text++) {
		shown += !is_inside_utf8(*text);
		if (shown > SHOWN || (!is_inside_utf8(*text) && n + 8 > size)) {
			snprintf(buf + n, size - n, "...");
			return buf;
		}
		if (n + 8 > size)
			continue;
		if (is_control(*text))
			n += (size_t)snprintf(buf + n, size - n, "\\x%02x", (unsigned char)*text);
		else
			buf[n++] = *text;
	}
	buf[n] = '\0';
	return buf;
}
