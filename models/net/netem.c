#include "models/net/netem.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

static const double TABLE_END = 32767.0 / 8192.0; /* of tc's distribution tables */
static const double MOST_LOOKS = 1e6;             /* at single packets, in one message */
static const double RTO_MOST_S = 120.0;           /* TCP_RTO_MAX of Linux */
enum { DRAWN_PACKETS = 32, GROUP_SHARE = 8, MAX_ROUNDS = 1000000 };

void netem_init(struct netem_state *s, uint64_t seed, uint32_t replication, const char *link)
{
	*s = (struct netem_state){0};
	rng_init(&s->rng, seed, replication, "link", link);
	s->last_delay = rng_uniform_pos(&s->rng);
	s->last_loss = rng_uniform_pos(&s->rng);
}

static double correlated(double rho, double *last, struct rng *rng)
{
	*last = (1.0 - rho) * rng_uniform_pos(rng) + rho * *last;
	return *last;
}

double netem_quantile(enum netem_distribution d, double u)
{
	double normal, pareto;

	if (d == NETEM_UNIFORM)
		return 2.0 * u - 1.0;
	normal = fmax(-TABLE_END, fmin(TABLE_END, gsl_cdf_ugaussian_Pinv(u)));
	if (d == NETEM_NORMAL)
		return normal;
	pareto = fmin(TABLE_END, (1.0 / cbrt(1.0 - u) - 1.5) * 4.0 / 3.0);
	return d == NETEM_PARETO ? pareto : 0.25 * normal + 0.75 * pareto;
}

double netem_jitter_s(const struct netem *n, struct netem_state *s)
{
	return n->jitter_s * netem_quantile(n->distribution,
				     correlated(n->delay_correlation, &s->last_delay, &s->rng));
}

double netem_last_s(const struct netem *n, struct netem_state *s, double delay_s, double packets,
	double spacing_s)
{
	double last_s = -HUGE_VAL, at = 0.0, size;

	for (; at < packets && at < DRAWN_PACKETS; at += 1.0)
		last_s = fmax(last_s, fmax(netem_jitter_s(n, s), -delay_s) - at * spacing_s);
	for (; at < packets; at += size) {
		double u;

		size = fmin(ceil(at / GROUP_SHARE), packets - at);
		if (n->jitter_s * TABLE_END - at * spacing_s <= last_s)
			break; /* none of these can be later */
		u = fmin(pow(rng_uniform_pos(&s->rng), 1.0 / size), 1.0 - 0x1p-53);
		last_s = fmax(last_s, n->jitter_s * netem_quantile(n->distribution, u) -
					      (at + 0.5 * (size - 1.0)) * spacing_s);
	}
	return last_s;
}

/* Loss */

bool netem_lost(const struct netem *n, struct netem_state *s)
{
	switch (n->loss) {
	case NETEM_LOSS_NONE:
		break;
	case NETEM_LOSS_RANDOM:
		return correlated(n->loss_correlation, &s->last_loss, &s->rng) < n->loss_p;
	case NETEM_LOSS_GEMODEL: /* first the state, then the packet in it */
		if (rng_uniform(&s->rng) < (s->bad ? n->loss_r : n->loss_p))
			s->bad = !s->bad;
		return rng_uniform(&s->rng) < (s->bad ? n->loss_in_bad : n->loss_in_good);
	}
	return false;
}

double netem_loss_rate(const struct netem *n)
{
	switch (n->loss) {
	case NETEM_LOSS_NONE:
		break;
	case NETEM_LOSS_RANDOM:
		return n->loss_p;
	case NETEM_LOSS_GEMODEL:
		if (!(n->loss_p + n->loss_r > 0.0))
			return n->loss_in_good;
		return (n->loss_r * n->loss_in_good + n->loss_p * n->loss_in_bad) /
		       (n->loss_p + n->loss_r);
	}
	return 0.0;
}

/** The losses of one message. */
struct losses {
	const struct netem *n;
	struct netem_state *s;
	double looks; /* left: packets beyond that are lost at the mean rate */
};

