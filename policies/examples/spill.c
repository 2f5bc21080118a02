/* spill: stay at home until the queue there is longer than max_wait, then go where the answer
 * is expected first. */
#include <math.h>

#include <offing/policy.h>

struct policy_state {
	double max_wait_s;
};

static const struct param_spec params[] = {
	PARAM_QUANTITY(struct policy_state, max_wait_s, "max_wait", QUANTITY_TIME, 0.5, 0.0,
		HUGE_VAL, "longest queue to accept at home"),
	{0},
};

/* Asks every instance: fine for tens of them. With thousands, ask one of each class: v->best. */
static struct instance_id soonest(const struct view *v, const struct waiting *w)
{
	struct instance_id i, best = {NO_ID};
	double s, best_s = HUGE_VAL;

	for (i.i = 0; i.i < v->n_instances; i.i++) {
		if (!v->can_serve(v, w, i))
			continue;
		s = v->predict(v, w, i, w->output_tok).total_s;
		if (s < best_s) {
			best = i;
			best_s = s;
		}
	}
	return best;
}

static bool spill_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	const struct waiting *w = v->waiting; /* the oldest */
	struct instance_id home;

	if (v->n_waiting == 0)
		return false;
	home = w->home_instance;
	if (home.i == NO_ID || v->predict(v, w, home, w->output_tok).wait_s > st->max_wait_s)
		home = soonest(v, w);
	*out = (struct assignment){.request = w->id, .instance = home};
	return true;
}

const struct policy_plugin offing_policy_v2 = {
	.abi = POLICY_ABI,
	.size = sizeof(struct policy_plugin),
	.ops =
		{
			.name = "spill",
			.summary = "stay at the edge until its queue is too long",
			.state_size = sizeof(struct policy_state),
			.params = params,
			.eager = true, /* it also sends to instances that have no room now */
			.next = spill_next,
		},
};
