#ifndef OFFING_MODELS_WORLD_NETWORK_H
#define OFFING_MODELS_WORLD_NETWORK_H

#include "base/err.h"
#include "base/mem.h"
#include "models/net/net.h"
#include "models/scenario.h"

/** The network of @spec: its ends are the groups of users and then the sites. What it borrows
 *  lives in @arena. @engine may be NULL: then nothing can be sent. */
MUST_CHECK bool network_of(struct net **out, struct arena *arena, const struct scenario_spec *spec,
	struct engine *engine, uint64_t seed, uint32_t replication, struct err *err);

static inline struct end_id network_end(const struct scenario_spec *spec, struct site_id site)
{
	return (struct end_id){(uint32_t)spec->n_groups + site.i};
}

#endif
