#include "models/world/prices.h"

#include "models/serving/memory.h"

struct cost_spec price_bare(
	const struct scenario_spec *s, const struct instance_spec *i, const struct gpu_spec *gpu)
{
	const struct model_spec *m = &s->models[i->model.i];

	return (struct cost_spec){
		.gpu = gpu,
		.shape = &m->shape,
		.precision = m->precision,
		.max_batch = i->max_batch,
		.max_len_tok = i->limits.max_len_tok,
		.quantile = s->run.quantile,
		.attention = i->attention,
		.decode_keep = i->decode_keep,
		.host = i->host_time,
		.at = i->at,
	};
}

struct cost_spec price_of(const struct scenario_spec *s, const struct instance_spec *i)
{
	struct cost_spec what = price_bare(s, i, &s->sites[i->site.i].gpu);

	what.profile = i->profile;
	what.verify_rows = i->draft.on ? i->draft.k + 1 : 0;
	what.ranks = i->parallel.ranks;
	what.interconnect = &i->parallel.interconnect;
	what.offload = &i->offload;
	what.reserve_bytes = memory_reserve_bytes(i, &what);
	return what;
}

struct cost_spec price_of_stage(
	const struct scenario_spec *s, const struct instance_spec *i, size_t k)
{
	const struct stage_spec *stage = &i->stages[k];
	struct cost_spec c = price_bare(s, i, stage->gpu);

	c.profile = stage->profile;
	c.stage = (struct llm_stage){
		.n_layers = stage->layers, .embedding = k == 0, .head = k + 1 == i->n_stages};
	c.at = stage->at;
	for (size_t j = 0; j < k; j++)
		c.stage.first_layer += i->stages[j].layers;
	c.reserve_bytes = memory_reserve_bytes(i, &c);
	return c;
}

struct cost_spec price_of_draft(
	const struct scenario_spec *s, const struct instance_spec *i, const struct cost_spec *what)
{
	const struct model_spec *draft = s->models[i->model.i].draft;
	struct cost_spec d = *what;

	d.profile = i->draft.profile;
	d.shape = &draft->shape;
	d.precision = draft->precision;
	d.ranks = 0;
	d.verify_rows = 0;
	d.offload = NULL;
	d.host = (struct host_time){0}; /* its steps are within one of the model's */
	d.at = i->draft.at;
	d.reserve_bytes += cost_weight_bytes(what);
	return d;
}

/** Kept free of weights and KV, as on instances. */
static const double drafter_reserve_bytes = 0.4e9;

struct cost_spec price_of_drafter(
	const struct scenario_spec *s, const struct instance_spec *i, const struct draft_site *at)
{
	const struct model_spec *draft = s->models[i->model.i].draft;

	return (struct cost_spec){
		.profile = at->profile,
		.gpu = &s->sites[at->site.i].gpu,
		.shape = &draft->shape,
		.precision = draft->precision,
		.max_batch = i->draft.max_batch,
		.reserve_bytes = drafter_reserve_bytes,
		.quantile = s->run.quantile,
		.at = i->draft.at,
	};
}
