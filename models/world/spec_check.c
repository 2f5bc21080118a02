/* What a scenario alone shows to be wrong, before anything is built from it. */

#include "base/quantity.h"
#include "models/world/state.h"

/** Users that are there from the start, and what only the run could find to be too much. */
static bool check_sizes(const struct scenario_spec *s, struct err *err)
{
	double n = 0.0, slots = 0.0;
	char each[40];

	for (uint32_t g = 0; g < s->n_groups; g++) {
		const struct arrival_spec *a = &s->groups[g].arrivals;

		n += a->process == ARRIVAL_CLOSED      ? s->groups[g].count
		     : a->process == ARRIVAL_SATURATED ? a->outstanding
						       : 0.0;
		if (n > WORLD_MOST_REQUESTS)
			return err_at(err, a->at,
				"closed and saturated groups have %.0f users up to '%s'; at most "
				"%d can be",
				n, s->groups[g].name, WORLD_MOST_REQUESTS);
	}
	if (s->record.queues_s > 0.0)
		slots = (s->run.horizon_s + s->run.warmup_s) / s->record.queues_s;
	if (slots > WORLD_MOST_SLOTS)
		return err_at(err, s->run.at,
			"the run has %.3g slots of record.queues, %s each; at most %d can be: "
			"choose longer ones, or 'off'",
			slots, quantity_print(each, sizeof each, s->record.queues_s, QUANTITY_TIME),
			WORLD_MOST_SLOTS);
	return true;
}

static bool check_horizon(const struct scenario_spec *s, struct err *err)
{
	for (size_t g = 0; g < s->n_groups; g++)
		if (s->groups[g].arrivals.process == ARRIVAL_TRACE)
			return true;
	return !s->run.horizon_trace ||
	       err_at(err, s->run.at,
		       "run.horizon is 'trace', but the arrivals of no group are one");
}

bool check_spec(const struct scenario_spec *s, struct err *err)
{
	return check_sizes(s, err) && check_horizon(s, err);
}
