#include "models/measure/stability.h"

#include <stdlib.h>

#include "base/mem.h"
#include "sim/drift_watch.h"

struct probe_state {
	struct drift_watch *watch;
	int64_t quiet_ns; /* when the last came; INT64_MAX: they still come */
};

bool stability_applies(const struct scenario_spec *s, const char **why)
{
	*why = NULL;
	for (size_t g = 0; g < s->n_groups && !*why; g++)
		if (arrivals_wait(s->groups[g].arrivals.process))
			*why = "users who wait for their answers cannot outrun it";
	return !*why;
}

/** Does one instance do all of a request? */
static bool whole(const struct scenario_spec *s)
{
	for (size_t i = 0; i < s->n_instances; i++)
		if (!s->instances[i].synthetic && s->instances[i].role != ROLE_BOTH)
			return false;
	return true;
}

static void in_system(struct probe_state *p, int64_t at_ns, uint64_t n)
{
	drift_watch_level(p->watch, at_ns, n);
}

static void full(struct probe_state *p, int64_t at_ns, struct instance_id i, bool yes)
{
	drift_watch_full(p->watch, i.i, at_ns, yes);
}

static void served(struct probe_state *p, int64_t at_ns, struct instance_id i)
{
	drift_watch_served(p->watch, i.i, at_ns);
}

/** Somebody stands in the scheduler's line, whom nobody can take. */
static void line(struct probe_state *p, int64_t at_ns, size_t n)
{
	drift_watch_pressed(p->watch, at_ns, n > 0);
}

static void quiet(struct probe_state *p, int64_t at_ns)
{
	p->quiet_ns = at_ns;
}

static const struct probe_ops of_level = {
	.name = "stability", .in_system = in_system, .quiet = quiet};
static const struct probe_ops of_all = {.name = "stability",
	.in_system = in_system,
	.line = line,
	.full = full,
	.served = served,
	.quiet = quiet};

struct probe stability_create(const struct scenario_spec *s)
{
	struct probe_state *p = mem_zalloc(1, sizeof *p);

	p->watch = drift_watch_create(whole(s) ? s->n_instances : 0);
	p->quiet_ns = INT64_MAX;
	return (struct probe){whole(s) ? &of_all : &of_level, p};
}

void stability_destroy(const struct probe *p)
{
	if (!p->state)
		return;
	drift_watch_destroy(p->state->watch);
	free(p->state);
}

void stability_restart(const struct probe *p, int64_t at_ns)
{
	drift_watch_restart(p->state->watch, at_ns);
}

struct drift_evidence stability_evidence(const struct probe *p, int64_t now_ns)
{
	struct drift_evidence e;

	drift_watch_evidence(p->state->watch, now_ns,
		p->state->quiet_ns < now_ns ? p->state->quiet_ns : now_ns, &e);
	return e;
}
