#ifndef OFFING_TESTS_ENGINE_PAIRS_H
#define OFFING_TESTS_ENGINE_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/** Scenarios of two engines each, one in the cloud and one at the edge, of every kind that the
 *  serving system has; otherwise random. */

enum {
	ENGINE_PAIR_NAME = 100,
	ENGINE_PAIRS_LONE_S = 100, /* how often `lone` asks; all else is over by then */
};

/** How many there are until they begin again, with other numbers. */
size_t engine_pairs(void);

/** The text of pair @seed, and what it is called. */
void engine_pair(struct buf *to, char name[static ENGINE_PAIR_NAME], uint64_t seed);

#endif
