#ifndef OFFING_BASE_UNIT_HINT_H
#define OFFING_BASE_UNIT_HINT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/dimension.h"

/**
 * What somebody meant by an unknown unit of @dim, for the end of a message:
 * "did you mean 'Mbps'? (1 MB/s would be 8 times as fast)". A hint never
 * changes the size: where bits and bytes, or thousands and 1024s, could be
 * meant, it says by how much they differ. False: nobody knows.
 */
bool unit_hint(enum quantity_dim dim, const char *unit, char *hint, size_t size);

#endif
