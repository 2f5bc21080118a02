#ifndef OFFING_MODELS_NET_ROUTE_H
#define OFFING_MODELS_NET_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/net/fair.h"
#include "models/net/link.h"

/**
 * The way of a message over several links, pipelined by packets:
 *   start_h = max(free_h, arrival of its first packet)
 *   end_h   = max(start_h + W / rate_h, end_(h-1) + last packet / rate_h)
 */

/** Hops in order of travel. No hops: the ends are together, or there is no network. */
struct route {
	size_t n;
	struct link *const *hops;
	double delay_s;           /* sum */
	double bytes_per_s;       /* of the slowest hop; HUGE_VAL without hops */
	double rtt_s;             /* delays there and back */
	bool plain;               /* every hop is of rate and delay alone */
	bool fair;                /* flows share some hop */
	enum transport transport; /* TCP when a hop asks for it, else datagrams when one does */
	enum connection connection;
	struct framing framing;
	uint32_t users;                /* who asked for it */
	uint32_t set;                  /* fair: of the flows it is in */
	uint32_t path[TRANSFER_KINDS]; /* fair: there */
};

/** Do messages over the two take as long while the links are idle? No route is like no route. */
bool routes_alike(const struct route *a, const struct route *b);

/** What follows from the hops together: all but the last four. */
void route_describe(struct route *r);

/** What a message of @kind would have of each hop if it were alone now. @flows: of the set, NULL
 *  when no hop is shared. */
struct link_share route_share(
	const struct link *l, struct fair *flows, enum transfer_kind kind, double now_s);

/** The class of @d that carries @kind; the first that names none carries what no other does, NO_ID:
 *  none carries it. Without classes: 0. */
uint32_t route_class(const struct link_dir_spec *d, enum transfer_kind kind);

/** A message as it enters @r, by itself. */
struct passage route_passage(const struct route *r, double payload_bytes, enum transfer_kind kind);

/** A message as it enters @r: its packets, with what luck has sent again, and by how much luck and
 *  the round trips of its connection make it later. */
struct route_message {
	struct passage p;
	double luck_s;
	struct route_start {
		double bytes_per_s, credit_bytes, wire_bytes; /* behind such a hop, so much */
		double s;
	} start;
};
void route_message(const struct route *r, struct fair *flows, int64_t now_ns, double payload_bytes,
	enum transfer_kind kind, struct route_message *m);

/** Pass every hop in order of arrival, or alone where flows share; returns when the last byte
 *  arrives, in seconds from @now_ns. O(hops). */
double route_pass_s(
	const struct route *r, struct fair *flows, int64_t now_ns, struct route_message *m);

/** Does it take round trips of its connection, where it is TCP's? */
bool route_starts_slowly(const struct route *r, const struct train *t);

/** What slow start adds behind a hop of @bytes_per_s that lets @credit_bytes pass at once. */
double route_slow_start_s(
	const struct route *r, const struct train *t, double bytes_per_s, double credit_bytes);

/** How long a message would take at the present rates with every link idle and no bad luck. */
double route_idle_s(const struct route *r, struct fair *flows, int64_t now_ns, double payload_bytes,
	enum transfer_kind kind);

/** How long a message sent now would wait for the links before it starts to move. */
double route_backlog_s(const struct route *r, int64_t now_ns);

#endif
