#include "io/report/html.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Characters of XML 1.0 (production 2) less the controls that HTML refuses. */
static bool may_stand(uint32_t c)
{
	if (c < 0x20)
		return c == '\n' || c == '\t';
	return !(c >= 0x7f && c <= 0x9f) && !(c >= 0xfdd0 && c <= 0xfdef) && (c & 0xfffe) != 0xfffe;
}

void html_bytes(FILE *to, const char *s, size_t n)
{
	static const char replacement[] = "\xef\xbf\xbd";

	for (size_t i = 0; i < n;) {
		uint32_t c;
		size_t length = utf8_decode(s + i, n - i, &c);

		if (length == 0 || !may_stand(c))
			fputs(replacement, to);
		else if (c == '<')
			fputs("&lt;", to);
		else if (c == '>')
			fputs("&gt;", to);
		else if (c == '&')
			fputs("&amp;", to);
		else if (c == '"')
			fputs("&quot;", to);
		else if (c == '\'')
			fputs("&#39;", to);
		else
			fwrite(s + i, 1, length, to);
		i += length > 0 ? length : 1;
	}
}

void html_text(FILE *to, const char *s)
{
	html_bytes(to, s, strlen(s));
}

void html_printf(FILE *to, const char *fmt, ...)
{
	va_list args;
	char *s;
	int n;

	va_start(args, fmt);
	n = vasprintf(&s, fmt, args);
	va_end(args);
	if (n < 0)
		return;
	html_bytes(to, s, (size_t)n);
	free(s);
}

void html_attr(FILE *to, const char *name, const char *value)
{
	fprintf(to, " %s=\"", name);
	html_text(to, value);
	fputc('"', to);
}

void html_attr_number(FILE *to, const char *name, double x)
{
	char text[40];

	if (!isfinite(x))
		return;
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	html_attr(to, name, text);
}

void html_attr_id(FILE *to, const char *prefix, const char *s)
{
	fprintf(to, " id=\"%s", prefix);
	for (; *s; s++)
		fputc(isalnum((unsigned char)*s) ? *s : '-', to);
	fputc('"', to);
}
