/* Devices: an instance for each, and what is said of them to no effect. */
#include <limits.h>
#include <string.h>

#include "io/scenario/parts.h"
#include "models/cost/cost.h"
#include "models/cost/holding.h"
#include "models/cost/llm.h"

enum { BATCH = 16, FIGURES = 12 };

/** What an instance makes of its GPU. */
struct use {
	const struct profile *profile;
	double figures[FIGURES];
};

/** Whether the profile was chosen, not named. */
static bool is_built_in(const struct scenario_parts *p, const struct profile *profile)
{
	for (size_t i = 0; i < p->profiles->n; i++)
		if (p->profiles->all[i] == profile)
			return true;
	return false;
}

static void times_of(double *to, const struct cost *c, uint32_t context)
{
	for (size_t batch = 1; batch <= BATCH; batch *= BATCH) {
		struct cost_affine at = cost_decode(c, batch, batch * (uint64_t)context);

		*to++ = at.base_s;
		*to++ = at.per_tok_s;
	}
	for (uint32_t tok = 1; tok <= context; tok = tok < context ? context : tok + 1) {
		*to++ = cost_prefill_s(c, tok, 1);
		*to++ = cost_prefill_attention_s(c, tok, 0);
	}
}

/** False where the profile does not go with such a GPU. */
static bool use_of(struct use *u, struct scenario_parts *p, const struct instance_spec *inst,
	const struct gpu_spec *gpu)
{
	const struct model_spec *model = &p->s->spec.models[inst->model.i];
	struct cost_spec what = {
		.profile = inst->profile,
		.gpu = gpu,
		.shape = &model->shape,
		.precision = model->precision,
		.max_batch = BATCH,
		.reserve_bytes = inst->reserve_bytes,
		.attention = inst->attention,
		.ranks = inst->parallel.ranks,
		.interconnect = &inst->parallel.interconnect,
		.offload = &inst->offload,
		.host = inst->host_time,
		.at = inst->at,
	};
	struct err err = {0};
	struct cost *c;

	*u = (struct use){0};
	if (is_built_in(p, inst->profile) &&
		!profile_find(&what.profile, p->profiles, gpu, inst->runtime, model->shape.name,
			model->precision, inst->at, &err))
		return false;
	if (!cost_create(&c, &what, &err))
		return false;
	u->profile = what.profile;
	u->figures[0] = gpu->mem_bytes;
	u->figures[1] = gpu->tdp_w;
	u->figures[2] = gpu->usd_per_h;
	times_of(u->figures + 3, c, model->shape.context);
	cost_destroy(c);
	return true;
}

static bool same_use(const struct use *a, const struct use *b)
{
	for (size_t i = 0; i < FIGURES; i++)
		if (a->figures[i] != b->figures[i])
			return false;
	return a->profile == b->profile;
}

static bool crosses_pcie(const struct instance_spec *inst)
{
	return inst->kv.preemption == PREEMPTION_SWAP || offload_any(&inst->offload);
}

/** Whether other values of @key would be another GPU to this instance. */
static bool matters(
	struct scenario_parts *p, const struct instance_spec *inst, const struct schema_key *key)
{
	static const double by[] = {0.1, 0.5, 2.0, 10.0};
	const struct gpu_spec *gpu = &p->s->spec.sites[inst->site.i].gpu;
	struct use now, then;

	if (strcmp(key->name, "pcie") == 0 && crosses_pcie(inst))
		return true;
	if (!use_of(&now, p, inst, gpu))
		return true; /* what is wrong is said elsewhere */
	for (size_t i = 0; i < sizeof by / sizeof by[0]; i++) {
		struct gpu_spec other = *gpu;
		double *value = (double *)((char *)&other + key->to);

		*value = *value > 0.0 ? *value * by[i] : gpu->fp32_flop_per_s * by[i];
		if (!use_of(&then, p, inst, &other) || !same_use(&now, &then))
			return true;
	}
	return false;
}

static void warn_of_key(
	struct scenario_parts *p, const struct site_entry *e, const struct schema_key *key)
{
	struct src_pos at = yaml_find(e->gpu, key->name)->key_at;

	for (size_t i = 0; i < e->n_uses; i++)
		if (matters(p, e->uses[i], key))
			return;
	if (strcmp(key->name, "pcie") == 0)
		scenario_warn(
			&p->r, at, "pcie has no effect: nothing is copied between host and gpu");
	else
		scenario_warn(&p->r, at,
			"%s has no effect: profile '%s' of instance '%s' does not use it",
			key->name, e->uses[0]->profile->name, e->uses[0]->name);
}

static void warn_of_gpu(struct scenario_parts *p, const struct site_entry *e)
{
	if (e->n_uses == 0 && e->drafts)
		return;
	if (e->n_uses == 0) {
		scenario_warn(&p->r, e->spec.gpu.at,
			"no instance runs a model on the gpu of site '%s'", e->e.name);
		return;
	}
	for (size_t k = 0; gpu_keys[k].kind != SCHEMA_END; k++)
		if (e->gpu_given >> k & 1u && !gpu_keys[k].required)
			warn_of_key(p, e, &gpu_keys[k]);
}

