#include "models/world/world.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "models/ev.h"
#include "models/offload/guard.h"
#include "models/serving/alike.h"
#include "models/world/state.h"

/* Building */

static struct cost_spec cost_of(const struct world *w, uint32_t i)
{
	const struct instance_spec *s = &w->spec->instances[i];

	return (struct cost_spec){
		.profile = s->profile,
		.gpu = &w->spec->sites[s->site.i].gpu,
		.shape = &w->spec->models[s->model.i].shape,
		.precision = w->spec->models[s->model.i].precision,
		.max_batch = s->max_batch,
		.reserve_bytes = s->reserve_bytes,
		.quantile = w->spec->run.quantile,
		.attention = s->attention,
		.at = s->at,
	};
}

/** The tables of a cost are large beside a cache: those alike share them. */
static bool cost_share(struct world *w, uint32_t i, const struct cost_spec *mine, struct err *err)
{
	const struct instance_spec *all = w->spec->instances;

	for (uint32_t k = 0; k < i; k++)
		if (w->costs[k].owned &&
			instances_alike(&all[k], cost_of(w, k).gpu, &all[i], mine->gpu)) {
			w->costs[i].cost = w->costs[k].cost;
			return true;
		}
	w->costs[i].owned = cost_create(&w->costs[i].cost, mine, err);
	return w->costs[i].owned;
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
		.host = &request_host,
		.world = w,
		.engine = w->engine,
		.sequences = &w->requests.sequences,
		.seed = w->setup.seed,
		.replication = w->setup.replication,
		.step_by_step = w->setup.step_by_step,
		.tells = sends_tokens(w, s),
	};
	struct cost_spec cost;

	if (instance_kind(s)->needs_cost) {
		cost = cost_of(w, i);
		if (!cost_share(w, i, &cost, err))
			return false;
		b.cost = w->costs[i].cost;
		b.cost_spec = &cost;
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

/** Users that are there from the start, and what only the run could find to be too much. */
static bool check_sizes(const struct scenario_spec *s, struct err *err)
{
	double n = 0.0, slots = 0.0;
	char each[40];

	for (uint32_t g = 0; g < s->n_groups; g++) {
		const struct arrival_spec *a = &s->groups[g].arrivals;

		n += a->process == ARRIVAL_CLOSED      ? s->groups[g].count
		     : a->process == ARRIVAL_SATURATED ? a->outstanding
						       : 0.0;
		if (n > WORLD_MOST_REQUESTS)
			return err_at(err, a->at,
				"closed and saturated groups have %.0f users up to '%s'; at most "
				"%d can be",
				n, s->groups[g].name, WORLD_MOST_REQUESTS);
	}
	if (s->record.queues_s > 0.0)
		slots = (s->run.horizon_s + s->run.warmup_s) / s->record.queues_s;
	if (slots > WORLD_MOST_SLOTS)
		return err_at(err, s->run.at,
			"the run has %.3g slots of record.queues, %s each; at most %d can be: "
			"choose longer ones, or 'off'",
			slots, quantity_print(each, sizeof each, s->record.queues_s, QUANTITY_TIME),
			WORLD_MOST_SLOTS);
	return true;
}

/** The world's own. */
static void add_probes(struct world *w)
{
	const struct scenario_spec *s = w->spec;

	w->metrics = metrics_create(&w->arena, s->n_groups);
	probes_add(&w->probes, &w->metrics);
	w->little = little_create(&w->arena);
	probes_add(&w->probes, &w->little);
	w->queues = arena_alloc(&w->arena, s->n_instances + 1, sizeof *w->queues);
	if (s->record.queues_s > 0.0) {
		w->lyapunov = lyapunov_create(&w->arena);
		probes_add(&w->probes, &w->lyapunov);
	}
	if (w->setup.n_level_samples > 0) {
		w->levels = levels_create(&w->arena, w->setup.n_level_samples);
		probes_add(&w->probes, &w->levels);
	}
}

static bool check_horizon(const struct scenario_spec *s, struct err *err)
{
	for (size_t g = 0; g < s->n_groups; g++)
		if (s->groups[g].arrivals.process == ARRIVAL_TRACE)
			return true;
	return !s->run.horizon_trace ||
	       err_at(err, s->run.at,
		       "run.horizon is 'trace', but the arrivals of no group are one");
}

static bool build(struct world *w, struct err *err)
{
	const struct scenario_spec *s = w->spec;

	if (!check_sizes(s, err) || !check_horizon(s, err) || !network_create(w, err))
		return false;
	w->groups = arena_alloc(&w->arena, s->n_groups, sizeof *w->groups);
	w->instances = arena_alloc(&w->arena, s->n_instances, sizeof *w->instances);
	w->costs = arena_alloc(&w->arena, s->n_instances, sizeof *w->costs);
	add_probes(w);
	for (uint32_t g = 0; g < s->n_groups; g++)
		if (!group_create(w, g, err))
			return false;
	for (uint32_t i = 0; i < s->n_instances; i++)
		if (!instance_create(w, i, err))
			return false;
	return world_schedule(w, err);
}

bool world_create(struct world **out, const struct world_setup *setup, struct err *err)
{
	struct world *w = mem_zalloc(1, sizeof *w);

	w->setup = *setup;
	w->spec = setup->spec;
	w->requests.free = NO_ID;
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
	metrics_destroy(&w->metrics);
	levels_destroy(&w->levels);
	warnings_finish(&w->warnings);
	for (size_t g = 0; w->groups && g < w->spec->n_groups; g++)
		workload_destroy(w->groups[g].source);
	for (size_t i = 0; w->instances && i < w->spec->n_instances; i++) {
		instance_finish(&w->instances[i]);
		if (w->costs[i].owned)
			cost_destroy(w->costs[i].cost);
	}
	net_destroy(w->net);
	free(w->requests.at);
	free(w->requests.sequences.at);
	engine_destroy(w->engine);
	arena_finish(&w->arena);
	free(w);
}

void world_attach(struct world *w, const struct probe *probe)
{
	probes_add(&w->probes, probe);
}

/* What a trace cannot give: more requests than it has, or one before the run is over. */
static bool check_traces(const struct world *w, struct err *err)
{
	const struct run_spec *run = &w->spec->run;
	const double end_s =
		run->horizon_s + (run->warmup_auto ? 9.0 * run->horizon_s : run->warmup_s);
	const struct trace_spec *last = NULL;
	uint64_t most = 0, here;
	int64_t first_ns;

	for (size_t g = 0; g < w->spec->n_groups; g++) {
		const struct trace_spec *t = &w->spec->groups[g].arrivals.trace;

		here = workload_most(w->groups[g].source);
		most = here < UINT64_MAX - most ? most + here : UINT64_MAX;
		last = here < UINT64_MAX ? t : last;
		first_ns = workload_first_ns(w->groups[g].source);
		if (run->horizon_s > 0.0 && first_ns > 0 && first_ns >= ns_of_s(end_s))
			return err_at(err, t->at,
				"no request comes before the run ends: the first of '%s' is at "
				"%.15g s",
				t->file, s_of_ns(first_ns));
	}
	if (most >= run->requests)
		return true;
	return err_at(err, last->at, "'%s' has %ju requests in all; the run is to measure %ju",
		last->file, (uintmax_t)most, (uintmax_t)run->requests);
}

bool world_check(const struct scenario_spec *spec, struct err *err)
{
	for (size_t p = 0; p < spec->n_policies; p++) {
		struct world_setup setup = {
			.spec = spec, .policy = &spec->policies[p], .seed = spec->run.seed};
		struct world *w;
		bool ok;

		if (!world_create(&w, &setup, err))
			return false;
		ok = check_traces(w, err);
		world_destroy(w);
		if (!ok)
			return false;
	}
	return true;
}

/* Running */

/** The end of the window; or, of a run that waits for its requests, when it is hopeless. */
static int64_t end_ns(const struct world *w)
{
	const struct run_spec *run = &w->spec->run;

	if (run->horizon_s > 0.0)
		return ns_after(ns_of_s(w->setup.warmup_s), ns_of_s(run->horizon_s));
	return run->limit_s > 0.0 ? ns_of_s(run->limit_s) : INT64_MAX;
}

static void start(struct world *w)
{
	post_measure(w->engine, ns_of_s(w->setup.warmup_s));
	if (w->spec->record.queues_s > 0.0)
		post_slot(w->engine, ns_of_s(w->spec->record.queues_s));
	net_start(w->net);
	traffic_start(w);
}

/** Of a run that waits for its requests and ended without them. */
static void fail_waiting(struct world *w)
{
	const struct cohort *c = &w->cohort;
	uint64_t wanted = w->spec->run.requests > 0 ? w->spec->run.requests : c->created;

	if (w->spec->run.limit_s > 0.0)
		world_fail(w,
			"%llu of %llu requests were answered when the limit of %.6g s was reached",
			(unsigned long long)c->ended, (unsigned long long)wanted,
			engine_now_s(w->engine));
	else
		world_fail(w, "nothing happens after %.6g s: %llu of %llu requests were answered",
			engine_now_s(w->engine), (unsigned long long)c->ended,
			(unsigned long long)wanted);
}

static void judge(struct world *w, enum engine_end end)
{
	if (w->err.kind == ERR_NONE && net_failure(w->net))
		world_fail(w, "%s", net_failure(w->net)->msg);
	if (w->err.kind != ERR_NONE || world_interrupted(w))
		return;
	if (end == ENGINE_STUCK) {
		w->circles = true;
		world_fail(w, "%d events at one instant, t = %.9g s: the scenario goes in circles",
			ENGINE_STUCK_EVENTS, engine_now_s(w->engine));
	} else if (w->spec->run.horizon_s == 0.0 && !w->cohort.ending) {
		fail_waiting(w);
	}
}

/** A window of given length is [from, to): what comes at its end is the next one's. */
static enum engine_end run(struct world *w)
{
	int64_t slot_ns = ns_of_s(w->spec->record.queues_s), to_ns = end_ns(w);
	enum engine_end end;

	if (w->spec->run.horizon_s == 0.0)
		return engine_run(w->engine, to_ns);
	end = engine_run_before(w->engine, to_ns);
	if (end != ENGINE_STOPPED && slot_ns > 0 && to_ns % slot_ns == 0)
		probe_slot(w); /* of the last slot, which lies in the window */
	return end;
}

/** Tell of those that are still here, and see that everything adds up. */
static void close_probes(struct world *w)
{
	int64_t now_ns = engine_now_ns(w->engine);

	for (uint32_t slot = 0; slot < w->requests.n; slot++)
		if (request_held(&w->requests.at[slot]))
			request_tell(w, slot, MOMENT_ENDED, FATE_IN_SYSTEM, now_ns);
	if (w->failed || w->err.kind != ERR_NONE)
		return;
	w->failed = !cohort_check(w, &w->err) || !little_check(&w->little, now_ns, &w->err) ||
		    !scheduler_finish(w->scheduler, &w->err);
}

/** All that calls the policy. */
static enum engine_end simulate(struct world *w)
{
	struct guard *g = scheduler_guard(w->scheduler);
	enum engine_end end;

	guard_arm(g);
	if (GUARD_HOLDS(g)) {
		start(w);
		end = run(w);
		guard_disarm(g);
		return end;
	}
	w->failed = true; /* in the middle of an event: what is counted need not add up */
	w->circles = scheduler_broke(w->scheduler, &w->err);
	return ENGINE_STOPPED;
}

bool world_run(struct world *w, struct world_result *out, struct err *err)
{
	*out = (struct world_result){0};
	judge(w, simulate(w));
	if (w->err.kind == ERR_INPUT) { /* a malformed trace */
		*err = w->err;
		return false;
	}
	w->cohort.to_ns = engine_now_ns(w->engine);
	close_probes(w);
	remarks_make(w);
	result_fill(w, out);
	return true;
}
