#ifndef OFFING_IO_RECORD_SERIES_MERGE_H
#define OFFING_IO_RECORD_SERIES_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/**
 * A series.h5 of the runs of others, each in /run_ID with its attributes `policy`, `scenario`,
 * `seed` and `version`. Chunks are copied as they lie, compressed.
 */
struct series_merge;

/** False where a build has no HDF5 and makes none. */
extern const bool series_merge_can;

/** @path does not exist. On false *@out is NULL. */
MUST_CHECK bool series_merge_open(struct series_merge **out, const char *path, struct err *err);
/** What @file has of its run @from becomes run @to; a file that has nothing of it adds nothing.
 *  ERR_INPUT where @file cannot be read, ERR_RUN where it cannot be copied. */
MUST_CHECK bool series_merge_add(
	struct series_merge *s, const char *file, uint32_t from, uint32_t to, struct err *err);
/** Free @s, also on false. */
MUST_CHECK bool series_merge_close(struct series_merge *s, struct err *err);
/** The same for one that failed: what was written is to be thrown away. */
void series_merge_drop(struct series_merge *s);

#endif
