#ifndef OFFING_MODELS_NET_USER_ROUTES_H
#define OFFING_MODELS_NET_USER_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/ids.h"

struct route;

/** The routes between groups of users and the sites that have instances, by number. */
struct user_routes {
	const struct route **at;     /* [2 (group n + number of the site) + back] */
	const uint32_t *site_number; /* of each site; NO_ID: it has no instance */
	size_t n;                    /* of the sites that have one */
};

static inline const struct route *user_route(
	const struct user_routes *r, struct group_id g, struct site_id site, bool back)
{
	return r->at[2 * (g.i * r->n + r->site_number[site.i]) + back];
}

#endif
