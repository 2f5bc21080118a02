#ifndef OFFING_MODELS_TOPOLOGY_H
#define OFFING_MODELS_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "models/spec.h"

/**
 * Links as objects, one per pair of ends and direction, and the fixed routes
 * over them. A link is a FIFO: a message of W bytes holds it for W / rate,
 * then travels delay_s.
 *
 * A message over several links is pipelined by packets (interface.md):
 *   start_h = max(free_h, arrival of its first packet)
 *   end_h   = max(start_h + W / rate_h, end_(h-1) + last packet / rate_h)
 */
struct link {
	const char *name; /* "access/campus-edge1/up" */
	double bytes_per_s, delay_s;
	int64_t free_ns; /* when the last message accepted has left it */
	/* since the last reset; busy_s counts reservations, see link_busy_s() */
	double busy_s, wait_s;
	uint64_t messages;
	double bytes; /* on the wire */
};

/** Hops in order of travel. No hops: the ends are together, or there is no network. */
struct route {
	size_t n;
	struct link *const *hops;
	double delay_s;     /* sum */
	double bytes_per_s; /* of the slowest hop; HUGE_VAL without hops */
};

struct topology {
	bool none; /* links: {} : every transfer takes no time */
	size_t n_links;
	struct link *links;
	size_t n_groups, n_sites;
	const struct route *up, *down; /* [group * n_sites + site]: user to site, and back */
};

/** Expand globs, build links, choose routes. Fails for a glob that matches
 *  nothing and for a group without a route to a site that has an instance. */
MUST_CHECK bool topology_create(struct topology *out, struct arena *arena,
	const struct scenario_spec *spec, struct err *err);

/** Headers: 66 bytes for each of the packets of at most 1448 bytes of payload. */
double wire_bytes(double payload_bytes);

/** Send @payload_bytes along @r at @now_ns; returns when the last byte arrives. O(hops). */
int64_t route_send(const struct route *r, int64_t now_ns, double payload_bytes);

/** How long that would take with every link idle. */
double route_idle_s(const struct route *r, double payload_bytes);

/** How long a message sent now would wait for the links before it starts to move. */
double route_backlog_s(const struct route *r, int64_t now_ns);

/** Seconds spent sending between the last reset and @now_ns. */
double link_busy_s(const struct link *l, int64_t now_ns);

/** Forget what was counted; the queue stays. */
void link_reset(struct link *l, int64_t now_ns);

#endif