/** Leap from loss to loss. */
static double lose_apart(struct losses *l, double packets, bool *tail)
{
	double at = 0.0, lost = 0.0, p = l->n->loss_p;

	while (p < 1.0 && l->looks > 0.0) {
		at += ceil(log(rng_uniform_pos(&l->s->rng)) / log1p(-p));
		if (at > packets)
			return lost;
		l->looks -= 1.0;
		lost += 1.0;
		*tail = at > packets - 3.0;
	}
	if (!(p < 1.0)) {
		*tail = true;
		return packets;
	}
	return lost + floor((packets - at) * p + rng_uniform(&l->s->rng));
}

/** Of @packets in a row, how many are lost, and is one of the last three? */
static double lose(struct losses *l, double packets, bool *tail)
{
	double lost = 0.0, i = 0.0;

	*tail = false;
	if (l->n->loss == NETEM_LOSS_RANDOM && !(l->n->loss_correlation > 0.0))
		return l->n->loss_p > 0.0 ? lose_apart(l, packets, tail) : 0.0;
	for (; i < packets && l->looks > 0.0; i += 1.0, l->looks -= 1.0)
		if (netem_lost(l->n, l->s)) {
			lost += 1.0;
			*tail = i >= packets - 3.0;
		}
	if (i < packets)
		lost += floor((packets - i) * netem_loss_rate(l->n) + rng_uniform(&l->s->rng));
	return lost;
}

/** Everything that was lost again after each @rto_s, which a sender of datagrams does not change.
 */
static struct loss_cost resend_all(struct losses *l, double packets, double packet_s, double rto_s)
{
	struct loss_cost c = {0};
	double left = packets;
	bool tail;

	for (int round = 0; round < MAX_ROUNDS; round++) {
		left = lose(l, left, &tail);
		if (!(left > 0.0))
			break;
		c.resent_packets += left;
		c.extra_s += rto_s + left * packet_s;
	}
	return c;
}

/** One round of @window packets out of @left: its time. The link is kept busy when the window
 *  outlasts the round trip. */
static double round_s(double window, double packet_s, double rtt_s)
{
	return fmax(rtt_s, window * packet_s);
}

static double window_after(double window, double *ssthresh, bool lost)
{
	if (lost) {
		*ssthresh = fmax(2.0, 0.7 * window);
		return *ssthresh;
	}
	return window < *ssthresh ? fmin(2.0 * window, fmax(*ssthresh, window + 1.0))
				  : window + 0.53;
}

/** What the message would take without loss. */
static double clean_s(double packets, double packet_s, double rtt_s)
{
	double window = TCP_INITIAL_WINDOW, s = 0.0;

	while (packets > window && window * packet_s < rtt_s) {
		packets -= window;
		window *= 2.0;
		s += rtt_s;
	}
	return s + packets * packet_s;
}

struct loss_cost netem_loss_cost(const struct netem *n, struct netem_state *s,
	enum transport transport, double packets, double packet_s, double rtt_s, double rto_s)
{
	double window = TCP_INITIAL_WINDOW, ssthresh = HUGE_VAL, at_s = 0.0, left = packets;
	double first_s = fmax(rto_s, rtt_s), timer_s = first_s;
	struct loss_cost c = {0};
	struct losses l = {n, s, MOST_LOOKS};
	bool tail;

	if (transport != TRANSPORT_TCP)
		return resend_all(&l, packets, packet_s, rto_s);
	for (int round = 0; round < MAX_ROUNDS && left > 0.0; round++) {
		double sent = fmin(floor(window), left), lost = lose(&l, sent, &tail);
		bool silent = lost >= sent || (sent >= left && tail); /* but for the timer */

		left -= sent - lost;
		c.resent_packets += lost;
		if (!(left > 0.0))
			at_s += sent * packet_s;
		else
			at_s += silent ? timer_s : round_s(sent, packet_s, rtt_s);
		window = window_after(window, &ssthresh, lost > 0.0);
		if (silent && lost > 0.0) { /* RFC 6298, 5.5 to 5.7 */
			window = 1.0;
			timer_s = fmin(2.0 * timer_s, fmax(RTO_MOST_S, first_s));
		} else if (lost < sent) {
			timer_s = first_s;
		}
	}
	at_s += left * packet_s; /* of what is more than MAX_ROUNDS are good for */
	c.extra_s = fmax(0.0, at_s - clean_s(packets, packet_s, rtt_s));
	return c;
}
