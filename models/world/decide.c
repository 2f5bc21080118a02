/* Ask the scheduler until it has nothing more, and carry it out. */

#include "models/state.h"

void decide(struct world *w)
{
	struct decision d;
	int more;

	w->wanted = false;
	if (!scheduler_wakes(w))
		return;
	while ((more = scheduler_next(w, &d, &w->err)) > 0) {
		if (d.drop)
			request_end(w, d.slot, FATE_DROPPED);
		else
			request_assign(w, d.slot, d.instance);
	}
	if (more < 0)
		world_stop_failed(w);
	scheduler_rests(w);
}

void decide_if_wanted(struct world *w)
{
	if (w->wanted)
		decide(w);
}
