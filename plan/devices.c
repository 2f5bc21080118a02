#include "plan/devices.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/net/route.h"
#include "models/serving/alike.h"
#include "models/world/network.h"

/* Sites that are joined alike to all others: groups of users do not forward, so that only links
 * between sites matter. */

static bool names(const char *end, const char *site)
{
	return strpbrk(end, "*?[") ? fnmatch(end, site, 0) == 0 : strcmp(end, site) == 0;
}

static bool names_any(const struct scenario_spec *s, const char *end)
{
	for (size_t k = 0; k < s->n_sites && strcmp(end, "users") != 0; k++)
		if (names(end, s->sites[k].name))
			return true;
	return false;
}

static bool joined_alike(const struct devices *d, size_t a, size_t b)
{
	const struct scenario_spec *s = d->spec;

	for (size_t k = 0; k < s->n_links; k++)
		for (size_t side = 0; side < 2 && d->inner[k]; side++)
			if (names(s->links[k].between[side], s->sites[a].name) !=
				names(s->links[k].between[side], s->sites[b].name))
				return false;
	return true;
}

/** @first has a site of each joint. */
static void number_joints(struct devices *d, uint32_t *first)
{
	const struct scenario_spec *s = d->spec;

	d->joint = arena_alloc(&d->arena, s->n_sites, sizeof *d->joint);
	d->inner = arena_alloc(&d->arena, s->n_links, sizeof *d->inner);
	for (size_t k = 0; k < s->n_links; k++)
		d->inner[k] = names_any(s, s->links[k].between[0]) &&
			      names_any(s, s->links[k].between[1]);
	for (uint32_t k = 0; k < s->n_sites; k++) {
		uint32_t j = 0;

		while (j < d->n_joints && !joined_alike(d, first[j], k))
			j++;
		if (j == d->n_joints)
			first[d->n_joints++] = k;
		d->joint[k] = j;
	}
}

/** NULL: there is none. */
static const struct route *route_between(struct devices *d, uint32_t a, uint32_t b)
{
	const struct route *route;
	struct err none = {0};

	if (!net_route(&route, d->net, network_end(d->spec, (struct site_id){a}),
		    network_end(d->spec, (struct site_id){b}), &none))
		return NULL;
	return route;
}

static void ask_ways(struct devices *d, const uint32_t *first)
{
	const struct scenario_spec *s = d->spec;

	d->ways = arena_alloc(&d->arena, d->n_joints * d->n_joints, sizeof(*d->ways));
	for (size_t a = 0; a < d->n_joints; a++)
		for (size_t b = 0; b < d->n_joints; b++) {
			uint32_t to = first[b];

			while (a == b && to < s->n_sites && (to == first[a] || d->joint[to] != b))
				to++; /* another one of the same */
			if (to < s->n_sites)
				d->ways[a * d->n_joints + b] = route_between(d, first[a], to);
		}
}

static bool find_ways(struct devices *d, struct err *err)
{
	uint32_t *first = mem_zalloc(d->spec->n_sites, sizeof *first);
	bool ok;

	number_joints(d, first);
	ok = d->n_joints <= JOINTS_MOST ||
	     err_at(err, d->spec->sites[0].at,
		     "the sites are joined to others in %zu ways: models can be placed where there "
		     "are at most %d, or instances written down",
		     d->n_joints, JOINTS_MOST);
	if (ok)
		ask_ways(d, first);
	free(first);
	return ok;
}

/* Devices */

static bool hosts_alike(const struct gpu_spec *a, const struct gpu_spec *b)
{
	return a->mem_bytes == b->mem_bytes && a->bytes_per_s == b->bytes_per_s &&
	       a->fp32_flop_per_s == b->fp32_flop_per_s &&
	       a->pcie_bytes_per_s == b->pcie_bytes_per_s;
}

/** The name of a gpu given as a map has its site in it and says nothing. */
static bool sites_alike(const struct devices *d, uint32_t a, uint32_t b)
{
	const struct site_spec *x = &d->spec->sites[a], *y = &d->spec->sites[b];

	return d->joint[a] == d->joint[b] && gpus_alike(&x->gpu, &y->gpu) &&
	       hosts_alike(&x->host, &y->host) && x->n_gpus == y->n_gpus &&
	       x->interconnect.bytes_per_s == y->interconnect.bytes_per_s &&
	       x->interconnect.latency_s == y->interconnect.latency_s;
}

