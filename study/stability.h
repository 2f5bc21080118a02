#ifndef OFFING_STUDY_STABILITY_H
#define OFFING_STUDY_STABILITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/scenario.h"
#include "sim/drift_test.h"

/**
 * Is a scenario stable under a policy? Replications begin with a large backlog and go on until it
 * has emptied or doubled; what they show is added up until Wald's test is certain
 * (docs/stability.md). Costs: at a load of 5 % off the boundary some 2000 requests a server that
 * lines may form at, with Poisson arrivals and exponential service; it grows as 1/delta^2.
 */
struct stability_question {
	const struct scenario_spec
		*spec; /* its end, warm-up, replications and record are left out */
	const struct policy_spec *policy;
	double scale;         /* of all arrivals (models/workload/scaled.h); 1: as they are */
	double error;         /* of either verdict, in (0, 0.5); DRIFT_ERROR */
	double indifference;  /* in (0, 1); DRIFT_INDIFFERENCE */
	double most_requests; /* to simulate before it is left undecided; 0: STABILITY_REQUESTS */
	uint32_t first;       /* number of the first replication: others, other draws; 0: 1 */
	size_t n_threads;     /* what comes out does not depend on it */
	const atomic_bool *stop; /* or NULL */
};

#define STABILITY_REQUESTS 1e7

struct stability_result {
	struct drift_answer answer;
	struct drift_evidence evidence; /* from where the phases of batches are mixed */
	uint64_t backlog;               /* that each began with */
	size_t replications, emptied, doubled;
	double requests; /* simulated in all, the backlog and what was discarded included */
};

/**
 * False, with the place in the scenario, when no verdict can be had of it (users who wait for their
 * answers, traces, schedules), when it cannot be built, and when a replication fails; interrupted:
 * ERR_STOP.
 */
MUST_CHECK bool stability_decide(
	struct stability_result *out, const struct stability_question *q, struct err *err);

#endif
