#include "base/json.h"

#include <math.h>
#include <stdlib.h>

void json_string(FILE *to, const char *s)
{
	if (!s) {
		fputs("null", to);
		return;
	}
	fputc('"', to);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(to, "\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", to);
		else if (*s == '\t')
			fputs("\\t", to);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			fprintf(to, "\\u%04x", (unsigned)*s);
		else
			fputc(*s, to);
	}
	fputc('"', to);
}

void json_number(FILE *to, double x)
{
	char text[40];
	int digits;

	if (!isfinite(x)) {
		fputs("null", to);
		return;
	}
	for (digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	fputs(text, to);
}
