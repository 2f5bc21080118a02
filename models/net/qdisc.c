#include "models/net/qdisc.h"

#include <assert.h>
#include <math.h>

static double frame_bytes(const struct qdisc *q)
{
	return q->mtu_bytes + ETHERNET_BYTES;
}

/** By how much a timer exceeds @slack_s on average: normal, of the given mean, its deviation a
 *  quarter of that. */
static double excess_s(double late_s, double slack_s)
{
	double sd_s = 0.25 * late_s;
	double z = (late_s - slack_s) / sd_s;
	double density = exp(-0.5 * z * z) / 2.5066282746310002; /* sqrt(2 pi) */

	return 0.5 * (late_s - slack_s) * erfc(-0.70710678118654752 * z) + sd_s * density;
}

/** What a bucket of @burst_bytes filled at @bytes_per_s lets through in the long run. */
static double sustained_bytes_per_s(const struct qdisc *q, double bytes_per_s, double burst_bytes)
{
	double frame = frame_bytes(q);
	double slack_s = (burst_bytes - frame) / bytes_per_s;

	if (!(q->timer_late_s > 0.0) || !(bytes_per_s < HUGE_VAL) || slack_s < 0.0)
		return bytes_per_s;
	return frame / (frame / bytes_per_s + excess_s(q->timer_late_s, slack_s));
}

static double tbf_bytes_per_s(const struct qdisc *q)
{
	return sustained_bytes_per_s(q, q->bytes_per_s, q->burst_bytes);
}

static double peak_bytes_per_s(const struct qdisc *q)
{
	return sustained_bytes_per_s(q, q->peak_bytes_per_s, q->minburst_bytes);
}

static double htb_bytes_per_s(const struct qdisc *q)
{
	return q->ceil_bytes_per_s > 0.0 ? q->ceil_bytes_per_s : q->bytes_per_s;
}

double qdisc_rate_bytes_per_s(const struct qdisc *q)
{
	double bytes_per_s;

	switch (q->kind) {
	case QDISC_NONE:
		break;
	case QDISC_TBF:
		bytes_per_s = tbf_bytes_per_s(q);
		return q->peak_bytes_per_s > 0.0 ? fmin(bytes_per_s, peak_bytes_per_s(q))
						 : bytes_per_s;
	case QDISC_HTB:
		return htb_bytes_per_s(q);
	}
	return q->bytes_per_s;
}

double qdisc_burst_bytes(const struct qdisc *q)
{
	switch (q->kind) {
	case QDISC_NONE:
		break;
	case QDISC_TBF:
		return q->burst_bytes;
	case QDISC_HTB:
		return q->cburst_bytes > 0.0 ? q->cburst_bytes : q->burst_bytes;
	}
	return 0.0;
}

/* Super-packets hold at most half the window that the peer has shown
 * (tcp_bound_to_half_wnd()): five segments on a fresh connection. Once that has grown their
 * sizes vary from run to run; ten stands for the last one's mean. */
static const double SUPER_FIRST = 5.0, SUPER_LATER = 10.0, SUPER_FIRST_UNTIL = 25.0;

/** The last thing htb charges for: a packet or a super-packet. */
static double htb_last_bytes(const struct qdisc *q, const struct train *t)
{
	double segments;

	if (!q->gso || t->packets <= 1.0)
		return t->last_bytes;
	segments = t->packets <= SUPER_FIRST_UNTIL ? fmod(t->packets - 1.0, SUPER_FIRST)
						   : SUPER_LATER - 1.0;
	return segments * t->full_bytes + t->last_bytes;
}

double qdisc_credit_bytes(const struct qdisc *q, const struct train *t, double tokens_bytes)
{
	return q->kind == QDISC_HTB ? tokens_bytes + htb_last_bytes(q, t) : tokens_bytes;
}

double qdisc_send_s(const struct qdisc *q, const struct train *t, double tokens_bytes)
{
	double owed_bytes = t->wire_bytes - qdisc_credit_bytes(q, t, tokens_bytes);
	double s, peak_s;

	if (q->kind == QDISC_NONE)
		return t->wire_bytes / q->bytes_per_s;
	if (q->kind == QDISC_HTB)
		return fmax(0.0, owed_bytes) / htb_bytes_per_s(q);
	s = fmax(0.0, owed_bytes) / tbf_bytes_per_s(q);
	if (!(q->peak_bytes_per_s > 0.0))
		return s;
	peak_s = fmax(0.0, t->wire_bytes - q->minburst_bytes) / peak_bytes_per_s(q);
	return fmax(s, peak_s);
}
