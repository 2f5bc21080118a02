/* The network of a world: its ends by name, and the routes between users and instances. */
#include "models/world/network.h"

#include "models/world/state.h"

enum { MOST_ROUTES = 1000000 }; /* there and back: with links of their own a kB each */

static const char *const *end_names(struct arena *arena, const struct scenario_spec *s)
{
	const char **names = arena_alloc(arena, s->n_groups + s->n_sites, sizeof(*names));

	for (size_t g = 0; g < s->n_groups; g++)
		names[g] = s->groups[g].name;
	for (size_t m = 0; m < s->n_sites; m++)
		names[s->n_groups + m] = s->sites[m].name;
	return names;
}

static const uint32_t *home_ends(struct arena *arena, const struct scenario_spec *s)
{
	uint32_t *homes = arena_alloc(arena, s->n_groups, sizeof *homes);

	for (size_t g = 0; g < s->n_groups; g++)
		homes[g] =
			s->groups[g].home.i == NO_ID ? NO_ID : network_end(s, s->groups[g].home).i;
	return homes;
}

bool network_of(struct net **out, struct arena *arena, const struct scenario_spec *spec,
	struct engine *engine, uint64_t seed, uint32_t replication, struct err *err)
{
	struct net_build b = {
		.engine = engine,
		.n_links = spec->n_links,
		.n_groups = spec->n_groups,
		.n_sites = spec->n_sites,
		.links = spec->links,
		.end_names = end_names(arena, spec),
		.home_ends = home_ends(arena, spec),
		.seed = seed,
		.replication = replication,
	};

	return net_create(out, &b, err);
}

/** Number the sites that have instances. */
static void sites_in_use(struct world *w)
{
	const struct scenario_spec *s = w->spec;
	uint32_t *number = arena_alloc(&w->arena, s->n_sites, sizeof *number);

	for (size_t m = 0; m < s->n_sites; m++)
		number[m] = NO_ID;
	for (size_t i = 0; i < s->n_instances; i++)
		number[s->instances[i].site.i] = 0;
	for (size_t m = 0; m < s->n_sites; m++)
		if (number[m] != NO_ID)
			number[m] = (uint32_t)w->routes.n++;
	w->routes.site_number = number;
}

static bool route_find(struct world *w, uint32_t g, struct site_id to, struct err *err)
{
	size_t at = 2 * (g * w->routes.n + w->routes.site_number[to.i]);
	struct end_id user = {g}, site = network_end(w->spec, to);
	struct err why = {0};

	if (!net_route(&w->routes.at[at], w->net, user, site, &why) ||
		!net_route(&w->routes.at[at + 1], w->net, site, user, &why))
		return err_at(err, w->spec->groups[g].at, "users '%s' have no route to site '%s'",
			w->spec->groups[g].name, w->spec->sites[to.i].name);
	return true;
}

static bool routes_find(struct world *w, struct err *err)
{
	const struct scenario_spec *s = w->spec;

	if (2 * s->n_groups * w->routes.n > MOST_ROUTES)
		return err_at(err, s->run.at,
			"%zu groups of users and %zu sites with instances need %zu routes; at most "
			"%d are possible",
			s->n_groups, w->routes.n, 2 * s->n_groups * w->routes.n, MOST_ROUTES);
	w->routes.at = arena_alloc(&w->arena, 2 * s->n_groups * w->routes.n, sizeof(*w->routes.at));
	for (uint32_t g = 0; g < s->n_groups; g++)
		for (uint32_t m = 0; m < s->n_sites; m++)
			if (w->routes.site_number[m] != NO_ID &&
				!route_find(w, g, (struct site_id){m}, err))
				return false;
	return true;
}

/* Where KV goes */

/** What the instances of a site do of requests for model @m. */
static void sites_phases(const struct scenario_spec *s, uint32_t m, unsigned *phases)
{
	static const unsigned of[] = {[ROLE_BOTH] = PHASES_BOTH,
		[ROLE_PREFILL] = PHASES_PREFILL,
		[ROLE_DECODE] = PHASES_DECODE};

	for (size_t k = 0; k < s->n_sites; k++)
		phases[k] = 0;
	for (size_t i = 0; i < s->n_instances; i++)
		if (!s->instances[i].synthetic && s->instances[i].model.i == m)
			phases[s->instances[i].site.i] |= of[s->instances[i].role];
}

