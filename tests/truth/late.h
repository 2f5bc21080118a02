#ifndef OFFING_TESTS_TRUTH_LATE_H
#define OFFING_TESTS_TRUTH_LATE_H

#include <stddef.h>

#include "base/err.h"
#include "tests/truth/rig.h"

/**
 * What this machine adds to tc's arithmetic, measured apart from any transfer that a
 * prediction is held to.
 *
 * The kernel's timer lateness is the model's one free parameter. A tbf whose bucket holds
 * just one frame loses all that is late: packets of a train leave L / rate + lateness
 * apart, each by its own timer, and the kernel stamps them as they arrive.
 * The hosts' own time is from a send() to the stamp of a packet that had not to wait, and
 * from the stamp of one that woke its reader to the reader's clock.
 */
struct lateness {
	size_t n;      /* timers */
	double mean_s; /* of the middle half: others may keep the processor */
	double p5_s, p50_s, p95_s, max_s;
	double host_s; /* medians of both ways */
};

enum { LATENESS_TRAINS_MAX = 32 };

/** Over @n trains of 120 packets, train i at @bytes_per_s[i]; the rig must be plain. */
MUST_CHECK bool lateness_measure(
	struct lateness *out, struct rig *r, const double *bytes_per_s, size_t n, struct err *err);

#endif
