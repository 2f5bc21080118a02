#ifndef OFFING_IO_TEXT_TEXT_SOURCE_H
#define OFFING_IO_TEXT_TEXT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zlib.h>

#include "base/err.h"

/**
 * The bytes of a text file as every reader gets them: gzipped or not (told by
 * the content), without a byte order mark, and no more than a limit however
 * small the file is. What is no text is refused by its name: other
 * compressions, other encodings, pointers of Git LFS and git-annex, web pages.
 */
struct text_source {
	gzFile gz;
	const char *file;     /* borrowed: errors point to it */
	uint64_t most, given; /* bytes it may have, and has given */
	char head[512];       /* read to tell what the file is, not given yet */
	size_t n_head, at;
};

/** Open the regular file @file, or standard input for "-", which is then called "stdin". At most
 *  @most bytes, unpacked. What cannot be opened is told at @at, what is in it at its own
 *  place. On false nothing needs closing. */
MUST_CHECK bool text_source_open(
	struct text_source *s, const char *file, uint64_t most, struct src_pos at, struct err *err);
void text_source_close(struct text_source *s);

/** Up to @n bytes into @to; 0: the end; -1: see @err, at line @line of the file. */
long text_source_read(struct text_source *s, char *to, size_t n, unsigned line, struct err *err);

#endif
