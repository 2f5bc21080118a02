#include "tests/support/check.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/profile/file.h"
#include "models/cost/catalog.h"
#include "policies/all.h"
#include "tests/support/world_fixture.h"

struct probe_state {
	struct fixture *f;
};

static void keep(struct probe_state *s, enum moment m, int64_t at_ns, const struct request_row *row)
{
	struct fixture *f = s->f;

	(void)m;
	(void)at_ns;
	f->rows = mem_grow(f->rows, f->n_rows, &f->cap, sizeof *f->rows);
	f->causes = mem_grow(f->causes, f->n_rows, &f->cap_causes, sizeof *f->causes);
	memcpy(f->causes[f->n_rows], row->cause_ns, sizeof *f->causes);
	f->rows[f->n_rows++] = *row;
}

static void keep_span(struct probe_state *s, const struct step_span *span)
{
	struct fixture *f = s->f;

	f->spans = mem_grow(f->spans, f->n_spans, &f->cap_spans, sizeof *f->spans);
	f->spans[f->n_spans++] = *span;
}

void fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	arena_init(&f->arena);
	f->spec = (struct scenario_spec){
		.name = "fixture",
		.run = {.horizon_s = 100.0,
			.seed = 1,
			.replications = 1,
			.quantile = PROFILE_MEDIAN},
		.n_policies = 1,
		.sites = f->sites,
		.links = f->links,
		.models = f->models,
		.instances = f->instances,
		.groups = f->groups,
		.policies = &f->policy,
	};
	fixture_policy(f, "fcfs");
}

void fixture_finish(struct fixture *f)
{
	world_result_finish(&f->result);
	free(f->rows);
	free(f->causes);
	free(f->spans);
	arena_finish(&f->arena);
}

struct site_spec *fixture_site(struct fixture *f, const char *name, enum tier tier, const char *gpu)
{
	struct site_spec *s = &f->sites[f->spec.n_sites++];

	*s = (struct site_spec){.name = name, .tier = tier, .n_gpus = 1};
	if (gpu) {
		s->gpu = catalog_find_gpu(gpu)->spec;
		s->has_gpu = true;
	}
	return s;
}

struct model_spec *fixture_model(struct fixture *f, const char *name, enum precision p)
{
	struct model_spec *m = &f->models[f->spec.n_models++];

	*m = (struct model_spec){
		.name = name, .shape = catalog_find_model(name)->shape, .precision = p};
	return m;
}

struct instance_spec *fixture_llm(
	struct fixture *f, const char *name, uint32_t site, uint32_t model)
{
	struct instance_spec *s = &f->instances[f->spec.n_instances++];
	const struct profile_set *set = profile_builtin(&f->arena);
	struct err err = {0};

	*s = (struct instance_spec){
		.name = name,
		.site = {site},
		.model = {model},
		.runtime = "fused",
		.max_batch = 16,
		.chunk_tok = 512,
		.block_tok = 16,
		.reserve_bytes = 0.4e9,
	};
	if (!profile_find(&s->profile, set, &f->sites[site].gpu, s->runtime,
		    f->models[model].shape.name, f->models[model].precision, s->at, &err))
		fail_msg("%s", err.msg);
	return s;
}

struct instance_spec *fixture_station(
	struct fixture *f, const char *name, uint32_t site, double mean_s)
{
	struct instance_spec *s = &f->instances[f->spec.n_instances++];

	*s = (struct instance_spec){
		.name = name,
		.site = {site},
		.synthetic = true,
		.model = {NO_ID},
		.slots = 1,
		.service = dist_exponential(mean_s),
	};
	return s;
}

struct group_spec *fixture_group(struct fixture *f, const char *name, double rate_per_s)
{
	struct group_spec *g = &f->groups[f->spec.n_groups++];

