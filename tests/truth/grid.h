#ifndef OFFING_TESTS_TRUTH_GRID_H
#define OFFING_TESTS_TRUTH_GRID_H

#include <stddef.h>
#include <stdint.h>

#include "tests/truth/cell.h"

/**
 * The cells to measure: corners that are always there, and draws that fill the ranges between
 * them: messages of 1 KB to 8 MB at 5 to 200 Mbit/s, bursts of 1600 bytes to 256 KB, 1 to
 * 8 flows, delays of 5 to 50 ms. Another seed draws others.
 */

enum grid_size { GRID_QUICK, GRID_FULL };

/** Free *@out with free(). In order of family, then rig. */
size_t grid_make(struct cell **out, enum grid_size size, uint64_t seed);

/** "tbf tcp 50 Mbit/s burst 1600, 65536 bytes" and so on; returns @buf. */
char *cell_print(char *buf, size_t size, const struct cell *c);

#endif
