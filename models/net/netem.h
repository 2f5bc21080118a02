#ifndef OFFING_MODELS_NETEM_H
#define OFFING_MODELS_NETEM_H

#include <stdbool.h>
#include <stddef.h>

#include "models/net/transport.h"
#include "sim/rng.h"

/**
 * Random delay and loss of packets by the rules of net/sched/sch_netem.c. The
 * rules are per packet; a message needs the last of its packets, and how many were
 * lost. Kernel's habits that are kept: correlation is x = (1 - rho) u + rho x_last,
 * which narrows the law; tables end at 4 sigma; a delay below 0 is 0. One is not: the
 * kernel takes the correlated number modulo the table, which undoes the correlation.
 */
enum netem_distribution {
	NETEM_UNIFORM,      /* delay +- jitter */
	NETEM_NORMAL,       /* sd jitter */
	NETEM_PARETO,       /* (v^(-1/3) - 1.5) 4/3 jitters, v uniform */
	NETEM_PARETONORMAL, /* a quarter of the one and three of the other */
};

enum netem_loss {
	NETEM_LOSS_NONE,
	NETEM_LOSS_RANDOM, /* loss random p [correlation] */
	NETEM_LOSS_GEMODEL /* loss gemodel p r 1-h 1-k (Gilbert-Elliott) */
};

struct netem {
	double jitter_s;
	double delay_correlation; /* 0 .. 1 */
	enum netem_distribution distribution;
	enum netem_loss loss;
	double loss_p; /* random: of each packet; gemodel: from good to bad */
	double loss_correlation;
	double loss_r;        /* gemodel: from bad to good */
	double loss_in_bad;   /* gemodel: 1 - h */
	double loss_in_good;  /* gemodel: 1 - k */
	double limit_packets; /* in the delay line; HUGE_VAL: no limit */
};

/** The state of one direction; its stream is drawn from only when there is something random. */
struct netem_state {
	struct rng rng;
	double last_delay, last_loss; /* correlated uniforms */
	bool bad;                     /* gemodel */
};

void netem_init(struct netem_state *s, uint64_t seed, uint32_t replication, const char *link);

/** What one packet's delay differs by from the mean; may be below 0. */
double netem_jitter_s(const struct netem *n, struct netem_state *s);

/** Is the next packet lost? */
bool netem_lost(const struct netem *n, struct netem_state *s);

/** Long-run share of packets lost. */
double netem_loss_rate(const struct netem *n);

/** The quantile at @u in (0, 1) of the jitter, in units of jitter_s. */
double netem_quantile(enum netem_distribution d, double u);

/**
 * By how much the last arrival of @packets that leave @spacing_s apart is later than the last
 * departure + @delay_s: the largest of X_i - i spacing_s, i packets before the last. The last 32
 * packets are drawn one by one; those before in groups an eighth as large as what lies behind
 * them, each by its largest, the quantile at U^(1/size), as if it left with its middle. So a
 * message costs 32 draws and one a group, 44 for 8 MB, at most.
 */
double netem_last_s(const struct netem *n, struct netem_state *s, double delay_s, double packets,
	double spacing_s);

/** What loss costs a message. */
struct loss_cost {
	double extra_s; /* until the last byte arrives, above what it takes without loss */
	double resent_packets;
};

/**
 * A message of @packets, sent @packet_s apart at best over a round trip of @rtt_s.
 * TCP: rounds of a window (10, doubling; after a loss 0.7 of it, then growing by 0.53 a round,
 * RFC 9438's friendly region); what is lost is sent again a round later, or, when the end of the
 * message is lost and nothing follows to tell, after @rto_s, twice that when it is lost again, and
 * so on (RFC 6298) up to 120 s. Others: all that is lost is sent again every @rto_s. Costs a step a
 * round and, where packets are lost independently, one draw a loss.
 */
struct loss_cost netem_loss_cost(const struct netem *n, struct netem_state *s,
	enum transport transport, double packets, double packet_s, double rtt_s, double rto_s);

#endif
