#ifndef OFFING_PLAN_REPLAY_H
#define OFFING_PLAN_REPLAY_H

#include <stdatomic.h>

#include "plan/tasks.h"

/** A policy run on tasks, and nothing else. */
struct replay {
	size_t in_time, done, rejected, dropped;
	double trans_s;      /* network time of those in time */
	double late_trans_s; /* of those that were answered late */
	size_t apart;        /* in time, their phases on two instances: Eq. 1 has no such thing */
	uint32_t *server_of; /* [task] of those in time, UINT32_MAX: the others; the caller frees */
	bool failed;
	char failure[200];
};

/** False when the scenario or the policy cannot be run (ERR_INPUT), or @stop was set (ERR_STOP). */
MUST_CHECK bool replay(struct replay *out, struct tasks *t, const struct policy_spec *policy,
	uint32_t replication, const atomic_bool *stop, struct err *err);
void replay_finish(struct replay *r);

#endif
