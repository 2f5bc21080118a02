/* The face of the network: made, sealed, measured. */

#include "models/net/net.h"

#include <stdlib.h>

#include "base/mem.h"
#include "models/net/net_parts.h"

bool net_create(struct net **out, const struct net_build *b, struct err *err)
{
	struct net *n = mem_zalloc(1, sizeof *n);
	struct graph_ends ends = {b->n_groups, b->n_sites, b->end_names, b->home_ends};

	*out = NULL;
	n->b = *b;
	n->free_transfer = NO_ID;
	arena_init(&n->arena);
	if (b->n_links > 0 && !graph_create(&n->graph, &ends, b->links, b->n_links, err)) {
		net_destroy(n);
		return false;
	}
	*out = n;
	return true;
}

void net_destroy(struct net *n)
{
	if (!n)
		return;
	for (size_t s = 0; s < n->n_sets; s++)
		fair_destroy(n->sets[s].fair);
	for (size_t l = 0; l < n->n_links; l++)
		link_finish(n->links[l]);
	graph_destroy(n->graph);
	free(n->links_of.at);
	free(n->routes_of.at);
	free(n->links);
	free(n->routes);
	free(n->users);
	free(n->transfers);
	arena_finish(&n->arena);
	free(n);
}

bool net_seal(struct net *n, struct err *err)
{
	return flow_sets_make(n, err);
}

void net_alike(struct net *n, uint32_t *number)
{
	for (size_t s = 0; s < n->b.n_sites; s++)
		number[s] = 0;
	if (n->graph)
		graph_alike(n->graph, number);
}

void net_tell(struct net *n, void (*carried)(struct world *w, const struct transfer_span *s),
	struct world *w)
{
	n->ear = (struct link_ear){carried, w};
	for (size_t l = 0; l < n->n_links; l++)
		n->links[l]->ear = &n->ear;
}

const struct err *net_failure(const struct net *n)
{
	return n->err.kind != ERR_NONE ? &n->err : NULL;
}

bool net_drew(const struct net *n)
{
	for (size_t l = 0; l < n->n_links; l++)
		if (n->links[l]->netem && rng_drawn(&n->links[l]->netem->rng))
			return true;
	return false;
}

size_t net_n_links(const struct net *n)
{
	return n->n_links;
}

/** What every link has done when @at_ns began, the run's begin being 0. */
static void sums_by(struct net *n, struct tally_sums *out, int64_t at_ns)
{
	for (size_t l = 0; l < n->n_links; l++)
		out[l] = (struct tally_sums){0};
	transfers_count(n, out, at_ns);
	for (size_t l = 0; l < n->n_links; l++) {
		struct tally_sums own =
			tally_by(&n->links[l]->tally, n->links[l]->spec->curve, at_ns);

		tally_sums_add(&out[l], &own, 1.0);
	}
}

void net_measure(struct net *n)
{
	struct tally_sums *sums = mem_zalloc(n->n_links, sizeof *sums);

	sums_by(n, sums, engine_now_ns(n->b.engine));
	for (size_t l = 0; l < n->n_links; l++)
		n->links[l]->tally.before = sums[l];
	free(sums);
}

void net_report(struct net *n, struct net_link *out)
{
	struct tally_sums *sums = mem_zalloc(n->n_links, sizeof *sums);

	sums_by(n, sums, engine_now_ns(n->b.engine));
	for (size_t l = 0; l < n->n_links; l++) {
		const struct link *x = n->links[l];

		out[l] = (struct net_link){.name = x->name,
			.drops = x->random || x->spec->qdisc.kind != QDISC_NONE,
			.sums = sums[l]};
		tally_sums_add(&out[l].sums, &x->tally.before, -1.0);
	}
	free(sums);
}
