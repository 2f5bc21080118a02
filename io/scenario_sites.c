/* Sites, links and models. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/near.h"
#include "base/quote.h"
#include "io/scenario_parts.h"
#include "models/catalog.h"

bool read_ref(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct name_ref *ref = to;

	if (!schema_want(r, *slot, YAML_TEXT, key->name))
		return false;
	ref->name = (*slot)->text;
	ref->at = (*slot)->at;
	return true;
}

/* Devices */

static const struct schema_key gpu_keys[] = {
	{.name = "memory",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, mem_bytes),
		.dim = QUANTITY_BYTES,
		.above_min = true,
		.required = true},
	{.name = "bandwidth",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, bytes_per_s),
		.dim = QUANTITY_BYTE_RATE,
		.above_min = true,
		.required = true},
	{.name = "fp32",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, fp32_flop_per_s),
		.dim = QUANTITY_FLOP_RATE,
		.above_min = true,
		.required = true},
	{.name = "fp16",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, fp16_flop_per_s),
		.dim = QUANTITY_FLOP_RATE,
		.dflt = "0"},
	{.name = "int8",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, int8_op_per_s),
		.dim = QUANTITY_FLOP_RATE,
		.dflt = "0"},
	{.name = "pcie",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, pcie_bytes_per_s),
		.dim = QUANTITY_BYTE_RATE,
		.above_min = true,
		.dflt = "12 GB/s"},
	{.name = "clock",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, clock_hz),
		.dim = QUANTITY_CLOCK,
		.above_min = true,
		.dflt = "1.5 GHz"},
	{.name = "power",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, tdp_w),
		.dim = QUANTITY_POWER,
		.dflt = "0"},
	{.name = "price",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, usd_per_h),
		.dim = QUANTITY_PRICE,
		.dflt = "0"},
	{.name = "compute_capability",
		.kind = SCHEMA_QUANTITY,
		.to = offsetof(struct gpu_spec, cc),
		.dim = QUANTITY_NUMBER,
		.max = 99,
		.dflt = "0"},
	{0},
};

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
		.required = true},
	{.name = "gpu", .kind = SCHEMA_OTHER, .read = read_gpu},
	{.name = "gpus",
		.kind = SCHEMA_UNSIGNED,
		.to = SITE(spec.n_gpus),
		.min = 1,
		.max = 1024,
		.dflt = "1"},
	{.name = "count",
		.kind = SCHEMA_UNSIGNED,
		.to = SITE(e.count),
		.at = SITE(e.count_at),
		.min = 1,
		.max = SCENARIO_MAX_MEMBERS},
	{0},
};

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

/* Links */

struct link_entry {
	struct entry e;
	struct link_spec spec;
	double rate_bytes_per_s, delay_s; /* of both directions */
	struct src_pos rate_at;
	struct link_dir_spec given[2]; /* of `up` and `down` alone; delay_s < 0: not given */
};

static bool read_between(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_spec *link = to;
	const struct yaml_node *end;
	size_t i;

	if (!schema_want(r, *slot, YAML_LIST, key->name))
		return false;
	if ((*slot)->n != 2)
		return err_list_at(r->errs, (*slot)->at,
			"between should name two ends, as in [users, edge*], not %zu", (*slot)->n);
	for (i = 0; i < 2; i++) {
		end = (*slot)->items[i].value;
		if (!schema_want(r, end, YAML_TEXT, "an end of a link"))
			return false;
		link->between[i] = end->text;
		link->between_at[i] = end->at;
	}
	return true;
}

#define DIR(member) offsetof(struct link_dir_spec, member)
/* Shaping: what links of a rate and a delay do not do yet. */
#define LINK_UNBUILT \
	{.name = "burst", .kind = SCHEMA_UNBUILT}, {.name = "limit", .kind = SCHEMA_UNBUILT}, \
		{.name = "jitter", .kind = SCHEMA_UNBUILT}, \
		{.name = "loss", .kind = SCHEMA_UNBUILT}, \
		{.name = "schedule", .kind = SCHEMA_UNBUILT}, \
	{ \
		.name = "trace", .kind = SCHEMA_UNBUILT \
	}
