/* round-robin: on arrival, the next instance in file order, past those that cannot serve it. */
#include "policies/all.h"

struct policy_state {
	uint32_t turn; /* the instance that is asked first */
};

static bool round_robin_next(struct policy_state *st, const struct view *v, struct assignment *out)
{
	struct instance_id i = {st->turn};

	if (v->n_waiting == 0)
		return false;
	while (!v->can_serve(v, v->waiting, i)) /* some instance can */
		i.i = (i.i + 1) % (uint32_t)v->n_instances;
	st->turn = (i.i + 1) % (uint32_t)v->n_instances;
	*out = (struct assignment){.request = v->waiting->id, .instance = i};
	return true;
}

const struct policy_ops policy_round_robin = {
	.name = "round-robin",
	.summary = "on arrival, the next instance in file order that can serve it",
	.state_size = sizeof(struct policy_state),
	.eager = true,
	.next = round_robin_next,
};
