#ifndef OFFING_IO_RECORD_FOLDER_H
#define OFFING_IO_RECORD_FOLDER_H

#include <stdbool.h>

#include "base/err.h"

/** Make @dir, with its parents, unless it is there. ERR_RUN says why that cannot be. */
MUST_CHECK bool rec_folder_make(const char *dir, struct err *err);

/** Whether @dir holds any file of a result. */
bool rec_folder_taken(const char *dir);

/**
 * Make @dir, which is there, hold a result from now on: of several processes that try at once, one
 * succeeds. ERR_INPUT when it holds one already.
 */
MUST_CHECK bool rec_folder_claim(const char *dir, struct err *err);

/** Take the files of a result in @dir away. */
void rec_folder_clear(const char *dir);

#endif