/** @inst runs a model on a site made of @e: keep it, if it is of another kind than the last. */
static void note_use(struct site_entry *e, const struct instance_spec *inst)
{
	const struct instance_spec *last = e->n_uses ? e->uses[e->n_uses - 1] : NULL;

	if (e->n_uses < GPU_USES_MAX &&
		(!last || inst->profile != last->profile || inst->model.i != last->model.i ||
			inst->attention != last->attention ||
			crosses_pcie(inst) != crosses_pcie(last)))
		e->uses[e->n_uses++] = inst;
}

/** @inst takes of the gpus of @site, of which @used are taken; one too many is told of once. */
static void take_gpus(struct scenario_parts *p, unsigned *used, const struct instance_spec *inst,
	const struct site_spec *site)
{
	unsigned n = instance_devices(inst), left;
	bool enough = *used <= site->n_gpus;

	left = enough ? site->n_gpus - *used : 0;
	*used = n > UINT_MAX - *used ? UINT_MAX : *used + n;
	if (!enough || n <= left)
		return;
	if (n == 1)
		err_list_at(p->r.errs, inst->at,
			"site '%s' has %u gpu%s, one for each instance; '%s' finds none left",
			site->name, site->n_gpus, site->n_gpus == 1 ? "" : "s", inst->name);
	else
		err_list_at(p->r.errs, inst->parallel.at,
			"site '%s' has %u gpu%s, of which %u %s left; '%s' needs %u", site->name,
			site->n_gpus, site->n_gpus == 1 ? "" : "s", left, left == 1 ? "is" : "are",
			inst->name, n);
}

/** The same of each stage of a pipeline. */
static void take_stages(struct scenario_parts *p, unsigned *used, const struct instance_spec *inst)
{
	for (size_t k = 0; k < inst->n_stages; k++) {
		const struct stage_spec *stage = &inst->stages[k];
		struct instance_spec *mine = arena_alloc(p->r.arena, 1, sizeof *mine);

		*mine = *inst;
		mine->site = stage->site;
		mine->profile = stage->profile;
		mine->at = stage->at;
		note_use(p->site_entries[stage->site.i], mine);
		take_gpus(p, &used[stage->site.i], mine, &p->s->spec.sites[stage->site.i]);
	}
}

enum { DRAFTERS_MOST = 8 };

/** Of a site: instances for which drafters of their own are there. */
struct drafters_there {
	const struct instance_spec *of[DRAFTERS_MOST];
	size_t n;
};

/** One drafter drafts for all who ask alike. */
static bool is_new(struct drafters_there *there, const struct instance_spec *inst)
{
	for (size_t k = 0; k < there->n; k++)
		if (there->of[k]->model.i == inst->model.i &&
			there->of[k]->draft.max_batch == inst->draft.max_batch)
			return false;
	if (there->n < DRAFTERS_MOST)
		there->of[there->n++] = inst;
	return true;
}

/** And so has each that drafts for others. */
static void count_drafters(struct scenario_parts *p, unsigned *used)
{
	const struct scenario_spec *spec = &p->s->spec;
	struct drafters_there *there = arena_alloc(p->r.arena, spec->n_sites, sizeof *there);

	for (size_t i = 0; i < spec->n_instances; i++) {
		const struct instance_spec *inst = &spec->instances[i];

		for (size_t k = 0; k < inst->draft.n_sites; k++) {
			uint32_t at = inst->draft.sites[k].site.i;
			const struct site_spec *site = &spec->sites[at];

			p->site_entries[at]->drafts = true;
			if (!is_new(&there[at], inst) || used[at]++ != site->n_gpus)
				continue;
			err_list_at(p->r.errs, inst->draft.site_at,
				"site '%s' has %u gpu%s, one for each instance or drafter; the "
				"drafts of '%s' find none left",
				site->name, site->n_gpus, site->n_gpus == 1 ? "" : "s", inst->name);
		}
	}
}

/** Each instance that runs a model has devices of its own. Returns how many each site has in use.
 */
static unsigned *count_used(struct scenario_parts *p)
{
	const struct scenario_spec *spec = &p->s->spec;
	unsigned *used = arena_alloc(p->r.arena, spec->n_sites, sizeof *used);

	for (size_t i = 0; i < spec->n_instances; i++) {
		const struct instance_spec *inst = &spec->instances[i];
		const struct site_spec *site = &spec->sites[inst->site.i];

		take_stages(p, used, inst);
		if (inst->synthetic || inst->n_stages > 0)
			continue;
		note_use(p->site_entries[inst->site.i], inst);
		take_gpus(p, &used[inst->site.i], inst, site);
	}
	count_drafters(p, used);
	return used;
}

static void warn_of_rest(struct scenario_parts *p, const struct site_spec *site, unsigned used)
{
	if (used > 0 && used < site->n_gpus)
		scenario_warn(&p->r, site->at,
			"site '%s' has %u gpus, but its instances with a model use %u: the rest "
			"does nothing",
			site->name, site->n_gpus, used);
}

void parts_check_devices(struct scenario_parts *p)
{
	const struct scenario_spec *spec = &p->s->spec;
	unsigned *used;

	if (p->sites_bad)
		return;
	used = count_used(p);
	for (size_t i = 0; i < spec->n_sites && p->r.errs->n == 0; i++) {
		struct site_entry *e = p->site_entries[i];

		if (e->told) /* once for all members of a counted entry */
			continue;
		e->told = true;
		warn_of_rest(p, &spec->sites[i], used[i]);
		if (e->spec.has_gpu)
			warn_of_gpu(p, e);
		parts_warn_placing(p, e);
	}
}
