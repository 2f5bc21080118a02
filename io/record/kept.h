#ifndef OFFING_IO_RECORD_KEPT_H
#define OFFING_IO_RECORD_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "models/world/world.h"

/**
 * The replications that are finished, whole and to the bit, in DIR/parts/finished: a run that goes
 * on takes them from there, and what it makes of all is what it would have made of them at once.
 * One record is added a replication, with its length and a hash, so that a last one that is half
 * written is known.
 */
struct rec_kept;

/** Those of @dir, whose file is there. On false *@out is NULL. */
MUST_CHECK bool rec_kept_open(struct rec_kept **out, const char *dir, struct err *err);
void rec_kept_close(struct rec_kept *k); /* NULL is taken */

/** How many of @run there are without a gap, from 1 on. */
uint32_t rec_kept_count(const struct rec_kept *k, uint32_t run);

/** Replication @number of @run; world_result_finish() is due. Any thread. False with @err: the
 *  file cannot be read any more. */
MUST_CHECK bool rec_kept_load(struct world_result *out, const struct rec_kept *k, uint32_t run,
	uint32_t number, struct err *err);

#endif
