/* Which layers an instance has where. */
#include "io/record/placement.h"

#include <stdio.h>

#include "base/mem.h"

static struct placement *add(struct placements *p, struct placement from)
{
	p->at = mem_grow(p->at, p->n, &p->cap, sizeof *p->at);
	p->at[p->n] = from;
	return &p->at[p->n++];
}

/** Layers from @first on, counted from 0, and what stands at the ends of the model. */
static void name_layers(struct placement *at, unsigned first, unsigned n, bool embedding, bool head)
{
	const char *before = embedding ? "embedding, " : "", *behind = head ? ", head" : "";

	if (n == 0)
		snprintf(at->tensor, sizeof at->tensor, "%shead", before);
	else if (n == 1)
		snprintf(at->tensor, sizeof at->tensor, "%slayer %u%s", before, first + 1, behind);
	else
		snprintf(at->tensor, sizeof at->tensor, "%slayers %u-%u%s", before, first + 1,
			first + n, behind);
}

static void add_stages(struct placements *p, const struct scenario_spec *s,
	const struct instance_spec *i, struct placement from)
{
	unsigned first = 0;

	for (size_t k = 0; k < i->n_stages; k++) {
		const struct site_spec *site = &s->sites[i->stages[k].site.i];

		from.site = site->name;
		from.device = i->stages[k].gpu ? i->stages[k].gpu->name : site->gpu.name;
		from.stage = k;
		name_layers(add(p, from), first, i->stages[k].layers, k == 0, k + 1 == i->n_stages);
		first += i->stages[k].layers;
	}
}

/** The embedding is where the first layers are computed, the head on the gpu. */
static void add_offloaded(
	struct placements *p, const struct instance_spec *i, unsigned all, struct placement from)
{
	unsigned cpu = i->offload.cpu_layers, streamed = i->offload.streamed_layers;
	struct placement there = from, fetched = from;

	there.device = i->offload.host.name;
	fetched.resident = false;
	if (cpu > 0)
		name_layers(add(p, there), 0, cpu, true, false);
	if (streamed > 0)
		name_layers(add(p, fetched), cpu, streamed, false, false);
	name_layers(add(p, from), cpu + streamed, all - cpu - streamed, cpu == 0, true);
}

static void add_ranks(struct placements *p, unsigned n, struct placement from)
{
	for (unsigned k = 0; k < n; k++)
		snprintf(add(p, from)->tensor, sizeof from.tensor, "part %u of %u", k + 1, n);
}

/** Beside the model, or at sites of their own. */
static void add_drafts(struct placements *p, const struct scenario_spec *s,
	const struct instance_spec *i, struct placement from)
{
	from.model = s->models[i->model.i].draft->name;
	if (i->draft.n_sites == 0)
		snprintf(add(p, from)->tensor, sizeof from.tensor, "draft");
	for (size_t k = 0; k < i->draft.n_sites; k++) {
		const struct site_spec *site = &s->sites[i->draft.sites[k].site.i];

		from.site = site->name;
		from.device = site->gpu.name;
		snprintf(add(p, from)->tensor, sizeof from.tensor, "draft at %s", site->name);
	}
}

void placements_add(
	struct placements *p, const struct scenario_spec *s, const struct instance_spec *i)
{
	const struct model_spec *m;
	struct placement from = {.tensor = "all", .resident = true};

	if (i->synthetic)
		return;
	m = &s->models[i->model.i];
	from.model = m->name;
	from.site = s->sites[i->site.i].name;
	from.device = s->sites[i->site.i].gpu.name;
	if (i->n_stages > 1)
		add_stages(p, s, i, from);
	else if (i->offload.cpu_layers + i->offload.streamed_layers > 0)
		add_offloaded(p, i, m->shape.layers, from);
	else if (instance_devices(i) > 1)
		add_ranks(p, instance_devices(i), from);
	else
		add(p, from);
	if (i->draft.on && m->draft)
		add_drafts(p, s, i, from);
}
