#ifndef OFFING_PLAN_PLACE_SCENARIO_H
#define OFFING_PLAN_PLACE_SCENARIO_H

#include "plan/placement.h"
#include "plan/units.h"

/**
 * The repaired form of Eq. 2 (plan/placement.h) of a model on the devices of a scenario, in seconds
 * of runs (docs/placement.md).
 */

struct scene_options {
	const size_t *devices; /* that may be used */
	size_t n_devices;
	/** As runs can do it: stages of whole layers that are all resident, on gpus; the embedding
	 *  goes with the first layer and the head with the last. Else also CPUs and streaming, and
	 *  ends on devices of their own. */
	bool as_runs;
	bool drafted; /* with the draft; else without */
};

/** An executor: a gpu, or the CPU beside it. */
struct scene_executor {
	size_t device;
	bool is_cpu;
};

struct scene {
	struct placement_problem problem;
	const struct scene_executor *executors;
	const struct units *units;
	struct scene_options options;
	bool no_cpus; /* left out: there are too many devices for them */
	struct arena arena;
};

/** Free with scene_finish(). What @o points to is copied. */
void scene_init(struct scene *to, const struct units *t, const struct devices *d,
	const struct scene_options *o);
void scene_finish(struct scene *s);

/**
 * @homes of the scene's problem as one instance. False: runs cannot do that, and *@why says what,
 * as in "runs cannot WHY". The stages are in @a.
 */
MUST_CHECK bool scene_deployment(struct deployment *out, struct arena *a, const struct scene *s,
	const struct devices *d, const struct placement_home *homes, const char **why);

#endif
