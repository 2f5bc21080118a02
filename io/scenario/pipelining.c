/* Pipelines: the layers of a model over several devices. */
#include <stddef.h>

#include "base/mem.h"
#include "io/scenario/pipelining.h"
#include "models/cost/cost.h"
#include "models/serving/alike.h"
#include "models/serving/memory.h"
#include "models/serving/split.h"

/* A step that stands for all when stages are balanced: a full batch with so much context each. */
enum { BALANCE_CONTEXT_TOK = 512 };

static const struct schema_key stage_keys[] = {
	{.name = "site",
		.kind = SCHEMA_OTHER,
		.to = offsetof(struct stage_entry, site),
		.read = read_ref,
		.required = true,
		.takes = "a name",
		.help = "Where the stage is."},
	{.name = "layers",
		.kind = SCHEMA_UNSIGNED,
		.to = offsetof(struct stage_entry, layers),
		.min = 1,
		.max = 1e6,
		.required = true,
		.help = "How many layers of the model it has."},
	{0},
};
const struct schema_map map_stages = {.each = "K", .tables = {stage_keys}};

static bool start(struct schema_reader *r, const struct yaml_node *n, const struct schema_key *key,
	struct pipeline_entry *to)
{
	if (!schema_want(r, n, YAML_LIST, key->name))
		return false;
	if (n->n == 0)
		return err_list_at(r->errs, n->at, "%s should have at least one stage", key->name);
	if (to->n > 0)
		return err_list_at(r->errs, n->at, "sites and stages exclude each other");
	to->n = n->n;
	to->stages = arena_alloc(r->arena, n->n, sizeof *to->stages);
	to->at = n->at;
	return true;
}

bool read_stages(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct pipeline_entry *e = to;
	size_t mark;
	bool ok = true;

	if (!start(r, *slot, key, e))
		return false;
	mark = schema_enter(r, key->name);
	for (size_t k = 0; k < e->n; k++) {
		struct yaml_node *n = (*slot)->items[k].value;

		ok = schema_want(r, n, YAML_MAP, r->path) &&
		     schema_read(r, n, stage_keys, &e->stages[k]) && ok;
	}
	schema_leave(r, mark);
	return ok;
}

bool read_stage_sites(
	struct schema_reader *r, struct yaml_node **slot, const struct schema_key *key, void *to)
{
	struct pipeline_entry *e = to;
	bool ok = true;

	if (!start(r, *slot, key, e))
		return false;
	for (size_t k = 0; k < e->n; k++)
		ok = read_ref(r, &(*slot)->items[k].value, key, &e->stages[k].site) && ok;
	return ok;
}

/* What does not go with it */

static bool refuse(struct schema_reader *r, struct src_pos at, const char *what)
{
	return err_list_at(r->errs, at, "%s is not built for a pipeline", what);
}

static bool check_kind(struct schema_reader *r, const struct instance_entry *i)
{
	const struct instance_spec *s = &i->spec;
	bool ok = true;

	if (i->e.count_at.line > 0)
		ok = err_list_at(r->errs, i->e.count_at,
			"a pipeline names the site of each stage; it cannot have a count");
	if (s->parallel.ranks > 1)
		ok = refuse(r, s->parallel.at, "tensor_parallel");
	if (s->role != ROLE_BOTH)
		ok = refuse(r, s->role_at, "role");
	if (s->draft.on)
		ok = refuse(r, i->decoding_at, "speculation");
	if (s->prefix_cache)
		ok = refuse(r, s->prefix_at.line > 0 ? s->prefix_at : s->at, "prefix_cache");
	if (s->offload.cpu_layers + s->offload.streamed_layers > 0)
		ok = refuse(r, s->offload.at, "offload");
	if (s->kv.preemption == PREEMPTION_SWAP)
		ok = refuse(r, s->at, "preemption by swap");
	if (s->batching == BATCHING_STATIC && s->limits.batch_wait_s > 0.0)
		ok = refuse(r, i->batching_at, "batch_wait");
	return ok;
}

static bool check_sites(struct schema_reader *r, const struct pipeline_entry *e)
{
	bool ok = true;

	for (size_t k = 0; k < e->n; k++)
		if (e->stages[k].site.name && parts_is_glob(e->stages[k].site.name))
			ok = err_list_at(r->errs, e->stages[k].site.at,
				"a stage of a pipeline is at one site, not at all of '%s'",
				e->stages[k].site.name);
	return ok;
}

/** What @key of @map says; NULL: nothing. */
static const struct yaml_node *said(const struct yaml_node *map, const char *key)
{
	const struct yaml_item *item = yaml_find(map, key);

	return item && !item->value->is_null ? item->value : NULL;
}

