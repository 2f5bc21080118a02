#ifndef OFFING_MODELS_TOPOLOGY_H
#define OFFING_MODELS_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "models/net/fair.h"
#include "models/net/link.h"
#include "models/scenario.h"

/**
 * Links as objects, one per pair of ends and direction, and the fixed routes over
 * them.
 *
 * A message over several links is pipelined by packets (docs/links.md):
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
	uint32_t set;                  /* fair: of the flows it is in */
	uint32_t path[TRANSFER_KINDS]; /* fair: there */
};

struct topology {
	bool none; /* links: {} : every transfer takes no time */
	size_t n_links;
	struct link *links;
	size_t n_groups, n_sites;
	const struct route *up, *down; /* [group * n_sites + site]: user to site, and back */
	size_t n_sets;
	struct fair **sets; /* links that no route joins share nothing */
};

/** Expand globs, build links, choose routes. Fails for a glob that matches
 *  nothing and for a group without a route to a site that has an instance. */
MUST_CHECK bool topology_create(struct topology *out, struct arena *arena,
	const struct scenario_spec *spec, struct err *err);

/** Free what topology_create() did not take from the arena. */
void topology_finish(struct topology *t);

/** Start the streams of the links with jitter or loss. */
void topology_seed(struct topology *t, uint64_t seed, uint32_t replication);

/** Has any link drawn from its stream? */
bool topology_drew(const struct topology *t);

/** Send @payload_bytes along @r, where no flows share, at @now_ns; returns when the last byte
 *  arrives. O(hops). */
int64_t route_send(
	const struct route *r, int64_t now_ns, double payload_bytes, enum transfer_kind kind);

/** The message as the first hop sees it. */
struct passage route_passage(const struct route *r, double payload_bytes);

/** What slow start adds behind the slowest hop, whose rate is @bytes_per_s and which lets
 *  @credit_bytes pass at once. */
double route_slow_start_s(
	const struct route *r, const struct train *t, double bytes_per_s, double credit_bytes);

/** How long that would take at the present rates with every link idle and no bad luck. */
double route_idle_s(const struct route *r, int64_t now_ns, double payload_bytes);

/** How long a message sent now would wait for the links before it starts to move. */
double route_backlog_s(const struct route *r, int64_t now_ns);

#endif