static bool reachable(struct devices *d, uint32_t site)
{
	const struct route *out;
	struct err none = {0};

	for (uint32_t g = 0; g < d->spec->n_groups; g++) {
		struct end_id to = network_end(d->spec, (struct site_id){site});

		if (!net_route(&out, d->net, (struct end_id){g}, to, &none) ||
			!net_route(&out, d->net, to, (struct end_id){g}, &none))
			return false;
	}
	return true;
}

static void add_site(struct devices *d, uint32_t k)
{
	const struct site_spec *s = &d->spec->sites[k];
	struct device mine = {.name = s->name,
		.site = {k},
		.kind = (uint32_t)d->n_kinds,
		.reachable = reachable(d, k)};

	for (size_t i = 0; i < d->n && mine.kind == d->n_kinds; i++)
		if (mine.reachable == d->at[i].reachable && sites_alike(d, d->at[i].site.i, k))
			mine.kind = d->at[i].kind;
	d->n_kinds += mine.kind == d->n_kinds;
	for (unsigned g = 0; g < s->n_gpus; g++) {
		if (s->n_gpus > 1)
			mine.name = arena_printf(&d->arena, "%s/%u", s->name, g + 1);
		if (s->host.mem_bytes > 0.0)
			mine.host = arena_printf(&d->arena, "host of %s", mine.name);
		d->at[d->n++] = mine;
	}
}

static bool count(size_t *n, const struct scenario_spec *s, struct err *err)
{
	struct src_pos at = s->n_sites > 0 ? s->sites[0].at : s->run.at;

	*n = 0;
	for (size_t k = 0; k < s->n_sites; k++)
		*n += s->sites[k].has_gpu ? s->sites[k].n_gpus : 0;
	if (*n == 0)
		return err_at(err, at, "no site has a gpu: there is nothing to place a model on");
	return *n <= DEVICES_MOST ||
	       err_at(err, at,
		       "the sites have %zu gpus: models can be placed on at most %d, or instances "
		       "written down",
		       *n, DEVICES_MOST);
}

static bool any_reachable(const struct devices *d, struct err *err)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->at[i].reachable)
			return true;
	return err_at(err, d->spec->groups[0].at,
		"no site with a gpu has a route from every group of users");
}

bool devices_init(struct devices *d, const struct scenario_spec *spec, struct err *err)
{
	size_t n;

	*d = (struct devices){.spec = spec};
	if (!count(&n, spec, err))
		return false;
	arena_init(&d->arena);
	if (!network_of(&d->net, &d->arena, spec, NULL, spec->run.seed, 0, err) ||
		!find_ways(d, err)) {
		devices_finish(d);
		return false;
	}
	d->at = arena_alloc(&d->arena, n, sizeof *d->at);
	for (uint32_t k = 0; k < spec->n_sites; k++)
		if (spec->sites[k].has_gpu)
			add_site(d, k);
	if (net_seal(d->net, err) && any_reachable(d, err))
		return true;
	devices_finish(d);
	return false;
}

void devices_finish(struct devices *d)
{
	net_destroy(d->net);
	arena_finish(&d->arena);
}

double devices_way_s(const struct devices *d, struct site_id a, struct site_id b, double bytes,
	enum transfer_kind kind)
{
	const struct interconnect_spec *bus = &d->spec->sites[a.i].interconnect;
	const struct route *route;

	if (a.i == b.i)
		return bus->bytes_per_s > 0.0 ? bus->latency_s + bytes / bus->bytes_per_s
					      : HUGE_VAL;
	route = d->ways[d->joint[a.i] * d->n_joints + d->joint[b.i]];
	return route ? net_predict_s(d->net, route, bytes, kind, true) : HUGE_VAL;
}

double devices_bytes_per_s(const struct devices *d, size_t a, size_t b)
{
	uint32_t from = d->at[a].site.i, to = d->at[b].site.i;
	const struct route *route;

	if (a == b)
		return HUGE_VAL;
	if (from == to)
		return d->spec->sites[from].interconnect.bytes_per_s;
	route = d->ways[d->joint[from] * d->n_joints + d->joint[to]];
	return route ? route->bytes_per_s : 0.0;
}

size_t devices_at(const struct devices *d, struct site_id site)
{
	size_t i = 0;

	while (d->at[i].site.i != site.i)
		i++;
	return i;
}

double devices_pcie_bytes_per_s(const struct devices *d, size_t at)
{
	const struct site_spec *s = &d->spec->sites[d->at[at].site.i];

	return s->host.pcie_bytes_per_s > 0.0
		       ? fmin(s->gpu.pcie_bytes_per_s, s->host.pcie_bytes_per_s)
		       : s->gpu.pcie_bytes_per_s;
}
