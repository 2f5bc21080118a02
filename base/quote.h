#ifndef OFFING_BASE_QUOTE_H
#define OFFING_BASE_QUOTE_H

#include <stddef.h>

/** Enough for what quote() writes: 40 characters of UTF-8, or escapes, and "...". */
#define QUOTE_SIZE 168

/**
 * Write at most 40 characters of @text into @buf, fit for a one-line message
 * on a terminal: control bytes as \xNN, "..." where it was cut (never inside a
 * UTF-8 character). @size is at least 8. Returns @buf.
 */
char *quote(char *buf, size_t size, const char *text);

#endif
