#ifndef OFFING_BASE_WHOLE_FILE_H
#define OFFING_BASE_WHOLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

/**
 * A file to write that is whole or not there, whatever happens meanwhile: it is PATH.unfinished
 * until all of it is on disk, and takes its name, and the place of an older one, at once. A second
 * process that writes the same file is refused. What is no regular file (/dev/stdout, a pipe) is
 * written to as it is; where PATH is a link, what it leads to is replaced.
 *
 *	if (!whole_file_open(&f, path, WHOLE_REPLACE, err))
 *		return false;
 *	fprintf(whole_file(f), ...);             need not be looked at
 *	return whole_file_close(f, err);
 */
struct whole_file;

/** What becomes of a file that is there. */
enum whole_over {
	WHOLE_REFUSE,  /* it stays */
	WHOLE_FORCE,   /* the same, and --force would replace it */
	WHOLE_REPLACE, /* it is replaced */
};

/** ERR_INPUT when there is a file @path that stays; ERR_RUN, with the reason, when it cannot be
 *  written. On false *@out is NULL. */
MUST_CHECK bool whole_file_open(
	struct whole_file **out, const char *path, enum whole_over over, struct err *err);

/** Where to print. */
FILE *whole_file(const struct whole_file *f);

/** All of it is on disk, under its name. False, with the first thing that went wrong since it was
 *  opened: what was there before is there still. Frees @f. */
MUST_CHECK bool whole_file_close(struct whole_file *f, struct err *err);

/** It is not wanted. NULL is taken. */
void whole_file_drop(struct whole_file *f);

/** For files that others write: @beside, which is closed, is brought to disk and becomes @path. */
MUST_CHECK bool whole_file_become(const char *beside, const char *path, struct err *err);

/** write(2) until all @n are written; false: errno says why not. */
MUST_CHECK bool fd_write(int fd, const void *bytes, size_t n);

#endif
