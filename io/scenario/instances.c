/* Instances: those that run a model, and synthetic ones with a service time. */
#include <stddef.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/scenario/auto.h"
#include "io/scenario/batching.h"
#include "io/scenario/decoding.h"
#include "io/scenario/host_time.h"
#include "io/scenario/pipelining.h"
#include "io/scenario/service_of.h"
#include "models/cost/catalog.h"
#include "models/cost/parallel.h"

static bool read_runtime(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	const struct catalog_runtime *runtime;
	char quoted[QUOTE_SIZE], nearest[100];
	struct near near;
	size_t i;

	if (!schema_want(r, *slot, YAML_TEXT, key->name))
		return false;
	runtime = catalog_find_runtime((*slot)->text);
	if (runtime) {
		*(const char **)to = runtime->name;
		return true;
	}
	near_init(&near, (*slot)->text);
	for (i = 0; i < catalog_n_runtimes; i++)
		near_add(&near, catalog_runtimes[i].name);
	return err_list_at(r->errs, (*slot)->at, "unknown runtime '%s'%s",
		quote(quoted, sizeof quoted, (*slot)->text),
		parts_near(
			&near, "; `offing list runtimes` has the names", nearest, sizeof nearest));
}

static bool read_profile(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct name_ref *ref = to;

	ref->at = (*slot)->at;
	return read_path(r, slot, key, &ref->name);
}

static const char *const split_words[] = {
	[SPLIT_EVEN] = "even", [SPLIT_BALANCED] = "balanced", NULL};
static const char *const decoding_words[] = {[DECODING_AUTOREGRESSIVE] = "autoregressive",
	[DECODING_SPECULATIVE] = "speculative",
	[DECODING_PLANNED] = "planned",
	NULL};
static const char *const role_words[] = {
	[ROLE_BOTH] = "both", [ROLE_PREFILL] = "prefill", [ROLE_DECODE] = "decode", NULL};
static const char *const discipline_words[] = {
	[DISCIPLINE_FIFO] = "fifo", [DISCIPLINE_PS] = "ps", NULL};

#define INSTANCE(member) offsetof(struct instance_entry, member)
#define INSTANCE_COUNT \
	{.name = "ahead", \
		.kind = SCHEMA_UNSIGNED, \
		.to = INSTANCE(spec.ahead), \
		.max = 1e6, \
		.dflt = "0", \
		.help = "How many are assigned beyond the batch or the slots while still called " \
			"free."}, \
	{ \
		.name = "count", .kind = SCHEMA_UNSIGNED, .to = INSTANCE(e.count), \
		.at = INSTANCE(e.count_at), .min = 1, .max = SCENARIO_MAX_MEMBERS, \
		.without = "one, or one on each site that `site` stands for", \
		.help = "Makes so many instances, NAME1 to NAMEN." \
	}

