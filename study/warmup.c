#include "study/warmup.h"

#include <math.h>

#include "models/world/world.h"
#include "sim/mser.h"

enum { PILOT = 0, LEVEL_SAMPLES = 1000 };

static bool cut_of(double *out_s, const struct scenario_spec *spec, const struct policy_spec *p,
	const struct world_result *r, struct err *err)
{
	double run_s = r->warmup_s + r->horizon_s;
	size_t cut;

	if (r->status == RUN_FAILED)
		return err_run(err, "policy '%s': %s", p->label, r->failure);
	if (r->status == RUN_INTERRUPTED)
		return true;
	if (!mser5_cut(r->levels, r->n_levels, &cut))
		return err_run(err,
			"policy '%s': no end of the warm-up in a pilot of %.6g s (MSER-5 cuts at "
			"%.6g s): it may not be stable; use a longer %s or set run.warmup",
			p->label, run_s, run_s * (double)cut / (double)(r->n_levels + 1),
			spec->run.requests > 0 ? "run" : "horizon");
	*out_s = fmax(*out_s, 2.0 * run_s * (double)cut / (double)r->n_levels);
	return true;
}

static bool pilot(double *out_s, const struct scenario_spec *spec, const struct policy_spec *p,
	const atomic_bool *stop, struct err *err)
{
	struct world_setup setup = {
		.spec = spec,
		.policy = p,
		.seed = spec->run.seed,
		.replication = PILOT,
		.stop = stop,
		.n_level_samples = LEVEL_SAMPLES,
	};
	struct world_result r;
	struct world *w;
	bool ok;

	if (!world_create(&w, &setup, err))
		return false;
	ok = world_run(w, &r, err);
	world_destroy(w);
	ok = ok && cut_of(out_s, spec, p, &r, err);
	world_result_finish(&r);
	return ok;
}

bool warmup_by_pilots(
	double *out_s, const struct scenario_spec *spec, const atomic_bool *stop, struct err *err)
{
	*out_s = spec->run.warmup_s;
	if (!spec->run.warmup_auto)
		return true;
	*out_s = 0.0;
	for (size_t p = 0; p < spec->n_policies; p++) {
		if (stop && atomic_load(stop))
			return true;
		if (!pilot(out_s, spec, &spec->policies[p], stop, err))
			return false;
	}
	return true;
}
