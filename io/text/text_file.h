#ifndef OFFING_IO_TEXT_TEXT_FILE_H
#define OFFING_IO_TEXT_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/mem.h"

/**
 * Read all of a small text file (text_source.h) into @a ("-": standard input).
 * Refuses more than @max bytes. What cannot be opened is told at @at.
 * *@bytes ends with a NUL that *@n does not count.
 */
MUST_CHECK bool text_file_read(char **bytes, size_t *n, struct arena *a, const char *file,
	size_t max, struct src_pos at, struct err *err);

/** Refuse what is not UTF-8 text or has control characters, at its line and column counted from
 * @from. */
MUST_CHECK bool text_check(const char *bytes, size_t n, struct src_pos from, struct err *err);

#endif