static const struct schema_key llm_keys[] = {
	{.name = "site",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(site),
		.read = read_ref,
		.takes = "a name or a pattern",
		.without = "required, but of a pipeline",
		.help = "Where: a site, a counted one, or a pattern of sites."},
	{.name = "stages",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(pipeline),
		.read = read_stages,
		.map = &map_stages,
		.takes = "`[{site: edge1, layers: 20}, ...]`",
		.without = "none",
		.help = "A pipeline: the site of each stage and its layers."},
	{.name = "sites",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(pipeline),
		.read = read_stage_sites,
		.takes = "`[SITE, SITE, ...]`",
		.without = "none",
		.help = "A pipeline: the site of each stage, in order; one named twice gives two "
			"of its gpus."},
	{.name = "split",
		.kind = SCHEMA_WORD,
		.to = INSTANCE(split),
		.words = split_words,
		.without = "`even`",
		.help = "How many layers each of `sites` has: equally many, or so that the slowest "
			"stage is as fast as can be."},
	{.name = "micro_batches",
		.kind = SCHEMA_UNSIGNED,
		.to = INSTANCE(spec.micro_batches),
		.min = 1,
		.max = 1024,
		.without = "as many as stages",
		.help = "Batches under way in it, each of up to `max_batch` "
			"sequences."},
	{.name = "model",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(model),
		.read = read_ref,
		.required = true,
		.takes = "a key of `models`",
		.help = "What it runs."},
	{.name = "runtime",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(spec.runtime),
		.read = read_runtime,
		.dflt = "fused",
		.list = "runtimes",
		.takes = "a name from `offing list runtimes`",
		.help = "What executes the model."},
	{.name = "profile",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(profile),
		.read = read_profile,
		.takes = "a path",
		.without = "built in",
		.help = "A file of step times in place of the built-in ones, as `offing fit` makes "
			"it."},
	{.name = "host_time",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(spec),
		.read = read_host_time,
		.map = &map_host_time,
		.without = "that of the `runtime`; else nothing",
		.help = "What the server's own program takes beside the device."},
	{.name = "attention",
		.kind = SCHEMA_WORD,
		.to = INSTANCE(spec.attention),
		.words = attention_names,
		.dflt = "full",
		.help = "Attention of prompts: full, or sparse with the published shares of "
			"skipped blocks "
			"(`das`), half of the ceiling (`das-optimistic`), or all that a causal "
			"mask can skip (`das-ceiling`)."},
	{.name = "decoding",
		.kind = SCHEMA_WORD,
		.to = INSTANCE(decoding),
		.at = INSTANCE(decoding_at),
		.words = decoding_words,
		.dflt = "autoregressive",
		.help = "A token a step (`autoregressive`), or the model's draft proposes tokens "
			"that one step verifies: a number given (`speculative`) or planned."},
	{.name = "draft",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(spec.draft),
		.read = read_draft,
		.map = &map_draft,
		.without = "the defaults of its keys; `k: planned` where decoding is",
		.help = "How tokens are drafted."},
	{.name = "role",
		.kind = SCHEMA_WORD,
		.to = INSTANCE(spec.role),
		.at = INSTANCE(spec.role_at),
		.words = role_words,
		.dflt = "both",
		.help = "What it does of a request: all of it, or the phase of that name alone."},
	{.name = "kv_overlap",
		.kind = SCHEMA_BOOL,
		.to = INSTANCE(spec.kv_overlap),
		.at = INSTANCE(spec.kv_overlap_at),
		.dflt = "false",
		.help = "The KV of a prompt leaves layer by layer while it is computed."},
	{.name = "prefix_cache",
		.kind = SCHEMA_BOOL,
		.to = INSTANCE(spec.prefix_cache),
		.at = INSTANCE(spec.prefix_at),
		.dflt = "false",
		.help = "Full blocks of tokens are kept when their request is over, and found "
			"again by what stands before them."},
	{.name = "tensor_parallel",
		.kind = SCHEMA_UNSIGNED,
		.to = INSTANCE(spec.parallel.ranks),
		.at = INSTANCE(spec.parallel.at),
		.min = 1,
		.max = 1024,
		.dflt = "1",
		.help = "Gpus of the site that share every layer."},
	{.name = "all_reduce",
		.kind = SCHEMA_WORD,
		.to = INSTANCE(spec.parallel.interconnect.algorithm),
		.words = all_reduce_names,
		.dflt = "auto",
		.help = "How these add up what each has; `auto`: whichever is sooner at that "
			"size."},
	{.name = "offload",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(spec.offload),
		.read = read_offload,
		.map = &map_offload,
		.takes = "a map, or `auto`",
		.without = "`0` each",
		.help = "Layers that lie with the host; `auto`: as many as make a token soonest."},
	INSTANCE_COUNT,
	{0},
};

static const struct schema_key synthetic_keys[] = {
	{.name = "site",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(site),
		.read = read_ref,
		.required = true,
		.takes = "a name or a pattern",
		.help = "Where: a site, a counted one, or a pattern of sites."},
	{.name = "model",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(model),
		.read = read_ref,
		.takes = "a key of `models`",
		.without = "it serves all",
		.help = "What it serves."},
	{.name = "service",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(spec.service),
		.read = read_dist,
		.dim = QUANTITY_TIME,
		.above_min = true,
		.map = &map_dist,
		.takes = "a distribution of times above 0",
		.without = "this or `service_of` makes it synthetic",
		.help = "How long it serves a request."},
	{.name = "service_of",
		.kind = SCHEMA_OTHER,
		.to = INSTANCE(e),
		.read = read_service_of,
		.dim = QUANTITY_TIME,
		.above_min = true,
		.map = &map_service_of,
		.takes = "`{GROUP: distribution}`",
		.without = "none",
		.help = "The service of the users of each group named."},
	{.name = "slots",
		.kind = SCHEMA_UNSIGNED,
		.to = INSTANCE(spec.slots),
		.min = 1,
		.max = 1e6,
		.dflt = "1",
		.help = "Requests served at once."},
	{.name = "capacity",
		.kind = SCHEMA_UNSIGNED,
		.to = INSTANCE(spec.capacity),
		.min = 1,
		.max = 1e9,
		.word = "unlimited",
		.dflt = "unlimited",
		.help = "Most in the system, its own line included."},
	{.name = "discipline",
		.kind = SCHEMA_WORD,
		.to = INSTANCE(spec.discipline),
		.words = discipline_words,
		.dflt = "fifo",
		.help = "One after the other (`fifo`), or processor sharing (`ps`)."},
	INSTANCE_COUNT,
	{0},
};

