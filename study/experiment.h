#ifndef OFFING_STUDY_EXPERIMENT_H
#define OFFING_STUDY_EXPERIMENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/measure/metric.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "models/world/world.h"
#include "study/pool.h"
#include "study/samples.h"

/**
 * Independent replications of one policy, on several threads, and the
 * confidence intervals over them. What comes out does not depend on the number
 * of threads. Replications are numbered from 1; number 0 is the pilot.
 */

struct experiment_host; /* named here, defined by the caller */

/** What the caller does with a replication. Any member may be NULL. */
struct experiment_ops {
	/** Any thread: who listens to replication @number; NULL: nobody. */
	const struct probe *(*sink_open)(struct experiment_host *h, uint32_t number);
	void (*sink_close)(struct experiment_host *h, const struct probe *sink);
	/** Any thread: one more who listens to replication @number; NULL: nobody. */
	const struct probe *(*watcher)(struct experiment_host *h, uint32_t number);
	/** The same, and one more. */
	const struct probe *(*meter)(struct experiment_host *h, uint32_t number);
	/** Any thread: replication @number as it was simulated before, in @out; it is not simulated
	 *  again then. False: it was not, or, with @err, it cannot be had. */
	bool (*kept)(struct experiment_host *h, uint32_t number, struct world_result *out,
		struct err *err);
	/** The calling thread, in order of number. */
	bool (*done)(struct experiment_host *h, uint32_t number, const struct world_result *r,
		struct err *err);
};

struct experiment {
	const struct scenario_spec *spec;
	const struct policy_spec *policy;
	double warmup_s;
	size_t n_threads;
	const atomic_bool *stop;
	bool digest;
	const struct experiment_ops *ops;
	struct experiment_host *host;
};

struct experiment_result {
	enum run_status status;
	char failure[300];
	uint32_t taken;           /* replications handed over */
	uint64_t events, digest;  /* sums; the digest in order of number */
	struct samples samples;   /* of the complete ones */
	struct pool pool;         /* of the same */
	struct summary_row *rows; /* over all of them, one a metric of @samples */
	struct warnings warnings; /* of the replications, merged */
	struct warnings of_run;   /* of the run as a whole */
	size_t n_within; /* of the first replication, where one is all that was asked for */
	struct within_interval within[WITHIN_METRICS];
};

/**
 * Run until the replications asked for are done, or, with run.precision g, until
 * at least 10 are and t s / sqrt(n) <= g / (1 + g) times the mean of every metric
 * of run.precision_of, the largest printed of the system by default; at most
 * EXPERIMENT_MOST, and then a warning says which are not that precise. False only
 * for malformed input met on the way and for an error of the ops; a run that fails
 * or is interrupted says so in @out.
 */
MUST_CHECK bool experiment_run(
	const struct experiment *x, struct experiment_result *out, struct err *err);
void experiment_result_finish(struct experiment_result *r);

enum { EXPERIMENT_MOST = 10000 };

#endif
