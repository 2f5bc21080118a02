/* Requests that stand in the scheduler's line when a run begins. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "models/world/state.h"

/** Somebody's place is given to another so many times before the phases of batches that were filled
 *  at one moment are those of a system that has been full for long. */
enum { MIXED_AFTER = 3 };

/** Who its requests are: those of the groups, but from streams of their own. */
struct backlog {
	struct rng pick;
	struct backlog_source {
		struct group_spec spec;
		struct workload *draws;
		double to; /* cumulated rate, 1/s */
	} * of;            /* one for each group */
};

static uint64_t size(const struct world *w)
{
	return w->setup.backlog > 0 ? w->setup.backlog : w->spec->run.backlog;
}

static bool source_open(struct world *w, uint32_t g, struct err *err)
{
	struct backlog_source *s = &w->backlog->of[g];
	const char *name = w->spec->groups[g].name;
	size_t n = strlen(name) + sizeof "backlog/";
	char *own = arena_alloc(&w->arena, n, 1);

	memcpy(own, "backlog/", sizeof "backlog/" - 1);
	memcpy(own + sizeof "backlog/" - 1, name, strlen(name) + 1);
	s->spec = w->spec->groups[g];
	s->spec.name = own;
	s->to = workload_rate_per_s(w->groups[g].source) + (g > 0 ? s[-1].to : 0.0);
	return workload_create(&s->draws, &s->spec, w->setup.seed, w->setup.replication, err);
}

bool backlog_create(struct world *w, struct err *err)
{
	size_t n = w->spec->n_groups;

	if (size(w) == 0)
		return true;
	w->backlog = arena_alloc(&w->arena, 1, sizeof *w->backlog);
	w->backlog->of = arena_alloc(&w->arena, n, sizeof *w->backlog->of);
	rng_init(&w->backlog->pick, w->setup.seed, w->setup.replication, "backlog", "");
	for (uint32_t g = 0; g < n; g++)
		if (!source_open(w, g, err))
			return false;
	if (!(w->backlog->of[n - 1].to > 0.0))
		return err_at(err, w->spec->run.at,
			"a backlog is of users who send at a rate of their own, and here all wait "
			"for their answers");
	return true;
}

void backlog_finish(struct world *w)
{
	for (size_t g = 0; w->backlog && w->backlog->of && g < w->spec->n_groups; g++)
		workload_destroy(w->backlog->of[g].draws);
}

static uint32_t pick(struct backlog *b, size_t n_groups)
{
	double u = rng_uniform(&b->pick) * b->of[n_groups - 1].to;
	uint32_t g = 0;

	while (g + 1 < n_groups && u >= b->of[g].to)
		g++;
	return g;
}

/** What the next of @g asks for: a row of a trace where those say it. */
static bool draw(struct world *w, uint32_t g, struct request_draw *d)
{
	struct backlog_source *s = &w->backlog->of[g];
	int64_t at_ns;
	int got;

	if (s->spec.workload.kind != WORKLOAD_TRACE) {
		*d = workload_draw(s->draws);
		return true;
	}
	got = workload_next(s->draws, &at_ns, d, &w->err);
	if (got == 0)
		world_fail(w, "the trace of '%s' has fewer requests than the backlog wants of it",
			w->spec->groups[g].name);
	if (got < 0)
		engine_stop(w->engine);
	return got > 0;
}

void backlog_put(struct world *w)
{
	struct request_draw d;

	for (uint64_t k = size(w); k > 0; k--) {
		uint32_t g = pick(w->backlog, w->spec->n_groups);

		if (!draw(w, g, &d))
			return;
		request_create(w, (struct group_id){g}, &d, NO_ID);
	}
	if (size(w) == 0)
		return;
	w->mix_left = (uint64_t)(MIXED_AFTER * scenario_places(w->spec));
	decide_if_wanted(w);
}
