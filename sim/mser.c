#include "sim/mser.h"

#include "sim/stat.h"

static double batch_mean(const double *x)
{
	double sum = 0.0;
	size_t i;

	for (i = 0; i < MSER_BATCH; i++)
		sum += x[i];
	return sum / MSER_BATCH;
}

bool mser5_cut(const double *x, size_t n, size_t *cut)
{
	const size_t k = n / MSER_BATCH;
	struct stat_mean tail = {0};
	double mser, least = 0.0;
	size_t d, best = k;

	*cut = 0;
	if (k < 2 * MSER_TAIL)
		return false;
	for (d = k; d-- > 0;) { /* from the end, so that one pass does */
		stat_mean_add(&tail, batch_mean(x + d * MSER_BATCH));
		if (k - d <= MSER_TAIL)
			continue;
		mser = tail.m2 / ((double)(k - d) * (double)(k - d));
		if (best == k || mser <= least) {
			least = mser;
			best = d;
		}
	}
	*cut = best * MSER_BATCH;
	return best <= k / 2;
}
