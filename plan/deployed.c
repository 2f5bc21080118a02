#include "plan/deployed.h"

#include <math.h>
#include <stdlib.h>

static const struct kind_price *price_at(
	const struct units *t, const struct devices *d, struct site_id site)
{
	return &t->kinds[d->at[devices_at(d, site)].kind];
}

static void put_stages(struct arena *a, struct instance_spec *i, const struct units *t,
	const struct devices *d, const struct deployment *dep)
{
	struct stage_spec *stages = arena_alloc(a, dep->n_stages, sizeof *stages);

	for (size_t k = 0; k < dep->n_stages; k++) {
		const struct site_spec *site = &d->spec->sites[dep->stages[k].site.i];

		stages[k] = (struct stage_spec){.site = dep->stages[k].site,
			.layers = dep->stages[k].layers,
			.profile = price_at(t, d, dep->stages[k].site)->profile,
			.gpu = &site->gpu,
			.bus = {site->interconnect.latency_s, site->interconnect.bytes_per_s},
			.at = i->at};
	}
	i->stages = stages;
	i->n_stages = dep->n_stages;
	i->micro_batches = dep->micro_batches;
	i->stages_at = i->at;
}

struct instance_spec deployed_instance(struct arena *a, const struct units *t,
	const struct devices *d, const struct deployment *dep, const char *name)
{
	struct site_id first = dep->stages[0].site;
	const struct site_spec *site = &d->spec->sites[first.i];
	const struct kind_price *p = price_at(t, d, first);
	struct instance_spec i = *t->u->like;

	i.name = name;
	i.site = first;
	i.profile = p->profile;
	i.n_stages = 0;
	i.offload = (struct offload_spec){.cpu_layers = dep->cpu_layers,
		.streamed_layers = dep->streamed_layers,
		.host = site->host,
		.cpu = dep->cpu_layers > 0 ? p->cpu : NULL,
		.at = i.at,
		.cpu_at = i.at,
		.streamed_at = i.at};
	i.draft = (struct draft_spec){.on = dep->drafted,
		.k = t->u->k,
		.acceptance = t->u->acceptance,
		.max_batch = i.max_batch,
		.profile = dep->drafted ? p->draft_profile : NULL,
		.at = i.at};
	if (i.kv.preemption == PREEMPTION_SWAP)
		i.kv.pcie_bytes_per_s = site->host.pcie_bytes_per_s;
	if (dep->n_stages > 1)
		put_stages(a, &i, t, d, dep);
	return i;
}

/* Layers */

/** Of the memory of stage @k for layers and their keys and values. */
static double room_bytes(const struct deployment *dep, const struct units *t,
	const struct kind_price *const *prices, size_t k)
{
	double bytes = prices[k]->mem_bytes;

	bytes -= k == 0 ? t->embedding_bytes : 0.0;
	bytes -= k + 1 == dep->n_stages ? t->head_bytes : 0.0;
	return bytes;
}

static bool has_room(const struct deployment *dep, const struct units *t,
	const struct kind_price *const *prices, size_t k)
{
	return (dep->stages[k].layers + 1) * (t->layer_bytes + t->kv_bytes) <=
	       room_bytes(dep, t, prices, k);
}

/** The fastest with room for one more, of those the one with the fewest. */
static size_t next_stage(
	const struct deployment *dep, const struct units *t, const struct kind_price *const *prices)
{
	size_t best = dep->n_stages;

	for (size_t k = 0; k < dep->n_stages; k++) {
		double s = prices[k]->gpu.layer_s,
		       than = best < dep->n_stages ? prices[best]->gpu.layer_s : HUGE_VAL;

		if (has_room(dep, t, prices, k) &&
			(s < than ||
				(s <= than && dep->stages[k].layers < dep->stages[best].layers)))
			best = k;
	}
	return best;
}

static bool fill(
	struct deployment *dep, const struct units *t, const struct kind_price *const *prices)
{
	unsigned left = t->layers;

	for (size_t k = 0; k < dep->n_stages; k++)
		dep->stages[k].layers = 0;
	for (size_t k = 0; k < dep->n_stages; k++, left--) {
		if (left == 0 || !has_room(dep, t, prices, k))
			return false;
		dep->stages[k].layers = 1;
	}
	for (; left > 0; left--) {
		size_t k = next_stage(dep, t, prices);

		if (k == dep->n_stages)
			return false;
		dep->stages[k].layers++;
	}
	return true;
}

static void set_micro_batches(
	struct deployment *dep, const struct units *t, const struct kind_price *const *prices)
{
	double most = (double)dep->n_stages;

	for (size_t k = 0; k < dep->n_stages; k++) {
		double free =
			room_bytes(dep, t, prices, k) - dep->stages[k].layers * t->layer_bytes;

		most = fmin(most, floor(free / (dep->stages[k].layers * t->kv_bytes)));
	}
	dep->micro_batches = most > 1.0 ? (unsigned)most : 1;
}

bool deployed_split(struct deployment *dep, const struct units *t, const struct devices *d)
{
	const struct kind_price **prices = mem_zalloc(dep->n_stages, sizeof(*prices));
	bool ok;

	for (size_t k = 0; k < dep->n_stages; k++)
		prices[k] = price_at(t, d, dep->stages[k].site);
	ok = fill(dep, t, prices);
	if (ok)
		set_micro_batches(dep, t, prices);
	free(prices);
	return ok;
}
