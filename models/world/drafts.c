/* Drafts of instances that speculate: what they cost, and how many of their tokens are accepted. */

#include "models/cost/llm.h"
#include "models/serving/acceptance.h"
#include "models/serving/alike.h"
#include "models/world/state.h"
#include "models/workload/dataset.h"

struct cost_spec draft_cost_of(const struct world *w, uint32_t i, const struct cost_spec *what)
{
	const struct instance_spec *s = &w->spec->instances[i];
	const struct model_spec *draft = w->spec->models[s->model.i].draft;
	struct cost_spec d = *what;

	d.profile = s->draft.profile;
	d.shape = &draft->shape;
	d.precision = draft->precision;
	d.ranks = 0;
	d.offload = NULL;
	d.at = s->draft.at;
	d.reserve_bytes += cost_weight_bytes(what);
	return d;
}

/** False: nothing is said or assumed of what @g asks of it. */
static bool acceptance_of(double *out, const struct world *w, uint32_t i, uint32_t g)
{
	const struct instance_spec *s = &w->spec->instances[i];
	const struct workload_spec *asked = &w->spec->groups[g].workload;

	*out = s->draft.acceptance;
	if (*out >= 0.0)
		return true;
	return asked->kind == WORKLOAD_DATASET &&
	       acceptance_assumed(out, asked->dataset->name,
		       llm_params(&w->spec->models[s->model.i].draft->shape));
}

double draft_acceptance(const struct world *w, struct instance_id i, uint32_t g)
{
	double a = 0.0;

	return acceptance_of(&a, w, i.i, g) ? a : 0.0;
}

bool drafts_check(const struct world *w, uint32_t i, struct err *err)
{
	const struct instance_spec *s = &w->spec->instances[i];
	double a;

	for (uint32_t g = 0; g < w->spec->n_groups; g++)
		if (w->spec->groups[g].model.i == s->model.i && !acceptance_of(&a, w, i, g))
			return err_at(err, s->draft.at,
				"instance '%s' needs draft.acceptance: nothing is assumed of what "
				"users '%s' ask",
				s->name, w->spec->groups[g].name);
	return true;
}
