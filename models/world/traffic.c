/* Who sends when: open processes by their own clock, closed and saturated ones
 * when an answer (or a refusal) comes back. */

#include <math.h>

#include "models/ev.h"
#include "models/world/state.h"

static bool is_open(const struct group *g)
{
	enum arrival_process p = g->spec->arrivals.process;

	return p != ARRIVAL_CLOSED && p != ARRIVAL_SATURATED;
}

static void post_next(struct world *w, struct group_id id)
{
	struct group *g = &w->groups[id.i];
	int64_t at_ns;

	switch (workload_next(g->source, &at_ns, &g->next, &w->err)) {
	case 1:
		g->next_ns = at_ns;
		post_arrive(w->engine, at_ns, id);
		break;
	case -1:
		engine_stop(w->engine);
		break;
	default:
		g->next_ns = NS_NEVER;
		g->over = true;
		w->n_coming--;
		w->n_traces -= g->spec->arrivals.process == ARRIVAL_TRACE;
		break;
	}
}

void traffic_start(struct world *w)
{
	w->n_coming = w->spec->n_groups;
	for (uint32_t i = 0; i < w->spec->n_groups; i++)
		w->n_traces += w->spec->groups[i].arrivals.process == ARRIVAL_TRACE;
	for (uint32_t i = 0; i < w->spec->n_groups; i++) {
		struct group *g = &w->groups[i];
		struct group_id id = {i};

		g->last_ns = TIME_NONE;
		g->next_ns = NS_NEVER;
		if (is_open(g)) {
			post_next(w, id);
			continue;
		}
		if (g->spec->arrivals.process == ARRIVAL_CLOSED)
			for (unsigned u = 0; u < g->spec->count; u++)
				post_send(w->engine, workload_think_s(g->source), id);
		else
			for (unsigned u = 0; u < g->spec->arrivals.outstanding; u++)
				post_send(w->engine, 0.0, id);
	}
}

struct request_draw traffic_arrive(struct world *w, struct group_id id)
{
	struct request_draw d = w->groups[id.i].next;

	w->groups[id.i].last_ns = engine_now_ns(w->engine);

	post_next(w, id);
	return d;
}

struct request_draw traffic_send(struct world *w, struct group_id id)
{
	return workload_draw(w->groups[id.i].source);
}

void traffic_ended(struct world *w, struct group_id id, enum fate fate)
{
	struct group *g = &w->groups[id.i];

	if (is_open(g))
		return;
	if (fate == FATE_REJECTED || fate == FATE_DROPPED)
		refusal_again(w, id, fate);
	post_send(w->engine,
		g->spec->arrivals.process == ARRIVAL_CLOSED ? workload_think_s(g->source) : 0.0,
		id);
}
