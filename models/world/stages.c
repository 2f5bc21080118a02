/* The stages of a pipeline: what they cost, and how they are joined. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/serving/alike.h"
#include "models/world/network.h"
#include "models/world/prices.h"
#include "models/world/state.h"

/** Which layers they are makes no difference to what they cost. */
static bool same_cost(const struct cost_spec *a, const struct cost_spec *b)
{
	return a->profile == b->profile && gpus_alike(a->gpu, b->gpu) && a->shape == b->shape &&
	       a->precision == b->precision && a->max_batch == b->max_batch &&
	       a->max_len_tok == b->max_len_tok && a->reserve_bytes == b->reserve_bytes &&
	       a->quantile == b->quantile && a->attention == b->attention &&
	       a->decode_keep == b->decode_keep && a->host.step_s == b->host.step_s &&
	       a->host.sequence_s == b->host.sequence_s && a->host.sigma == b->host.sigma &&
	       a->stage.n_layers == b->stage.n_layers && a->stage.embedding == b->stage.embedding &&
	       a->stage.head == b->stage.head;
}

static bool cost_find(
	const struct cost **out, struct world *w, const struct cost_spec *of, struct err *err)
{
	struct stage_costs *c = &w->stage_costs;
	struct cost *made;

	for (size_t k = 0; k < c->n; k++)
		if (same_cost(&c->at[k].of, of)) {
			*out = c->at[k].cost;
			return true;
		}
	if (!cost_create(&made, of, err))
		return false;
	c->at = mem_grow(c->at, c->n, &c->cap, sizeof *c->at);
	c->at[c->n++] = (struct stage_cost){*of, made};
	*out = made;
	return true;
}

/** From stage @k of a pipeline to the next; from the last, of tokens, back to the first. */
static bool hop_find(const struct route **out, struct world *w, const struct instance_spec *s,
	size_t k, struct err *err)
{
	const struct stage_spec *from = &s->stages[k], *to = &s->stages[(k + 1) % s->n_stages];
	struct err why = {0};

	*out = NULL;
	if (from->site.i == to->site.i)
		return true;
	if (net_route(out, w->net, network_end(w->spec, from->site), network_end(w->spec, to->site),
		    &why))
		return true;
	return err_at(err, (k + 1 < s->n_stages ? to : from)->at,
		"instance '%s': there is no link from site '%s' of stage %zu to site '%s' of stage "
		"%zu",
		s->name, w->spec->sites[from->site.i].name, k + 1, w->spec->sites[to->site.i].name,
		(k + 1) % s->n_stages + 1);
}

/** What the stages of pipelines send one another goes over routes of their own. */
bool hops_find(struct world *w, struct err *err)
{
	const struct scenario_spec *spec = w->spec;

	w->hops = arena_alloc(&w->arena, spec->n_instances, sizeof(*w->hops));
	for (size_t i = 0; i < spec->n_instances; i++) {
		const struct instance_spec *s = &spec->instances[i];

		w->hops[i] = arena_alloc(&w->arena, s->n_stages, sizeof(**w->hops));
		for (size_t k = 0; k < s->n_stages; k++)
			if (!hop_find(&w->hops[i][k], w, s, k, err))
				return false;
	}
	return true;
}

bool stages_build(struct world *w, uint32_t i, struct pipeline_build *out, struct err *err)
{
	const struct instance_spec *s = &w->spec->instances[i];
	const struct cost **costs = arena_alloc(&w->arena, s->n_stages, sizeof(*costs));
	struct cost_spec *specs = arena_alloc(&w->arena, s->n_stages, sizeof *specs);

	for (size_t k = 0; k < s->n_stages; k++) {
		specs[k] = price_of_stage(w->spec, s, k);
		if (!cost_find(&costs[k], w, &specs[k], err))
			return false;
	}
	*out = (struct pipeline_build){
		.net = w->net,
		.costs = costs,
		.specs = specs,
		.routes = w->hops[i],
	};
	return true;
}

void stages_finish(struct world *w)
{
	for (size_t k = 0; k < w->stage_costs.n; k++)
		cost_destroy(w->stage_costs.at[k].cost);
	free(w->stage_costs.at);
}
