#ifndef OFFING_TESTS_TRUTH_FLOW_H
#define OFFING_TESTS_TRUTH_FLOW_H

#include <stdbool.h>

#include "base/err.h"
#include "tests/truth/cell.h"
#include "tests/truth/rig.h"

/**
 * The messages of a cell, sent and read by one process, so that one clock times both
 * ends. TCP is cubic, whatever the machine prefers, without Nagle's delay.
 */

/** The sockets of a cell's flows: connected, idle. */
struct flows {
	size_t n;
	enum transport transport;
	bool gso;
	char *data;                                     /* what is sent: zeros */
	int send[CELL_FLOWS_MAX], recv[CELL_FLOWS_MAX]; /* -1: none */
};

/** Open them, through whatever qdisc is there. On false there is nothing to close. */
MUST_CHECK bool flows_open(
	struct flows *f, const struct rig *r, const struct cell *c, struct err *err);

void flows_close(struct flows *f);

/** Send @c's messages at their times and read them. Fails when they take more than @most_s. */
MUST_CHECK bool flows_run(const struct flows *f, const struct cell *c, double most_s,
	struct sample *out, struct err *err);

#endif
