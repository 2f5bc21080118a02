#ifndef OFFING_MODELS_NET_KV_ROUTES_H
#define OFFING_MODELS_NET_KV_ROUTES_H

#include <stddef.h>
#include <stdint.h>

#include "models/ids.h"

struct route;

/** The routes between sites over which KV goes where phases are apart. {0}: nowhere are they. */
struct kv_routes {
	size_t n;                /* sites that KV leaves or comes to */
	const uint32_t *number;  /* of each site; NO_ID: none of those */
	const struct route **at; /* [from n + to]; NULL: there is none, or none is needed */
	const uint32_t *alike;   /* by number: those with the same have the same routes to and from
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

#endif
