#include "models/net/topology.h"

#include <assert.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Nodes: groups first, then sites. Two parallel links may join a pair; the
 * cheaper one by (delay, name) is used. */

struct edge {
	uint32_t a, b; /* nodes, in the order of between */
	struct link *up, *down;
	const char *name;
};

struct graph {
	const struct scenario_spec *spec;
	size_t n_nodes;
	size_t n_edges, cap;
	struct edge *edges;
	uint32_t *first, *next; /* adjacency: next[2 * edge + end] */
};

struct label {
	size_t hops;
	double delay_s;
	uint32_t edge, from;
	bool known, done;
};

static const char *node_name(const struct graph *g, uint32_t node)
{
	return node < g->spec->n_groups ? g->spec->groups[node].name
					: g->spec->sites[node - g->spec->n_groups].name;
}

static bool node_matches(const struct graph *g, uint32_t node, const char *glob)
{
	if (node < g->spec->n_groups)
		return strcmp(glob, "users") == 0;
	return strcmp(glob, "users") != 0 && fnmatch(glob, node_name(g, node), 0) == 0;
}

static bool glob_check(const struct graph *g, const struct link_spec *l, int end, struct err *err)
{
	for (uint32_t v = 0; v < g->n_nodes; v++)
		if (node_matches(g, v, l->between[end]))
			return true;
	return err_at(err, l->between_at[end], "link '%s': no site matches '%s'", l->name,
		l->between[end]);
}

static void edge_add(struct graph *g, const struct edge *e)
{
	g->edges = mem_grow(g->edges, g->n_edges, &g->cap, sizeof *g->edges);
	g->edges[g->n_edges++] = *e;
}

static bool pair_wanted(const struct graph *g, const struct link_spec *l, uint32_t a, uint32_t b)
{
	if (a == b || !node_matches(g, a, l->between[0]) || !node_matches(g, b, l->between[1]))
		return false;
	/* both ends match both globs: the pair is met twice, take it once */
	return a < b || !node_matches(g, b, l->between[0]) || !node_matches(g, a, l->between[1]);
}

static bool edges_expand(struct graph *g, struct err *err)
{
	for (size_t i = 0; i < g->spec->n_links; i++) {
		const struct link_spec *l = &g->spec->links[i];
		size_t before = g->n_edges;

		if (!glob_check(g, l, 0, err) || !glob_check(g, l, 1, err))
			return false;
		for (uint32_t a = 0; a < g->n_nodes; a++)
			for (uint32_t b = 0; b < g->n_nodes; b++)
				if (pair_wanted(g, l, a, b))
					edge_add(
						g, &(struct edge){.a = a, .b = b, .name = l->name});
		if (g->n_edges == before)
			return err_at(err, l->at, "link '%s' joins no two different ends", l->name);
	}
	return true;
}

static const struct link_spec *link_spec_named(const struct scenario_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->n_links; i++)
		if (spec->links[i].name == name)
			return &spec->links[i];
	abort();
}

static void links_make(struct topology *t, struct arena *arena, struct graph *g)
{
	size_t n = 0;
	const char *shared_name = NULL;

	t->links = arena_alloc(arena, 2 * g->n_edges, sizeof *t->links);
	for (size_t i = 0; i < g->n_edges; i++) {
		struct edge *e = &g->edges[i];
		const struct link_spec *l = link_spec_named(g->spec, e->name);
		const char *name = e->name;

		if (l->shared && shared_name == e->name) { /* edges of one link lie together */
			e->up = g->edges[i - 1].up;
			e->down = g->edges[i - 1].down;
			continue;
		}
		shared_name = e->name;
		if (!l->shared)
			name = arena_printf(
				arena, "%s/%s-%s", e->name, node_name(g, e->a), node_name(g, e->b));
		e->up = &t->links[n++];
		e->down = &t->links[n++];
		link_init(e->up, arena_printf(arena, "%s/up", name), &l->up);
		link_init(e->down, arena_printf(arena, "%s/down", name), &l->down);
	}
	t->n_links = n;
}

