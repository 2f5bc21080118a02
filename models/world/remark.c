/* What the user of a result should know though nothing failed. */

#include <math.h>

#include "models/world/state.h"

/* Shares of the window, of the cohort, of what came. */
static const double TAIL = 0.05, UNFINISHED = 0.05, GROWTH = 0.01;
enum { GAPS = 3, SIGMAS = 3 };

static const char *scope_of(struct world *w, uint32_t g)
{
	return arena_printf(&w->arena, "group:%s", w->spec->groups[g].name);
}

/** A window that a trace does not fill measures a system that nobody uses any more. A few gaps
 *  more than the last request are no tail. */
static void trace_ends(struct world *w, uint32_t g)
{
	const struct group *group = &w->groups[g];
	const struct cohort *c = &w->cohort;
	double window_s = s_of_ns(c->to_ns - c->from_ns), tail_s, gap_s;

	if (w->spec->run.horizon_s == 0.0 || group->spec->arrivals.process != ARRIVAL_TRACE ||
		!group->over)
		return;
	tail_s = s_of_ns(c->to_ns - group->last_ns);
	gap_s = s_of_ns(group->last_ns) / (double)(group->created > 1 ? group->created - 1 : 1);
	if (tail_s <= TAIL * window_s || tail_s <= GAPS * gap_s)
		return;
	warnings_add(&w->warnings, WARN_TRACE_ENDS, scope_of(w, g),
		"its trace ends at %.6g s, the window goes from %.6g s to %.6g s; 'horizon: trace' "
		"would end with the trace",
		s_of_ns(group->last_ns), s_of_ns(c->from_ns), s_of_ns(c->to_ns));
}

static void empty(struct world *w)
{
	const struct cohort *c = &w->cohort;
	int64_t next_ns = NS_NEVER, last_ns = TIME_NONE;
	char when[100] = "none came before, none will come";

	if (c->created > 0)
		return;
	for (size_t g = 0; g < w->spec->n_groups; g++) {
		const struct group *group = &w->groups[g];

		next_ns = group->next_ns < next_ns ? group->next_ns : next_ns;
		last_ns = group->last_ns > last_ns ? group->last_ns : last_ns;
	}
	if (next_ns < NS_NEVER)
		snprintf(when, sizeof when, "the %s one comes at %.12g s",
			last_ns == TIME_NONE ? "first" : "next", s_of_ns(next_ns));
	else if (last_ns != TIME_NONE)
		snprintf(when, sizeof when, "the last one came at %.12g s", s_of_ns(last_ns));
	warnings_add(&w->warnings, WARN_EMPTY, "",
		"no request was created in the window from %.12g s to %.12g s: %s",
		s_of_ns(c->from_ns), s_of_ns(c->to_ns), when);
}

static void unfinished(struct world *w)
{
	uint64_t created = w->cohort.created, left = created - w->cohort.ended;

	if ((double)left <= UNFINISHED * (double)created)
		return;
	warnings_add(&w->warnings, WARN_UNFINISHED, "",
		"%llu of %llu requests (%.3g %%) had no answer yet at the end: times are those of "
		"the others",
		(unsigned long long)left, (unsigned long long)created,
		100.0 * (double)left / (double)created);
}

/** More came than left, and by more than chance does. Users who wait for their answers cannot
 *  be left behind, and are few beside the requests of a window. */
static void behind(struct world *w)
{
	const struct cohort *c = &w->cohort;
	double came = (double)(w->created - c->before);
	double growth = (double)w->in_system - (double)c->held;

	if (growth <= GROWTH * came || growth <= SIGMAS * sqrt(came))
		return;
	warnings_add(&w->warnings, WARN_BEHIND, "",
		"it does not keep up: %.0f requests came in the window, and %.0f more were in the "
		"system at its end than at its start; times grow with the length of the run",
		came, growth);
}

void remarks_make(struct world *w)
{
	if (w->err.kind != ERR_NONE || world_interrupted(w) || !w->cohort.open)
		return;
	empty(w);
	for (uint32_t g = 0; g < w->spec->n_groups; g++) {
		trace_ends(w, g);
		refusal_remark(w, (struct group_id){g}, scope_of(w, g));
	}
	unfinished(w);
	behind(w);
}
