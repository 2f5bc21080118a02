#include "models/net/graph.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/ids.h"
#include "models/net/link.h"

enum { SIDE_A = 1, SIDE_B = 2, BOTH = SIDE_A | SIDE_B };
static const size_t CACHE_BYTES = (size_t)64 << 20; /* of searches kept */

/** The ends of a link as written, ascending. */
struct hub {
	uint32_t *node;
	unsigned char *sides;
	size_t n, n_sites; /* of them; groups come first */
	double delay_s[2]; /* forth, back */
};

struct label {
	double delay_s;
	uint32_t hops;       /* 0: not known */
	uint32_t link, from; /* from NO_ID: the source */
	bool forth, home;    /* the path goes over the home of its group */
};

/** A search from one end, or from a group and all that are like it. */
struct search {
	uint32_t source; /* NO_ID: none */
	struct label *labels;
	uint32_t *order; /* sites as they were met */
	size_t n;
};

struct graph {
	struct graph_ends ends;
	const struct link_spec *links;
	size_t n_nodes, n_links;
	struct hub *hubs;
	uint32_t *by_name; /* nodes */
	uint32_t *first;   /* of a node: its links are member[first[v]] to member[first[v + 1]] */
	uint32_t *member;
	uint32_t *like; /* of a group: the first with the same links and home */
	struct search *kept;
	size_t n_kept, next_kept;
	struct graph_hop *hops;
	size_t cap_hops;
};

/* Ends. "users" is every group; a name or glob means sites or, where no site matches, groups. */

/** The nodes of one or both ends of a link: sides[v], 0 outside [from, to). */
struct marks {
	unsigned char *sides;
	uint32_t from, to;
};

static void mark(struct marks *m, uint32_t v, unsigned char side)
{
	m->sides[v] |= side;
	m->from = v < m->from ? v : m->from;
	m->to = v + 1 > m->to ? v + 1 : m->to;
}

/** Mark the nodes in [@from, @to) that @glob matches; NULL: all. */
static bool mark_all(const struct graph *g, struct marks *m, uint32_t from, uint32_t to,
	const char *glob, unsigned char side)
{
	bool any = false;

	for (uint32_t v = from; v < to; v++)
		if (!glob || fnmatch(glob, g->ends.names[v], 0) == 0) {
			mark(m, v, side);
			any = true;
		}
	return any;
}

/** By name: sites before groups. */
static uint32_t node_named(const struct graph *g, const char *name)
{
	size_t lo = 0, hi = g->n_nodes;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(g->ends.names[g->by_name[mid]], name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == g->n_nodes || strcmp(g->ends.names[g->by_name[lo]], name) != 0)
		return NO_ID;
	return g->by_name[lo];
}

static bool mark_end(const struct graph *g, struct marks *m, const char *end, unsigned char side)
{
	uint32_t n_groups = (uint32_t)g->ends.n_groups, v;

	if (strcmp(end, "users") == 0)
		return mark_all(g, m, 0, n_groups, NULL, side);
	if (strpbrk(end, "*?["))
		return mark_all(g, m, n_groups, (uint32_t)g->n_nodes, end, side) ||
		       mark_all(g, m, 0, n_groups, end, side);
	v = node_named(g, end);
	if (v != NO_ID)
		mark(m, v, side);
	return v != NO_ID;
}

static void hub_fill(struct hub *h, const struct graph *g, struct marks *m)
{
	for (uint32_t v = m->from; v < m->to; v++)
		h->n += m->sides[v] != 0;
	h->node = mem_zalloc(h->n, sizeof *h->node);
	h->sides = mem_zalloc(h->n, 1);
	h->n = 0;
	for (uint32_t v = m->from; v < m->to; v++) {
		if (!m->sides[v])
			continue;
		h->n_sites += v >= g->ends.n_groups;
		h->node[h->n] = v;
		h->sides[h->n++] = m->sides[v];
		m->sides[v] = 0;
	}
}

