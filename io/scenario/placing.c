/* On which devices of its site an instance is: several that share the model. */
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/scenario/parts.h"
#include "models/cost/catalog.h"
#include "models/cost/parallel.h"

#define INTERCONNECT(member) offsetof(struct interconnect_spec, member)
static const struct schema_key interconnect_keys[] = {
	{.name = "rate",
		.kind = SCHEMA_QUANTITY,
		.to = INTERCONNECT(bytes_per_s),
		.dim = QUANTITY_BIT_RATE,
		.above_min = true,
		.required = true,
		.help = "Rate between each two gpus, each way."},
	{.name = "latency",
		.kind = SCHEMA_QUANTITY,
		.to = INTERCONNECT(latency_s),
		.dim = QUANTITY_TIME,
		.required = true,
		.help = "Latency of a message."},
	{0},
};
const struct schema_map map_interconnect = {.tables = {interconnect_keys}};

static bool find_interconnect(
	struct schema_reader *r, const struct yaml_node *n, struct interconnect_spec *to)
{
	const struct catalog_interconnect *found = catalog_find_interconnect(n->text);
	char quoted[QUOTE_SIZE], nearest[100];
	struct near near;

	if (found) {
		to->bytes_per_s = found->bytes_per_s;
		to->latency_s = found->latency_s;
		return true;
	}
	near_init(&near, n->text);
	for (size_t i = 0; i < catalog_n_interconnects; i++)
		near_add(&near, catalog_interconnects[i].name);
	return err_list_at(r->errs, n->at, "unknown interconnect '%s'%s",
		quote(quoted, sizeof quoted, n->text),
		parts_near(&near, "; `offing list interconnects` has the names", nearest,
			sizeof nearest));
}

bool read_interconnect(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct interconnect_spec *ic = to;
	size_t mark;
	bool ok;

	ic->at = (*slot)->at;
	if ((*slot)->kind == YAML_TEXT)
		return find_interconnect(r, *slot, ic);
	mark = schema_enter(r, key->name);
	ok = schema_read(r, *slot, interconnect_keys, ic);
	schema_leave(r, mark);
	return ok;
}

/** Several gpus need something between them, and a model that they can share. */
static bool place_ranks(struct scenario_parts *p, struct instance_spec *i)
{
	const struct site_spec *site = &p->s->spec.sites[i->site.i];
	enum all_reduce algorithm = i->parallel.interconnect.algorithm;
	struct err err = {0};

	if (instance_devices(i) == 1)
		return true;
	if (!(site->interconnect.bytes_per_s > 0.0))
		return err_list_at(p->r.errs, i->parallel.at,
			"instance '%s' is tensor-parallel, but site '%s' has no interconnect "
			"between its gpus",
			i->name, site->name);
	if (!parallel_divides(
		    &p->s->spec.models[i->model.i].shape, i->parallel.ranks, i->parallel.at, &err))
		return err_list_add(p->r.errs, &err);
	i->parallel.interconnect = site->interconnect;
	i->parallel.interconnect.algorithm = algorithm;
	p->site_entries[i->site.i]->wired = true;
	return true;
}

bool parts_place(struct scenario_parts *p, struct instance_spec *i)
{
	p->site_entries[i->site.i]->roles |= 1U << i->role;
	return place_ranks(p, i) && parts_offload(p, i);
}

/** Does anything go over its interconnect? */
static bool is_wired(const struct site_entry *e)
{
	bool several_roles = (e->roles & (e->roles - 1)) != 0;

	return e->wired || several_roles;
}

void parts_warn_placing(struct scenario_parts *p, const struct site_entry *e)
{
	if (p->s->placed)
		return; /* auto has looked at it */
	if (e->spec.interconnect.at.line > 0 && !is_wired(e))
		scenario_warn(&p->r, e->spec.interconnect.at,
			"interconnect has no effect: no instance has several gpus of site '%s'",
			e->e.name);
	parts_warn_host(p, e);
}
