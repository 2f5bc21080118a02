#ifndef OFFING_IO_TEXT_LINE_READER_H
#define OFFING_IO_TEXT_LINE_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "io/text/text_source.h"

/**
 * Lines of a text file (text_source.h) as a stream: no more memory than the
 * longest line, at most LINE_BYTES_MAX, and no more lines and bytes than the
 * reader sets. A line may end with LF, CR LF, or the file.
 */
struct line_reader {
	struct text_source source;
	const char *file; /* of the source: errors point to it */
	char *buf;
	size_t n, cap; /* bytes in @buf, its size */
	size_t at;     /* where the next line starts */
	unsigned line; /* number of the last line given out */
	unsigned most; /* lines it may have */
	bool eof;
};

/** What a reader takes at most. */
struct line_limits {
	uint64_t bytes; /* unpacked */
	unsigned lines;
};

#define LINE_BYTES_MAX (1u << 20)

/** On false @err is at @at, and nothing needs closing. */
MUST_CHECK bool line_reader_open(struct line_reader *r, const char *file, struct line_limits limits,
	struct src_pos at, struct err *err);
void line_reader_close(struct line_reader *r);

/** 1: *@line is the next one, without its end, until the next call; 0: the end of the file; -1: it
 *  cannot be read, see @err. */
int line_reader_next(struct line_reader *r, struct str *line, struct err *err);

/** The same of lines that are not blank: the others are skipped. */
int line_reader_next_text(struct line_reader *r, struct str *line, struct err *err);

/** Whether all of @part, which stands at @from, is text that shows; see below. */
MUST_CHECK bool text_shows(struct str part, struct src_pos from, struct err *err);

/** Whether all of @part of @line is text that shows: a no-break space and its like are refused by
 *  name, and so is what is no UTF-8. A tab is a blank. For what else went wrong there. */
MUST_CHECK bool line_reader_shows(
	const struct line_reader *r, struct str part, struct str line, struct err *err);

/** The place of byte @s of the last line. */
struct src_pos line_reader_pos(const struct line_reader *r, struct str line, const char *s);

#endif
