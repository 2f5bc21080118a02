#ifndef OFFING_MODELS_LINK_H
#define OFFING_MODELS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/ids.h"
#include "models/net/spec.h"

/**
 * One direction of a link. Messages in order of arrival (SHARING_FIFO) pass in
 * closed form here; where flows share (SHARING_FAIR), models/net/fair.h moves them and
 * this is where they are counted.
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
	int64_t free_ns; /* plain: when what was accepted has left; else F */
	double burst_s;  /* B / rate */
	double late_s;   /* of the timer by which leaves who waited for tokens */
	double peak_bytes_per_s, peak_burst_s;
	int64_t peak_free_ns;
	double full_bytes; /* with a curve: F, in bytes since t = 0, */
	int64_t until_ns;  /* and when what was accepted has left */
	struct netem_state netem;
	bool random; /* jitter or loss */

	/* where it is shared: its set of flows, and what it is called there */
	uint32_t set, set_link, first_pipe;

	/* since the last reset; busy_s counts reservations, see link_busy_s() */
	double busy_s, wait_s;
	uint64_t messages;
	double bytes; /* on the wire, what was sent again included */
	double kind_bytes[TRANSFER_KINDS];
	double dropped, resent; /* packets */
};

/** A message on its way: seconds from now at which its first and last packet reach a hop. */
struct passage {
	struct train train;
	enum transport transport;
	double rtt_s;
	double head_s, tail_s;
	bool more; /* hops follow: when the first packet leaves matters */
};

/** "prompt", "answer", ... : the word in scenarios and metrics. */
const char *transfer_kind_name(enum transfer_kind kind);

/** An idle link with a full bucket; @name and @spec are borrowed. If it is random, its
 *  stream (netem_init) still has to be started. */
void link_init(struct link *l, const char *name, const struct link_dir_spec *spec);

/** Pass @p over @l, which is in order of arrival, and reserve its time; @p then stands at the
 *  far end. */
void link_pass(struct link *l, int64_t now_ns, struct passage *p);

/** The same as if @l were idle with a full bucket, without luck, and nothing is reserved. */
void link_pass_idle(const struct link *l, int64_t now_ns, struct passage *p);

/** Random delay and loss of a message that crosses @l: later by so much. Counts what is sent
 *  again, and adds it to *@resent_bytes. */
double link_luck_s(struct link *l, const struct passage *p, double *resent_bytes);

/** How long a message that came now would wait. */
double link_backlog_s(const struct link *l, int64_t now_ns);

/** The rate the link has at @now_ns, if it changes over time; true when it moved. */
bool link_rate_update(struct link *l, int64_t now_ns);

/** A message of @p's size is accepted. */
void link_count(struct link *l, const struct passage *p, enum transfer_kind kind);

/** Seconds spent sending between the last reset and @now_ns. */
double link_busy_s(const struct link *l, int64_t now_ns);

/** Forget what was counted; the queue stays. */
void link_reset(struct link *l, int64_t now_ns);

#endif
