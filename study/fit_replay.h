#ifndef OFFING_STUDY_FIT_REPLAY_H
#define OFFING_STUDY_FIT_REPLAY_H

#include <stdatomic.h>

#include "base/err.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "models/workload/served.h"

/** The requests of a log sent through a scenario of one instance, in the log's order. */
struct replay;

/** What came of one request, seconds from its arrival; those the user waits for. */
struct replayed {
	double first_s, end_s;
	int64_t arrival_ns; /* when it came */
};

/** Both outlive it. The caller owns *@out. */
void replay_create(
	struct replay **out, const struct scenario_spec *spec, const struct served_log *log);
void replay_destroy(struct replay *r); /* takes NULL */

/** How. Each arrival is moved by up to half of @shift_s to either side, as @phase draws, and their
 *  order kept. */
struct replay_run {
	const struct profile *profile; /* in place of the instance's */
	unsigned phase;
	double shift_s;           /* 0: arrivals as logged */
	const struct probe *also; /* listens too; may be NULL */
	const atomic_bool *stop;  /* may be NULL */
};

/** @to[log->n]. False: something cannot be served, at its place in the log, or the run fails, or
 *  was stopped. */
MUST_CHECK bool replay_run(
	struct replay *r, const struct replay_run *how, struct replayed *to, struct err *err);

#endif
