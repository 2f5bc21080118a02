#ifndef OFFING_TESTS_PATH_H
#define OFFING_TESTS_PATH_H

#include <stddef.h>

#include "models/net/qdisc.h"

/**
 * What a shaped path does with messages: one link of a network (models/net/net.h) and the time of
 * two hosts around it, for a measurement of a kernel to be compared with.
 */
struct path {
	struct qdisc qdisc;
	enum transport transport;
	enum connection connection;
	double delay_s, return_s; /* propagation there, and of acknowledgements back */
	double host_s; /* each crossing of the two hosts' stacks: send() to wire to read() */
};

/** A message on it. */
struct path_flow {
	double start_s, payload_bytes;
	double end_s; /* answer */
};

/** Most flows that htb gives a class each: there are so many kinds of transfer. */
enum { PATH_CLASSES = 5 };

/**
 * When each of @flows[0..@n), in order of start_s, ends. TCP through tbf and datagrams share as
 * models/net/ has it by default; with htb there is a leaf class of rate / n for each flow, @n <=
 * PATH_CLASSES, with the burst and ceil of @p->qdisc, under a parent of its rate.
 */
void path_share(const struct path *p, struct path_flow *flows, size_t n);

/** Seconds from send() on an idle path with full buckets until the last byte is read. */
double path_transfer_s(const struct path *p, double payload_bytes);

#endif