static void adjacency_make(struct graph *g)
{
	g->first = mem_resize(NULL, g->n_nodes, sizeof *g->first);
	g->next = mem_zalloc(2 * g->n_edges, sizeof *g->next);
	memset(g->first, 0xff, g->n_nodes * sizeof *g->first);
	for (size_t i = g->n_edges; i-- > 0;) { /* backwards: lists come out in file order */
		const uint32_t ends[2] = {g->edges[i].a, g->edges[i].b};

		for (uint32_t k = 0; k < 2; k++) {
			g->next[2 * i + k] = g->first[ends[k]];
			g->first[ends[k]] = (uint32_t)(2 * i + k);
		}
	}
}

/** Is the path that reaches a node by (@hops, @delay_s, @edge) better than @l? */
static bool better(const struct graph *g, const struct label *l, size_t hops, double delay_s,
	uint32_t edge, uint32_t from)
{
	int c;

	if (!l->known || hops != l->hops)
		return !l->known || hops < l->hops;
	if (delay_s < l->delay_s || delay_s > l->delay_s)
		return delay_s < l->delay_s;
	c = strcmp(node_name(g, from), node_name(g, l->from));
	return c != 0 ? c < 0 : strcmp(g->edges[edge].name, g->edges[l->edge].name) < 0;
}

static uint32_t nearest(const struct label *labels, size_t n)
{
	uint32_t best = NO_ID;

	for (uint32_t v = 0; v < n; v++) {
		if (!labels[v].known || labels[v].done)
			continue;
		if (best == NO_ID || labels[v].hops < labels[best].hops ||
			(labels[v].hops == labels[best].hops &&
				labels[v].delay_s < labels[best].delay_s))
			best = v;
	}
	return best;
}

/* Fewest hops, then least delay, then name. Users do not forward. */
static void paths_from(const struct graph *g, uint32_t source, struct label *labels)
{
	uint32_t v;

	memset(labels, 0, g->n_nodes * sizeof *labels);
	labels[source].known = true;
	while ((v = nearest(labels, g->n_nodes)) != NO_ID) {
		labels[v].done = true;
		if (v != source && v < g->spec->n_groups)
			continue;
		for (uint32_t k = g->first[v]; k != UINT32_MAX; k = g->next[k]) {
			const struct edge *e = &g->edges[k / 2];
			bool forth = k % 2 == 0;
			uint32_t to = forth ? e->b : e->a;
			double delay_s = labels[v].delay_s + (forth ? e->up : e->down)->delay_s;

			if (labels[to].done ||
				!better(g, &labels[to], labels[v].hops + 1, delay_s, k / 2, v))
				continue;
			labels[to] = (struct label){.hops = labels[v].hops + 1,
				.delay_s = delay_s,
				.edge = k / 2,
				.from = v,
				.known = true};
		}
	}
}

/** What follows from the hops together. */
static void route_describe(struct route *r)
{
	double mtu_bytes = HUGE_VAL;

	r->plain = true;
	r->connection = CONNECTION_WARM;
	for (size_t h = 0; h < r->n; h++) {
		const struct link *l = r->hops[h];
		const struct link_dir_spec *d = l->spec;

		r->plain = r->plain && l->plain;
		r->fair = r->fair || l->fair;
		if (d->qdisc.mtu_bytes > 0.0)
			mtu_bytes = fmin(mtu_bytes, d->qdisc.mtu_bytes);
		if (d->transport == TRANSPORT_TCP) {
			r->transport = TRANSPORT_TCP;
			if (d->connection == CONNECTION_NEW || r->connection == CONNECTION_WARM)
				r->connection = d->connection;
		} else if (d->transport == TRANSPORT_DATAGRAM && r->transport != TRANSPORT_TCP) {
			r->transport = TRANSPORT_DATAGRAM;
		}
	}
	r->framing = framing_of(r->transport, mtu_bytes < HUGE_VAL ? mtu_bytes : MTU_BYTES);
}

