#ifndef OFFING_MODELS_NET_NET_PARTS_H
#define OFFING_MODELS_NET_NET_PARTS_H

#include "base/mem.h"
#include "models/net/graph.h"
#include "models/net/net.h"
#include "models/net/route.h"

/** Between the files of models/net/: the inside of a network. */

/** A flow under way in a set. Pooled. */
struct transfer {
	struct event
		done; /* to be posted when the last byte has arrived; kind NO_ID: nobody waits */
	const struct route *route;
	enum transfer_kind kind;
	double wire_bytes;
	double entered_s;
	double lone_s;  /* its flow would have taken so long alone */
	double alone_s; /* when it arrives if nobody shares its links; HUGE_VAL: with its flow */
	double after_s; /* from the end of its flow to the arrival, with company */
	double early_s; /* @done is due so long before the arrival */
	bool company;   /* others came while it was under way */
	uint32_t next_free;
};

struct flow_set {
	struct fair *fair;
	struct event_id pending; /* EV_FLOW, or the arrival of the only flow */
	bool direct;             /* the latter */
	uint32_t direct_id;
	int64_t direct_ns;
};

/** A pair of ends, or of a link as written, and what was made for it. */
struct pair {
	uint32_t what, a, b; /* what: link as written; NO_ID: a route */
	void *made;
};

struct pairs {
	struct pair *at;
	size_t n, cap; /* cap: a power of two */
};

/** Both directions. */
struct link_pair {
	struct link up, down;
};

struct net {
	struct net_build b;
	struct arena arena;
	struct graph *graph; /* NULL: links: {}, every transfer takes no time */
	struct pairs links_of, routes_of;
	struct link **links; /* by number, as in events; both directions of a pair in turn */
	size_t n_links, cap_links;
	struct route **routes;
	size_t n_routes, cap_routes;
	bool sealed;
	uint32_t *users; /* of each link, by its number; NULL: not counted yet */
	struct flow_set *sets;
	size_t n_sets;
	struct transfer *transfers;
	size_t n_transfers, cap_transfers;
	uint32_t free_transfer; /* NO_ID: none */
	struct link_ear ear;    /* who is told of what links carry */
	struct err err;
};

static inline struct fair *net_flows(const struct net *n, const struct route *r)
{
	return r->fair ? n->sets[r->set].fair : NULL;
}

/* topology.c */
struct pair *pairs_find(struct pairs *p, uint32_t what, uint32_t a, uint32_t b);

/* flow_sets.c */
MUST_CHECK bool flow_sets_make(struct net *n, struct err *err);

/* transfer.c */
void transfers_count(struct net *n, struct tally_sums *out, int64_t at_ns); /* of flows under way */

#endif
