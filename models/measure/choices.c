#include "models/measure/choices.h"

#include <math.h>

#include "sim/event.h"

struct probe_state {
	struct choice_sums *groups, *instances;
};

static void add(struct choice_sums *to, const struct request_row *r, double over_s)
{
	stat_mean_add(&to->bias, over_s);
	stat_mean_add(&to->error, fabs(over_s));
	if (r->foreseen.second != NO_ID && isfinite(r->foreseen.second_s))
		stat_mean_add(&to->margin, r->foreseen.second_s - r->foreseen.chosen_s);
}

static void request(
	struct probe_state *c, enum moment m, int64_t at_ns, const struct request_row *r)
{
	double over_s;

	(void)m;
	(void)at_ns;
	if (!r->measured || r->fate != FATE_DONE)
		return;
	over_s = s_of_ns(r->delivered_ns - r->assigned_ns) - r->foreseen.chosen_s;
	if (!isfinite(over_s))
		return;
	add(&c->groups[r->group], r, over_s);
	add(&c->instances[r->prefill], r, over_s);
}

static const struct probe_ops ops = {
	.name = "choices",
	.moments = 1u << MOMENT_ENDED,
	.request = request,
};

struct probe choices_create(struct arena *a, size_t n_groups, size_t n_instances)
{
	struct probe_state *c = arena_alloc(a, 1, sizeof *c);

	c->groups = arena_alloc(a, n_groups, sizeof *c->groups);
	c->instances = arena_alloc(a, n_instances, sizeof *c->instances);
	return (struct probe){&ops, c};
}

struct choice_sums choices_of_group(const struct probe *p, size_t group)
{
	return p->state->groups[group];
}

struct choice_sums choices_of_instance(const struct probe *p, size_t instance)
{
	return p->state->instances[instance];
}

void choices_merge(struct choice_sums *to, const struct choice_sums *from)
{
	stat_mean_merge(&to->bias, &from->bias);
	stat_mean_merge(&to->error, &from->error);
	stat_mean_merge(&to->margin, &from->margin);
}
