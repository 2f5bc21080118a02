#ifndef OFFING_MODELS_WORLD_H
#define OFFING_MODELS_WORLD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/measure/drift.h"
#include "models/measure/metric.h"
#include "models/measure/run_status.h"
#include "models/measure/warnings.h"
#include "models/measure/within.h"
#include "models/offload/policy.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "sim/drift_test.h"

/**
 * One replication of a scenario under one policy: every entity, the events
 * between them, and what was measured. Nothing is shared between two worlds,
 * so any number run side by side on threads of their own.
 *
 * Memory: that of the entities plus the requests in the system; nothing grows
 * with the number of requests served.
 */
struct world;

/** What one replication may hold at once, and write: 1.25 GB of requests at most, and slots of
 *  the queue series. What goes beyond is refused, or ends the run. */
enum { WORLD_MOST_REQUESTS = 1 << 21, WORLD_MOST_SLOTS = 100000000 };

struct world_setup {
	const struct scenario_spec *spec;
	const struct policy_spec *policy;
	uint64_t seed;
	uint32_t replication;
	double warmup_s;
	const atomic_bool *stop; /* NULL, or set by another thread to interrupt */
	double patience_s;       /* for one call of the policy; 0: ten seconds */
	bool step_by_step;       /* one event per decode step instead of one per batch change */
	bool digest;             /* hash the sequence of events */
	uint64_t backlog;        /* requests in the line at time 0; 0: as the scenario says */
	/* end the run when so few, or so many, are in the system; both 0: do not */
	uint64_t least_in_system, most_in_system;
	size_t n_level_samples; /* keep this many samples of the number in system (even), or 0 */
};

/** What is left when a world is gone. */
struct world_result {
	enum run_status status;
	char failure[200]; /* why, when RUN_FAILED */
	double warmup_s, horizon_s;
	uint64_t events, digest;
	uint64_t created, in_system; /* requests: in all, and still there at the end */
	bool random; /* something drew from a random stream; else all replications are alike */
	size_t n_metrics;
	struct metric_row *metrics; /* owned; scopes are owned by the scenario or by the result */
	size_t n_levels;
	double *levels;                 /* number in system at equal steps of time; owned */
	struct drift drift;             /* of the slots of record.queues; owned */
	struct drift_evidence evidence; /* of stability; no runs where none can be had */
	char *strings;                  /* owned */
	bool circles; /* why it failed: no end at one instant, a broken policy; as others would */
	struct warnings warnings;
	size_t n_within; /* 0: more than one replication is asked for */
	struct within_interval within[WITHIN_METRICS];
};

/** Build and check. On false *@out is NULL and @err points into the scenario. */
MUST_CHECK bool world_create(struct world **out, const struct world_setup *setup, struct err *err);
void world_destroy(struct world *w);

/** One more who is told of what happens, from now on. Copied; its state is borrowed. */
void world_attach(struct world *w, const struct probe *probe);

/** Has setup.stop been set? The handlers of what brings work ask, and stop the engine. */
bool world_interrupted(const struct world *w);

/** Run to the end. False only for malformed input met on the way (a trace). */
MUST_CHECK bool world_run(struct world *w, struct world_result *out, struct err *err);
void world_result_finish(struct world_result *r);

/** Everything that could be found wrong before a run, for every policy of @spec. */
MUST_CHECK bool world_check(const struct scenario_spec *spec, struct err *err);

#endif
