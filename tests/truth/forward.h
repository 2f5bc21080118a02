#ifndef OFFING_TESTS_TRUTH_FORWARD_H
#define OFFING_TESTS_TRUTH_FORWARD_H

#include "base/err.h"
#include "tests/truth/rig.h"

/**
 * A wire of a given length, for kernels without netem: a process of its own that takes each
 * frame off one veth, keeps it, and puts it on the other @delay_s after the kernel
 * received it, in both directions, in order, losing none. It dies with its parent.
 */
MUST_CHECK bool forward_start(long *pid, const struct rig *r, double delay_s, struct err *err);

/** End it; 0 is none. */
void forward_stop(long pid);

#endif
