#ifndef OFFING_MODELS_TRANSPORT_H
#define OFFING_MODELS_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

/**
 * How a message becomes packets, and how fast a connection lets them go.
 * Sizes on the wire are those tc counts: with the Ethernet header of 14 bytes,
 * without checksum, preamble and gap. Plain values, nothing to free.
 */

enum transport {
	TRANSPORT_STREAM,   /* the headers of TCP, an open window: a link of rate and delay alone */
	TRANSPORT_TCP,      /* TCP/IPv4 with timestamps, headers of 66 bytes, slow start */
	TRANSPORT_DATAGRAM, /* all packets at once: UDP/IPv4, headers of 42 bytes */
};

enum connection {
	CONNECTION_COLD, /* established and idle: the window starts at TCP_INITIAL_WINDOW */
	CONNECTION_WARM, /* the window is open */
	CONNECTION_NEW,  /* cold, and the handshake's round trip comes first */
};

enum {
	ETHERNET_BYTES = 14,
	MTU_BYTES = 1500,
	MTU_MIN_BYTES = 68,      /* RFC 791 */
	TCP_INITIAL_WINDOW = 10, /* segments, RFC 6928 */
};

struct framing {
	double payload_bytes; /* the most a packet carries */
	double header_bytes;  /* of each packet, Ethernet included */
};

/** Of a link with IP packets of at most @mtu_bytes: 1448 + 66 for TCP at 1500. */
struct framing framing_of(enum transport t, double mtu_bytes);

/** A message as it crosses a link: full packets and a last one. */
struct train {
	double packets;
	double wire_bytes;                          /* of all of them */
	double full_bytes, first_bytes, last_bytes; /* of one */
};

/** @payload_bytes >= 0; no payload, no packet. */
struct train train_of(const struct framing *f, double payload_bytes);

/**
 * Slow start: in round k = 0, 1, ... a connection sends 10 * 2^k packets and
 * then waits for their acknowledgements, one round trip @rtt_s after it began.
 * Returns by how much that delays the last byte of @t against an open window,
 * behind a shaper of @bytes_per_s that lets @credit_bytes pass at once:
 *     max(K rtt, max over k <= K of k rtt + max(0, W - A_k - credit) / rate)
 *         - max(0, W - credit) / rate
 * with A_k = 10 (2^k - 1) full packets, K the round that sends the last packet
 * (the form of the project's own measurements). O(log packets). @bytes_per_s may
 * be HUGE_VAL.
 */
double slow_start_delay_s(
	const struct train *t, double rtt_s, double bytes_per_s, double credit_bytes);

#endif
