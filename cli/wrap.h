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

/** @width, or the columns of @s, if those are more. */
size_t text_widen(size_t width, const char *s);

/** @s with blanks behind it, or before it, up to @width columns; more where it has more. */
void text_left(FILE *to, const char *s, size_t width);
void text_right(FILE *to, const char *s, size_t width);

/** A line of a table: what is printed into @out, without the blanks at its end. */
struct text_line {
	FILE *out;
	char *text;
	size_t size;
};
void text_line_begin(struct text_line *l);
void text_line_end(struct text_line *l, FILE *to);

#endif
