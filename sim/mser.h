#ifndef OFFING_SIM_MSER_H
#define OFFING_SIM_MSER_H

#include <stdbool.h>
#include <stddef.h>

/**
 * MSER-5: where a run's warm-up ends (White, Cobb, Spratt, "A comparison of five
 * steady-state truncation heuristics for simulation", WSC 2000). Batches of five samples
 * have means z_1..z_k; the cut after d batches minimises
 *
 *	sum over i > d of (z_i - mean of those)^2 / (k - d)^2
 *
 * The last five batches are no candidates: a few equal ones make the sum vanish.
 */

enum { MSER_BATCH = 5, MSER_TAIL = 5 };

/**
 * *@cut = how many of the @n samples in @x to drop, a multiple of five. False when the
 * minimum lies in the second half (the run is too short for its warm-up) or there are fewer
 * than ten batches; *@cut then tells where the minimum lies (0 when too few). A last
 * incomplete batch is left out. O(n), no memory.
 */
bool mser5_cut(const double *x, size_t n, size_t *cut);

#endif
