#ifndef OFFING_IO_RECORD_HDF5_PUT_H
#define OFFING_IO_RECORD_HDF5_PUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Identifiers are HDF5's hid_t, which is int64_t from 1.10 on: so these headers need none of its
 * own. */

/** Attributes. The text itself lies in the file's heap, so it may have any length. */
bool hdf5_put_text(int64_t at, const char *name, const char *text);
bool hdf5_put_uint64(int64_t at, const char *name, uint64_t value);

/** A new file, without a lock, so that others can read what has been flushed. Below 0: it failed.
 */
int64_t hdf5_create(const char *path);

/** To read it, without a lock: a run may be writing there. Below 0: it cannot be read. */
int64_t hdf5_open_read(const char *path);

/** What HDF5 says went wrong last with @path; false. */
bool hdf5_fail(const char *path, struct err *err);

#endif
