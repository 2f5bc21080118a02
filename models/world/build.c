/* A world from a scenario, and its end. */

#include <stdlib.h>

#include "base/mem.h"
#include "models/cost/offload.h"
#include "models/ev.h"
#include "models/serving/alike.h"
#include "models/serving/planned.h"
#include "models/world/prices.h"
#include "models/world/state.h"

static struct cost_spec cost_of(const struct world *w, uint32_t i)
{
	return price_of(w->spec, &w->spec->instances[i]);
}

/** The tables of a cost are large beside a cache: those alike share them. @costs: one for each
 *  instance, of the models or of their drafts. */
static bool cost_share(struct world *w, struct instance_cost *costs, uint32_t i,
	const struct cost_spec *mine, struct err *err)
{
	const struct instance_spec *all = w->spec->instances;

	for (uint32_t k = 0; k < i; k++)
		if (costs[k].owned &&
			instances_alike(&all[k], cost_of(w, k).gpu, &all[i], mine->gpu)) {
			costs[i].cost = costs[k].cost;
			costs[i].offload = costs[k].offload;
			costs[i].planned = costs[k].planned;
			return true;
		}
	costs[i].owned = cost_create(&costs[i].cost, mine, err);
	return costs[i].owned && offload_create(&costs[i].offload, mine, err);
}

/** Does it make answers that are streamed over links? */
static bool sends_tokens(const struct world *w, const struct instance_spec *s)
{
	for (size_t g = 0; g < w->spec->n_groups && w->spec->n_links > 0; g++)
		if (w->spec->groups[g].stream && w->spec->groups[g].model.i == s->model.i)
			return true;
	return false;
}

static bool instance_create(struct world *w, uint32_t i, struct err *err)
{
	const struct instance_spec *s = &w->spec->instances[i];
	struct instance_build b = {
		.spec = s,
		.id = {i},
		.host = &world_host,
		.world = w,
		.engine = w->engine,
		.sequences = &w->requests.sequences,
		.seed = w->setup.seed,
		.replication = w->setup.replication,
		.step_by_step = w->setup.step_by_step,
		.tells = sends_tokens(w, s),
	};
	struct pipeline_build stages;
	struct cost_spec cost, draft;

	if (s->n_stages > 0) {
		if (!stages_build(w, i, &stages, err))
			return false;
		b.pipeline = &stages;
		b.cost = stages.costs[0];
		b.cost_spec = &stages.specs[0];
	} else if (instance_kind(s)->needs_cost) {
		cost = cost_of(w, i);
		if (!cost_share(w, w->costs, i, &cost, err))
			return false;
		b.cost = w->costs[i].cost;
		b.offload = w->costs[i].offload;
		b.cost_spec = &cost;
	}
	if (s->draft.on && (!drafts_check(w, i, err) || !draft_lines_make(w, i, err)))
		return false;
	b.draft_lines = w->draft_lines[i];
	b.n_draft_lines = s->draft.n_sites;
	if (s->draft.on)
		b.draft_outlook = draft_outlook_of(w, i);
	if (s->draft.on && s->draft.n_sites == 0) {
		draft = draft_cost_of(w, i, &cost);
		if (!cost_share(w, w->draft_costs, i, &draft, err))
			return false;
		b.draft_cost = w->draft_costs[i].cost;
		if (s->draft.planned && w->draft_costs[i].owned)
			w->draft_costs[i].planned = planned_create(
				b.cost, b.draft_cost, s->max_batch, s->batching == BATCHING_STATIC);
		b.planned = w->draft_costs[i].planned;
		b.draft_cost_spec = &draft;
	}
	if (!instance_init(&w->instances[i], &b, err))
		return false;
	w->has_capacities = w->has_capacities || instance_drops(&w->instances[i]);
	return true;
}

static bool group_create(struct world *w, uint32_t g, struct err *err)
{
	struct group *group = &w->groups[g];

	group->spec = &w->spec->groups[g];
	if (!workload_create(&group->source, group->spec, w->setup.seed, w->setup.replication, err))
		return false;
	group->output_mean_tok = workload_output_mean_tok(group->source);
	group->output_q90_tok = workload_output_q90_tok(group->source);
	return true;
}