/** Is there a pair of different ends, one of them a site? */
static bool joins_any(const struct hub *h)
{
	size_t a = 0, b = 0;

	for (size_t k = 0; k < h->n; k++) {
		a += h->sides[k] & SIDE_A ? 1 : 0;
		b += h->sides[k] & SIDE_B ? 1 : 0;
	}
	return h->n_sites > 0 && a > 0 && b > 0 && h->n > 1;
}

static bool hub_make(struct graph *g, uint32_t i, unsigned char *sides, struct err *err)
{
	const struct link_spec *l = &g->links[i];
	struct hub *h = &g->hubs[i];
	struct marks m = {sides, (uint32_t)g->n_nodes, 0};

	for (int end = 0; end < 2; end++)
		if (!mark_end(g, &m, l->between[end], end == 0 ? SIDE_A : SIDE_B))
			return err_at(err, l->between_at[end],
				"link '%s': no site and no group matches '%s'", l->name,
				l->between[end]);
	hub_fill(h, g, &m);
	h->delay_s[0] = l->up.delay_s;
	h->delay_s[1] = l->down.delay_s;
	if (!joins_any(h))
		return err_at(err, l->at, "link '%s' joins no two different ends", l->name);
	return true;
}

static void members_make(struct graph *g)
{
	g->first = mem_zalloc(g->n_nodes + 2, sizeof *g->first);
	for (size_t i = 0; i < g->n_links; i++)
		for (size_t k = 0; k < g->hubs[i].n; k++)
			g->first[g->hubs[i].node[k] + 2]++;
	for (size_t v = 2; v < g->n_nodes + 2; v++)
		g->first[v] += g->first[v - 1];
	g->member = mem_zalloc(g->first[g->n_nodes + 1], sizeof *g->member);
	for (uint32_t i = 0; i < g->n_links; i++)
		for (size_t k = 0; k < g->hubs[i].n; k++)
			g->member[g->first[g->hubs[i].node[k] + 1]++] = i;
}

static unsigned char side_of(const struct hub *h, uint32_t v)
{
	size_t lo = 0, hi = h->n;

	while (lo + 1 < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (h->node[mid] <= v)
			lo = mid;
		else
			hi = mid;
	}
	return h->sides[lo];
}

static int by_name(const void *a, const void *b, void *graph)
{
	const struct graph *g = graph;
	const uint32_t *x = a, *y = b;
	int c = strcmp(g->ends.names[*x], g->ends.names[*y]);

	return c != 0 ? c : *x > *y ? -1 : *x < *y; /* sites have the higher numbers */
}

static void names_sort(struct graph *g)
{
	g->by_name = mem_zalloc(g->n_nodes, sizeof *g->by_name);
	for (uint32_t v = 0; v < g->n_nodes; v++)
		g->by_name[v] = v;
	qsort_r(g->by_name, g->n_nodes, sizeof *g->by_name, by_name, g);
}

static bool are_like(const struct graph *g, uint32_t a, uint32_t b)
{
	size_t n = g->first[a + 1] - g->first[a];
	const uint32_t *of_a = &g->member[g->first[a]], *of_b = &g->member[g->first[b]];

	if (n != g->first[b + 1] - g->first[b] || memcmp(of_a, of_b, n * sizeof *of_a) != 0)
		return false;
	if (g->ends.home_ends && g->ends.home_ends[a] != g->ends.home_ends[b])
		return false;
	for (size_t k = 0; k < n; k++)
		if (side_of(&g->hubs[of_a[k]], a) != side_of(&g->hubs[of_a[k]], b))
			return false;
	return true;
}

static void groups_like(struct graph *g)
{
	uint32_t *kinds = mem_zalloc(g->ends.n_groups, sizeof *kinds);
	size_t n = 0, k;

	g->like = mem_zalloc(g->ends.n_groups, sizeof *g->like);
	for (uint32_t v = 0; v < g->ends.n_groups; v++) {
		for (k = 0; k < n && !are_like(g, kinds[k], v); k++)
			continue;
		if (k == n)
			kinds[n++] = v;
		g->like[v] = kinds[k];
	}
	free(kinds);
}

