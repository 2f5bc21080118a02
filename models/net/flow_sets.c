/* Shared links that some route joins, directly or not, make one set of flows. */

#include <stdlib.h>

#include "base/mem.h"
#include "models/net/net_parts.h"

/** Links as written, then by their ends: whoever asked for them first. */
static int by_spec(const void *a, const void *b)
{
	const struct link *x = *(struct link *const *)a, *y = *(struct link *const *)b;

	for (size_t k = 0; k < 3; k++)
		if (x->place[k] != y->place[k])
			return x->place[k] < y->place[k] ? -1 : 1;
	return x->down < y->down ? -1 : x->down > y->down;
}

static uint32_t root_of(uint32_t *parent, uint32_t l)
{
	while (parent[l] != l)
		l = parent[l] = parent[parent[l]];
	return l;
}

static void sets_join(const struct route *r, uint32_t *parent)
{
	uint32_t first = NO_ID;

	for (size_t h = 0; h < r->n; h++) {
		uint32_t l = r->hops[h]->number;

		if (!r->hops[h]->fair)
			continue;
		if (first == NO_ID)
			first = l;
		else
			parent[root_of(parent, l)] = root_of(parent, first);
	}
}

static void link_enlist(struct net *n, struct link *l, uint32_t set)
{
	const struct link_dir_spec *d = l->spec;
	struct htb_class *classes = mem_zalloc(d->n_classes, sizeof *classes);
	struct qdisc q = d->qdisc;
	struct fair *f = n->sets[set].fair;

	for (size_t c = 0; c < d->n_classes; c++)
		classes[c] = d->classes[c].htb;
	q.bytes_per_s = q.ceil_bytes_per_s = l->bytes_per_s; /* what a late timer loses is off */
	q.timer_late_s = 0.0;
	l->set = set;
	l->first_pipe = fair_n_pipes(f);
	l->set_link = fair_add_link(f, &q, classes, d->n_classes);
	free(classes);
}

static void sets_part(struct net *n)
{
	uint32_t *parent = mem_zalloc(n->n_links, sizeof *parent);

	n->sets = arena_alloc(&n->arena, n->n_links, sizeof *n->sets);
	for (uint32_t l = 0; l < n->n_links; l++)
		parent[l] = l;
	for (size_t r = 0; r < n->n_routes; r++)
		sets_join(n->routes[r], parent);
	for (uint32_t l = 0; l < n->n_links; l++)
		if (n->links[l]->fair && root_of(parent, l) == l) {
			n->links[l]->set = (uint32_t)n->n_sets;
			n->sets[n->n_sets++].fair = fair_create();
		}
	for (uint32_t l = 0; l < n->n_links; l++)
		if (n->links[l]->fair)
			link_enlist(n, n->links[l], n->links[root_of(parent, l)]->set);
	free(parent);
}

static bool path_make(
	const struct net *n, struct route *r, enum transfer_kind kind, struct err *err)
{
	uint32_t pipes[FAIR_MAX_PIPES], c;
	size_t count = 0;

	for (size_t h = 0; h < r->n; h++) {
		const struct link *l = r->hops[h];

		if (!l->fair)
			continue;
		c = route_class(l->spec, kind);
		if (c == NO_ID)
			return err_at(err, l->spec->classes[0].at,
				"link '%s': no class carries %s, and none carries the rest",
				l->name, transfer_kind_name(kind));
		if (count == FAIR_MAX_PIPES)
			return err_at(err, l->spec->at, "a route has more than %d shared links",
				FAIR_MAX_PIPES);
		pipes[count++] = l->first_pipe + c;
		r->set = l->set;
	}
	r->path[kind] = fair_add_path(n->sets[r->set].fair, pipes, count);
	return true;
}

bool flow_sets_make(struct net *n, struct err *err)
{
	mem_sort(n->links, n->n_links, sizeof(*n->links), by_spec);
	for (uint32_t l = 0; l < n->n_links; l++)
		n->links[l]->number = l;
	sets_part(n);
	for (size_t r = 0; r < n->n_routes; r++)
		for (enum transfer_kind k = 0; k < TRANSFER_KINDS && n->routes[r]->fair; k++)
			if (!path_make(n, n->routes[r], k, err))
				return false;
	return true;
}
