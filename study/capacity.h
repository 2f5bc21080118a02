#ifndef OFFING_STUDY_CAPACITY_H
#define OFFING_STUDY_CAPACITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/measure/metric.h"
#include "models/scenario.h"

/**
 * The largest scale of the arrivals at which a policy is stable, or meets a target: stochastic root
 * finding with common random numbers. docs/capacity.md derives it and has its error rates.
 *
 * Stable: above the boundary the backlog grows by scale x lambda less what gets done. That is
 * measured where it is large, and is 0 at the boundary. Where all who wait stand in one line and
 * what is done keeps the mix of what comes, what gets done does not hang on the scale: it is the
 * saturated rate, and the boundary (Baccelli and Foss, "On the saturation rule for the stability
 * of queues", J. Appl. Prob. 32, 1995). Else two scales little above the boundary give a line
 * through it.
 *
 * Target: the metric as a run of the scenario measures it; by bisection and false position, then a
 * line through two scales close by.
 */

/** A bound on a metric of the whole system, or of a group. */
struct capacity_target {
	bool on;
	enum metric_id metric;
	const char *scope; /* "", "group:NAME" */
	bool at_most;      /* else at least */
	double value;      /* in the metric's unit */
};

struct capacity_question {
	const struct scenario_spec *spec;
	const struct policy_spec *policy;
	double bound;      /* no scale above this is stable; HUGE_VAL: nobody knows */
	double rate_per_s; /* requests at scale 1 */
	struct capacity_target target;
	double precision;       /* half of the 95 % interval over the answer, at most */
	uint64_t most_requests; /* then the answer stands as it is */
	size_t n_threads;
	const atomic_bool *stop;
	void (*show)(void *user, uint64_t requests); /* NULL, or told now and then */
	void *user;
};

enum capacity_kind {
	CAPACITY_FOUND,
	CAPACITY_ALWAYS, /* at every scale up to @scale */
	CAPACITY_NEVER,  /* at none, down to @scale */
};

/** How the answer was found. */
enum capacity_rule {
	CAPACITY_BY_SATURATION, /* one line, one mix: the saturated rate */
	CAPACITY_BY_GROWTH,     /* the backlog's growth, at two scales */
	CAPACITY_BY_TARGET,
};
extern const char *const capacity_rule_names[];

/** What was seen on the way. */
struct capacity_point {
	double scale;
	double value; /* growth, as a part of what comes; or the metric (NaN: no run ended) */
	size_t runs;
};

struct capacity_answer {
	enum capacity_kind kind;
	enum capacity_rule rule;
	double scale, lo, hi;    /* 95 % interval; NaN: no luck is in it */
	bool precise;            /* as was asked */
	bool limited;            /* of a target: stability ends before it is missed */
	double dropped;          /* part of the requests that were dropped at @scale */
	uint64_t requests, runs; /* simulated */
	size_t n_points, cap_points;
	struct capacity_point *points;
};

/** The caller calls capacity_answer_finish() in either case. The same answer whatever the number of
 *  threads. */
MUST_CHECK bool capacity_find(
	struct capacity_answer *out, const struct capacity_question *q, struct err *err);
void capacity_answer_finish(struct capacity_answer *a);

#endif