static const struct schema_variant instance_variants[] = {
	{"an instance that runs a model", llm_keys},
	{"an instance that runs a model", batching_keys},
	{"a synthetic instance", synthetic_keys},
};
const struct schema_map map_instances = {
	.each = "X", .when = "of", .variants = instance_variants, .n_variants = 3};

static bool has_key(const struct schema_key *keys, const char *name)
{
	while (keys->kind != SCHEMA_END && strcmp(keys->name, name) != 0)
		keys++;
	return keys->kind != SCHEMA_END;
}

static const struct schema_key *keys_of(struct schema_reader *r, bool synthetic)
{
	struct scenario_parts *p = parts_of(r);

	if (!p->llm_keys)
		p->llm_keys = batching_keys_behind(r->arena, llm_keys);
	return synthetic ? synthetic_keys : p->llm_keys;
}

/** What only the other kind of instance has. */
static bool refuse_other_kind(struct schema_reader *r, struct yaml_node *n, bool synthetic)
{
	const struct schema_key *own = keys_of(r, synthetic), *other = keys_of(r, !synthetic);
	const struct yaml_item *item;
	bool ok = true;
	size_t i = 0;

	while (i < n->n) {
		item = &n->items[i];
		if (has_key(own, item->key) || !has_key(other, item->key)) {
			i++;
			continue;
		}
		if (!item->value->is_null)
			ok = err_list_at(r->errs, item->key_at, "%s is for %s", item->key,
				synthetic ? "an instance that runs a model, not for one with a "
					    "service time"
					  : "an instance with a service time ('service')");
		yaml_remove(n, item->key);
	}
	return ok;
}

static bool check_capacity(struct schema_reader *r, const struct instance_entry *i)
{
	if (!i->spec.synthetic || i->spec.capacity == 0 || i->spec.capacity >= i->spec.slots)
		return true;
	return err_list_at(r->errs, i->e.at, "capacity must be at least slots, not %u and %u",
		i->spec.capacity, i->spec.slots);
}

/** With chunks a prompt has no one layer that is computed first. */
static bool check_overlap(struct schema_reader *r, const struct instance_entry *i)
{
	if (i->spec.synthetic || !i->spec.kv_overlap || i->spec.batching == BATCHING_CONTINUOUS)
		return true;
	return err_list_at(r->errs, i->spec.kv_overlap_at,
		"kv_overlap needs continuous batching, where a prompt is computed layer by layer "
		"in one step");
}

/** What is found again must be whole, and none of it elsewhere. */
static bool check_prefix(struct schema_reader *r, const struct instance_entry *i)
{
	if (!i->spec.prefix_cache)
		return true;
	if (i->spec.batching == BATCHING_STATIC)
		return err_list_at(r->errs, i->spec.prefix_at,
			"prefix_cache is not for static batches: their prompts are padded, and "
			"padding stands before what could be found again");
	if (i->spec.kv.preemption == PREEMPTION_SWAP)
		return err_list_at(r->errs, i->spec.prefix_at,
			"prefix_cache does not go with preemption 'swap': blocks that others "
			"share cannot go to the host; 'recompute' finds its own again");
	return true;
}

static bool has_value(const struct yaml_node *map, const char *key)
{
	const struct yaml_item *item = yaml_find(map, key);

	return item && !item->value->is_null;
}

bool read_instance(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct instance_entry *i = entry;
	bool ok, service;

	if (!schema_want(r, *slot, YAML_MAP, r->path))
		return false;
	service = has_value(*slot, "service");
	i->spec.synthetic = service || has_value(*slot, "service_of");
	i->spec.named_only = i->spec.synthetic && !service;
	i->spec.name = i->e.name;
	i->spec.at = i->e.at;
	ok = refuse_other_kind(r, *slot, i->spec.synthetic);
	if (!i->spec.synthetic) {
		batching_preset(r, *slot);
		decoding_preset(r, *slot);
		pipelining_preset(r, *slot);
		host_time_preset(r, *slot);
	}
	ok = schema_read(r, *slot, keys_of(r, i->spec.synthetic), i) && ok;
	if (!i->spec.synthetic)
		ok = batching_check(r, i) && decoding_check(r, i) &&
		     pipelining_check(r, *slot, i) && ok;
	return check_capacity(r, i) && check_overlap(r, i) && check_prefix(r, i) && ok;
}

bool parts_read_instances(struct scenario_parts *p)
{
	size_t mark = schema_enter(&p->r, "instances");
	bool ok = parts_named(&p->r, p->instances_node, "an instance", sizeof *p->instances,
		read_instance, &p->instances, &p->n_instances);

	schema_leave(&p->r, mark);
	return ok;
}

bool read_instances(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	bool ok;

	(void)to;
	if (auto_take(r, *slot, &ok))
		return ok;
	return schema_want(r, *slot, YAML_MAP, key->name) && parts_read_instances(parts_of(r));
}
