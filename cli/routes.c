#include "cli/routes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "models/net/route.h"
#include "models/world/network.h"

enum { WORD = 40 };

static const char *rate_word(char *buf, double bytes_per_s)
{
	return bytes_per_s < HUGE_VAL ? quantity_print(buf, WORD, bytes_per_s, QUANTITY_BIT_RATE)
				      : "unlimited";
}

/** The rate as the scenario has it: one that changes by its mean. */
static double rate_of(const struct link *l)
{
	return l->spec->bytes_per_s;
}

static double slowest(const struct route *r)
{
	double least = HUGE_VAL;

	for (size_t h = 0; h < r->n; h++)
		least = fmin(least, rate_of(r->hops[h]));
	return least;
}

static void route_print(
	FILE *to, const char *from, const char *at, const char *arrow, const struct route *r)
{
	char rate[WORD], delay[WORD], ends[2 * 64 + 8];

	snprintf(ends, sizeof ends, "%s %s %s", from, arrow, at);
	fprintf(to, "%-28s %10s %12s ", ends,
		quantity_print(delay, sizeof delay, r->delay_s, QUANTITY_TIME),
		rate_word(rate, slowest(r)));
	for (size_t h = 0; h < r->n; h++) {
		const struct link *l = r->hops[h];

		fprintf(to, "%s%s (%s%s, %s)", h > 0 ? ", " : " ", l->name,
			l->spec->curve ? "mean " : "", rate_word(rate, rate_of(l)),
			quantity_print(delay, sizeof delay, l->delay_s, QUANTITY_TIME));
	}
	fputs(r->n == 0 ? " together\n" : "\n", to);
}

static bool differ(const struct route *there, const struct route *back)
{
	for (size_t h = 0; h < there->n; h++) {
		const struct link *a = there->hops[h], *b = back->hops[back->n - 1 - h];

		if (rate_of(a) < rate_of(b) || rate_of(a) > rate_of(b) || a->delay_s < b->delay_s ||
			a->delay_s > b->delay_s || a->spec->curve != b->spec->curve)
			return true;
	}
	return false;
}

static bool pair_print(FILE *to, struct net *n, const struct scenario_spec *spec, uint32_t g,
	uint32_t site, struct err *err)
{
	struct end_id user = {g}, at = network_end(spec, (struct site_id){site});
	const char *from = spec->groups[g].name, *name = spec->sites[site].name;
	const struct route *there, *back;

	if (!net_route(&there, n, user, at, err) || !net_route(&back, n, at, user, err))
		return false;
	route_print(to, from, name, "->", there);
	if (differ(there, back))
		route_print(to, from, name, "<-", back);
	return true;
}

bool routes_print(FILE *to, const struct scenario_spec *spec, struct err *err)
{
	bool *used = mem_zalloc(spec->n_sites, sizeof *used), ok;
	struct arena arena;
	struct net *n;

	for (size_t i = 0; i < spec->n_instances; i++)
		used[spec->instances[i].site.i] = true;
	arena_init(&arena);
	ok = network_of(&n, &arena, spec, NULL, spec->run.seed, 0, err);
	if (ok)
		fprintf(to, "%-28s %10s %12s  %s\n", "route", "delay", "slowest", "links");
	for (uint32_t g = 0; g < spec->n_groups && ok; g++)
		for (uint32_t s = 0; s < spec->n_sites && ok; s++)
			ok = !used[s] || pair_print(to, n, spec, g, s, err);
	net_destroy(n);
	arena_finish(&arena);
	free(used);
	return ok;
}