static struct route route_make(struct arena *arena, const struct graph *g,
	const struct label *labels, uint32_t source, uint32_t to, bool back)
{
	size_t n = labels[to].hops;
	struct link **hops = arena_alloc(arena, n, sizeof(*hops));
	struct route r = {.n = n, .hops = hops, .bytes_per_s = HUGE_VAL};
	uint32_t v = to;

	for (size_t i = 0; v != source; i++, v = labels[v].from) {
		const struct edge *e = &g->edges[labels[v].edge];
		bool forth = e->b == v; /* travelled from a to b */
		struct link *l = forth != back ? e->up : e->down;

		hops[back ? i : n - 1 - i] = l;
		r.delay_s += l->delay_s;
		if (l->bytes_per_s < r.bytes_per_s)
			r.bytes_per_s = l->bytes_per_s;
	}
	route_describe(&r);
	return r;
}

/* Shared links that some route joins, directly or not, make one set. */

static uint32_t root_of(uint32_t *parent, uint32_t l)
{
	while (parent[l] != l)
		l = parent[l] = parent[parent[l]];
	return l;
}

static void sets_join(const struct topology *t, const struct route *r, uint32_t *parent)
{
	uint32_t first = NO_ID;

	for (size_t h = 0; h < r->n; h++) {
		uint32_t l = (uint32_t)(r->hops[h] - t->links);

		if (!r->hops[h]->fair)
			continue;
		if (first == NO_ID)
			first = l;
		else
			parent[root_of(parent, l)] = root_of(parent, first);
	}
}

static void link_enlist(struct topology *t, struct link *l, uint32_t set)
{
	const struct link_dir_spec *d = l->spec;
	struct htb_class *classes = mem_zalloc(d->n_classes, sizeof *classes);
	struct qdisc q = d->qdisc;

	for (size_t c = 0; c < d->n_classes; c++)
		classes[c] = d->classes[c].htb;
	q.bytes_per_s = q.ceil_bytes_per_s = l->bytes_per_s; /* what a late timer loses is off */
	q.timer_late_s = 0.0;
	l->set = set;
	l->first_pipe = fair_n_pipes(t->sets[set]);
	l->set_link = fair_add_link(t->sets[set], &q, classes, d->n_classes);
	free(classes);
}

static void sets_make(
	struct topology *t, struct arena *arena, const struct route *up, const struct route *down)
{
	uint32_t *parent = mem_zalloc(t->n_links, sizeof *parent);

	t->sets = arena_alloc(arena, t->n_links, sizeof(*t->sets));
	for (uint32_t l = 0; l < t->n_links; l++)
		parent[l] = l;
	for (size_t r = 0; r < t->n_groups * t->n_sites; r++) {
		sets_join(t, &up[r], parent);
		sets_join(t, &down[r], parent);
	}
	for (uint32_t l = 0; l < t->n_links; l++)
		if (t->links[l].fair && root_of(parent, l) == l) {
			t->links[l].set = (uint32_t)t->n_sets;
			t->sets[t->n_sets++] = fair_create();
		}
	for (uint32_t l = 0; l < t->n_links; l++)
		if (t->links[l].fair)
			link_enlist(t, &t->links[l], t->links[root_of(parent, l)].set);
	free(parent);
}

/** The class of @d that carries @kind; the first that names none carries what no other does. */
static uint32_t class_of(const struct link_dir_spec *d, enum transfer_kind kind)
{
	uint32_t rest = NO_ID;

	for (uint32_t c = 0; c < d->n_classes; c++) {
		if (d->classes[c].carries >> kind & 1)
			return c;
		if (d->classes[c].carries == 0 && rest == NO_ID)
			rest = c;
	}
	return d->n_classes == 0 ? 0 : rest;
}

static bool path_make(const struct topology *t, struct route *r, enum transfer_kind kind,
	const struct scenario_spec *spec, struct err *err)
{
	uint32_t pipes[FAIR_MAX_PIPES], c;
	size_t n = 0;

	for (size_t h = 0; h < r->n; h++) {
		const struct link *l = r->hops[h];

		if (!l->fair)
			continue;
		c = class_of(l->spec, kind);
		if (c == NO_ID)
			return err_at(err, l->spec->classes[0].at,
				"link '%s': no class carries %s, and none carries the rest",
				l->name, transfer_kind_name(kind));
		if (n == FAIR_MAX_PIPES)
			return err_at(err, spec->run.at, "a route has more than %d shared links",
				FAIR_MAX_PIPES);
		pipes[n++] = l->first_pipe + c;
		r->set = l->set;
	}
	r->path[kind] = fair_add_path(t->sets[r->set], pipes, n);
	return true;
}

