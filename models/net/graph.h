#ifndef OFFING_MODELS_NET_GRAPH_H
#define OFFING_MODELS_NET_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/net/spec.h"

/**
 * Who is joined to whom, and the shortest paths. Nodes are ends: groups first, then sites. A link
 * as written is a hub between two sets of ends, and the pairs are never spelled out: a search
 * costs the sum of the sets, not their product.
 *
 * A path has fewest hops, of those least delay, of those one over the home of the group it starts
 * from, and then the first by name. Groups do not forward: a path may start at one, over the
 * links that name it.
 */
struct graph;

struct graph_ends {
	size_t n_groups, n_sites;
	const char *const *names;  /* groups, then sites */
	const uint32_t *home_ends; /* of groups, NO_ID: none; NULL: of nobody */
};

/** One hop, travelled from @from to @to; @forth: from the link's first end to its second. */
struct graph_hop {
	uint32_t link; /* as written */
	uint32_t from, to;
	bool forth;
};

/** @links and @ends are borrowed. Fails for an end that is nobody's name and for a link that
 *  joins no two different ends. */
MUST_CHECK bool graph_create(struct graph **out, const struct graph_ends *ends,
	const struct link_spec *links, size_t n_links, struct err *err);
void graph_destroy(struct graph *g); /* takes NULL */

/** The hops from @a, a group or a site, to @b, another site: *@n of them in *@hops, good until the
 *  next call. False: there is no way. */
bool graph_path(struct graph *g, uint32_t a, uint32_t b, const struct graph_hop **hops, size_t *n);

/** Number the sites so that those with the same number are reached alike from every group: over
 *  the same links as written, or over plain ones of the same rates and delays. */
void graph_alike(struct graph *g, uint32_t *number);

#endif
