/* Who is measured, and when it is over. */

#include "models/world/state.h"

/* A run that waits for its requests stands still when so many events change nothing about them. */
static const uint64_t STANDSTILL_EVENTS = 20000000;

bool cohort_takes(struct world *w)
{
	struct cohort *c = &w->cohort;
	uint64_t wanted = w->spec->run.requests;

	if (!c->open || c->ending || c->complete || (wanted > 0 && c->created >= wanted))
		return false; /* arrivals go on, unmeasured */
	c->created++;
	return true;
}

/** All have come, and all have ended: so does the run. */
static void look(struct world *w)
{
	struct cohort *c = &w->cohort;
	uint64_t wanted = w->spec->run.requests;
	bool all = wanted > 0 ? c->created == wanted : c->complete;

	if (!all || !c->open || c->ending || c->ended != c->created)
		return;
	c->ending = true;
	probes_window(&w->probes, engine_now_ns(w->engine), false);
	engine_stop(w->engine);
}

void cohort_left(struct world *w)
{
	w->cohort.ended++;
	look(w);
}

void cohort_open(struct world *w)
{
	int64_t now_ns = engine_now_ns(w->engine);
	struct cohort *c = &w->cohort;

	c->open = true;
	c->from_ns = now_ns;
	c->before = w->created;
	c->held = w->in_system;
	probes_window(&w->probes, now_ns, true);
	for (size_t i = 0; i < w->spec->n_instances; i++)
		instance_measure(&w->instances[i], now_ns);
	for (size_t g = 0; g < w->spec->n_groups; g++)
		w->groups[g].begun = w->groups[g].cut = 0;
	net_measure(w->net);
	look(w);
}

static const struct group_spec *first_trace(const struct scenario_spec *s)
{
	for (size_t g = 0; g < s->n_groups; g++)
		if (s->groups[g].arrivals.process == ARRIVAL_TRACE)
			return &s->groups[g];
	return NULL;
}

/** No more come than @w->created. */
static bool too_few(const struct world *w, struct err *err)
{
	uint64_t all = w->created, measured = w->cohort.created;
	const struct group_spec *trace = first_trace(w->spec);

	if (!trace)
		return err_run(err,
			"no more requests come at %.6g s: %llu of the %llu that run.requests asks "
			"for",
			engine_now_s(w->engine), (unsigned long long)measured,
			(unsigned long long)w->spec->run.requests);
	return err_at(err, trace->arrivals.trace.at,
		"'%s'%s has %llu requests, %llu of them after the warm-up of %.6g s, and "
		"run.requests asks for %llu; 'run: {horizon: trace}' measures all",
		trace->arrivals.trace.file, w->spec->n_groups > 1 ? ", with the other groups," : "",
		(unsigned long long)all, (unsigned long long)measured, w->setup.warmup_s,
		(unsigned long long)w->spec->run.requests);
}

void cohort_over(struct world *w)
{
	struct cohort *c = &w->cohort;
	const struct run_spec *run = &w->spec->run;

	if (run->horizon_trace && w->n_traces == 0) {
		c->complete = true;
		look(w);
	}
	if (w->n_coming == 0 && c->created < run->requests && w->err.kind == ERR_NONE) {
		w->failed = !too_few(w, &w->err);
		engine_stop(w->engine);
	}
}

bool cohort_hopeless(struct world *w)
{
	struct cohort *c = &w->cohort;
	const struct run_spec *run = &w->spec->run;

	if (run->horizon_s > 0.0 || run->limit_s > 0.0)
		return false; /* it ends by itself */
	if (!c->open || c->created + c->ended != c->seen) {
		c->seen = c->created + c->ended;
		c->progress = engine_events(w->engine);
		return false;
	}
	if (engine_events(w->engine) - c->progress < STANDSTILL_EVENTS)
		return false;
	world_fail(w,
		"%llu of %llu requests have no answer at %.6g s, and nothing has changed about "
		"them for %llu events",
		(unsigned long long)(c->created - c->ended), (unsigned long long)c->created,
		engine_now_s(w->engine), (unsigned long long)STANDSTILL_EVENTS);
	return true;
}

bool cohort_check(const struct world *w, struct err *err)
{
	uint64_t heard = metrics_cohort(metrics_of(&w->metrics));

	if (heard == w->cohort.created)
		return true;
	return err_run(err, "requests were lost: %llu were to be measured, %llu found",
		(unsigned long long)w->cohort.created, (unsigned long long)heard);
}

void probe_slot(struct world *w)
{
	size_t n = w->spec->n_instances;

	for (size_t i = 0; i < n; i++)
		w->queues[i] = w->instances[i].assigned;
	w->queues[n] = (uint32_t)scheduler_waiting(w->scheduler);
	probes_slot(&w->probes, &(struct queue_sample){engine_now_ns(w->engine), n + 1, w->queues});
}
