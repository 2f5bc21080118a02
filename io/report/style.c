#include "io/report/style.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

/** The names that style.gp has a line type for, in their order. */
static struct str bound_names(void)
{
	static const char before[] = "\npolicies = '";
	const char *from = strstr(report_style, before) + strlen(before);

	return (struct str){from, strcspn(from, "'")};
}

/** From 1; 0: it has none of its own. */
static unsigned bound(const char *name)
{
	struct str rest = bound_names(), one;
	unsigned line = 0;

	while (str_split(&rest, ' ', &one)) {
		line++;
		if (str_eq(one, name))
			return line;
	}
	return 0;
}

void style_lines(unsigned *lines, size_t n, const char *const *names)
{
	bool taken[STYLE_LINES + 1] = {0};
	unsigned next = 0, left = STYLE_LINES;

	for (size_t i = 0; i < n; i++) {
		lines[i] = bound(names[i]);
		if (taken[lines[i]])
			lines[i] = 0; /* two of one policy */
		taken[lines[i]] = lines[i] > 0;
		left -= lines[i] > 0;
	}
	for (size_t i = 0; i < n; i++) {
		if (lines[i] > 0)
			continue;
		do
			next = next % STYLE_LINES + 1;
		while (left > 0 && taken[next]);
		lines[i] = next;
		left -= left > 0;
		taken[next] = true;
	}
}
