#ifndef OFFING_TESTS_WALD_QUEUE_H
#define OFFING_TESTS_WALD_QUEUE_H

#include <stdint.h>

#include "sim/drift_test.h"

/** M/M/1 with services of 1 s from a backlog, judged every 50 s until it is certain: the quickest
 *  picture of Wald's test with a variance that is estimated on the way. */
struct wald_queue {
	double load;
	uint64_t seed;
	uint32_t replication;
	uint64_t backlog; /* so many that the server is hardly ever idle */
};

/** The verdict, and after how many seconds (mean services). */
enum drift_verdict wald_queue_run(const struct wald_queue *q, double *after_s);

/**
 * What least squares say of the number in system of a stationary M/M/1 (load < 1): is the slope of
 * @n samples 1 s apart above 0 at 2.5 %, as if the deviations from the line were independent? As
 * load generators and simulators do it.
 */
bool slope_says_growing(double load, uint32_t n, uint64_t seed, uint32_t replication);

#endif
