#include "study/growth.h"

#include <stdlib.h>

#include "base/mem.h"
#include "models/probe.h"
#include "models/workload/scaled.h"
#include "models/world/world.h"
#include "sim/replicate.h"

static const double looked_at = 0.75; /* of a run: the last part */

struct replicate_work {
	const struct growth_question *q;
	const struct scenario_spec *scaled;
	struct growth_run *out;
};

/** Who listens to a run. */
struct probe_state {
	struct growth_run *out;
	int64_t from_ns; /* what comes before is not counted */
	size_t line;
	uint64_t in_system;
};

static void heard(struct probe_state *p, enum moment m, int64_t at_ns, const struct request_row *r)
{
	struct growth_run *g = p->out;
	double one = at_ns >= p->from_ns ? 1.0 : 0.0;

	if (m == MOMENT_CREATED) {
		g->requests++;
		g->came += one;
		g->came_of[r->group] += one;
		return;
	}
	if (r->fate == FATE_IN_SYSTEM)
		return; /* the run is over, not the request */
	g->ended += one;
	g->ended_of[r->group] += one;
	g->dropped += r->fate == FATE_DROPPED ? one : 0.0;
}

static void in_system(struct probe_state *p, int64_t at_ns, uint64_t n)
{
	(void)at_ns;
	p->in_system = n;
}

static void line(struct probe_state *p, int64_t at_ns, size_t n)
{
	(void)at_ns;
	p->line = n;
}

static bool judge(const struct world_result *r, struct err *err)
{
	if (r->status == RUN_INTERRUPTED)
		return err_stop(err);
	return r->status == RUN_COMPLETE || err_run(err, "%s", r->failure);
}

static bool run(struct replicate_work *k, size_t job, struct err *err)
{
	static const struct probe_ops ops = {.name = "growth",
		.moments = 1u << MOMENT_CREATED | 1u << MOMENT_ENDED,
		.request = heard,
		.in_system = in_system,
		.line = line};
	const struct growth_question *q = k->q;
	struct growth_run *out = &k->out[job];
	struct world_setup setup = {.spec = k->scaled,
		.policy = q->policy,
		.seed = q->spec->run.seed,
		.replication = q->first + (uint32_t)job,
		.stop = q->stop};
	struct probe_state p = {
		.out = out, .from_ns = (int64_t)(1e9 * q->length_s * (1.0 - looked_at))};
	struct world_result r;
	struct world *w;
	bool ok;

	*out = (struct growth_run){.time_s = q->length_s * looked_at,
		.came_of = mem_zalloc(q->spec->n_groups, sizeof *out->came_of),
		.ended_of = mem_zalloc(q->spec->n_groups, sizeof *out->ended_of)};
	if (!world_create(&w, &setup, err))
		return false;
	world_attach(w, &(struct probe){&ops, &p});
	ok = world_run(w, &r, err);
	world_destroy(w);
	if (!ok)
		return false;
	out->line = (double)p.line;
	out->in_system = (double)p.in_system;
	ok = judge(&r, err);
	world_result_finish(&r);
	return ok;
}

static enum replicate_next done(struct replicate_work *k, size_t job, struct err *err)
{
	(void)k;
	(void)job;
	(void)err;
	return REPLICATE_MORE;
}

static bool scaled(struct scenario_spec *out, const struct growth_question *q, struct arena *a,
	struct err *err)
{
	*out = *q->spec;
	out->run.horizon_s = q->length_s;
	out->run.requests = 0;
	out->run.horizon_trace = false;
	out->run.warmup_auto = false;
	out->run.warmup_s = out->run.limit_s = 0.0;
	out->record = (struct record_spec){0};
	return groups_scaled(&out->groups, q->spec->groups, q->spec->n_groups, q->scale, a, err);
}

bool growth_measure(struct growth_run *out, const struct growth_question *q, struct err *err)
{
	static const struct replicate_ops ops = {.run = run, .done = done};
	struct scenario_spec s;
	struct replicate_work k = {.q = q, .scaled = &s, .out = out};
	struct arena a;
	size_t n_done;
	bool ok;

	for (size_t i = 0; i < q->runs; i++)
		out[i] = (struct growth_run){0};
	arena_init(&a);
	ok = scaled(&s, q, &a, err) &&
	     replicate_run(&ops, &k, q->runs, q->n_threads, q->stop, &n_done, err) &&
	     (n_done == q->runs || err_stop(err));
	arena_finish(&a);
	return ok;
}

void growth_runs_finish(struct growth_run *runs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(runs[i].came_of);
		free(runs[i].ended_of);
		runs[i] = (struct growth_run){0};
	}
}
