/* Links and routes, made when they are asked for. */

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/net/net_parts.h"

/* What was made for a pair: open addressing. */

static size_t place_of(const struct pairs *p, uint32_t what, uint32_t a, uint32_t b)
{
	uint64_t h = what * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ a) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 29 ^ b) * UINT64_C(0x94d049bb133111eb);
	return (size_t)(h ^ h >> 31) & (p->cap - 1);
}

static struct pair *slot_of(const struct pairs *p, uint32_t what, uint32_t a, uint32_t b)
{
	size_t at = place_of(p, what, a, b);

	while (p->at[at].made && (p->at[at].what != what || p->at[at].a != a || p->at[at].b != b))
		at = (at + 1) & (p->cap - 1);
	return &p->at[at];
}

static void pairs_grow(struct pairs *p)
{
	struct pairs old = *p;

	p->cap = old.cap > 0 ? 2 * old.cap : 64;
	p->at = mem_zalloc(p->cap, sizeof *p->at);
	for (size_t i = 0; i < old.cap; i++)
		if (old.at[i].made)
			*slot_of(p, old.at[i].what, old.at[i].a, old.at[i].b) = old.at[i];
	free(old.at);
}

/** Where that of the pair is, or where to put it. */
struct pair *pairs_find(struct pairs *p, uint32_t what, uint32_t a, uint32_t b)
{
	struct pair *found;

	if (2 * p->n >= p->cap)
		pairs_grow(p);
	found = slot_of(p, what, a, b);
	if (!found->made)
		*found = (struct pair){.what = what, .a = a, .b = b};
	return found;
}

/* Links */

static void link_add(struct net *n, struct link *l, const struct pair *p, bool down)
{
	l->number = (uint32_t)n->n_links;
	l->down = down;
	l->place[0] = p->what;
	l->place[1] = p->a;
	l->place[2] = p->b;
	n->links = mem_grow(n->links, n->n_links, &n->cap_links, sizeof(*n->links));
	n->links[n->n_links++] = l;
	link_seed(l, &n->arena, n->b.seed, n->b.replication);
}

/** Both directions between @a, at the first end of the link as written, and @b. */
static struct link_pair *link_pair_of(struct net *n, uint32_t spec, uint32_t a, uint32_t b)
{
	const struct link_spec *l = &n->b.links[spec];
	struct pair *found =
		pairs_find(&n->links_of, spec, l->shared ? NO_ID : a, l->shared ? NO_ID : b);
	const char *name = l->name;
	struct link_pair *made;

	if (found->made)
		return found->made;
	made = arena_alloc(&n->arena, 1, sizeof *made);
	if (!l->shared)
		name = arena_printf(
			&n->arena, "%s/%s-%s", name, n->b.end_names[a], n->b.end_names[b]);
	link_init(&made->up, arena_printf(&n->arena, "%s/up", name), &l->up);
	link_init(&made->down, arena_printf(&n->arena, "%s/down", name), &l->down);
	link_add(n, &made->up, found, false);
	link_add(n, &made->down, found, true);
	found->made = made;
	n->links_of.n++;
	return made;
}

/* Routes */

static struct route *route_add(struct net *n, size_t n_hops, struct link *const *hops)
{
	struct route *r = arena_alloc(&n->arena, 1, sizeof *r);

	*r = (struct route){.n = n_hops, .hops = hops};
	route_describe(r);
	n->routes = mem_grow(n->routes, n->n_routes, &n->cap_routes, sizeof(*n->routes));
	n->routes[n->n_routes++] = r;
	return r;
}

static void keep(struct net *n, uint32_t a, uint32_t b, struct route *r)
{
	pairs_find(&n->routes_of, NO_ID, a, b)->made = r;
	n->routes_of.n++;
}

/** Forth from @a to the site @b and back. */
static void routes_make(
	struct net *n, uint32_t a, uint32_t b, const struct graph_hop *hop, size_t n_hops)
{
	struct link **forth = arena_alloc(&n->arena, n_hops, sizeof(*forth));
	struct link **back = arena_alloc(&n->arena, n_hops, sizeof(*back));
	struct route *there, *home;

	for (size_t h = 0; h < n_hops; h++) {
		const struct graph_hop *x = &hop[h];
		struct link_pair *l = link_pair_of(
			n, x->link, x->forth ? x->from : x->to, x->forth ? x->to : x->from);

		forth[h] = x->forth ? &l->up : &l->down;
		back[n_hops - 1 - h] = x->forth ? &l->down : &l->up;
	}
	there = route_add(n, n_hops, forth);
	home = route_add(n, n_hops, back);
	there->rtt_s = home->rtt_s = there->delay_s + home->delay_s;
	keep(n, a, b, there);
	keep(n, b, a, home);
}

bool net_route(
	const struct route **out, struct net *n, struct end_id a, struct end_id b, struct err *err)
{
	bool together = !n->graph || a.i == b.i;
	struct pair *found =
		pairs_find(&n->routes_of, NO_ID, together ? NO_ID : a.i, together ? NO_ID : b.i);
	/* from the group, else from the site that was written first */
	bool back = b.i < n->b.n_groups || (a.i >= n->b.n_groups && b.i < a.i);
	uint32_t from = back ? b.i : a.i, to = back ? a.i : b.i;
	const struct graph_hop *hops;
	size_t n_hops;

	if (!found->made && together) {
		keep(n, NO_ID, NO_ID, route_add(n, 0, NULL));
	} else if (!found->made) {
		if (to < n->b.n_groups || !graph_path(n->graph, from, to, &hops, &n_hops))
			return err_input(err, "there is no route from '%s' to '%s'",
				n->b.end_names[a.i], n->b.end_names[b.i]);
		routes_make(n, from, to, hops, n_hops);
	}
	found = pairs_find(&n->routes_of, NO_ID, together ? NO_ID : a.i, together ? NO_ID : b.i);
	((struct route *)found->made)->users++;
	*out = found->made;
	return true;
}
