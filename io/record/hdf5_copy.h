#ifndef OFFING_IO_RECORD_HDF5_COPY_H
#define OFFING_IO_RECORD_HDF5_COPY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/**
 * The group @name of the file @from, with all that is below it, becomes @as of @to; groups on the
 * way are made. Chunks are copied as they lie, compressed. @path is that of @to.
 *
 * It is what H5Ocopy does, which in HDF5 1.10 crashes where the disk is full in the middle of it.
 * On false what was opened stays open, since closing would write again: the file is to be thrown
 * away.
 */
MUST_CHECK bool hdf5_copy_group(int64_t from, const char *name, int64_t to, const char *as,
	const char *path, struct err *err);

/** The attribute @name of @from, a number or a text, becomes one of @to; the same on false. */
MUST_CHECK bool hdf5_copy_attribute(
	int64_t from, const char *name, int64_t to, const char *path, struct err *err);

#endif
