#ifndef OFFING_MODELS_LINK_H
#define OFFING_MODELS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/ids.h"
#include "models/net/delay_line.h"
#include "models/net/spec.h"
#include "models/net/tally.h"

struct world;
struct transfer_span; /* models/probe.h */

/** Who is told of what links carry. */
struct link_ear {
	void (*carried)(struct world *w, const struct transfer_span *s);
	struct world *world;
};

/**
 * One direction of a link. Messages in order of arrival (SHARING_FIFO) pass in
 * closed form here; where flows share (SHARING_FAIR), models/net/transfer.c moves those that have
 * company, and a message without any passes as it would in order of arrival.
 *
 * A link of rate and delay alone holds a message for W / rate. A bucket of depth B is
 * the same queue seen B / rate earlier: if F is when the bucket would be full
 * again, a message moves F to max(F, arrival) + W / rate and has left at
 * F - B / rate (htb: (B + last packet) / rate), but not before it arrived.
 */
struct link {
	const char *name; /* "access/campus-edge1/up" */
	const struct link_dir_spec *spec;
	double bytes_per_s; /* that holds now, with what a late timer loses */
	double delay_s;
	bool plain;      /* rate and delay alone */
	bool fair;       /* flows share it */
	bool random;     /* jitter or loss */
	bool limited;    /* so many packets in the delay, no more */
	int64_t free_ns; /* plain: when what was accepted has left; else F, with a curve, too */
	double burst_s;  /* B / rate */
	double late_s;   /* of the timer by which leaves who waited for tokens */
	double peak_bytes_per_s, peak_burst_s;
	int64_t peak_free_ns;
	double full_bytes;         /* with a curve: F, in bytes since t = 0, */
	int64_t until_ns;          /* and when what was accepted has left */
	struct netem_state *netem; /* random links: link_seed() */
	struct delay_line line;    /* what is under way in the delay, where packets are limited */

	uint32_t number;   /* in events */
	uint32_t place[3]; /* as written, between these ends */
	bool down;

	/* where it is shared: its set of flows, and what it is called there */
	uint32_t set, set_link, first_pipe;

	struct tally tally;
	const struct link_ear *ear; /* NULL: nobody asks */
};

/** @kind has left @l between these. */
void link_tell(const struct link *l, enum transfer_kind kind, double bytes, int64_t from_ns,
	int64_t to_ns);

/** A message on its way: seconds from now at which its first and last packet reach a hop. */
struct passage {
	struct train train;
	enum transport transport;
	enum transfer_kind kind;
	double rtt_s;
	double head_s, tail_s;
	bool more; /* hops follow: when the first packet leaves matters */
};

/** Longer than any run: no message of a scenario in its senses takes as long. */
#define LINK_NEVER_S 8e9

/** "prompt", "answer", ... : the word in scenarios and metrics. */
const char *transfer_kind_name(enum transfer_kind kind);

/** Is it of rate and delay alone? */
bool link_dir_is_plain(const struct link_dir_spec *d);

/** An idle link with a full bucket; @name and @spec are borrowed. */
void link_init(struct link *l, const char *name, const struct link_dir_spec *spec);
void link_finish(struct link *l);

/** Start the stream of a random link, in memory of @arena. */
void link_seed(struct link *l, struct arena *arena, uint64_t seed, uint32_t replication);

/** Pass @p, which comes at @now_ns, over @l, which is in order of arrival, reserve its time and
 *  count it; @p then stands at the far end. The clock may not have come so far: @clock_ns. */
void link_pass(struct link *l, int64_t clock_ns, int64_t now_ns, struct passage *p);

/** The same over a plain link with nothing reserved or counted: *@free_ns is in place of its own.
 */
void link_pass_ahead(const struct link *l, int64_t now_ns, struct passage *p, int64_t *free_ns);

/** The rate and bucket that a message would have to itself. */
struct link_share {
	double bytes_per_s, burst_bytes, tokens_bytes;
};

/** The same with @s to itself and nothing reserved or counted, but for its packets in @line, that
 *  of the link. Without @line: as if the link were idle and its present rate stayed. */
void link_pass_alone(const struct link *l, int64_t now_ns, struct passage *p,
	const struct link_share *s, struct delay_line *line);

/** That share of a link in order of arrival that is idle, its bucket full. */
struct link_share link_idle_share(const struct link *l);

/** Random delay and loss of a message that crosses @l: later by so much, and never by less than
 *  minus the link's delay. Counts what is sent again, and adds it to *@resent_bytes. */
double link_luck_s(struct link *l, const struct passage *p, double *resent_bytes);

/** How long a message that came now would wait. */
double link_backlog_s(const struct link *l, int64_t now_ns);

/** The rate the link has at @now_ns, if it changes over time; true when it moved. */
bool link_rate_update(struct link *l, int64_t now_ns);

#endif
