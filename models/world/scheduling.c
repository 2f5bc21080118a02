/* What the scheduler is told of a world. */

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/world/state.h"

static struct scheduler_group group_of(const struct world *w, uint32_t g)
{
	const struct group_spec *s = &w->spec->groups[g];
	const struct llm_shape *shape =
		s->model.i == NO_ID ? NULL : &w->spec->models[s->model.i].shape;

	return (struct scheduler_group){
		.name = s->name,
		.home = s->home,
		.model = s->model,
		.context_tok = shape ? shape->context : 0,
		.kv_bytes_per_tok = shape ? llm_kv_bytes_per_tok(shape) : 0.0,
		.n_layers = shape ? shape->layers : 0.0,
		.has_deadlines = s->deadline_s < HUGE_VAL,
		.stream = s->stream,
		.bytes_per_tok = s->bytes_per_tok,
		.output_mean_tok = w->groups[g].output_mean_tok,
		.output_q90_tok = w->groups[g].output_q90_tok,
	};
}

static struct scheduler_instance instance_of(const struct world *w, uint32_t i)
{
	const struct instance_spec *s = &w->spec->instances[i];

	return (struct scheduler_instance){
		.tier = scenario_tier(w->spec, s),
		.hops = w->hops[i],
		.gpu = &w->spec->sites[s->site.i].gpu,
		.instance = &w->instances[i],
	};
}

bool world_schedule(struct world *w, struct err *err)
{
	size_t n_groups = w->spec->n_groups, n_instances = w->spec->n_instances;
	struct scheduler_group *groups = mem_zalloc(n_groups, sizeof *groups);
	struct scheduler_instance *instances = mem_zalloc(n_instances, sizeof *instances);
	bool ok;

	for (uint32_t g = 0; g < n_groups; g++)
		groups[g] = group_of(w, g);
	for (uint32_t i = 0; i < n_instances; i++)
		instances[i] = instance_of(w, i);
	ok = scheduler_create(&w->scheduler,
		&(struct scheduler_build){
			.engine = w->engine,
			.policy = w->setup.policy,
			.seed = w->setup.seed,
			.replication = w->setup.replication,
			.delay_s = w->spec->run.scheduler_delay_s,
			.state_delay_s = w->spec->run.state_delay_s,
			.stop = w->setup.stop,
			.patience_s = w->setup.patience_s,
			.n_groups = n_groups,
			.n_instances = n_instances,
			.groups = groups,
			.instances = instances,
			.n_sites = w->spec->n_sites,
			.net = w->net,
			.routes = &w->routes,
			.kv_routes = &w->kv_routes,
		},
		err);
	free(groups);
	free(instances);
	w->short_of_memory = ok ? scheduler_short(w->scheduler) : NULL;
	return ok;
}
