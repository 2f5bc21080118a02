#include "study/warmup.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "models/world/world.h"
#include "sim/mser.h"

enum { PILOT = 0, LEVEL_SAMPLES = 1000 };

/** The cut of one pilot, or, in @why, why it has none. */
static bool cut_of(double *cut_s, const struct scenario_spec *spec, const struct world_result *r,
	struct err *why)
{
	double run_s = r->warmup_s + r->horizon_s;
	size_t cut;

	if (r->status == RUN_FAILED)
		return err_run(why, "%s", r->failure);
	if (!mser5_cut(r->levels, r->n_levels, &cut))
		return err_run(why,
			"no end of the warm-up in a pilot of %.6g s (MSER-5 cuts at %.6g s): it "
			"may not be stable; use a longer %s or set run.warmup",
			run_s, run_s * (double)cut / (double)(r->n_levels + 1),
			spec->run.requests > 0 ? "run" : "horizon");
	*cut_s = 2.0 * run_s * (double)cut / (double)r->n_levels;
	return true;
}

/** The means that MSER-5 compares. */
static void keep_levels(struct pilot *to, const struct world_result *r)
{
	to->n = r->n_levels / MSER_BATCH;
	to->in_system = mem_zalloc(to->n, sizeof *to->in_system);
	to->stretch_s = (r->warmup_s + r->horizon_s) * MSER_BATCH / (double)r->n_levels;
	to->cut_s = (double)NAN;
	for (size_t i = 0; i < to->n * MSER_BATCH; i++)
		to->in_system[i / MSER_BATCH] += r->levels[i] / MSER_BATCH;
}

void pilot_finish(struct pilot *p)
{
	warnings_finish(&p->warnings);
	free(p->in_system);
}

/** What a pilot says of the replications, too. */
static void keep_warnings(struct warnings *to, const struct world_result *r)
{
	for (size_t i = 0; i < r->warnings.n; i++)
		if (r->warnings.at[i].kind == WARN_TRACE_ENDS)
			warnings_add(to, WARN_TRACE_ENDS, r->warnings.at[i].scope, "%s",
				r->warnings.at[i].text);
}

static bool run_pilot(struct world_result *r, const struct scenario_spec *spec,
	const struct policy_spec *p, const atomic_bool *stop, struct err *err)
{
	struct world_setup setup = {
		.spec = spec,
		.policy = p,
		.seed = spec->run.seed,
		.replication = PILOT,
		.stop = stop,
		.n_level_samples = LEVEL_SAMPLES,
	};
	struct world *w;
	bool ok;

	*r = (struct world_result){0};
	if (!world_create(&w, &setup, err))
		return false;
	ok = world_run(w, r, err);
	world_destroy(w);
	return ok;
}

bool warmup_by_pilots(double *out_s, const struct scenario_spec *spec, const atomic_bool *stop,
	struct pilot *of_policy, struct err *err)
{
	struct err first = {0};
	size_t cuts = 0;

	*out_s = spec->run.warmup_s;
	if (!spec->run.warmup_auto)
		return true;
	*out_s = 0.0;
	for (size_t p = 0; p < spec->n_policies; p++) {
		struct world_result r;
		struct err why = {0};
		double cut_s = 0.0;
		bool ok = run_pilot(&r, spec, &spec->policies[p], stop, err);
		bool stopped = ok && r.status == RUN_INTERRUPTED;

		if (ok && !stopped) {
			keep_warnings(&of_policy[p].warnings, &r);
			keep_levels(&of_policy[p], &r);
			if (cut_of(&cut_s, spec, &r, &why)) {
				cuts++;
				of_policy[p].cut_s = cut_s / 2.0;
				*out_s = fmax(*out_s, cut_s);
			} else {
				warnings_add(&of_policy[p].warnings, WARN_PILOT, "", "%s", why.msg);
				if (first.kind == ERR_NONE)
					(void)!err_run(&first, "policy '%s': %s",
						spec->policies[p].label, why.msg);
			}
		}
		world_result_finish(&r);
		if (!ok || stopped)
			return ok;
	}
	if (cuts == 0)
		*err = first;
	return cuts > 0;
}
