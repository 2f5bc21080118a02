#include "models/workload/scaled.h"

#include <assert.h>
#include <math.h>

static const double *times(struct arena *a, const double *x, size_t n, double factor)
{
	double *out = arena_alloc(a, n, sizeof *out);

	for (size_t i = 0; i < n; i++)
		out[i] = x[i] * factor;
	return out;
}

bool arrivals_scaled(struct arrival_spec *out, const struct arrival_spec *spec, double scale,
	struct arena *a, struct err *err)
{
	assert(scale > 0.0 && scale < HUGE_VAL);
	*out = *spec;
	switch (spec->process) {
	case ARRIVAL_POISSON:
	case ARRIVAL_DETERMINISTIC:
	case ARRIVAL_GAMMA:
	case ARRIVAL_WEIBULL:
		out->rate_per_s *= scale;
		return true;
	case ARRIVAL_MMPP:
		out->rates_per_s = times(a, spec->rates_per_s, spec->n_states, scale);
		out->sojourns_s = times(a, spec->sojourns_s, spec->n_states, 1.0 / scale);
		return true;
	case ARRIVAL_SCHEDULE:
		out->steps_per_s = times(a, spec->steps_per_s, spec->n_steps, scale);
		return true;
	case ARRIVAL_TRACE:
		out->trace.rate_scale *= scale;
		return true;
	case ARRIVAL_CLOSED:
	case ARRIVAL_SATURATED:
		break;
	}
	return err_at(err, spec->at,
		"%s arrivals have no rate to scale: they come when answers have come",
		spec->process == ARRIVAL_CLOSED ? "closed" : "saturated");
}

bool groups_scaled(const struct group_spec **out, const struct group_spec *groups, size_t n,
	double scale, struct arena *a, struct err *err)
{
	struct group_spec *all = arena_alloc(a, n, sizeof *all);

	for (size_t i = 0; i < n; i++) {
		all[i] = groups[i];
		if (!arrivals_scaled(&all[i].arrivals, &groups[i].arrivals, scale, a, err))
			return false;
	}
	*out = all;
	return true;
}