static bool is_apart(const struct scenario_spec *s, uint32_t m)
{
	for (size_t i = 0; i < s->n_instances; i++)
		if (!s->instances[i].synthetic && s->instances[i].model.i == m &&
			s->instances[i].role != ROLE_BOTH)
			return true;
	return false;
}

/** Number the sites that have instances of models whose phases are apart. */
static void sites_apart(struct world *w, unsigned *phases)
{
	const struct scenario_spec *s = w->spec;
	uint32_t *number = arena_alloc(&w->arena, s->n_sites, sizeof *number);

	for (size_t k = 0; k < s->n_sites; k++)
		number[k] = NO_ID;
	for (uint32_t m = 0; m < s->n_models; m++) {
		if (!is_apart(s, m))
			continue;
		sites_phases(s, m, phases);
		for (size_t k = 0; k < s->n_sites; k++)
			if (phases[k] && number[k] == NO_ID)
				number[k] = (uint32_t)w->kv_routes.n++;
	}
	w->kv_routes.number = number;
}

/** Those of model @m, as far as there are any. */
static void kv_routes_find(struct world *w, uint32_t m, unsigned *phases, const struct route **at)
{
	const struct scenario_spec *s = w->spec;
	const struct kv_routes *r = &w->kv_routes;
	struct err none = {0};

	sites_phases(s, m, phases);
	for (uint32_t a = 0; a < s->n_sites; a++)
		for (uint32_t b = 0; b < s->n_sites && (phases[a] & PHASES_PREFILL); b++) {
			const struct route **to;

			if (!(phases[b] & PHASES_DECODE))
				continue;
			to = &at[r->number[a] * r->n + r->number[b]];
			if (!*to && !net_route(to, w->net, network_end(s, (struct site_id){a}),
					    network_end(s, (struct site_id){b}), &none))
				*to = NULL;
		}
}

static bool like(const struct kv_routes *r, size_t a, size_t b)
{
	if (r->local[a].bytes_per_s > 0.0 || r->local[b].bytes_per_s > 0.0)
		return a == b; /* what stays there takes another way than what leaves */
	for (size_t x = 0; x < r->n; x++)
		if (!routes_alike(r->at[a * r->n + x], r->at[b * r->n + x]) ||
			!routes_alike(r->at[x * r->n + a], r->at[x * r->n + b]))
			return false;
	return true;
}

/** Number those that are alike, by the first of them. */
static const uint32_t *find_alike(struct arena *arena, const struct kv_routes *r)
{
	uint32_t *alike = arena_alloc(arena, r->n, sizeof *alike);

	for (uint32_t a = 0; a < r->n; a++) {
		uint32_t b = 0;

		while (b < a && (alike[b] != b || !like(r, a, b)))
			b++;
		alike[a] = b;
	}
	return alike;
}

static const struct kv_local *locals_find(struct world *w)
{
	const struct scenario_spec *s = w->spec;
	struct kv_local *local = arena_alloc(&w->arena, w->kv_routes.n, sizeof *local);

	for (size_t k = 0; k < s->n_sites; k++)
		if (w->kv_routes.number[k] != NO_ID)
			local[w->kv_routes.number[k]] =
				(struct kv_local){s->sites[k].interconnect.bytes_per_s,
					s->sites[k].interconnect.latency_s};
	return local;
}

static bool handovers_find(struct world *w, struct err *err)
{
	const struct scenario_spec *s = w->spec;
	struct kv_routes *r = &w->kv_routes;
	unsigned *phases = arena_alloc(&w->arena, s->n_sites, sizeof *phases);
	const struct route **at;

	sites_apart(w, phases);
	if (r->n * r->n > MOST_ROUTES)
		return err_at(err, s->run.at,
			"KV goes between %zu sites: that needs %zu routes; at most %d are possible",
			r->n, r->n * r->n, MOST_ROUTES);
	if (r->n == 0)
		return true;
	at = arena_alloc(&w->arena, r->n * r->n, sizeof(*at));
	r->at = at;
	for (uint32_t m = 0; m < s->n_models; m++)
		if (is_apart(s, m))
			kv_routes_find(w, m, phases, at);
	r->local = locals_find(w);
	r->alike = find_alike(&w->arena, r);
	return true;
}

bool network_create(struct world *w, struct err *err)
{
	if (!network_of(&w->net, &w->arena, w->spec, w->engine, w->setup.seed, w->setup.replication,
		    err))
		return false;
	sites_in_use(w);
	return routes_find(w, err) && handovers_find(w, err) && hops_find(w, err) &&
	       draft_routes_find(w, err) && net_seal(w->net, err);
}
