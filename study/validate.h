#ifndef OFFING_STUDY_VALIDATE_H
#define OFFING_STUDY_VALIDATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/measure/metric.h"
#include "models/offload/policy.h"
#include "study/queueing.h"
#include "models/workload/spec.h"
#include "models/serving/spec.h"
#include "sim/stat.h"

/**
 * Cases that have a closed form, simulated until they are precise enough, and the verdict
 * (docs/queueing.md). Mean service is 1 s everywhere, so times are in mean services.
 */

/** One station behind the policy fcfs: a scenario like a user's, run by a world. */
struct station_case {
	unsigned slots, capacity; /* capacity 0: no limit */
	enum discipline discipline;
	double rho; /* of one slot; closed: not used */
	enum arrival_process arrivals;
	double gap_cv; /* of the gaps between arrivals */
	unsigned users;
	double think_s; /* closed */
	enum dist_kind service;
	double service_cv;
};

/** What is asked of one replication. */
struct validate_job {
	uint64_t seed;
	uint32_t replication;
	uint64_t customers; /* measured, after the warm-up */
	double warmup_s;
	const atomic_bool *stop; /* may be NULL */
	const struct policy_ops *fcfs;
};

struct validate_case;

/** What is measured, and what theory says of it. */
struct validate_kind {
	const char *quantity, *unit;
	double (*theory)(const struct validate_case *c);
	/** Customers x variance of their mean / theory^2, about: the run length follows. */
	double (*spread)(const struct validate_case *c);
	/** The time in which the memory of the start falls to 1/e, about, s. */
	double (*relax_s)(const struct validate_case *c);
	/** One replication, on any thread. False when it cannot be built or fails. */
	bool (*measure)(double *out, const struct validate_case *c, const struct validate_job *j,
		struct err *err);
	enum metric_id metric; /* stations: a metric of the whole system ... */
	enum metric_id per;    /* ... divided by this one; METRICS: as it is */
};

struct validate_case {
	const char *name, *title; /* what the user types; Kendall's notation */
	const struct validate_kind *kind;
	struct station_case station;   /* or */
	const struct jackson *network; /* not NULL */
};

struct validate_setting {
	double precision; /* half-width of the 95 % interval over the mean, above 0 */
	uint64_t seed;
	size_t n_threads;
	const atomic_bool *stop;
	const struct policy_ops *fcfs; /* first come, first served: what the stations are run by */
};

struct validate_verdict {
	double theory;
	struct stat_interval ci95, ci999;
	uint64_t customers; /* of all replications */
	bool precise;       /* the half-width asked for was reached */
	bool agrees;        /* the theory lies in the 99.9 % interval */
	bool stopped;       /* nothing can be said */
};

enum {
	VALIDATE_LEAST = 30, /* replications */
	VALIDATE_MOST = 3000,
};

/** Judge @n replications. */
void validate_judge(
	struct validate_verdict *out, double theory, const double *x, size_t n, double precision);

/** Replications until at least VALIDATE_LEAST are done and the interval is narrow enough. */
MUST_CHECK bool validate_run(struct validate_verdict *out, const struct validate_case *c,
	const struct validate_setting *s, struct err *err);

/** For the tables: a station through the world, a network on sim/ alone. */
bool validate_station(
	double *out, const struct validate_case *c, const struct validate_job *j, struct err *err);
bool validate_network(
	double *out, const struct validate_case *c, const struct validate_job *j, struct err *err);

extern const struct validate_case validate_cases[];
extern const size_t n_validate_cases;

#endif
