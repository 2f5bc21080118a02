#ifndef OFFING_TESTS_NET_LATE_H
#define OFFING_TESTS_NET_LATE_H

#include <stddef.h>

#include "base/err.h"
#include "tests/net/rig.h"

/**
 * How late this kernel's timers let a packet go: the model's one free parameter, measured.
 * A train of equal datagrams through a tbf whose bucket is deep enough to lose nothing is
 * due at known instants after its first packet: packet i (from 1) of p bytes
 *     max(0, i p - burst) / rate
 * and the kernel stamps each as it arrives. The stack's own time is in both and cancels.
 */
struct lateness {
	size_t n;                     /* packets that had to wait for a timer */
	double mean_s, p50_s, p95_s;
};

/** Over trains at @n_rates rates, a few hundred packets in all; the rig must be plain. */
MUST_CHECK bool lateness_measure(struct lateness *out, struct rig *r,
	const double *bytes_per_s, size_t n_rates, struct err *err);

#endif
