/* What a host has for the gpus of its site, and which layers of an instance it holds. */
#include <string.h>

#include "io/scenario/auto.h"
#include "models/cost/holding.h"

#define HOST(member) offsetof(struct gpu_spec, member)
static const struct schema_key host_keys[] = {
	{.name = "memory",
		.kind = SCHEMA_QUANTITY,
		.to = HOST(mem_bytes),
		.dim = QUANTITY_BYTES,
		.above_min = true,
		.required = true,
		.help = "Memory of the host for layers, for each gpu."},
	{.name = "bandwidth",
		.kind = SCHEMA_QUANTITY,
		.to = HOST(bytes_per_s),
		.dim = QUANTITY_BYTE_RATE,
		.above_min = true,
		.required = true,
		.help = "Bandwidth of that memory, by the data sheet."},
	{.name = "fp32",
		.kind = SCHEMA_QUANTITY,
		.to = HOST(fp32_flop_per_s),
		.dim = QUANTITY_FLOP_RATE,
		.above_min = true,
		.required = true,
		.help = "Peak rate of the CPU."},
	{.name = "pcie",
		.kind = SCHEMA_QUANTITY,
		.to = HOST(pcie_bytes_per_s),
		.dim = QUANTITY_BYTE_RATE,
		.above_min = true,
		.without = "that of the gpu",
		.help = "What the slot allows, where that is less than the gpu's."},
	{0},
};
const struct schema_map map_host = {.tables = {host_keys}};

bool read_host(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct gpu_spec *host = to;
	size_t mark;
	bool ok;

	host->name = "cpu"; /* as profiles of one call it */
	host->at = (*slot)->at;
	mark = schema_enter(r, key->name);
	ok = schema_read(r, *slot, host_keys, host);
	schema_leave(r, mark);
	return ok;
}

#define OFFLOAD(member) offsetof(struct offload_spec, member)
static const struct schema_key offload_keys[] = {
	{.name = "cpu_layers",
		.kind = SCHEMA_UNSIGNED,
		.to = OFFLOAD(cpu_layers),
		.at = OFFLOAD(cpu_at),
		.max = 1e6,
		.dflt = "0",
		.help = "Layers that the host computes."},
	{.name = "streamed_layers",
		.kind = SCHEMA_UNSIGNED,
		.to = OFFLOAD(streamed_layers),
		.at = OFFLOAD(streamed_at),
		.max = 1e6,
		.dflt = "0",
		.help = "Layers that lie with the host and are fetched for every step."},
	{0},
};
const struct schema_map map_offload = {.tables = {offload_keys}};

bool read_offload(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct offload_spec *o = to;
	size_t mark;
	bool ok;

	o->at = (*slot)->at;
	if ((*slot)->kind == YAML_TEXT && !strcmp((*slot)->text, "auto")) {
		auto_offload_mark(o);
		return true;
	}
	mark = schema_enter(r, key->name);
	ok = schema_read(r, *slot, offload_keys, o);
	schema_leave(r, mark);
	return ok;
}

/** As many as the model has, and at least one on the gpu, which has the head. */
static bool check_layers(
	struct scenario_parts *p, const struct instance_spec *i, const struct llm_shape *shape)
{
	const struct offload_spec *o = &i->offload;

	if (o->cpu_layers >= shape->layers)
		return err_list_at(p->r.errs, o->cpu_at,
			"cpu_layers %u leaves none of the %u layers of %s for the gpu",
			o->cpu_layers, shape->layers, shape->name);
	if (o->cpu_layers + o->streamed_layers <= shape->layers)
		return true;
	return err_list_at(p->r.errs, o->streamed_at,
		"cpu_layers %u and streamed_layers %u are more than the %u layers of %s",
		o->cpu_layers, o->streamed_layers, shape->layers, shape->name);
}

/** A profile of a CPU, not one that is for any gpu. */
static bool find_cpu(struct scenario_parts *p, struct instance_spec *i)
{
	const struct model_spec *m = &p->s->spec.models[i->model.i];

	if (i->offload.cpu_layers == 0)
		return true;
	i->offload.cpu = profile_choose(p->profiles->all, p->profiles->n, &i->offload.host,
		i->runtime, m->shape.name, m->precision);
	if (i->offload.cpu && !strcmp(i->offload.cpu->device, i->offload.host.name))
		return true;
	return err_list_at(p->r.errs, i->offload.cpu_at,
		"no built-in profile says what a CPU takes with runtime '%s': cpu_layers needs "
		"'fused'",
		i->runtime);
}

bool parts_offload(struct scenario_parts *p, struct instance_spec *i)
{
	const struct site_spec *site = &p->s->spec.sites[i->site.i];

	if (!offload_any(&i->offload))
		return true;
	if (!(site->host.mem_bytes > 0.0))
		return err_list_at(p->r.errs, i->offload.at,
			"instance '%s' has layers beside its gpu, but site '%s' has no host",
			i->name, site->name);
	if (instance_devices(i) > 1)
		return err_list_at(p->r.errs, i->offload.at,
			"instance '%s' is tensor-parallel: layers beside several gpus are not "
			"built yet",
			i->name);
	i->offload.host = site->host;
	p->site_entries[i->site.i]->hosts = true;
	return check_layers(p, i, &p->s->spec.models[i->model.i].shape) && find_cpu(p, i);
}

void parts_warn_host(struct scenario_parts *p, const struct site_entry *e)
{
	const struct gpu_spec *host = &e->spec.host;

	if (host->at.line == 0)
		return;
	if (!e->hosts)
		scenario_warn(&p->r, host->at,
			"host has no effect: no instance at site '%s' keeps layers there",
			e->e.name);
	else if (host->pcie_bytes_per_s >= e->spec.gpu.pcie_bytes_per_s)
		scenario_warn(&p->r, host->at,
			"pcie of the host has no effect: that of the gpu is no faster");
}
