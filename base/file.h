#ifndef OFFING_BASE_FILE_H
#define OFFING_BASE_FILE_H

#include "base/err.h"

/**
 * Open a regular file for reading. A folder, a FIFO, a device or a socket is
 * refused at once: nothing waits for somebody to write. @at is where @file was
 * asked for. The caller closes the descriptor; -1: see @err.
 */
int file_open(const char *file, struct src_pos at, struct err *err);

#endif