#define LINK_RATE(offset, ...) \
	{ \
		.name = "rate", .kind = SCHEMA_QUANTITY, .to = (offset), .dim = QUANTITY_BIT_RATE, \
		.above_min = true, .word = "unlimited", .word_value = HUGE_VAL, __VA_ARGS__ \
	}
#define LINK_DELAY(offset, ...) \
	{ \
		.name = "delay", .kind = SCHEMA_QUANTITY, .to = (offset), .dim = QUANTITY_TIME, \
		__VA_ARGS__ \
	}

static const struct schema_key link_dir_keys[] = {
	LINK_RATE(DIR(bytes_per_s), .at = DIR(at)),
	LINK_DELAY(DIR(delay_s)),
	LINK_UNBUILT,
	{0},
};

static bool read_link_dir(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct link_dir_spec *dir = to;
	size_t mark = schema_enter(r, key->name);
	bool ok;

	dir->delay_s = -1;
	ok = schema_read(r, *slot, link_dir_keys, dir);
	if (dir->at.line == 0)
		dir->at = (*slot)->at;
	schema_leave(r, mark);
	return ok;
}

#define LINK(member) offsetof(struct link_entry, member)
static const struct schema_key link_keys[] = {
	{.name = "between",
		.kind = SCHEMA_OTHER,
		.to = LINK(spec),
		.read = read_between,
		.required = true},
	LINK_RATE(LINK(rate_bytes_per_s), .at = LINK(rate_at)),
	LINK_DELAY(LINK(delay_s), .dflt = "0 s"),
	{.name = "up", .kind = SCHEMA_OTHER, .to = LINK(given[0]), .read = read_link_dir},
	{.name = "down", .kind = SCHEMA_OTHER, .to = LINK(given[1]), .read = read_link_dir},
	{.name = "shared", .kind = SCHEMA_BOOL, .to = LINK(spec.shared), .dflt = "false"},
	LINK_UNBUILT,
	{0},
};

/** What holds in one direction: its own keys before those of both. */
static bool resolve_dir(struct schema_reader *r, const struct link_entry *link,
	const struct link_dir_spec *given, struct src_pos at, struct link_dir_spec *to)
{
	bool has_own = given->at.line > 0;

	to->delay_s = has_own && given->delay_s >= 0 ? given->delay_s : link->delay_s;
	to->bytes_per_s =
		has_own && given->bytes_per_s > 0 ? given->bytes_per_s : link->rate_bytes_per_s;
	to->at = has_own ? given->at : link->rate_at;
	if (to->bytes_per_s > 0)
		return true;
	return err_list_at(r->errs, at, "%s needs the key 'rate'", r->path);
}

static bool read_link(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct link_entry *link = entry;

	link->spec.name = link->e.name;
	link->spec.at = link->e.at;
	return schema_read(r, *slot, link_keys, link) &&
	       resolve_dir(r, link, &link->given[0], (*slot)->at, &link->spec.up) &&
	       resolve_dir(r, link, &link->given[1], (*slot)->at, &link->spec.down);
}

bool read_links(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct scenario_parts *p = to;
	size_t mark = schema_enter(r, key->name), n, i;
	struct link_entry *entries;
	struct link_spec *links;
	bool ok;

	ok = parts_named(r, *slot, "a link", sizeof *entries, read_link, &entries, &n);
	schema_leave(r, mark);
	if (!ok)
		return false;
	links = arena_alloc(r->arena, n, sizeof *links);
	for (i = 0; i < n; i++)
		links[i] = entries[i].spec;
	p->s->spec.links = links;
	p->s->spec.n_links = n;
	return true;
}

/* Models */

#define SHAPE(member) offsetof(struct llm_shape, member)
#define SIZE(word, member, most) \
	.name = (word), .kind = SCHEMA_UNSIGNED, .to = SHAPE(member), .min = 1, .max = (most)
static const struct schema_key shape_keys[] = {
	{SIZE("h", hidden, 1e6), .required = true},
	{SIZE("ffn", ffn, 1e7), .required = true},
	{SIZE("L", layers, 1e4), .required = true},
	{SIZE("heads", heads, 1e4), .required = true},
	{SIZE("kv_heads", kv_heads, 1e4)},
	{SIZE("head_dim", head_dim, 1e4)},
	{SIZE("vocab", vocab, 1e8), .required = true},
	{SIZE("context", context, 1e8), .required = true},
	{0},
};