static bool paths_make(const struct topology *t, struct route *routes,
	const struct scenario_spec *spec, struct err *err)
{
	for (size_t r = 0; r < t->n_groups * t->n_sites; r++)
		for (enum transfer_kind k = 0; k < TRANSFER_KINDS && routes[r].fair; k++)
			if (!path_make(t, &routes[r], k, spec, err))
				return false;
	return true;
}

static bool routes_make(
	struct topology *t, struct arena *arena, const struct graph *g, struct err *err)
{
	const struct scenario_spec *spec = g->spec;
	struct label *labels = mem_zalloc(g->n_nodes, sizeof *labels);
	struct route *up = arena_alloc(arena, spec->n_groups * spec->n_sites, sizeof *up);
	struct route *down = arena_alloc(arena, spec->n_groups * spec->n_sites, sizeof *down);
	bool *used = mem_zalloc(spec->n_sites, sizeof *used);
	bool ok = true;

	for (size_t i = 0; i < spec->n_instances; i++)
		used[spec->instances[i].site.i] = true;
	for (uint32_t s = 0; s < spec->n_groups && ok; s++) {
		paths_from(g, s, labels);
		for (uint32_t m = 0; m < spec->n_sites && ok; m++) {
			uint32_t to = (uint32_t)spec->n_groups + m;

			if (!labels[to].known && used[m])
				ok = err_at(err, spec->groups[s].at,
					"users '%s' have no route to site '%s'",
					spec->groups[s].name, spec->sites[m].name);
			if (!labels[to].known)
				continue;
			up[s * spec->n_sites + m] = route_make(arena, g, labels, s, to, false);
			down[s * spec->n_sites + m] = route_make(arena, g, labels, s, to, true);
			up[s * spec->n_sites + m].rtt_s = down[s * spec->n_sites + m].rtt_s =
				up[s * spec->n_sites + m].delay_s +
				down[s * spec->n_sites + m].delay_s;
		}
	}
	if (ok) {
		sets_make(t, arena, up, down);
		ok = paths_make(t, up, spec, err) && paths_make(t, down, spec, err);
	}
	t->up = up;
	t->down = down;
	free(used);
	free(labels);
	return ok;
}

bool topology_create(struct topology *out, struct arena *arena, const struct scenario_spec *spec,
	struct err *err)
{
	struct graph g = {.spec = spec, .n_nodes = spec->n_groups + spec->n_sites};
	bool ok;

	*out = (struct topology){
		.none = spec->n_links == 0, .n_groups = spec->n_groups, .n_sites = spec->n_sites};
	if (out->none) {
		struct route *here =
			arena_alloc(arena, spec->n_groups * spec->n_sites, sizeof *here);

		for (size_t i = 0; i < spec->n_groups * spec->n_sites; i++)
			here[i] = (struct route){.bytes_per_s = HUGE_VAL, .plain = true};
		out->up = out->down = here;
		return true;
	}
	ok = edges_expand(&g, err);
	if (ok) {
		links_make(out, arena, &g);
		adjacency_make(&g);
		ok = routes_make(out, arena, &g, err);
	}
	if (!ok)
		topology_finish(out);
	free(g.edges);
	free(g.first);
	free(g.next);
	return ok;
}

void topology_finish(struct topology *t)
{
	for (size_t s = 0; s < t->n_sets; s++)
		fair_destroy(t->sets[s]);
	t->sets = NULL;
	t->n_sets = 0;
}

void topology_seed(struct topology *t, uint64_t seed, uint32_t replication)
{
	for (size_t l = 0; l < t->n_links; l++)
		if (t->links[l].random)
			netem_init(&t->links[l].netem, seed, replication, t->links[l].name);
}

bool topology_drew(const struct topology *t)
{
	for (size_t l = 0; l < t->n_links; l++)
		if (rng_drawn(&t->links[l].netem.rng))
			return true;
	return false;
}
