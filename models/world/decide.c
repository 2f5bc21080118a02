/* Ask the scheduler until it has nothing more, and carry it out. */

#include "models/world/state.h"

static void tell_starved(struct world *w)
{
	bool now = scheduler_starves(w->scheduler);

	if (now || w->starved)
		probes_starved(&w->probes, engine_now_ns(w->engine), now);
	w->starved = now;
}

static void carry_out(struct world *w, const struct decision *d)
{
	bool goes_on = w->requests.at[d->slot].prefill != NO_ID;

	if (d->drop && goes_on)
		handover_drop(w, d->slot);
	else if (d->drop)
		request_end(w, d->slot, FATE_DROPPED);
	else if (goes_on)
		handover_assign(w, d->slot, d->instance);
	else
		request_assign(w, d->slot, d->instance, d->apart);
}

void decide(struct world *w)
{
	struct decision d;
	int more;

	w->wanted = false;
	if (w->failed)
		return;
	while ((more = scheduler_next(w->scheduler, &d, &w->err)) > 0) {
		probes_line(&w->probes, engine_now_ns(w->engine), scheduler_waiting(w->scheduler));
		carry_out(w, &d);
	}
	if (more < 0)
		world_stop_failed(w);
	tell_starved(w);
}

void decide_if_wanted(struct world *w)
{
	if (w->wanted)
		decide(w);
}