/** Defaults that depend on other keys: all heads have keys and values of their own, and
 *  together they are as wide as the model. */
static bool complete_shape(struct schema_reader *r, struct yaml_node *n, struct llm_shape *s)
{
	if (s->head_dim == 0 && s->hidden % s->heads)
		return err_list_at(r->errs, n->at,
			"%s needs the key 'head_dim': %u heads do not divide h = %u", r->path,
			s->heads, s->hidden);
	if (s->kv_heads == 0) {
		s->kv_heads = s->heads;
		yaml_set(r->arena, n, "kv_heads", n->at,
			yaml_new_text(r->arena, arena_printf(r->arena, "%u", s->kv_heads), n->at));
	}
	if (s->head_dim == 0) {
		s->head_dim = s->hidden / s->heads;
		yaml_set(r->arena, n, "head_dim", n->at,
			yaml_new_text(r->arena, arena_printf(r->arena, "%u", s->head_dim), n->at));
	}
	if (s->heads % s->kv_heads)
		return err_list_at(r->errs, n->at, "kv_heads must divide heads, not %u and %u",
			s->kv_heads, s->heads);
	return schema_read(r, n, shape_keys, s); /* the order of the keys */
}

static bool find_model(struct schema_reader *r, const struct yaml_node *n, struct llm_shape *to)
{
	const struct catalog_model *model = catalog_find_model(n->text);
	char quoted[QUOTE_SIZE], nearest[100];
	struct near near;
	size_t i;

	if (model) {
		*to = model->shape;
		return true;
	}
	near_init(&near, n->text);
	for (i = 0; i < catalog_n_models; i++)
		near_add(&near, catalog_models[i].shape.name);
	return err_list_at(r->errs, n->at, "unknown model '%s'%s",
		quote(quoted, sizeof quoted, n->text),
		parts_near(&near, "; `offing list models` has the names", nearest, sizeof nearest));
}

static bool read_shape(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct model_entry *model = to;
	size_t mark;
	bool ok;

	if ((*slot)->kind == YAML_TEXT)
		return find_model(r, *slot, &model->spec.shape);
	mark = schema_enter(r, key->name);
	ok = schema_read(r, *slot, shape_keys, &model->spec.shape) &&
	     complete_shape(r, *slot, &model->spec.shape);
	model->spec.shape.name = model->e.name;
	schema_leave(r, mark);
	return ok;
}

static const char *const precision_words[] = {
	[PRECISION_FP16] = "fp16",
	[PRECISION_INT8] = "int8",
	[PRECISION_Q8_0] = "q8_0",
	[PRECISION_Q4_0] = "q4_0",
	NULL,
};

static const struct schema_key model_keys[] = {
	{.name = "model", .kind = SCHEMA_OTHER, .read = read_shape, .required = true},
	{.name = "precision",
		.kind = SCHEMA_WORD,
		.to = offsetof(struct model_entry, spec.precision),
		.words = precision_words,
		.dflt = "fp16"},
	{.name = "draft", .kind = SCHEMA_UNBUILT},
	{0},
};

static bool read_model(struct schema_reader *r, struct yaml_node **slot, void *entry)
{
	struct model_entry *model = entry;

	model->spec.name = model->e.name;
	model->spec.at = model->e.at;
	return schema_read(r, *slot, model_keys, model);
}

bool read_models(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct scenario_parts *p = to;
	size_t mark = schema_enter(r, key->name), i;
	struct model_spec *models;
	bool ok;

	ok = parts_named(
		r, *slot, "a model", sizeof *p->models, read_model, &p->models, &p->n_models);
	schema_leave(r, mark);
	models = arena_alloc(r->arena, p->n_models, sizeof *models);
	for (i = 0; i < p->n_models; i++)
		models[i] = p->models[i].spec;
	p->s->spec.models = models;
	p->s->spec.n_models = p->n_models;
	return ok;
}
