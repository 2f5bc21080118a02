/* From the start to what is left. */

#include "models/ev.h"
#include "models/offload/guard.h"
#include "models/world/state.h"

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
	backlog_put(w);
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

	for (size_t i = 0; i < w->spec->n_instances; i++)
		instance_close(&w->instances[i]);
	for (uint32_t slot = 0; slot < w->requests.n; slot++)
		if (request_held(&w->requests.at[slot])) {
			account_ended(w, slot);
			request_tell(w, slot, MOMENT_ENDED, FATE_IN_SYSTEM, now_ns);
		}
	if (w->failed || w->err.kind != ERR_NONE)
		return;
	w->failed = !cohort_check(w, &w->err) || !little_check(&w->little, now_ns, &w->err) ||
		    !causes_check(&w->causes, &w->err) || !handover_check(w, &w->err) ||
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
