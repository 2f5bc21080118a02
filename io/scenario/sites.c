/* Sites and their devices. */
#include <stddef.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/scenario/parts.h"
#include "models/cost/catalog.h"

bool read_ref(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct name_ref *ref = to;

	if (!schema_pattern(r, *slot, key->name))
		return false;
	ref->name = (*slot)->text;
	ref->at = (*slot)->at;
	return true;
}

/* Devices */

const struct schema_key gpu_keys[] = {
	{.name = "memory",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, mem_bytes),
		.dim = QUANTITY_BYTES,
		.above_min = true,
		.required = true,
		.help = "Usable device memory."},
	{.name = "bandwidth",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, bytes_per_s),
		.dim = QUANTITY_BYTE_RATE,
		.above_min = true,
		.required = true,
		.help = "Bandwidth of that memory, by the data sheet."},
	{.name = "fp32",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, fp32_flop_per_s),
		.dim = QUANTITY_FLOP_RATE,
		.above_min = true,
		.required = true,
		.help = "Dense peak rate."},
	{.name = "fp16",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, fp16_flop_per_s),
		.dim = QUANTITY_FLOP_RATE,
		.dflt = "0",
		.help = "Peak rate of matrix units in half precision; 0: there are none."},
	{.name = "int8",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, int8_op_per_s),
		.dim = QUANTITY_FLOP_RATE,
		.dflt = "0",
		.help = "Peak rate of matrix units in 8-bit integers; 0: there are none."},
	{.name = "pcie",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, pcie_bytes_per_s),
		.dim = QUANTITY_BYTE_RATE,
		.above_min = true,
		.dflt = "12 GB/s",
		.help = "Rate between host and device: swapped KV and layers of `offload` cross "
			"it."},
	{.name = "clock",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, clock_hz),
		.dim = QUANTITY_CLOCK,
		.above_min = true,
		.dflt = "1.5 GHz",
		.help = "Clock of the compute units."},
	{.name = "power",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, tdp_w),
		.dim = QUANTITY_POWER,
		.dflt = "0",
		.help = "Power of the board, for energy; 0: not known."},
	{.name = "price",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, usd_per_h),
		.dim = QUANTITY_PRICE,
		.dflt = "0",
		.help = "Rent, for cost; 0: not known."},
	{.name = "compute_capability",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, cc),
		.dim = QUANTITY_NUMBER,
		.max = 99,
		.dflt = "0",
		.help = "Compute capability as NVIDIA counts it, 8.9; 0: not known."},
	{0},
};
const struct schema_map map_gpu = {.tables = {gpu_keys}};

static bool find_gpu(struct schema_reader *r, const struct yaml_node *n, struct gpu_spec *to)
{
	const struct catalog_gpu *gpu = catalog_find_gpu(n->text);
	char quoted[QUOTE_SIZE], nearest[100];
	struct near near;
	size_t i;

	if (gpu) {
		*to = gpu->spec;
		return true;
	}
	near_init(&near, n->text);
	for (i = 0; i < catalog_n_gpus; i++)
		near_add(&near, catalog_gpus[i].spec.name);
	return err_list_at(r->errs, n->at, "unknown gpu '%s'%s",
		quote(quoted, sizeof quoted, n->text),
		parts_near(&near, "; `offing list gpus` has the names", nearest, sizeof nearest));
}

/** Whether the map says anything else than what holds without it. */
static bool is_given(const struct yaml_node *map, const struct schema_key *key)
{
	const struct yaml_item *item = yaml_find(map, key->name);
	char why[100];
	double x, dflt;

	if (!item || item->value->is_null || item->value->kind != YAML_TEXT)
		return false;
	return !key->dflt || !quantity_parse(&x, item->value->text, key->dim, why, sizeof why) ||
	       !quantity_parse(&dflt, key->dflt, key->dim, why, sizeof why) || x != dflt;
}

static void note_given(struct site_entry *site, struct yaml_node *map)
{
	site->gpu = map;
	for (unsigned k = 0; map->kind == YAML_MAP && gpu_keys[k].kind != SCHEMA_END; k++)
		if (is_given(map, &gpu_keys[k]))
			site->gpu_given |= 1u << k;
}

static bool read_gpu(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct site_entry *site = to;
	size_t mark;
	bool ok;

	site->spec.has_gpu = true;
	if ((*slot)->kind == YAML_TEXT) {
		ok = find_gpu(r, *slot, &site->spec.gpu);
	} else {
		mark = schema_enter(r, key->name);
		note_given(site, *slot);
		ok = schema_read(r, *slot, gpu_keys, &site->spec.gpu);
		schema_leave(r, mark);
		site->spec.gpu.name = arena_printf(r->arena, "%s.gpu", site->e.name);
	}
	site->spec.gpu.at = (*slot)->at;
	return ok;
}

static const char *const tier_words[] = {[TIER_EDGE] = "edge", [TIER_CLOUD] = "cloud", NULL};

#define SITE(member) offsetof(struct site_entry, member)
static const struct schema_key site_keys[] = {
	{.name = "tier",
		.kind = SCHEMA_WORD,
		.to = SITE(spec.tier),
		.words = tier_words,
		.required = true,
		.help = "Which side of the network it stands on."},
	{.name = "gpu",
		.kind = SCHEMA_OTHER,
		.read = read_gpu,
		.list = "gpus",
		.map = &map_gpu,
		.takes = "a name from `offing list gpus`, or a map",
		.without = "none",
		.help = "The device; sites of synthetic instances need none."},
	{.name = "gpus",
		.kind = SCHEMA_UNSIGNED,
		.to = SITE(spec.n_gpus),
		.min = 1,
		.max = 1024,
		.dflt = "1",
		.help = "How many of these devices are there."},
	{.name = "interconnect",
		.kind = SCHEMA_OTHER,
		.to = SITE(spec.interconnect),
		.read = read_interconnect,
		.list = "interconnects",
		.map = &map_interconnect,
		.takes = "a name from `offing list interconnects`, or a map",
		.without = "none",
		.help = "What is between each two of its gpus, each way."},
	{.name = "host",
		.kind = SCHEMA_OTHER,
		.to = SITE(spec.host),
		.read = read_host,
		.map = &map_host,
		.without = "none",
		.help = "What each gpu has of the machine it is in, for `offload`."},
	{.name = "count",
		.kind = SCHEMA_UNSIGNED,
		.to = SITE(e.count),
		.at = SITE(e.count_at),
		.min = 1,
		.max = SCENARIO_MAX_MEMBERS,
		.without = "one, called NAME",
		.help = "Makes so many sites, NAME1 to NAMEN."},
	{0},
};
const struct schema_map map_sites = {.each = "X", .tables = {site_keys}};

static bool read_site(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct site_entry *site = entry;

	site->spec.name = site->e.name;
	site->spec.at = site->e.at;
	if (!strcmp(site->e.name, "users"))
		return err_list_at(r->errs, site->e.at,
			"'users' means every group of users in a "
			"link; it cannot name a site");
	return schema_read(r, *slot, site_keys, site);
}

bool read_sites(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct scenario_parts *p = to;
	size_t mark = schema_enter(r, key->name);
	bool ok;

	ok = parts_named(r, *slot, "a site", sizeof *p->sites, read_site, &p->sites, &p->n_sites);
	p->sites_bad = !ok;
	schema_leave(r, mark);
	return ok;
}
