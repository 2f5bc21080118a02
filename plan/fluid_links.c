/* What messages take of links: wire bytes, as runs count them, over the rate of the long run. */
#include <math.h>

#include "plan/fluid_parts.h"

/** In the long run; of htb what a lone class may borrow. */
static double rate_of(const struct link *l)
{
	double rate = l->bytes_per_s;

	if (l->spec->curve)
		rate = rate_curve_mean_bytes_per_s(l->spec->curve);
	return l->peak_bytes_per_s > 0.0 ? fmin(rate, l->peak_bytes_per_s) : rate;
}

static const char *family_name(struct fluid_system *f, const struct link *l, const char *class)
{
	return arena_printf(f->arena, "%s %s%s%s", f->spec->links[l->place[0]].name,
		l->down ? "down" : "up", class ? " class " : "", class ? class : "");
}

/** A resource for the link and for each of its classes. */
static void add(struct fluid_system *f, const struct link *l)
{
	const struct link_dir_spec *d = l->spec;

	f->link_at[l->number] = fluid_resource_add(
		f, fluid_family_of(f, FLUID_LINK, family_name(f, l, NULL), NO_ID));
	for (size_t c = 0; c < d->n_classes; c++)
		fluid_resource_add(f, fluid_family_of(f, FLUID_LINK,
					      family_name(f, l, d->classes[c].name), NO_ID));
}

static void add_route(struct fluid_system *f, const struct route *r)
{
	for (size_t h = 0; r && h < r->n; h++) {
		uint32_t number = r->hops[h]->number;

		while (f->n_links <= number) {
			size_t cap = f->n_links;

			f->link_at = mem_grow(f->link_at, f->n_links, &cap, sizeof *f->link_at);
			f->link_at[f->n_links++] = NO_ID;
		}
		if (f->link_at[number] == NO_ID)
			add(f, r->hops[h]);
	}
}

void fluid_links_make(struct fluid_system *f)
{
	const struct scenario_spec *s = f->spec;

	for (size_t g = 0; g < s->n_groups; g++)
		for (size_t k = 0; k < f->ways[g].n; k++) {
			add_route(f, f->ways[g].at[k].up);
			add_route(f, f->ways[g].at[k].down);
			add_route(f, f->ways[g].at[k].kv);
		}
	for (size_t i = 0; i < s->n_instances; i++)
		for (size_t k = 0; k < s->instances[i].n_stages; k++)
			add_route(f, f->hops[i][k]);
}

void fluid_links_use(struct fluid_uses *u, const struct fluid_system *f, const struct route *r,
	double wire_bytes, enum transfer_kind kind)
{
	for (size_t h = 0; r && h < r->n; h++) {
		const struct link *l = r->hops[h];
		uint32_t at = f->link_at[l->number], class;

		fluid_use_add(u, at, wire_bytes / rate_of(l));
		if (l->spec->n_classes == 0)
			continue;
		class = route_class(l->spec, kind);
		if (class != NO_ID)
			fluid_use_add(u, at + 1 + class,
				wire_bytes / l->spec->classes[class].htb.ceil_bytes_per_s);
	}
}

double fluid_wire_bytes(const struct route *r, double n, double bytes)
{
	return r && r->n > 0 ? n * train_of(&r->framing, bytes).wire_bytes : 0.0;
}

double fluid_wire_shared_bytes(const struct route *r, double bytes)
{
	if (!r || r->n == 0)
		return 0.0;
	return bytes * (1.0 + r->framing.header_bytes / r->framing.payload_bytes);
}
