#ifndef OFFING_IO_RECORD_HDF5_PUT_H
#define OFFING_IO_RECORD_HDF5_PUT_H

#include <hdf5.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/** Attributes. The text itself lies in the file's heap, so it may have any length. */
bool hdf5_put_text(hid_t at, const char *name, const char *text);
bool hdf5_put_uint64(hid_t at, const char *name, uint64_t value);

/** A new file, without a lock, so that others can read what has been flushed. Below 0: it failed.
 */
hid_t hdf5_create(const char *path);

/** What HDF5 says went wrong last with @path; false. */
bool hdf5_fail(const char *path, struct err *err);

#endif
