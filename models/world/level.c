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

/** What was seen while the phases of batches were not mixed is not looked at; if the backlog has
 * gone by then it need not be. */
static void mix(struct world *w)
{
	if (--w->mix_left == 0 && w->stability.state && w->in_system > w->setup.least_in_system)
		stability_restart(&w->stability, engine_now_ns(w->engine));
}

void level_down(struct world *w)
{
	probes_in_system(&w->probes, engine_now_ns(w->engine), --w->in_system);
	if (w->mix_left > 0)
		mix(w);
	look(w);
}
