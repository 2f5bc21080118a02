/* What a policy can take: the question as a whole. */
#include "study/capacity.h"

#include <math.h>
#include <stdlib.h>

#include "models/workload/workload.h"
#include "study/capacity_parts.h"

enum { TRACE_ROWS_AHEAD = 10000 }; /* a longer trace is not counted before it is run */

const char *const capacity_rule_names[] = {
	[CAPACITY_BY_SATURATION] = "saturation",
	[CAPACITY_BY_GROWTH] = "growth",
	[CAPACITY_BY_TARGET] = "target",
};

/* Traces */

/** Requests that a run can have in all before the trace of @g ends. */
static bool most_of(
	double *out, const struct search *s, const struct group_spec *g, struct err *err)
{
	struct workload *w;
	double rows, rate;

	if (!workload_create(&w, g, s->q->spec->run.seed, 1, err))
		return false;
	rows = (double)workload_most(w);
	rows = rows < TRACE_ROWS_AHEAD ? rows : TRACE_ROWS_AHEAD;
	rate = workload_rate_per_s(w);
	workload_destroy(w);
	*out = 0.95 * rows * s->q->rate_per_s / rate;
	return true;
}

static bool look_at_arrivals(struct search *s, struct err *err)
{
	s->most_length = HUGE_VAL;
	s->steady = true;
	for (size_t g = 0; g < s->q->spec->n_groups; g++) {
		const struct group_spec *x = &s->q->spec->groups[g];
		double most;

		if (x->arrivals.process == ARRIVAL_SCHEDULE)
			s->steady = false;
		if (x->arrivals.process != ARRIVAL_TRACE)
			continue;
		s->steady = false;
		if (!most_of(&most, s, x, err))
			return false;
		s->most_length = fmin(s->most_length, most);
	}
	return true;
}

bool capacity_find(struct capacity_answer *out, const struct capacity_question *q, struct err *err)
{
	struct search s = {.q = q, .out = out};
	double near;
	bool found;

	*out = (struct capacity_answer){.lo = (double)NAN, .hi = (double)NAN};
	if (!look_at_arrivals(&s, err) || !capacity_near(&s, &near, &found, err))
		return false;
	if (q->target.on && out->kind == CAPACITY_ALWAYS)
		near = q->bound < HUGE_VAL ? q->bound : 1.0;
	if (q->target.on && out->kind != CAPACITY_NEVER)
		return capacity_met(&s, near, err);
	return !found || capacity_stable(&s, near, err);
}

void capacity_answer_finish(struct capacity_answer *a)
{
	free(a->points);
	*a = (struct capacity_answer){0};
}
