#include "models/topology.h"

#include <assert.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/event.h"

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

static const double MTU_PAYLOAD_BYTES = 1448.0;
static const double HEADER_BYTES = 66.0;

double wire_bytes(double payload_bytes)
{
	return payload_bytes + HEADER_BYTES * ceil(payload_bytes / MTU_PAYLOAD_BYTES);
}

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

static void link_make(struct link *l, struct arena *arena, const struct link_dir_spec *d,
	const char *name, const char *dir)
{
	l->name = arena_printf(arena, "%s/%s", name, dir);
	l->bytes_per_s = d->bytes_per_s;
	l->delay_s = d->delay_s;
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
		link_make(e->up, arena, &l->up, name, "up");
		link_make(e->down, arena, &l->down, name, "down");
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
	return r;
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
		}
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
			here[i].bytes_per_s = HUGE_VAL;
		out->up = out->down = here;
		return true;
	}
	ok = edges_expand(&g, err);
	if (ok) {
		links_make(out, arena, &g);
		adjacency_make(&g);
		ok = routes_make(out, arena, &g, err);
	}
	free(g.edges);
	free(g.first);
	free(g.next);
	return ok;
}

/** A message on its way: seconds from now at which its first and last packet reach a hop. */
struct train {
	double wire_bytes, first_bytes, last_bytes;
	double head_s, tail_s;
};

static struct train train_of(double payload_bytes)
{
	double packets = ceil(payload_bytes / MTU_PAYLOAD_BYTES);
	double wire = wire_bytes(payload_bytes);
	double full = MTU_PAYLOAD_BYTES + HEADER_BYTES;

	return (struct train){
		.wire_bytes = wire,
		.first_bytes = packets > 1.0 ? full : wire,
		.last_bytes = packets > 1.0 ? wire - (packets - 1.0) * full : wire,
	};
}

/** Pass one hop that is free @free_s from now; returns when it starts and sets *@end_s. */
static double train_pass(struct train *t, const struct link *l, double free_s, double *end_s)
{
	double start_s = free_s > t->head_s ? free_s : t->head_s;
	double sent_s = start_s + t->wire_bytes / l->bytes_per_s;
	double after_tail_s = t->tail_s + t->last_bytes / l->bytes_per_s;

	*end_s = sent_s > after_tail_s ? sent_s : after_tail_s;
	t->head_s = start_s + t->first_bytes / l->bytes_per_s + l->delay_s;
	t->tail_s = *end_s + l->delay_s;
	return start_s;
}

int64_t route_send(const struct route *r, int64_t now_ns, double payload_bytes)
{
	struct train t;

	if (r->n == 0)
		return now_ns;
	t = train_of(payload_bytes);
	for (size_t h = 0; h < r->n; h++) {
		struct link *l = r->hops[h];
		double head_s = t.head_s, end_s;
		double start_s = train_pass(&t, l, s_of_ns(l->free_ns - now_ns), &end_s);

		l->wait_s += start_s - head_s;
		l->busy_s += end_s - start_s;
		l->messages++;
		l->bytes += t.wire_bytes;
		l->free_ns = now_ns + ns_of_s(end_s);
	}
	return now_ns + ns_of_s(t.tail_s);
}

double route_idle_s(const struct route *r, double payload_bytes)
{
	struct train t;
	double end_s;

	if (r->n == 0)
		return 0.0;
	t = train_of(payload_bytes);
	for (size_t h = 0; h < r->n; h++)
		train_pass(&t, r->hops[h], 0.0, &end_s);
	return t.tail_s;
}

double route_backlog_s(const struct route *r, int64_t now_ns)
{
	double worst_s = 0.0;

	for (size_t h = 0; h < r->n; h++) {
		double free_s = s_of_ns(r->hops[h]->free_ns - now_ns);

		if (free_s > worst_s)
			worst_s = free_s;
	}
	return worst_s;
}

static double pending_s(const struct link *l, int64_t now_ns)
{
	return l->free_ns > now_ns ? s_of_ns(l->free_ns - now_ns) : 0.0;
}

double link_busy_s(const struct link *l, int64_t now_ns)
{
	return l->busy_s - pending_s(l, now_ns);
}

void link_reset(struct link *l, int64_t now_ns)
{
	l->busy_s = pending_s(l, now_ns);
	l->wait_s = 0.0;
	l->messages = 0;
	l->bytes = 0.0;
}