bool graph_create(struct graph **out, const struct graph_ends *ends, const struct link_spec *links,
	size_t n_links, struct err *err)
{
	struct graph *g = mem_zalloc(1, sizeof *g);
	unsigned char *sides;
	bool ok = true;

	*out = NULL;
	*g = (struct graph){.ends = *ends,
		.links = links,
		.n_nodes = ends->n_groups + ends->n_sites,
		.n_links = n_links};
	names_sort(g);
	g->hubs = mem_zalloc(n_links, sizeof *g->hubs);
	sides = mem_zalloc(g->n_nodes, 1);
	for (uint32_t i = 0; i < n_links && ok; i++)
		ok = hub_make(g, i, sides, err);
	free(sides);
	if (!ok) {
		graph_destroy(g);
		return false;
	}
	members_make(g);
	groups_like(g);
	g->n_kept =
		CACHE_BYTES / ((g->n_nodes + 1) * (sizeof(struct label) + sizeof(uint32_t))) + 1;
	if (g->n_kept > g->n_nodes)
		g->n_kept = g->n_nodes;
	g->kept = mem_zalloc(g->n_kept, sizeof *g->kept);
	for (size_t k = 0; k < g->n_kept; k++)
		g->kept[k].source = NO_ID;
	*out = g;
	return true;
}

void graph_destroy(struct graph *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_links; i++) {
		free(g->hubs[i].node);
		free(g->hubs[i].sides);
	}
	for (size_t k = 0; k < g->n_kept; k++) {
		free(g->kept[k].labels);
		free(g->kept[k].order);
	}
	free(g->hubs);
	free(g->by_name);
	free(g->first);
	free(g->member);
	free(g->like);
	free(g->kept);
	free(g->hops);
	free(g);
}

/* Searching */

/** The best way into a hub: the delay to the node it comes from. */
struct entry {
	uint32_t node; /* NO_ID: none */
	const struct label *label;
};

struct walk {
	struct graph *g;
	struct search *s;
	uint32_t home;  /* of the source, NO_ID: none */
	uint32_t hops;  /* of the nodes that are being expanded */
	uint32_t *seen; /* of a link: the round it was expanded in */
};

static const char *name_of(const struct walk *w, uint32_t node)
{
	return w->g->ends.names[node == NO_ID ? w->s->source : node];
}

static bool over_home(const struct walk *w, uint32_t node, const struct label *l)
{
	return l->home || node == w->home;
}

static bool is_before(const struct walk *w, const struct entry *a, const struct entry *b)
{
	bool home_a, home_b;

	if (b->node == NO_ID)
		return true;
	if (a->label->delay_s < b->label->delay_s || a->label->delay_s > b->label->delay_s)
		return a->label->delay_s < b->label->delay_s;
	home_a = over_home(w, a->node, a->label);
	home_b = over_home(w, b->node, b->label);
	return home_a != home_b ? home_a : strcmp(name_of(w, a->node), name_of(w, b->node)) < 0;
}

static void take_better(const struct walk *w, struct entry *best, const struct entry *e)
{
	if (e->node != NO_ID && is_before(w, e, best))
		*best = *e;
}

/** @to can be reached from @e over @link: is that better than what it has? */
static void offer(struct walk *w, uint32_t link, const struct entry *e, uint32_t to, bool forth)
{
	struct label *l = &w->s->labels[to];
	struct label new = {.hops = w->hops + 1, .link = link, .forth = forth};
	int c;

	if (e->node == NO_ID || e->node == to)
		return;
	new.from = e->node == w->s->source ? NO_ID : e->node;
	new.delay_s = e->label->delay_s + w->g->hubs[link].delay_s[forth ? 0 : 1];
	new.home = over_home(w, e->node, e->label);
	if (l->hops == 0) {
		w->s->order[w->s->n++] = to;
		*l = new;
		return;
	}
	if (new.delay_s > l->delay_s || (!(new.delay_s < l->delay_s) && l->home && !new.home))
		return;
	c = strcmp(name_of(w, new.from), name_of(w, l->from));
	if (new.delay_s < l->delay_s || (new.home && !l->home) || c < 0 ||
		(c == 0 && strcmp(w->g->links[link].name, w->g->links[l->link].name) < 0))
		*l = new;
}

