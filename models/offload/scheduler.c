/* The global queue and the policy over it. */

#include "models/offload/scheduler.h"

#include <math.h>
#include <stdlib.h>

#include "models/ev.h"
#include "models/offload/params.h"
#include "models/offload/scheduler_parts.h"

/* Alarms of a policy no further away than this are at once; so many in a row are a mistake. */
enum { HURRY_NS = 1000, MOST_HURRIED = 10000 };

static void line_show(struct scheduler *s)
{
	s->view.n_waiting = s->line.n;
	s->view.waiting = s->line.waiting + s->line.head;
}

/** Only LLM instances care, and there the prompt is within the context. */
static size_t prompt_of(const struct scheduler *s, const struct waiting *w)
{
	return s->groups[w->group.i].of.model.i == NO_ID ? 0 : w->prompt_tok;
}

static struct instance_id home_of(const struct scheduler *s, const struct waiting *w)
{
	struct instance_id home = s->groups[w->group.i].home[w->phase];

	if (home.i != NO_ID && fit_can_serve(s, w, home))
		return home;
	return (struct instance_id){NO_ID};
}

/** The time that its prompt still takes to be computed does not make @q late. */
static double least_when_ready_s(const struct scheduler *s, struct waiting q)
{
	q.ready_s = s->view.now_s;
	return conserving_least_s(s, &q);
}

/** Be told when the deadline of what waits at @place turns hopeless. */
static void watch_deadline(struct scheduler *s, size_t place)
{
	const struct waiting *q = waiting_line_at(&s->line, place);
	struct ticket *t = waiting_line_ticket(&s->line, place);
	double in_s;

	if (!(q->deadline_s < HUGE_VAL) || t->late.stamp != 0)
		return;
	in_s = q->deadline_s - s->view.now_s - conserving_least_s(s, q);
	if (in_s >= 0.0 && q->ready_s > s->view.now_s)
		in_s = q->deadline_s - s->view.now_s - least_when_ready_s(s, *q);
	if (in_s >= 0.0) /* one tick later it is strictly too late */
		t->late = post_late(s->engine,
			ns_after(engine_now_ns(s->engine), ns_after(ns_of_s(in_s), 1)), t->slot);
}

void scheduler_push(struct scheduler *s, uint32_t slot, const struct waiting *w)
{
	struct waiting entry = *w;
	size_t place;

	entry.home_instance = home_of(s, w);
	shortest_add(&s->groups[w->group.i].waiting[w->phase], prompt_of(s, w));
	if (w->phase == PHASE_PREFILL) {
		waiting_line_push(&s->line, &entry, slot);
		line_show(s);
		return;
	}
	place = waiting_line_insert(&s->line, &entry, slot);
	s->n_staying += fit_stays(s, w, w->from);
	line_show(s);
	s->view.now_s = engine_now_s(s->engine);
	watch_deadline(s, place); /* later only the last in line is looked at */
}

/** An assignment that breaks the rules is the policy's fault and ends the run. */
static bool refuse(
	const struct scheduler *s, const struct assignment *a, const char *why, struct err *err)
{
	return err_run(err, "policy '%s' assigned request %llu to instance %u: %s", s->ops->name,
		(unsigned long long)a->request.n, a->instance.i, why);
}

/** Its KV lies at an instance that may wait for memory itself. */
static bool parked_for_both(const struct scheduler *s, const struct waiting *q)
{
	return q->phase == PHASE_DECODE && instance_phases(instance_of(s, q->from)) == PHASES_BOTH;
}

static bool allowed(struct scheduler *s, const struct assignment *a, size_t place, struct err *err)
{
	const struct waiting *q = waiting_line_at(&s->line, place);

	if (a->drop)
		return true;
	if (a->instance.i >= s->view.n_instances)
		return refuse(s, a, "there is no such instance", err);
	if (!fit_can_serve(s, q, a->instance))
		return refuse(s, a, "it can never serve it", err);
	if ((!s->ops->eager || parked_for_both(s, q)) &&
		!fit_now(scheduler_shown(s), q, a->instance))
		return refuse(s, a, "it has no room for it now", err);
	if (a->apart && q->phase == PHASE_PREFILL && !instance_of(s, a->instance)->takes_kv)
		return refuse(s, a, "the phases cannot be apart there", err);
	return true;
}

/** Take what @a names out of the queue. */
static bool take(
	struct scheduler *s, const struct assignment *a, struct decision *out, struct err *err)
{
	const struct waiting *q;
	struct ticket t;
	size_t place;

	if (!waiting_line_find(&s->line, a->request, &place))
		return refuse(s, a, "that request is not waiting", err);
	if (!allowed(s, a, place, err))
		return false;
	q = waiting_line_at(&s->line, place);
	if (s->stale)
		stale_taken(s->stale, q->prompt_tok);
	shortest_remove(&s->groups[q->group.i].waiting[q->phase], prompt_of(s, q));
	s->n_staying -= q->phase == PHASE_DECODE && fit_stays(s, q, q->from);
	t = waiting_line_take(&s->line, place);
	line_show(s);
	if (t.late.stamp != 0)
		engine_cancel(s->engine, t.late);
	*out = (struct decision){
		.slot = t.slot, .instance = a->instance, .drop = a->drop, .apart = a->apart};
	return true;
}

