#ifndef OFFING_TESTS_TRUTH_RIG_H
#define OFFING_TESTS_TRUTH_RIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "tests/truth/cell.h"

/**
 * A network to measure: two hosts joined by one Ethernet link of MTU 1500, in namespaces
 * without names, which the kernel takes down when the process ends, however it ends.
 * The link is a veth pair, or two of them with a frame forwarder between (forward.h).
 * Neighbours are static, TCP remembers nothing from one connection to the next, IPv6 is
 * off. What the sender's host sends is shaped; acknowledgements come back unshaped.
 */

enum rig_host { RIG_SENDER, RIG_RECEIVER, RIG_MIDDLE, RIG_HOSTS };

struct rig {
	int home;            /* where the process was before */
	int ns[RIG_HOSTS];   /* -1: none */
	bool shaped;         /* a qdisc is there */
	bool gso, gso_known; /* as last set */
	long forwarder;      /* its process; 0: none */
	double delay_s;      /* by netem, each way; 0: none */
};

/** What sets one rig apart from another. */
enum rig_kind { RIG_PLAIN, RIG_FORWARDED };

/** Build it. On false it is taken down again, and *@unable says that this machine cannot:
 *  privileges, ip and tc, namespaces or veth are missing. */
MUST_CHECK bool rig_create(struct rig *r, enum rig_kind kind, bool *unable, struct err *err);

/** Close the namespaces and end the forwarder. */
void rig_finish(struct rig *r);

/** Put the calling process into the network of @h. */
void rig_enter(const struct rig *r, enum rig_host h);

/** Back to where it was. */
void rig_leave(const struct rig *r);

/** Whether packets enter the qdisc as super-packets of many segments or one at a time. */
MUST_CHECK bool rig_segment(struct rig *r, bool gso, struct err *err);

/** Put a new qdisc on the sender's egress as @c says: buckets full, queues empty. Needs
 *  a few milliseconds, during which nothing should be sent. */
MUST_CHECK bool rig_shape(struct rig *r, const struct cell *c, struct err *err);

/** No qdisc. */
MUST_CHECK bool rig_unshape(struct rig *r, struct err *err);

/** Whether the kernel has qdisc @name, as in "tbf rate 1mbit burst 5k limit 5k". */
bool rig_has(struct rig *r, const char *name);

/** Delay each frame by @delay_s in both directions: forwarded rigs by the forwarder, plain ones by
 *  netem, which rig_shape() then puts before the shaper. */
MUST_CHECK bool rig_delay(struct rig *r, double delay_s, struct err *err);

/** Only netem on the sender's egress, with @options as in "delay 20ms 5ms". */
MUST_CHECK bool rig_netem(struct rig *r, const char *options, struct err *err);

#define RIG_SENDER_ADDR "10.77.0.1"
#define RIG_RECEIVER_ADDR "10.77.0.2"

#endif
