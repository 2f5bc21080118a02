#include "base/quote.h"

#include <string.h>

#include "base/utf8.h"

enum { SHOWN = 40, SPELLED = 12 };

/* One character of the @n >= 1 bytes at @s as it may be shown; its length there. */
static size_t spell(char out[SPELLED], const char *s, size_t n)
{
	uint32_t c;
	size_t length = utf8_decode(s, n, &c);

	if (length == 0 || (length == 1 && !utf8_is_shown(c)))
		snprintf(out, SPELLED, "\\x%02x", (unsigned char)*s);
	else if (!utf8_is_shown(c))
		snprintf(out, SPELLED, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
	else
		snprintf(out, SPELLED, "%.*s", (int)length, s);
	return length ? length : 1;
}

char *quote_bytes(char *buf, size_t size, const char *text, size_t n)
{
	size_t at = 0, used = 0, shown = 0, length;
	char one[SPELLED];

	while (at < n) {
		at += spell(one, text + at, n - at);
		length = strlen(one);
		if (++shown > SHOWN || used + length + sizeof "..." > size) {
			strcpy(buf + used, "...");
			return buf;
		}
		memcpy(buf + used, one, length);
		used += length;
	}
	buf[used] = '\0';
	return buf;
}

char *quote(char *buf, size_t size, const char *text)
{
	return quote_bytes(buf, size, text, strlen(text));
}

void quote_print(FILE *to, const char *text)
{
	size_t at = 0, n = strlen(text);
	char one[SPELLED];

	while (at < n) {
		at += spell(one, text + at, n - at);
		fputs(one, to);
	}
}
