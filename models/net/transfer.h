#ifndef OFFING_MODELS_TRANSFER_H
#define OFFING_MODELS_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/net/topology.h"
#include "sim/engine.h"

/**
 * Messages on their way. Where every link of a route serves in order of arrival, a transfer
 * is a closed form and one event, its arrival. Where flows share a link, the set of
 * flows it belongs to has one pending event however many flows there are: the next
 * end; or, while a single flow is under way, that flow's arrival itself.
 */

/** A flow under way in a set. Pooled. */
struct transfer {
	struct event done; /* to be posted when the last byte has arrived */
	const struct route *route;
	double wire_bytes;
	double entered_s;
	double solo_s;  /* it would have taken alone */
	double after_s; /* from the end in the set to the arrival */
	double floor_s; /* not before this: the links of the route that are not shared */
	uint32_t next_free;
};

struct flow_set {
	struct fair *fair;       /* the topology's */
	struct event_id pending; /* EV_FLOW, or the arrival of the only flow */
	bool direct;             /* the latter */
	uint32_t direct_id;
};

struct transfers {
	struct transfer *at;
	size_t n, cap;
	uint32_t free; /* NO_ID: none */
	struct flow_set *sets;
};

void transfers_create(struct world *w);
void transfers_destroy(struct world *w);

/**
 * Send @payload_bytes along @r. True when they arrive at once; otherwise @done (kind, who,
 * what) is posted for when the last of them does. O(hops), or O(log flows) where flows share.
 */
bool transfer_begin(struct world *w, const struct route *r, double payload_bytes,
	enum transfer_kind kind, struct event done);

/** How long a message sent now would take, as things stand or as if the links were @idle. */
double transfer_predict_s(const struct world *w, const struct route *r, double payload_bytes,
	enum transfer_kind kind, bool idle);

/** EV_FLOW: something happens in a set. EV_LINK: the rate of a link may change; did it? */
void transfer_flow(struct world *w, uint32_t set);
bool transfer_link(struct world *w, uint32_t link);

/** Post the first change of each link whose rate changes over time. */
void transfers_start(struct world *w);

/** Let every set move on to now, so that what links count is up to date. */
void transfers_settle(struct world *w);

#endif
