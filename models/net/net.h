#ifndef OFFING_MODELS_NET_NET_H
#define OFFING_MODELS_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/ids.h"
#include "models/net/spec.h"
#include "models/net/tally.h"
#include "models/probe.h"
#include "sim/engine.h"

/**
 * The network of one replication: links, routes between any two ends, messages on their way.
 * Knows no request: a message is bytes, a kind, and the event to post when it is there.
 */
struct net;
struct route; /* models/net/route.h */

/** Ends are numbered: groups first, then sites. All is borrowed. */
struct net_build {
	struct engine *engine; /* NULL: routes are looked at, nothing is sent */
	size_t n_links, n_groups, n_sites;
	const struct link_spec *links;
	const char *const *end_names;
	const uint32_t *home_ends; /* of groups, NO_ID: none; NULL: of nobody */
	uint64_t seed;
	uint32_t replication;
};

/** Fails for a link with an end that is nobody's name or that joins nobody. */
MUST_CHECK bool net_create(struct net **out, const struct net_build *b, struct err *err);
void net_destroy(struct net *n); /* takes NULL */

/**
 * The route from @a to @b, made when first asked for, with the links it needs. Answers go back the
 * way that prompts came. Ask before net_seal() for every route that may be used: links that
 * share flows form sets. False: there is none.
 */
MUST_CHECK bool net_route(
	const struct route **out, struct net *n, struct end_id a, struct end_id b, struct err *err);

/** Fails when a message would find no class to carry it. */
MUST_CHECK bool net_seal(struct net *n, struct err *err);

/** Number the sites so that those with the same number are reached alike from every group. */
void net_alike(struct net *n, uint32_t *number);

/** Post the first change of each link whose rate changes over time. */
void net_start(struct net *n);

/**
 * Send @payload_bytes along @r. True when they arrive at once; otherwise @done (kind, who,
 * what) is posted for when the last of them does. O(hops), or O(log flows) where flows share. What
 * would take longer than the clock can count stops the engine: see net_failure().
 */
bool net_send(struct net *n, const struct route *r, double payload_bytes, enum transfer_kind kind,
	const struct event *done);

/** The same, but @left is posted when the last byte has left for good: @r's delay before it
 * arrives. True when that is at once. */
bool net_send_off(struct net *n, const struct route *r, double payload_bytes,
	enum transfer_kind kind, struct event left);

/** The same for bytes whose arrival nobody waits for. */
void net_send_on(
	struct net *n, const struct route *r, double payload_bytes, enum transfer_kind kind);

/** How long a message sent now would take, as things stand or as if the links were @idle. Of a
 *  net without an engine: at the start of the run. */
double net_predict_s(const struct net *n, const struct route *r, double payload_bytes,
	enum transfer_kind kind, bool idle);

/** A route as it is now, for a message of @kind. */
struct net_path {
	double delay_s;
	double bytes_per_s;       /* of its slowest link; HUGE_VAL: it has none */
	double share_bytes_per_s; /* of that, beside the flows that are under way */
	double backlog_s;         /* before a message starts to move */
};
struct net_path net_path(const struct net *n, const struct route *r, enum transfer_kind kind);

/** EV_FLOW: something happens in a set of flows. EV_LINK: the rate of a link changes; true when
 *  it moved, and what was predicted must be looked at anew. */
void net_flow(struct net *n, uint32_t set);
bool net_rate(struct net *n, uint32_t link);

/** Tell @w of what every link carries, from now on: see struct probe_ops. */
void net_tell(struct net *n, void (*carried)(struct world *w, const struct transfer_span *s),
	struct world *w);

/** What went wrong in a net_send(); NULL: nothing. */
const struct err *net_failure(const struct net *n);

/** Has any link drawn from its stream? */
bool net_drew(const struct net *n);

/** The window begins now; what each link has done since. */
void net_measure(struct net *n);

struct net_link {
	const char *name; /* "access/campus-edge1/up" */
	bool drops;       /* it can lose or drop packets */
	struct tally_sums sums;
};

/** Every link that a route goes over, as written and in the order of its ends. @out[0 ..
 *  net_n_links()) is the caller's. */
size_t net_n_links(const struct net *n);
void net_report(struct net *n, struct net_link *out);

#endif
