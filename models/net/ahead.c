#include "models/net/ahead.h"

#include <stdlib.h>

#include "models/net/net_parts.h"

/** How many use each link: routes that somebody asked for, each as often. */
static void count_users(struct net *n)
{
	n->users = mem_zalloc(n->n_links + 1, sizeof *n->users);
	for (size_t r = 0; r < n->n_routes; r++)
		for (size_t h = 0; h < n->routes[r]->n; h++)
			n->users[n->routes[r]->hops[h]->number] += n->routes[r]->users;
}

bool net_alone(struct net *n, const struct route *r)
{
	if (!n->users)
		count_users(n);
	if (!r->plain)
		return false;
	for (size_t h = 0; h < r->n; h++)
		if (n->users[r->hops[h]->number] != 1)
			return false;
	return true;
}

int64_t net_ahead_ns(const struct route *r, int64_t *free_ns, int64_t at_ns, double payload_bytes,
	enum transfer_kind kind)
{
	struct passage p = route_passage(r, payload_bytes, kind);

	for (size_t h = 0; h < r->n; h++) {
		p.more = h + 1 < r->n;
		link_pass_ahead(r->hops[h], at_ns, &p, &free_ns[h]);
	}
	return ns_after(at_ns, ns_of_s(p.tail_s));
}

int64_t net_send_ahead(struct net *n, const struct route *r, int64_t at_ns, double payload_bytes,
	enum transfer_kind kind)
{
	struct passage p = route_passage(r, payload_bytes, kind);

	for (size_t h = 0; h < r->n; h++) {
		p.more = h + 1 < r->n;
		link_pass(r->hops[h], engine_now_ns(n->b.engine), at_ns, &p);
	}
	return ns_after(at_ns, ns_of_s(p.tail_s));
}
