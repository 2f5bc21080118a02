#ifndef OFFING_IO_RECORD_KEPT_PACK_H
#define OFFING_IO_RECORD_KEPT_PACK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "models/world/world.h"

/**
 * A replication in bytes, for the program that wrote them: numbers as they lie in memory. What its
 * metrics are called, the same for all of a run, is apart.
 */
void kept_pack_names(struct buf *to, const struct world_result *r);
void kept_pack(struct buf *to, const struct world_result *r);

/** The other way; false, with nothing to free, where they are not what was packed. */
MUST_CHECK bool kept_unpack(struct world_result *out, struct str names, struct str bytes);

#endif
