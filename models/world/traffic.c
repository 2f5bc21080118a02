/* Who sends when: open processes by their own clock, closed and saturated ones
 * when an answer (or a refusal) comes back. */

#include <math.h>

#include "models/ev.h"
#include "models/world/state.h"

static bool is_open(const struct group *g)
{
	return !arrivals_wait(g->spec->arrivals.process);
}

/** Will no more come of it? */
static void look_over(struct world *w, struct group *g)
{
	if (!g->arrived || g->going > 0 || g->over)
		return;
	g->over = true;
	if (--w->n_coming == 0)
		probes_quiet(&w->probes, engine_now_ns(w->engine));
	w->n_traces -= g->spec->arrivals.process == ARRIVAL_TRACE;
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
		g->arrived = true;
		look_over(w, g);
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

/** The first of a session, where its group has those. */
static uint32_t session_of(struct world *w, struct group_id id, const struct request_draw *d)
{
	return w->groups[id.i].spec->sessions.on ? session_begin(w, id, d) : NO_ID;
}

struct request_draw traffic_arrive(struct world *w, struct group_id id, uint32_t *session)
{
	struct request_draw d = w->groups[id.i].next;

	w->groups[id.i].last_ns = engine_now_ns(w->engine);
	w->groups[id.i].next.content.ids = NULL; /* it is the request's now */
	*session = session_of(w, id, &d);
	post_next(w, id);
	return d;
}

struct request_draw traffic_send(struct world *w, struct group_id id, uint32_t *session)
{
	struct request_draw d = workload_draw(w->groups[id.i].source);

	*session = session_of(w, id, &d);
	return d;
}

/** A user is done with a request, or with a whole session. */
static void user_done(struct world *w, struct group_id id, enum fate fate)
{
	struct group *g = &w->groups[id.i];

	if (is_open(g)) {
		look_over(w, g);
		return;
	}
	if (fate == FATE_REJECTED || fate == FATE_DROPPED)
		refusal_again(w, id, fate);
	post_send(w->engine,
		g->spec->arrivals.process == ARRIVAL_CLOSED ? workload_think_s(g->source) : 0.0,
		id);
}

bool traffic_turn(struct world *w, struct group_id id, uint32_t session, struct request_draw *d)
{
	if (session_turn(w, session, d))
		return true;
	user_done(w, id, FATE_DONE);
	if (w->groups[id.i].over)
		cohort_over(w);
	return false;
}

void traffic_ended(struct world *w, uint32_t slot, enum fate fate)
{
	const struct request *r = &w->requests.at[slot];
	struct group_id id = {r->group};
	bool was_over = w->groups[id.i].over;

	if (r->session != NO_ID && session_goes_on(w, r->session, slot, fate))
		return;
	user_done(w, id, fate);
	if (w->groups[id.i].over && !was_over)
		cohort_over(w);
}