static void preset(
	struct schema_reader *r, struct yaml_node *map, const char *key, const char *value)
{
	if (!said(map, key))
		yaml_set(r->arena, map, key, map->at, yaml_new_text(r->arena, value, map->at));
}

void pipelining_preset(struct schema_reader *r, struct yaml_node *map)
{
	const struct yaml_node *sites = said(map, "sites"), *stages = said(map, "stages");
	const struct yaml_node *list = sites ? sites : stages;

	if (!list || list->kind != YAML_LIST || list->n == 0)
		return;
	preset(r, map, "micro_batches", arena_printf(r->arena, "%zu", list->n));
	if (sites)
		preset(r, map, "split", "even");
}

bool pipelining_check(struct schema_reader *r, struct yaml_node *n, struct instance_entry *i)
{
	const struct yaml_item *site = yaml_find(n, "site");

	if (i->pipeline.n == 0)
		return i->site.name || i->spec.synthetic || yaml_find(n, "sites") ||
		       yaml_find(n, "stages") ||
		       err_list_at(r->errs, n->at, "%s needs the key 'site'", r->path);
	if (site && !site->value->is_null)
		return err_list_at(
			r->errs, site->key_at, "a pipeline has no site but those of its stages");
	i->site = i->pipeline.stages[0].site;
	return check_sites(r, &i->pipeline) && check_kind(r, i);
}

/* Layers */

static bool find_sites(struct scenario_parts *p, const struct instance_entry *e,
	const struct instance_spec *i, struct stage_spec *stages)
{
	for (size_t k = 0; k < e->pipeline.n; k++) {
		struct name_ref site = e->pipeline.stages[k].site;
		const struct site_spec *at;

		stages[k].site = parts_find_site(p, site.name);
		stages[k].layers = e->pipeline.stages[k].layers;
		stages[k].at = site.at;
		if (stages[k].site.i == NO_ID)
			return parts_no_site(p, site, false);
		at = &p->s->spec.sites[stages[k].site.i];
		stages[k].gpu = &at->gpu;
		stages[k].bus =
			(struct bus){at->interconnect.latency_s, at->interconnect.bytes_per_s};
		if (!at->has_gpu)
			return err_list_at(p->r.errs, site.at,
				"stage %zu of instance '%s' is at site '%s', which has no gpu",
				k + 1, i->name, site.name);
		if (!parts_find_profile(p, e, i, stages[k].site, &stages[k].profile))
			return false;
	}
	return true;
}

/** From one device of a site to another it takes what is between them. */
static bool check_buses(struct scenario_parts *p, const struct instance_spec *i, size_t n,
	const struct stage_spec *stages)
{
	for (size_t k = 0; k < n && n > 1; k++) {
		const struct stage_spec *next = &stages[(k + 1) % n];
		const struct site_spec *site = &p->s->spec.sites[next->site.i];

		if (stages[k].site.i != next->site.i)
			continue;
		if (!(site->interconnect.bytes_per_s > 0.0))
			return err_list_at(p->r.errs, next->at,
				"instance '%s' goes from one gpu of site '%s' to another, but "
				"there is no interconnect between them",
				i->name, site->name);
		p->site_entries[next->site.i]->wired = true;
	}
	return true;
}

static bool check_layers(struct scenario_parts *p, const struct instance_spec *i, size_t n,
	const struct stage_spec *stages, const struct llm_shape *shape)
{
	uint64_t sum = 0;

	for (size_t k = 0; k < n; k++)
		sum += stages[k].layers;
	if (sum == shape->layers)
		return true;
	return err_list_at(p->r.errs, i->stages_at,
		"the stages of instance '%s' have %ju layers together, %s has %u", i->name,
		(uintmax_t)sum, shape->name, shape->layers);
}

static struct cost_spec spec_of(const struct scenario_parts *p, const struct instance_spec *i,
	size_t n, const struct stage_spec *stages, size_t k, unsigned layers)
{
	const struct model_spec *model = &p->s->spec.models[i->model.i];
	struct cost_spec c = {
		.profile = stages[k].profile,
		.gpu = stages[k].gpu,
		.shape = &model->shape,
		.precision = model->precision,
		.max_batch = i->max_batch,
		.max_len_tok = i->limits.max_len_tok,
		.attention = i->attention,
		.decode_keep = i->decode_keep,
		.host = i->host_time,
		.stage = {.n_layers = layers, .embedding = k == 0, .head = k + 1 == n},
		.at = stages[k].at,
	};

	c.reserve_bytes = memory_reserve_bytes(i, &c);
	return c;
}

