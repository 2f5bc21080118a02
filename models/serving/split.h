#ifndef OFFING_MODELS_SERVING_SPLIT_H
#define OFFING_MODELS_SERVING_SPLIT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Which stage of a pipeline has how many layers: every stage at least one, all together the
 * model's.
 */

/** As many each; where that does not go, the first have one more, since the last has the head. */
void split_evenly(unsigned *layers, size_t n_stages, unsigned n_layers);

/**
 * So that the slowest stage is as fast as can be. Stage k with n layers takes
 * time_s[k * (n_layers + 1) + n], which does not fall with n, and has memory for most[k] layers at
 * most. False: they have not got memory for all layers together. O(stages x layers).
 */
bool split_balanced(unsigned *layers, size_t n_stages, unsigned n_layers, const double *time_s,
	const unsigned *most);

#endif
