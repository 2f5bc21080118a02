#include "models/serving/split.h"

#include <math.h>

void split_evenly(unsigned *layers, size_t n_stages, unsigned n_layers)
{
	for (size_t k = 0; k < n_stages; k++)
		layers[k] = n_layers / (unsigned)n_stages + (k < n_layers % n_stages);
}

/** A layer at a time to the stage that is fastest with it: adding to any other would make the
 *  slowest slower, now or later. */
bool split_balanced(unsigned *layers, size_t n_stages, unsigned n_layers, const double *time_s,
	const unsigned *most)
{
	for (size_t k = 0; k < n_stages; k++) {
		layers[k] = 1;
		if (most[k] < 1)
			return false;
	}
	for (unsigned left = n_layers - (unsigned)n_stages; left > 0; left--) {
		double least_s = HUGE_VAL;
		size_t best = n_stages;

		for (size_t k = 0; k < n_stages; k++) {
			double s = time_s[k * (n_layers + 1) + layers[k] + 1];

			if (layers[k] >= most[k] || !(s < least_s))
				continue;
			least_s = s;
			best = k;
		}
		if (best == n_stages)
			return false;
		layers[best]++;
	}
	return true;
}
