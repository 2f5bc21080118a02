#ifndef OFFING_CLI_WRAP_H
#define OFFING_CLI_WRAP_H

#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/** Text for people that is broken at blanks, so that lines stay within @width columns. */
struct wrap {
	FILE *to;
	const char *prefix; /* of every line, NULL: none; counts as columns */
	size_t indent;      /* of the lines that follow the first */
	size_t width;
	/* {0} at first */
	size_t used;    /* columns of the line so far */
	size_t pending; /* blanks before the next word */
};

/** Append; blanks separate words, and a break takes the place of one. */
void wrap_printf(struct wrap *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

/** End the line. */
void wrap_end(struct wrap *w);

/** Columns that UTF-8 text takes, one a character. */
size_t text_columns(const char *s);

#endif
