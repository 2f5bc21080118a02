#ifndef OFFING_IO_TEXT_LINE_READER_H
#define OFFING_IO_TEXT_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

#include <zlib.h>

#include "base/err.h"
#include "base/str.h"

/**
 * Lines of a text file, gzipped or not (told by the content), as a stream: no
 * more memory than the longest line, at most LINE_BYTES_MAX.
 */
struct line_reader {
	gzFile gz;
	const char *file; /* borrowed: errors point to it */
	char *buf;
	size_t n, cap; /* bytes in @buf, its size */
	size_t at;     /* where the next line starts */
	unsigned line; /* number of the last line given out */
	bool eof;
};

#define LINE_BYTES_MAX (1u << 20)

/** On false @err is at @at, and nothing needs closing. */
MUST_CHECK bool line_reader_open(
	struct line_reader *r, const char *file, struct src_pos at, struct err *err);
void line_reader_close(struct line_reader *r);

/** 1: *@line is the next one, without its end (LF or CR LF), until the next call; 0: the end of
 *  the file; -1: it cannot be read, see @err. */
int line_reader_next(struct line_reader *r, struct str *line, struct err *err);

/** The place of byte @s of the last line. */
struct src_pos line_reader_pos(const struct line_reader *r, struct str line, const char *s);

#endif
