/* Calling the policy: everything it does is held by a guard. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "models/offload/scheduler_parts.h"

enum { WHY_BYTES = 200 };

bool policy_next(struct scheduler *s, struct assignment *out)
{
	const struct view *v = &scheduler_shown(s)->view;
	bool any;

	guard_enter(s->guard, "next");
	any = s->ops->next(s->policy, v, out);
	guard_leave(s->guard);
	return any;
}

double policy_wake_s(struct scheduler *s)
{
	const struct view *v = &scheduler_shown(s)->view;
	double at_s;

	guard_enter(s->guard, "wake_s");
	at_s = s->ops->wake_s(s->policy, v);
	guard_leave(s->guard);
	return at_s;
}

void scheduler_learn(struct scheduler *s, const struct outcome *o)
{
	if (!s->ops->finished)
		return;
	s->learning = o->request;
	guard_enter(s->guard, "finished");
	s->ops->finished(s->policy, o);
	guard_leave(s->guard);
}

/** Refuse for what the policy said, which may be anything. */
static bool said(struct scheduler *s, char *why, size_t size, struct src_pos at, struct err *err)
{
	why[size - 1] = '\0';
	return err_at(
		err, at, "policy '%s' %s", s->ops->name, why[0] ? why : "refuses this system");
}

static bool policy_check(struct scheduler *s, struct src_pos at, struct err *err)
{
	char why[WHY_BYTES] = "";
	bool ok;

	if (!s->ops->check)
		return true;
	guard_enter(s->guard, "check");
	ok = s->ops->check(s->policy, &scheduler_shown(s)->view, why, sizeof why);
	guard_leave(s->guard);
	return ok || said(s, why, sizeof why, at, err);
}

static bool policy_init(struct scheduler *s, struct src_pos at, struct err *err)
{
	char why[WHY_BYTES] = "";
	bool ok;

	s->begun = true;
	if (!s->ops->init)
		return true;
	guard_enter(s->guard, "init");
	ok = s->ops->init(s->policy, &scheduler_shown(s)->view, why, sizeof why);
	guard_leave(s->guard);
	return ok || said(s, why, sizeof why, at, err);
}

bool policy_begin(struct scheduler *s, const struct policy_spec *spec, struct err *err)
{
	bool ok;

	guard_arm(s->guard);
	if (GUARD_HOLDS(s->guard)) {
		ok = policy_check(s, spec->at, err) && policy_init(s, spec->at, err);
		guard_disarm(s->guard);
		return ok;
	}
	if (!scheduler_broke(s, err))
		return err_run(err, "stopped");
	return false;
}

static void check_report(struct scheduler *s, const struct policy_report *r)
{
	if (!isnan(r->regret) && !(r->regret >= 0.0 && r->regret < HUGE_VAL))
		guard_refuse(s->guard, "reported a regret of %g", r->regret);
	if (!isnan(r->late_beyond) && !(r->late_beyond >= 0.0 && r->late_beyond <= 1.0))
		guard_refuse(s->guard,
			"reported %g as the share that was late beyond what it allows",
			r->late_beyond);
}

static void policy_end(struct scheduler *s)
{
	if (s->ops->report) {
		guard_enter(s->guard, "report");
		s->ops->report(s->policy, &s->report);
		check_report(s, &s->report);
		guard_leave(s->guard);
	}
	if (s->ops->finish) {
		guard_enter(s->guard, "finish");
		s->ops->finish(s->policy);
		guard_leave(s->guard);
	}
}

struct policy_report scheduler_report(const struct scheduler *s)
{
	return s->report;
}

bool scheduler_finish(struct scheduler *s, struct err *err)
{
	if (!s->begun || !(s->ops->finish || s->ops->report) || s->broken)
		return true;
	s->begun = false;
	guard_arm(s->guard);
	if (GUARD_HOLDS(s->guard)) {
		policy_end(s);
		guard_disarm(s->guard);
		return true;
	}
	return !scheduler_broke(s, err);
}

struct guard *scheduler_guard(struct scheduler *s)
{
	return s->guard;
}

bool scheduler_broke(struct scheduler *s, struct err *err)
{
	const char *why = guard_why(s->guard);
	char who[64] = "";

	s->broken = true;
	if (!why)
		return false;
	if (strcmp(s->guard->broke, "finished") == 0)
		snprintf(who, sizeof who, ", of request %llu", (unsigned long long)s->learning.n);
	else if (s->line.n > 0)
		snprintf(who, sizeof who, ", request %llu first of %zu that wait",
			(unsigned long long)waiting_line_at(&s->line, 0)->id.n, s->line.n);
	(void)!err_run(err, "policy '%s' %s at t = %.9g s%s", s->ops->name, why,
		engine_now_s(s->engine), who);
	return true;
}