/** The world's own. */
static void add_probes(struct world *w)
{
	const struct scenario_spec *s = w->spec;
	const char *why;

	w->metrics = metrics_create(&w->arena, s->n_groups);
	probes_add(&w->probes, &w->metrics);
	w->little = little_create(&w->arena);
	probes_add(&w->probes, &w->little);
	w->causes = causes_create(&w->arena, s->n_groups, s->n_instances);
	probes_add(&w->probes, &w->causes);
	if (stability_applies(s, &why)) {
		w->stability = stability_create(s);
		probes_add(&w->probes, &w->stability);
	}
	w->queues = arena_alloc(&w->arena, s->n_instances + 1, sizeof *w->queues);
	if (s->record.choices) {
		w->requests.has_foreseen = true;
		w->choices = choices_create(&w->arena, s->n_groups, s->n_instances);
		probes_add(&w->probes, &w->choices);
	}
	if (s->run.replications == 1) {
		w->within = within_create(&w->arena);
		probes_add(&w->probes, &w->within);
	}
	if (s->record.queues_s > 0.0) {
		w->lyapunov = lyapunov_create(&w->arena);
		probes_add(&w->probes, &w->lyapunov);
		w->drift = drift_create(&w->arena, s->n_instances);
		probes_add(&w->probes, &w->drift);
	}
	if (w->setup.n_level_samples > 0) {
		w->levels = levels_create(&w->arena, w->setup.n_level_samples);
		probes_add(&w->probes, &w->levels);
	}
}

/** Does somebody ask what a sequence consists of: a prefix cache, or the row of a request? */
static bool has_contents(const struct scenario_spec *s)
{
	bool yes = false;

	for (size_t i = 0; i < s->n_instances; i++)
		yes |= s->instances[i].prefix_cache;
	for (size_t g = 0; s->record.requests && g < s->n_groups; g++)
		yes |= s->groups[g].prefixes.count > 0 || s->groups[g].sessions.on;
	return yes;
}

static bool build(struct world *w, struct err *err)
{
	const struct scenario_spec *s = w->spec;

	if (!check_spec(s, err) || !network_create(w, err))
		return false;
	w->groups = arena_alloc(&w->arena, s->n_groups, sizeof *w->groups);
	w->instances = arena_alloc(&w->arena, s->n_instances, sizeof *w->instances);
	w->costs = arena_alloc(&w->arena, s->n_instances, sizeof *w->costs);
	w->draft_costs = arena_alloc(&w->arena, s->n_instances, sizeof *w->draft_costs);
	add_probes(w);
	w->requests.sequences.has_contents = has_contents(s);
	for (uint32_t g = 0; g < s->n_groups; g++)
		if (!group_create(w, g, err))
			return false;
	for (uint32_t i = 0; i < s->n_instances; i++)
		if (!instance_create(w, i, err))
			return false;
	return world_schedule(w, err) && roles_check(w, err) && backlog_create(w, err);
}

bool world_create(struct world **out, const struct world_setup *setup, struct err *err)
{
	struct world *w = mem_zalloc(1, sizeof *w);

	w->setup = *setup;
	w->spec = setup->spec;
	w->requests.free = NO_ID;
	w->sessions.free = NO_ID;
	w->request_scope = content_scope(CONTENT_REQUEST, "");
	arena_init(&w->arena);
	w->engine = engine_create(world_handlers, EV_KINDS, w);
	if (setup->digest)
		engine_digest_enable(w->engine);
	*out = NULL;
	if (!build(w, err)) {
		world_destroy(w);
		return false;
	}
	*out = w;
	return true;
}

void world_destroy(struct world *w)
{
	if (!w)
		return;
	scheduler_destroy(w->scheduler);
	backlog_finish(w);
	metrics_destroy(&w->metrics);
	drift_destroy(&w->drift);
	stability_destroy(&w->stability);
	levels_destroy(&w->levels);
	warnings_finish(&w->warnings);
	for (size_t g = 0; w->groups && g < w->spec->n_groups; g++) {
		workload_destroy(w->groups[g].source);
		free(w->groups[g].next.content.ids);
	}
	for (size_t i = 0; w->instances && i < w->spec->n_instances; i++) {
		instance_finish(&w->instances[i]);
		if (w->costs[i].owned) {
			cost_destroy(w->costs[i].cost);
			offload_destroy(w->costs[i].offload);
		}
		if (w->draft_costs[i].owned)
			cost_destroy(w->draft_costs[i].cost);
		if (w->draft_costs[i].owned)
			planned_destroy(w->draft_costs[i].planned);
	}
	stages_finish(w);
	drafters_finish(w);
	net_destroy(w->net);
	for (size_t k = 0; w->requests.sequences.contents && k < w->requests.n; k++)
		free(w->requests.sequences.contents[k].ids);
	free(w->requests.sequences.contents);
	free(w->requests.foreseen);
	free(w->sessions.at);
	free(w->requests.at);
	free(w->requests.sequences.at);
	engine_destroy(w->engine);
	arena_finish(&w->arena);
	free(w);
}

static void carried(struct world *w, const struct transfer_span *s)
{
	probes_transfer(&w->probes, s);
}

void world_attach(struct world *w, const struct probe *probe)
{
	probes_add(&w->probes, probe);
	for (size_t i = 0; probe->ops->step && i < w->spec->n_instances; i++)
		instance_tell_steps(&w->instances[i]);
	if (probe->ops->transfer)
		net_tell(w->net, carried, w);
}