/** Could @v, on some side of the hub, be where a hop starts in this round? */
static struct entry entry_of(const struct walk *w, uint32_t v)
{
	const struct label *l = &w->s->labels[v];
	bool on = v == w->s->source ? w->hops == 0 : l->hops == w->hops && w->hops > 0;

	return (struct entry){on ? v : NO_ID, l};
}

/** May @v be reached in this round: a site that is not known, or only since this round began? */
static bool is_open(const struct walk *w, uint32_t v)
{
	uint32_t hops = w->s->labels[v].hops;

	return v >= w->g->ends.n_groups && v != w->s->source && (hops == 0 || hops == w->hops + 1);
}

/** All hops over one hub in one direction. @of: the side they start from. Where both ends are on
 *  both sides the pair is one link, which goes forth from the lower to the higher: so those may
 *  come only from nodes met before, in ascending order forth and in descending order back. */
static void expand_way(struct walk *w, uint32_t link, bool forth)
{
	const struct hub *h = &w->g->hubs[link];
	unsigned char of = forth ? SIDE_A : SIDE_B, to = forth ? SIDE_B : SIDE_A;
	struct entry any = {.node = NO_ID}, one_sided = {.node = NO_ID}, met = {.node = NO_ID};

	for (size_t k = 0; k < h->n; k++) {
		struct entry e = entry_of(w, h->node[k]);

		if (!(h->sides[k] & of))
			continue;
		take_better(w, &any, &e);
		if (h->sides[k] != BOTH)
			take_better(w, &one_sided, &e);
	}
	if (any.node == NO_ID)
		return;
	for (size_t i = 0; i < h->n; i++) {
		size_t k = forth ? i : h->n - 1 - i;
		uint32_t v = h->node[k];
		struct entry e = entry_of(w, v), best = h->sides[k] == BOTH ? one_sided : any;

		if (h->sides[k] == BOTH)
			take_better(w, &best, &met);
		if ((h->sides[k] & to) && is_open(w, v))
			offer(w, link, &best, v, forth);
		if (h->sides[k] == BOTH)
			take_better(w, &met, &e);
	}
}

static void expand(struct walk *w, uint32_t v)
{
	for (uint32_t k = w->g->first[v]; k < w->g->first[v + 1]; k++) {
		uint32_t link = w->g->member[k];

		if (w->seen[link] == w->hops + 1)
			continue;
		w->seen[link] = w->hops + 1;
		expand_way(w, link, true);
		expand_way(w, link, false);
	}
}

static void search_from(struct graph *g, uint32_t source, struct search *s)
{
	struct walk w = {.g = g, .s = s, .home = NO_ID};
	size_t from = 0, to;

	if (!s->labels) {
		s->labels = mem_zalloc(g->n_nodes, sizeof *s->labels);
		s->order = mem_zalloc(g->n_nodes, sizeof *s->order);
	}
	memset(s->labels, 0, g->n_nodes * sizeof *s->labels);
	s->source = source;
	s->n = 0;
	if (source < g->ends.n_groups && g->ends.home_ends)
		w.home = g->ends.home_ends[source];
	w.seen = mem_zalloc(g->n_links, sizeof *w.seen);
	expand(&w, source);
	for (w.hops = 1; from < s->n; w.hops++) {
		to = s->n;
		for (; from < to; from++)
			expand(&w, s->order[from]);
	}
	free(w.seen);
}

static const struct search *search_of(struct graph *g, uint32_t a)
{
	uint32_t source = a < g->ends.n_groups ? g->like[a] : a;
	struct search *s;

	for (size_t k = 0; k < g->n_kept; k++)
		if (g->kept[k].source == source)
			return &g->kept[k];
	s = &g->kept[g->next_kept];
	g->next_kept = (g->next_kept + 1) % g->n_kept;
	search_from(g, source, s);
	return s;
}