	*g = (struct group_spec){
		.name = name,
		.count = 1,
		.home = {NO_ID},
		.model = {f->spec.n_models > 0 ? 0 : NO_ID},
		.arrivals = {.process = ARRIVAL_POISSON, .rate_per_s = rate_per_s},
		.workload = {.kind = f->spec.n_models > 0 ? WORKLOAD_DISTS : WORKLOAD_NONE,
			.prompt_tok = dist_constant(100.0),
			.output_tok = dist_constant(50.0)},
		.deadline_s = HUGE_VAL,
		.bytes_per_tok = 4.0,
	};
	return g;
}

void fixture_policy(struct fixture *f, const char *name)
{
	struct policy_registry all = policies_all();

	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.all[i]->name, name) == 0) {
			f->policy = (struct policy_spec){.label = name, .ops = all.all[i]};
			return;
		}
	fail_msg("no policy '%s'", name);
}

struct link_spec *fixture_link(struct fixture *f, const char *name, const char *a, const char *b,
	double bytes_per_s, double delay_s)
{
	struct link_spec *l = &f->links[f->spec.n_links++];

	*l = (struct link_spec){
		.name = name,
		.between = {a, b},
		.up = {.bytes_per_s = bytes_per_s, .delay_s = delay_s},
		.down = {.bytes_per_s = bytes_per_s, .delay_s = delay_s},
	};
	return l;
}

static struct dist_spec dist_of(enum dist_kind kind, double mean)
{
	return (struct dist_spec){.kind = kind, .mean = mean, .min = -HUGE_VAL, .max = HUGE_VAL};
}

struct dist_spec dist_constant(double mean)
{
	return dist_of(DIST_CONSTANT, mean);
}

struct dist_spec dist_exponential(double mean)
{
	return dist_of(DIST_EXPONENTIAL, mean);
}

struct dist_spec dist_uniform(double min, double max)
{
	struct dist_spec d = dist_of(DIST_UNIFORM, 0.5 * (min + max));

	d.min = min;
	d.max = max;
	return d;
}

static int by_id(const void *a, const void *b)
{
	const struct request_row *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void fixture_run(struct fixture *f)
{
	static const struct probe_ops ops[] = {
		{.name = "fixture", .moments = 1u << MOMENT_ENDED, .request = keep},
		{.name = "fixture",
			.moments = 1u << MOMENT_ENDED,
			.request = keep,
			.step = keep_span},
	};
	struct probe_state state = {.f = f};
	const struct probe rows = {&ops[f->keeps_spans], &state};
	struct world_setup setup = {
		.spec = &f->spec,
		.policy = &f->policy,
		.seed = f->spec.run.seed,
		.replication = f->replication,
		.warmup_s = f->warmup_s,
		.patience_s = f->patience_s,
		.least_in_system = f->least_in_system,
		.most_in_system = f->most_in_system,
		.step_by_step = f->step_by_step,
		.digest = true,
	};
	struct err err = {0};
	struct world *w;

	world_result_finish(&f->result);
	f->n_rows = f->n_spans = 0;
	if (!world_create(&w, &setup, &err))
		fail_msg("%s", err.msg);
	world_attach(w, &rows);
	if (f->also.ops)
		world_attach(w, &f->also);
	if (!world_run(w, &f->result, &err))
		fail_msg("%s", err.msg);
	world_destroy(w);
	for (size_t i = 0; i < f->n_rows; i++)
		f->rows[i].cause_ns = f->causes[i];
	if (f->n_rows > 0)
		qsort(f->rows, f->n_rows, sizeof *f->rows, by_id);
}

double fixture_metric(const struct fixture *f, const char *scope, const char *name)
{
	for (size_t i = 0; i < f->result.n_metrics; i++)
		if (strcmp(f->result.metrics[i].scope, scope) == 0 &&
			strcmp(metrics[f->result.metrics[i].id].name, name) == 0)
			return f->result.metrics[i].value;
	fail_msg("no metric '%s' in scope '%s'", name, scope);
	return 0.0;
}
