#include "cli/json.h"

static void member(FILE *to, const char *name)
{
	fputs(", ", to);
	json_string(to, name);
	fputs(": ", to);
}

void json_member_string(FILE *to, const char *name, const char *s)
{
	member(to, name);
	json_string(to, s);
}

void json_member_number(FILE *to, const char *name, double x)
{
	member(to, name);
	json_number(to, x);
}

void json_member_interval(FILE *to, const char *name, double lo, double hi)
{
	fprintf(to, ", \"%s\": [", name);
	json_number(to, lo);
	fputs(", ", to);
	json_number(to, hi);
	fputc(']', to);
}
