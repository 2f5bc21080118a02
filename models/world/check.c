/* What can be found wrong with a scenario before a run, by building it. */

#include "models/world/state.h"

/* What a trace cannot give: more requests than it has, or one before the run is over. */
static bool check_traces(const struct world *w, struct err *err)
{
	const struct run_spec *run = &w->spec->run;
	const double end_s =
		run->horizon_s + (run->warmup_auto ? 9.0 * run->horizon_s : run->warmup_s);
	const struct trace_spec *last = NULL;
	uint64_t most = 0, here;
	int64_t first_ns;

	for (size_t g = 0; g < w->spec->n_groups; g++) {
		const struct trace_spec *t = &w->spec->groups[g].arrivals.trace;

		here = workload_most(w->groups[g].source);
		most = here < UINT64_MAX - most ? most + here : UINT64_MAX;
		last = here < UINT64_MAX ? t : last;
		first_ns = workload_first_ns(w->groups[g].source);
		if (run->horizon_s > 0.0 && first_ns > 0 && first_ns >= ns_of_s(end_s))
			return err_at(err, t->at,
				"no request comes before the run ends: the first of '%s' is at "
				"%.15g s",
				t->file, s_of_ns(first_ns));
	}
	if (most >= run->requests)
		return true;
	return err_at(err, last->at, "'%s' has %ju requests in all; the run is to measure %ju",
		last->file, (uintmax_t)most, (uintmax_t)run->requests);
}

bool world_check(const struct scenario_spec *spec, struct err *err)
{
	for (size_t p = 0; p < spec->n_policies; p++) {
		struct world_setup setup = {
			.spec = spec, .policy = &spec->policies[p], .seed = spec->run.seed};
		struct world *w;
		bool ok;

		if (!world_create(&w, &setup, err))
			return false;
		ok = check_traces(w, err);
		world_destroy(w);
		if (!ok)
			return false;
	}
	return true;
}
