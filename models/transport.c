#include "models/transport.h"

#include <assert.h>
#include <math.h>

/* Of IP packets: 20 bytes IP, then 20 TCP and 12 of time stamps, or 8 UDP. */
static const double TCP_IP_BYTES = 52.0;
static const double UDP_IP_BYTES = 28.0;

struct framing framing_of(enum transport t, double mtu_bytes)
{
	double ip_bytes = t == TRANSPORT_DATAGRAM ? UDP_IP_BYTES : TCP_IP_BYTES;

	assert(mtu_bytes >= MTU_MIN_BYTES);
	return (struct framing){
		.payload_bytes = mtu_bytes - ip_bytes,
		.header_bytes = ip_bytes + ETHERNET_BYTES,
	};
}

struct train train_of(const struct framing *f, double payload_bytes)
{
	double packets = ceil(payload_bytes / f->payload_bytes);
	double full = f->payload_bytes + f->header_bytes;
	double wire = payload_bytes + packets * f->header_bytes;

	return (struct train){
		.packets = packets,
		.wire_bytes = wire,
		.full_bytes = full,
		.first_bytes = packets > 1.0 ? full : wire,
		.last_bytes = packets > 1.0 ? wire - (packets - 1.0) * full : wire,
	};
}

static double shaped_s(double bytes, double credit_bytes, double bytes_per_s)
{
	return bytes > credit_bytes ? (bytes - credit_bytes) / bytes_per_s : 0.0;
}

double slow_start_delay_s(
	const struct train *t, double rtt_s, double bytes_per_s, double credit_bytes)
{
	double before = 0.0, window = TCP_INITIAL_WINDOW; /* packets before round k, and in it */
	double open_s = shaped_s(t->wire_bytes, credit_bytes, bytes_per_s);
	double at_s = 0.0, end_s = open_s;

	if (!(rtt_s > 0.0))
		return 0.0;
	/* A round longer than a round trip even when credit lets part of it pass keeps the
	 * shaper busy until the next, and the rounds after it are longer still. */
	while (before + window < t->packets &&
		window * t->full_bytes < rtt_s * bytes_per_s + credit_bytes) {
		double left_bytes, s;

		before += window;
		window *= 2.0;
		at_s += rtt_s;
		left_bytes = t->wire_bytes - before * t->full_bytes;
		s = at_s + shaped_s(left_bytes, credit_bytes, bytes_per_s);
		end_s = s > end_s ? s : end_s;
	}
	return end_s - open_s;
}
