/* Ask the scheduler until it has nothing more, and carry it out. */

#include "models/state.h"

void decide(struct world *w)
{
	struct decision d;
	int more;

	w->wanted = false;
	if (w->failed)
		return;
	while ((more = scheduler_next(w->scheduler, &d, &w->err)) > 0) {
		metrics_line(w, scheduler_waiting(w->scheduler));
		if (d.drop)
			request_end(w, d.slot, FATE_DROPPED);
		else
			request_assign(w, d.slot, d.instance);
	}
	if (more < 0)
		world_stop_failed(w);
	metrics_starved(w, scheduler_starves(w->scheduler));
}

void decide_if_wanted(struct world *w)
{
	if (w->wanted)
		decide(w);
}
