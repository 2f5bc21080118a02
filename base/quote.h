#ifndef OFFING_BASE_QUOTE_H
#define OFFING_BASE_QUOTE_H

#include <stddef.h>
#include <stdio.h>

/** Enough for what quote() writes: 40 characters of UTF-8, or escapes, and "...". */
#define QUOTE_SIZE 168

/**
 * Write at most 40 characters of @text into @buf, fit for a one-line message
 * on a terminal: what does not show there (control and invisible characters,
 * bytes that are no UTF-8) as \xNN or \uNNNN, "..." where it was cut, never
 * inside a character. @size is at least 16. Returns @buf.
 */
char *quote(char *buf, size_t size, const char *text);

/** The same for @n bytes. */
char *quote_bytes(char *buf, size_t size, const char *text, size_t n);

/** All of @text to @to in the same spelling: for names of files. */
void quote_print(FILE *to, const char *text);

#endif
