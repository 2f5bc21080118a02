#ifndef OFFING_MODELS_QDISC_H
#define OFFING_MODELS_QDISC_H

#include <stdbool.h>
#include <stddef.h>

#include "models/net/transport.h"

/**
 * The shapers of Linux tc in closed form (net/sched/sch_tbf.c, sch_htb.c): when
 * the last byte of a train of packets has left. O(1) whatever the size. What the
 * simulator runs on and what a measurement of a kernel is compared with; no
 * world is needed. models/net/link.h puts them to work; docs/links.md derives
 * every formula.
 */

enum qdisc_kind {
	QDISC_NONE, /* a rate: a packet of p bytes takes p / rate */
	QDISC_TBF,  /* a packet leaves once the bucket covers it whole */
	QDISC_HTB,  /* a packet leaves once the bucket is not in debt, then is charged */
};

/** Plain data; rates in bytes/s of wire bytes, sizes in wire bytes. */
struct qdisc {
	enum qdisc_kind kind;
	double bytes_per_s;      /* rate, > 0; HUGE_VAL: no limit */
	double burst_bytes;      /* depth of the bucket; at least one frame */
	double limit_bytes;      /* tbf: of the queue behind the bucket; HUGE_VAL: no limit */
	double peak_bytes_per_s; /* tbf: peakrate; 0: none */
	double minburst_bytes;   /* tbf: depth of the peakrate's bucket (`mtu`, `minburst`) */
	double ceil_bytes_per_s; /* htb: most with borrowing; 0: as rate */
	double cburst_bytes;     /* htb: depth of the ceil's bucket; 0: as burst */
	double mtu_bytes;        /* of IP packets; a frame is 14 bytes longer */
	/**
	 * Mean lateness of the kernel's timer: the one figure that tc does not set.
	 * Tokens that arrive while a bucket is full are lost, so a timer late by d loses
	 * rate x (d - (burst - frame) / rate), if positive. Lateness is taken as normal with a
	 * deviation of a quarter of its mean m: with z = (m - slack) / (m / 4) each full packet
	 * costs (m - slack) Phi(z) + m / 4 phi(z) seconds. tests/truth measures both.
	 */
	double timer_late_s;
	/** Packets enter in super-packets of many segments (GSO). tbf's last byte does not
	 *  care; htb, which charges after sending, lets one more super-packet out at once. */
	bool gso;
};

/** What the long run gets: less than the rate where a small burst loses tokens. htb:
 *  the ceil, since a lone class borrows. */
double qdisc_rate_bytes_per_s(const struct qdisc *q);

/** Depth of the bucket that goes with that rate: what passes at once when it is full. */
double qdisc_burst_bytes(const struct qdisc *q);

/**
 * Seconds from the first packet's arrival, all of @t there, until the last byte has
 * left. @tokens_bytes are in the bucket then, from -inf (debt) to the burst;
 * a full bucket: qdisc_burst_bytes().
 */
double qdisc_send_s(const struct qdisc *q, const struct train *t, double tokens_bytes);

/** What passes without waiting for the rate, with @tokens_bytes in the bucket: those and,
 *  under htb, the last (super-)packet, which is charged after it has left. */
double qdisc_credit_bytes(const struct qdisc *q, const struct train *t, double tokens_bytes);

#endif
