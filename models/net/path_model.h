#ifndef OFFING_MODELS_PATH_MODEL_H
#define OFFING_MODELS_PATH_MODEL_H

#include <stddef.h>

#include "models/net/qdisc.h"

/**
 * What a shaped path does with messages, without a world: what the simulator
 * predicts, for a measurement of a kernel to be compared with.
 */

/** A path as one shaper and delays around it. */
struct path_model {
	struct qdisc qdisc;
	enum transport transport;
	enum connection connection;
	double delay_s, return_s; /* propagation there, and of acknowledgements back */
	double host_s; /* each crossing of the two hosts' stacks: send() to wire to read() */
};

/** Seconds from send() on an idle path with full buckets until the last byte is read. O(log). */
double path_transfer_s(const struct path_model *p, double payload_bytes);

/** A message on a path that others use too. */
struct path_flow {
	double start_s, payload_bytes;
	double end_s; /* answer */
};

/**
 * When each of @flows[0..@n), in order of start_s, ends. TCP through tbf: equal
 * shares of the rate behind one bucket (processor sharing). htb: a leaf class of rate / n for
 * each, with the burst and ceil of @p->qdisc, under a parent of its rate. Datagrams:
 * in order of arrival. O(n log n); O(n^2) for htb.
 */
void path_share(const struct path_model *p, struct path_flow *flows, size_t n);

#endif
