/* Who is measured, and when it is over. */

#include "models/world/state.h"

bool cohort_takes(struct world *w)
{
	struct cohort *c = &w->cohort;
	uint64_t wanted = w->spec->run.requests;

	if (!c->open || c->ending || (wanted > 0 && c->created >= wanted))
		return false; /* arrivals go on, unmeasured */
	c->created++;
	return true;
}

void cohort_left(struct world *w)
{
	struct cohort *c = &w->cohort;

	c->ended++;
	if (w->spec->run.requests == 0 || c->ended != w->spec->run.requests)
		return;
	c->ending = true;
	probes_window(&w->probes, engine_now_ns(w->engine), false);
	engine_stop(w->engine);
}

void cohort_open(struct world *w)
{
	int64_t now_ns = engine_now_ns(w->engine);

	w->cohort.open = true;
	w->cohort.from_ns = now_ns;
	probes_window(&w->probes, now_ns, true);
	for (size_t i = 0; i < w->spec->n_instances; i++)
		instance_measure(&w->instances[i], now_ns);
	net_measure(w->net);
}

bool cohort_check(const struct world *w, struct err *err)
{
	uint64_t heard = metrics_cohort(metrics_of(&w->metrics));

	if (heard == w->cohort.created)
		return true;
	return err_run(err, "requests were lost: %llu were to be measured, %llu found",
		(unsigned long long)w->cohort.created, (unsigned long long)heard);
}

void probe_slot(struct world *w)
{
	size_t n = w->spec->n_instances;

	for (size_t i = 0; i < n; i++)
		w->queues[i] = w->instances[i].assigned;
	w->queues[n] = (uint32_t)scheduler_waiting(w->scheduler);
	probes_slot(&w->probes, &(struct queue_sample){engine_now_ns(w->engine), n + 1, w->queues});
}
