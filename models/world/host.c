/* What instances tell. */

#include "models/world/state.h"

static void steps_told(struct world *w, const struct step_span *s)
{
	probes_step(&w->probes, s);
}

static void room_changed(struct world *w, struct instance_id i)
{
	scheduler_touch(w->scheduler, i);
}

static void full(struct world *w, struct instance_id i, bool yes)
{
	probes_full(&w->probes, engine_now_ns(w->engine), i, yes);
}

/** Its part of it is done, which may be the prompt alone. */
static void served(struct world *w, struct instance_id i, uint32_t slot)
{
	probes_served(&w->probes, engine_now_ns(w->engine), i);
	if (world_sequence(w, slot)->part)
		handover_computed(w, i, slot);
	else
		request_served(w, i, slot);
}

const struct instance_host world_host = {.served = served,
	.token = request_token,
	.stepped = steps_told,
	.full = full,
	.room = room_changed,
	.computing = handover_computing,
	.granted = handover_granted};