static bool bad_alarm(const struct scheduler *s, double at_s, const char *why, struct err *err)
{
	return err_run(err,
		"policy '%s' asked in wake_s() to be asked again at %.9g s, %s: t = %.9g s",
		s->ops->name, at_s, why, s->view.now_s);
}

/** It may ask for now, which is the next tick; not for ever, and never doing anything then. */
static bool hurries(struct scheduler *s, int64_t in_ns)
{
	s->hurried = in_ns <= HURRY_NS ? s->hurried + 1 : 0;
	return s->hurried > MOST_HURRIED;
}

static bool set_alarm(struct scheduler *s, struct err *err)
{
	int64_t now_ns = engine_now_ns(s->engine), at_ns;
	double at_s;

	if (!s->ops->wake_s)
		return true;
	engine_cancel(s->engine, s->alarm);
	at_s = s->line.n > 0 ? policy_wake_s(s) : HUGE_VAL;
	if (at_s == HUGE_VAL)
		return true;
	if (isnan(at_s))
		return bad_alarm(s, at_s, "which is no time", err);
	at_ns = ns_of_s(at_s);
	if (at_ns < now_ns)
		return bad_alarm(s, at_s, "which is past", err);
	if (hurries(s, at_ns - now_ns))
		return bad_alarm(s, at_s, "at once and in vain for 10000 times in a row", err);
	s->alarm = post_wake(s->engine, ns_after(at_ns, 1));
	return true;
}

int scheduler_next(struct scheduler *s, struct decision *out, struct err *err)
{
	struct assignment a = {.instance = {NO_ID}};

	s->view.now_s = engine_now_s(s->engine);
	if (s->line.n > 0 && policy_next(s, &a)) {
		s->hurried = 0;
		return take(s, &a, out, err) ? 1 : -1;
	}
	s->starves = conserving_starves(s);
	if (s->line.n > 0)
		watch_deadline(s, s->line.n - 1);
	return set_alarm(s, err) ? 0 : -1;
}

void scheduler_rates_changed(struct scheduler *s)
{
	s->view.idle_version++;
	s->view.now_s = engine_now_s(s->engine);
	for (size_t k = 0; k < s->line.n; k++) {
		struct ticket *t = waiting_line_ticket(&s->line, k);

		engine_cancel(s->engine, t->late);
		t->late = (struct event_id){0, 0};
		watch_deadline(s, k);
	}
}

bool scheduler_drew(const struct scheduler *s)
{
	return rng_drawn(&s->rng);
}

size_t scheduler_waiting(const struct scheduler *s)
{
	return s->line.n;
}

bool scheduler_starves(const struct scheduler *s)
{
	return s->starves;
}

/* Building */

static void copy_parts(struct scheduler *s, const struct scheduler_build *b)
{
	s->groups = arena_alloc(s->arena, b->n_groups, sizeof *s->groups);
	s->seats = arena_alloc(s->arena, b->n_instances, sizeof *s->seats);
	for (size_t g = 0; g < b->n_groups; g++) {
		s->groups[g].of = b->groups[g];
		for (enum phase p = 0; p < (b->kv_routes->n > 0 ? PHASE_KINDS : PHASE_DECODE); p++)
			shortest_init(
				&s->groups[g].waiting[p], (size_t)b->groups[g].context_tok + 1);
	}
	for (size_t i = 0; i < b->n_instances; i++)
		s->seats[i].of = b->instances[i];
}

static bool policy_create(struct scheduler *s, const struct scheduler_build *b, struct err *err)
{
	const struct policy_spec *spec = b->policy;

	s->guard = guard_create("policy", s->ops->name,
		b->patience_s > 0.0 ? b->patience_s : SCHEDULER_PATIENCE_S, b->stop);
	rng_init(&s->rng, b->seed, b->replication, "policy", s->ops->name);
	s->policy = mem_zalloc(1, s->ops->state_size ? s->ops->state_size : 1);
	return params_read(s->policy, s->ops->params, s->ops->name, spec->params, spec->n_params,
		       err) &&
	       policy_begin(s, spec, err);
}

bool scheduler_create(struct scheduler **out, const struct scheduler_build *b, struct err *err)
{
	struct scheduler *s = mem_zalloc(1, sizeof *s);

	arena_init(&s->memory);
	s->arena = &s->memory;
	s->engine = b->engine;
	s->delay_s = b->delay_s;
	s->net = b->net;
	s->routes = b->routes;
	s->kv_routes = b->kv_routes;
	s->ops = b->policy->ops;
	s->report = (struct policy_report){(double)NAN, (double)NAN};
	s->view.n_groups = b->n_groups;
	s->view.n_instances = b->n_instances;
	copy_parts(s, b);
	view_create(s, b->n_sites);
	if (b->state_delay_s > 0.0)
		stale_create(s, b->state_delay_s);
	*out = s;
	if (policy_create(s, b, err))
		return true;
	scheduler_destroy(s);
	*out = NULL;
	return false;
}

void scheduler_destroy(struct scheduler *s)
{
	struct err unheard = {0};

	if (!s)
		return;
	(void)!scheduler_finish(s, &unheard);
	guard_destroy(s->guard);
	free(s->policy);
	for (size_t g = 0; g < s->view.n_groups; g++)
		for (enum phase p = 0; p < PHASE_KINDS; p++)
			shortest_finish(&s->groups[g].waiting[p]);
	waiting_line_finish(&s->line);
	stale_finish(s->stale);
	arena_finish(&s->memory);
	free(s);
}
