/* The number of requests in the system: who is told, and what happens at some of them. */

#include "models/world/state.h"

/** The run was to end at so few, or at so many. */
static void look(struct world *w)
{
	const struct world_setup *s = &w->setup;

	if (s->most_in_system > 0 && w->mix_left == 0 &&
		(w->in_system <= s->least_in_system || w->in_system >= s->most_in_system))
		engine_stop(w->engine);
}

void level_up(struct world *w)
{
	probes_in_system(&w->probes, engine_now_ns(w->engine), ++w->in_system);
	look(w);
}

void level_down(struct world *w)
{
	probes_in_system(&w->probes, engine_now_ns(w->engine), --w->in_system);
	w->mix_left -= w->mix_left > 0;
	look(w);
}
