#include "io/report/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
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

void html_vprintf(FILE *to, const char *fmt, va_list args)
{
	char *s;
	int n = vasprintf(&s, fmt, args);

	if (n < 0)
		abort();
	html_bytes(to, s, (size_t)n);
	free(s);
}

void html_printf(FILE *to, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	html_vprintf(to, fmt, args);
	va_end(args);
}

void html_attr(FILE *to, const char *name, const char *value)
{
	fprintf(to, " %s=\"", name);
	html_text(to, value);
	fputc('"', to);
}

void html_attr_number(FILE *to, const char *name, double x)
{
	if (!isfinite(x))
		return;
	fprintf(to, " %s=\"", name);
	json_number(to, x);
	fputc('"', to);
}
