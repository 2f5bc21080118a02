#ifndef OFFING_MODELS_MEASURE_WITHIN_H
#define OFFING_MODELS_MEASURE_WITHIN_H

#include "base/mem.h"
#include "models/measure/metric.h"
#include "models/probe.h"

/**
 * How precise the means of one long replication are: by batch means over the answers of its
 * cohort in the order in which they end, whose correlation is allowed for (sim/batch_means.h).
 * A replication of which there is only one is measured so. Memory: 512 sums a metric, whatever
 * its length; what follows each other is added up, two by two, when all are used.
 */
enum { WITHIN_METRICS = 6, WITHIN_SUMS = 512, WITHIN_LEAST = 64 };

/** Of the system: mean -+ half. */
struct within_interval {
	enum metric_id id;
	double half; /* 95 %; NaN: fewer answers than WITHIN_LEAST, or too correlated to tell */
};

struct probe within_create(struct arena *a);
void within_read(struct within_interval out[static WITHIN_METRICS], const struct probe *p);

/** For tests: a mean of values that come one by one. */
struct within_mean {
	size_t n; /* sums, of @of values each, but for the last @filled */
	uint64_t of, filled;
	double last, sums[WITHIN_SUMS];
};
void within_add(struct within_mean *m, double x);
double within_half(const struct within_mean *m);

#endif