bool graph_path(struct graph *g, uint32_t a, uint32_t b, const struct graph_hop **hops, size_t *n)
{
	const struct search *s = search_of(g, a);
	size_t left = s->labels[b].hops;
	uint32_t v = b;

	if (left == 0)
		return false;
	while (g->cap_hops < left)
		g->hops = mem_grow(g->hops, g->cap_hops, &g->cap_hops, sizeof *g->hops);
	*hops = g->hops;
	*n = left;
	while (left > 0) {
		const struct label *l = &s->labels[v];
		uint32_t from = l->from == NO_ID ? a : l->from;

		g->hops[--left] = (struct graph_hop){l->link, from, v, l->forth};
		v = from;
	}
	return true;
}

/* Alike */

static bool same_way(const struct link_dir_spec *a, const struct link_dir_spec *b)
{
	return link_dir_is_plain(a) && link_dir_is_plain(b) && a->bytes_per_s == b->bytes_per_s &&
	       a->delay_s == b->delay_s;
}

/** The first link and way that is as @link travelled @forth: 2 link + way. */
static uint32_t kind_of(const struct graph *g, uint32_t link, bool forth)
{
	const struct link_spec *l = &g->links[link];

	for (uint32_t k = 0; k < 2 * link; k++) {
		const struct link_spec *o = &g->links[k / 2];

		if (same_way(forth ? &l->up : &l->down, k % 2 == 0 ? &o->up : &o->down) &&
			same_way(forth ? &l->down : &l->up, k % 2 == 0 ? &o->down : &o->up))
			return k;
	}
	return 2 * link + !forth;
}

struct signature {
	uint32_t number; /* so far */
	uint64_t way;
	uint32_t site;
};

static int by_signature(const void *a, const void *b)
{
	const struct signature *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->way != y->way)
		return x->way < y->way ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

static uint64_t mixed(uint64_t x, uint64_t with)
{
	x = (x ^ with) * UINT64_C(0x9e3779b97f4a7c15);
	return x ^ x >> 29;
}

/** Part the sites by the ways that @s found to them. */
static void refine(const struct graph *g, const struct search *s, const uint32_t *kinds,
	struct signature *sites, uint64_t *ways)
{
	uint32_t n_groups = (uint32_t)g->ends.n_groups, number = 0;

	memset(ways, 0, g->n_nodes * sizeof *ways);
	for (size_t k = 0; k < s->n; k++) {
		const struct label *l = &s->labels[s->order[k]];

		ways[s->order[k]] = mixed(l->from == NO_ID ? 1 : ways[l->from],
			kinds[2 * l->link + !l->forth] + UINT64_C(1));
	}
	for (size_t k = 0; k < g->ends.n_sites; k++)
		sites[k].way = ways[n_groups + sites[k].site];
	mem_sort(sites, g->ends.n_sites, sizeof *sites, by_signature);
	for (size_t k = 0, first = 0; k < g->ends.n_sites; k++) {
		if (k > 0 && (sites[k].number != sites[first].number ||
				     sites[k].way != sites[first].way)) {
			first = k;
			number++;
		}
		ways[k] = number;
	}
	for (size_t k = 0; k < g->ends.n_sites; k++)
		sites[k].number = (uint32_t)ways[k];
}

void graph_alike(struct graph *g, uint32_t *number)
{
	struct signature *sites = mem_zalloc(g->ends.n_sites, sizeof *sites);
	uint64_t *ways = mem_zalloc(g->n_nodes, sizeof *ways);
	uint32_t *kinds = mem_zalloc(2 * g->n_links, sizeof *kinds);

	for (uint32_t i = 0; i < 2 * g->n_links; i++)
		kinds[i] = kind_of(g, i / 2, i % 2 == 0);
	for (uint32_t k = 0; k < g->ends.n_sites; k++)
		sites[k].site = k;
	for (uint32_t v = 0; v < g->ends.n_groups; v++)
		if (g->like[v] == v)
			refine(g, search_of(g, v), kinds, sites, ways);
	for (size_t k = 0; k < g->ends.n_sites; k++)
		number[sites[k].site] = sites[k].number;
	free(sites);
	free(ways);
	free(kinds);
}
