#ifndef OFFING_MODELS_NET_KV_ROUTES_H
#define OFFING_MODELS_NET_KV_ROUTES_H

#include <stddef.h>
#include <stdint.h>

#include "models/ids.h"

struct route;

/** Between the devices of a site: each instance sends over its own, in order. */
struct kv_local {
	double bytes_per_s; /* 0: it takes no time */
	double delay_s;
};

/** The routes between sites over which KV goes where phases are apart. {0}: nowhere are they. */
struct kv_routes {
	size_t n;                     /* sites that KV leaves or comes to */
	const uint32_t *number;       /* of each site; NO_ID: none of those */
	const struct route **at;      /* [from n + to]; NULL: there is none, or none is needed */
	const struct kv_local *local; /* by number: within that site, instead of its route */
	const uint32_t *alike; /* by number: those with the same have the same routes to and from
				  all others */
};

/** NULL: KV cannot go from @a to @b. */
static inline const struct route *kv_route(
	const struct kv_routes *r, struct site_id a, struct site_id b)
{
	if (r->n == 0 || r->number[a.i] == NO_ID || r->number[b.i] == NO_ID)
		return NULL;
	return r->at[r->number[a.i] * r->n + r->number[b.i]];
}

/** What KV takes from @a to @b instead of a route; NULL: nothing. */
static inline const struct kv_local *kv_local(
	const struct kv_routes *r, struct site_id a, struct site_id b)
{
	const struct kv_local *l;

	if (r->n == 0 || a.i != b.i || r->number[a.i] == NO_ID)
		return NULL;
	l = &r->local[r->number[a.i]];
	return l->bytes_per_s > 0.0 ? l : NULL;
}

#endif
