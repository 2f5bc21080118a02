/* What is left of a world when it has run. */

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/world/state.h"

/** Streams are the only thing in which replications differ. */
static bool drew(const struct world *w)
{
	bool any = w->backlog || scheduler_drew(w->scheduler) || net_drew(w->net);

	for (size_t g = 0; g < w->spec->n_groups && !any; g++)
		any = workload_drew(w->groups[g].source);
	for (size_t i = 0; i < w->spec->n_instances && !any; i++)
		any = instance_drew(&w->instances[i]);
	return any;
}

static void say_how(struct world *w, struct world_result *out)
{
	out->status = RUN_COMPLETE;
	if (world_interrupted(w) && w->err.kind == ERR_NONE)
		out->status = RUN_INTERRUPTED;
	if (w->err.kind != ERR_NONE) {
		out->status = RUN_FAILED;
		strcpy(out->failure, w->err.msg);
	}
	out->warmup_s = w->setup.warmup_s;
	out->horizon_s =
		w->cohort.open ? s_of_ns(engine_now_ns(w->engine) - w->cohort.from_ns) : 0.0;
	out->events = engine_events(w->engine);
	out->digest = w->setup.digest ? engine_digest(w->engine) : 0;
	out->random = drew(w);
	out->circles = w->circles;
	out->warnings = w->warnings;
	w->warnings = (struct warnings){0};
}

/** The rows with strings of their own: they outlive the world. */
static void hand_over(struct metric_rows *rows, struct world_result *out)
{
	size_t bytes = 0, at = 0;
	const char *last = NULL;

	for (size_t i = 0; i < rows->n; i++)
		bytes += strlen(rows->at[i].scope) + 1;
	out->strings = mem_zalloc(bytes, 1);
	for (size_t i = 0; i < rows->n; i++) {
		if (rows->at[i].scope == last) {
			rows->at[i].scope = rows->at[i - 1].scope;
			continue;
		}
		last = rows->at[i].scope;
		strcpy(out->strings + at, last);
		rows->at[i].scope = out->strings + at;
		at += strlen(last) + 1;
	}
	out->metrics = rows->at;
	out->n_metrics = rows->n;
	*rows = (struct metric_rows){0};
}

static const struct session_sums *talked(struct world *w)
{
	struct session_sums *sums = arena_alloc(&w->arena, w->spec->n_groups, sizeof *sums);

	for (size_t g = 0; g < w->spec->n_groups; g++)
		sums[g] = (struct session_sums){w->groups[g].begun, w->groups[g].cut};
	return sums;
}

static uint64_t *skipped(struct world *w)
{
	uint64_t *rows = arena_alloc(&w->arena, w->spec->n_groups, sizeof *rows);

	for (size_t g = 0; g < w->spec->n_groups; g++)
		rows[g] = workload_rows_skipped(w->groups[g].source);
	return rows;
}

static const struct net_link *links_did(struct world *w)
{
	struct net_link *links = arena_alloc(&w->arena, net_n_links(w->net), sizeof *links);

	for (size_t i = 0; i < w->spec->n_instances; i++)
		instance_settle(&w->instances[i]);
	net_report(w->net, links);
	return links;
}

/** What is served at once at most, where all are busy: of stations their slots, else what was. */
static double places(const struct world *w)
{
	double n = 0.0;

	for (size_t i = 0; i < w->spec->n_instances; i++)
		n += w->spec->instances[i].synthetic ? (double)w->spec->instances[i].slots
						     : level_max(&w->instances[i].running);
	return n;
}

static void make_rows(struct world *w, struct metric_rows *rows, const struct world_result *out)
{
	struct policy_report learned = scheduler_report(w->scheduler);
	struct metric_sources s = {
		.spec = w->spec,
		.metrics = metrics_of(&w->metrics),
		.causes = &w->causes,
		.choices = w->choices.state ? &w->choices : NULL,
		.lyapunov = w->lyapunov.state ? lyapunov_means(&w->lyapunov) : NULL,
		.drift = &out->drift,
		.evidence = out->evidence.runs > 0 ? &out->evidence : NULL,
		.instances = w->instances,
		.rows_skipped = skipped(w),
		.sessions = talked(w),
		.links = links_did(w),
		.n_links = net_n_links(w->net),
		.regret = learned.regret,
		.late_beyond = learned.late_beyond,
		.from_ns = w->cohort.from_ns,
		.to_ns = engine_now_ns(w->engine),
	};

	metric_rows(rows, &s, &w->arena);
}

void result_fill(struct world *w, struct world_result *out)
{
	struct metric_rows rows = {0};

	if (w->drift.state) {
		out->drift = drift_take(&w->drift);
		out->drift.places = places(w);
	}
	out->created = w->created;
	out->in_system = w->in_system;
	if (w->stability.state)
		out->evidence = stability_evidence(&w->stability, engine_now_ns(w->engine));
	if (w->within.state) {
		within_read(out->within, &w->within);
		out->n_within = WITHIN_METRICS;
	}
	make_rows(w, &rows, out);
	if (w->err.kind == ERR_NONE && !world_interrupted(w))
		w->failed = !metric_rows_check(rows.at, rows.n, &w->err);
	say_how(w, out);
	hand_over(&rows, out);
	if (w->levels.state)
		out->levels = levels_take(&w->levels, engine_now_ns(w->engine), &out->n_levels);
}

void world_result_finish(struct world_result *r)
{
	free(r->metrics);
	free(r->levels);
	drift_finish(&r->drift);
	free(r->strings);
	warnings_finish(&r->warnings);
	*r = (struct world_result){0};
}