static bool like(const struct cost_spec *a, const struct cost_spec *b)
{
	return a->profile == b->profile && gpus_alike(a->gpu, b->gpu) &&
	       a->stage.embedding == b->stage.embedding && a->stage.head == b->stage.head;
}

static double step_s(const struct cost *c, unsigned batch)
{
	uint64_t tok = (uint64_t)batch * BALANCE_CONTEXT_TOK;
	struct cost_affine a = cost_decode(c, batch, tok);

	return a.base_s + a.per_tok_s * (double)tok;
}

/** What stage @k takes with every number of layers, and the most that it has memory for beside the
 *  KV of @tok tokens. */
static bool times_of(struct scenario_parts *p, const struct instance_spec *i, size_t n,
	const struct stage_spec *stages, size_t k, double tok, double *time_s, unsigned *most)
{
	unsigned all = p->s->spec.models[i->model.i].shape.layers;
	struct err err = {0};

	*most = 0;
	for (unsigned layers = 1; layers <= all; layers++) {
		struct cost_spec what = spec_of(p, i, n, stages, k, layers);
		struct cost *c;

		if (!cost_create(&c, &what, &err))
			return err_list_add(p->r.errs, &err);
		time_s[layers] = step_s(c, i->max_batch);
		cost_destroy(c);
		if (cost_weight_bytes(&what) + what.reserve_bytes +
				tok * cost_kv_bytes_per_tok(&what) <=
			what.gpu->mem_bytes)
			*most = layers;
	}
	return true;
}

/** Beside the weights every stage is to hold the KV of the longest request in each micro-batch; or
 *  if that cannot be, of a block in each. */
static bool balance(struct scenario_parts *p, const struct instance_spec *i, size_t n,
	const struct stage_spec *stages, unsigned *layers)
{
	const struct llm_shape *shape = &p->s->spec.models[i->model.i].shape;
	double *time_s = arena_alloc(p->r.arena, n * (shape->layers + 1), sizeof *time_s);
	unsigned *most = arena_alloc(p->r.arena, n, sizeof *most);
	double tok[] = {
		(double)shape->context * i->micro_batches, (double)i->block_tok * i->micro_batches};

	for (size_t t = 0; t < 2; t++) {
		for (size_t k = 0; k < n; k++) {
			struct cost_spec mine = spec_of(p, i, n, stages, k, 1), other;
			size_t as = 0;

			for (; as < k; as++) {
				other = spec_of(p, i, n, stages, as, 1);
				if (like(&mine, &other))
					break;
			}
			if (as == k && !times_of(p, i, n, stages, k, tok[t],
					       &time_s[k * (shape->layers + 1)], &most[k]))
				return false;
			for (unsigned l = 0; as < k && l <= shape->layers; l++)
				time_s[k * (shape->layers + 1) + l] =
					time_s[as * (shape->layers + 1) + l];
			most[k] = most[as];
		}
		if (split_balanced(layers, n, shape->layers, time_s, most))
			return true;
	}
	return err_list_at(p->r.errs, i->stages_at,
		"instance '%s': its devices have no memory for %u layers of %s, however they are "
		"split",
		i->name, shape->layers, shape->name);
}

static bool split(struct scenario_parts *p, const struct instance_entry *e,
	const struct instance_spec *i, struct stage_spec *stages)
{
	const struct llm_shape *shape = &p->s->spec.models[i->model.i].shape;
	size_t n = e->pipeline.n;
	unsigned *layers = arena_alloc(p->r.arena, n, sizeof *layers);

	if (n > shape->layers)
		return err_list_at(p->r.errs, i->stages_at,
			"instance '%s' has %zu stages, %s has %u layers", i->name, n, shape->name,
			shape->layers);
	if (stages[0].layers > 0)
		return check_layers(p, i, n, stages, shape);
	if (e->split == SPLIT_EVEN)
		split_evenly(layers, n, shape->layers);
	else if (!balance(p, i, n, stages, layers))
		return false;
	for (size_t k = 0; k < n; k++)
		stages[k].layers = layers[k];
	return true;
}

bool pipelining_place(
	struct scenario_parts *p, const struct instance_entry *e, struct instance_spec *to)
{
	struct stage_spec *stages;

	if (e->pipeline.n == 0)
		return true;
	stages = arena_alloc(p->r.arena, e->pipeline.n, sizeof *stages);
	to->stages_at = e->pipeline.at;
	if (!find_sites(p, e, to, stages) || !check_buses(p, to, e->pipeline.n, stages) ||
		!split(p, e, to, stages))
		return false;
	if (e->pipeline.n == 1 && to->micro_batches == 1)
		return true; /* one device has it whole */
	to->stages = stages;
	to->n_stages = e->pipeline.n;
	return true;
}
