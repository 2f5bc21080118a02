#ifndef OFFING_MODELS_METRICS_H
#define OFFING_MODELS_METRICS_H

#include "base/mem.h"
#include "models/measure/causes.h"
#include "models/measure/choices.h"
#include "models/measure/drift.h"
#include "models/measure/metric.h"
#include "models/measure/lyapunov.h"
#include "models/net/net.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "models/serving/instance.h"
#include "sim/drift_test.h"
#include "sim/stat.h"

/**
 * A probe that counts what becomes rows (docs/results.md). Latencies are of the
 * cohort, the requests that are measured; all else is of the window.
 */
struct span_metrics {
	struct stat_mean mean;
	struct stat_hist hist;
};

struct group_metrics {
	struct span_metrics e2e, ttft, tpot, wait;
	struct stat_mean ms_per_tok, network;
	struct stat_mean kv_wait; /* of those whose phases were apart */
	uint64_t fate[FATES];
	uint64_t prompt_tok, cached_tok; /* of those answered */
	uint64_t met;                    /* answered within the deadline */
	uint64_t good;                   /* the same of all that were answered in the window */
	uint64_t overdue;                /* in the system at the end though the deadline is past */
};

struct metrics {
	size_t n_groups;
	struct group_metrics *groups;
	uint64_t delivered_tok, delivered; /* in the window, whoever created them */
	struct stat_level line;            /* the scheduler's queue */
	struct stat_level starved;         /* 1 while room meets a request it could serve */
	bool open;
};

/** Memory from @a, and what metrics_destroy() frees. */
struct probe metrics_create(struct arena *a, size_t n_groups);
void metrics_destroy(const struct probe *p);
const struct metrics *metrics_of(const struct probe *p);

/** How many of the cohort it heard of at their end. */
uint64_t metrics_cohort(const struct metrics *m);

void group_metrics_init(struct group_metrics *m);
void group_metrics_finish(struct group_metrics *m);

/** Sessions that began in the window, and that the model's context ended there. */
struct session_sums {
	uint64_t begun, cut;
};

/** What rows are made from, borrowed; arrays by the index of the scenario. */
struct metric_sources {
	const struct scenario_spec *spec;
	const struct metrics *metrics;
	const struct probe *causes;
	const struct probe *choices;           /* NULL: nobody asked */
	const struct lyapunov_means *lyapunov; /* NULL: no slots */
	const struct drift *drift;             /* of the same */
	const struct drift_evidence *evidence; /* NULL: no verdict is to be had */
	const struct instance *instances;      /* and what each has counted */
	const uint64_t *rows_skipped;          /* per group, of its trace */
	const struct session_sums *sessions;   /* per group */
	const struct net_link *links;
	size_t n_links;
	double regret, late_beyond; /* of a policy that learns; NaN: it does not */
	int64_t from_ns, to_ns;     /* the window */
};

struct metric_rows {
	struct metric_row *at; /* grown with base/mem */
	size_t n, cap;
};

/** Every metric into @out. Scopes are strings in @a. */
void metric_rows(struct metric_rows *out, const struct metric_sources *s, struct arena *a);

#endif
