#include "models/net/transport.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>

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
	double whole = payload_bytes / f->payload_bytes, packets = (double)(int64_t)whole;
	double full = f->payload_bytes + f->header_bytes, wire;

	if (packets < whole)
		packets += 1.0; /* ceil(), without the call */
	wire = payload_bytes + packets * f->header_bytes;

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

/** The least k >= 0 with 2^k >= @x. */
static int log2_up(double x)
{
	int k;
	double half = frexp(x, &k); /* x = half 2^k, half in [0.5, 1) */

	if (!(x > 1.0))
		return 0;
	return half > 0.5 ? k : k - 1;
}

/** When the last byte leaves if the shaper is busy from round @k on. */
static double round_end_s(
	const struct train *t, int k, double rtt_s, double bytes_per_s, double credit_bytes)
{
	double sent = TCP_INITIAL_WINDOW * (ldexp(1.0, k) - 1.0);

	return k * rtt_s +
	       shaped_s(t->wire_bytes - sent * t->full_bytes, credit_bytes, bytes_per_s);
}

double slow_start_delay_s(
	const struct train *t, double rtt_s, double bytes_per_s, double credit_bytes)
{
	double open_s, end_s, first_bytes = TCP_INITIAL_WINDOW * t->full_bytes;
	int last, busy;

	if (!(rtt_s > 0.0) || t->packets <= TCP_INITIAL_WINDOW ||
		first_bytes - credit_bytes >= rtt_s * bytes_per_s)
		return 0.0;
	open_s = shaped_s(t->wire_bytes, credit_bytes, bytes_per_s);
	last = log2_up(t->packets / TCP_INITIAL_WINDOW + 1.0) - 1;
	end_s = round_end_s(t, last, rtt_s, bytes_per_s, credit_bytes);
	/* Up to the round that is as long as a round trip each ends later than the one before;
	 * after it each ends earlier, while anything is left to wait for. */
	if (first_bytes * ldexp(1.0, last) > rtt_s * bytes_per_s) {
		busy = log2_up(rtt_s * bytes_per_s / first_bytes);
		end_s = fmax(end_s, round_end_s(t, busy, rtt_s, bytes_per_s, credit_bytes));
	}
	return fmax(0.0, end_s - open_s);
}
