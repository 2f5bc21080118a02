#ifndef OFFING_MODELS_SCENARIO_H
#define OFFING_MODELS_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/cost/spec.h"
#include "models/net/spec.h"
#include "models/measure/metric.h"
#include "models/offload/spec.h"
#include "models/serving/spec.h"
#include "models/workload/spec.h"

/**
 * The whole of a scenario: what a run is built from. Each concern has its part in a spec.h of its
 * own; here are the sites, the run, what is recorded, and the index of all.
 */

struct site_spec {
	const char *name;
	enum tier tier;
	struct gpu_spec gpu;
	bool has_gpu; /* a site of synthetic instances needs none */
	unsigned n_gpus;
	struct interconnect_spec interconnect; /* between them */
	struct gpu_spec host;                  /* what each has of its host; no memory: none */
	struct src_pos at;
};

struct record_spec {
	bool requests;
	bool choices;             /* what each was foreseen to take, and its best alternative */
	double queues_s;          /* slot length; 0: off */
	bool timeline;            /* of the first replication of each policy */
	uint64_t timeline_events; /* at most, all policies together */
};

/** A backlog leaves room for as many again. */
#define SCENARIO_BACKLOG_MOST 1e6

/** A metric of the system that replications go on for, and until which half-width over mean; of
 *  lyapunov.verdict until which error rate. */
struct precision_goal {
	enum metric_id id;
	double relative;
};

struct run_spec {
	/* what ends a replication: one of the three */
	double horizon_s;   /* measured time after the warm-up, or 0 */
	uint64_t requests;  /* measured and answered, or 0 */
	bool horizon_trace; /* every request of the traces is answered */
	bool warmup_auto;
	double warmup_s;
	uint64_t seed;
	uint32_t replications;
	bool antithetic;       /* in pairs, 2k - 1 and 2k, with 1 - u where the other has u */
	double precision;      /* relative half-width asked for, 0: the replications given */
	size_t n_precision_of; /* metrics that it is asked of; 0: those with SHOW_LARGE */
	const enum metric_id *precision_of;
	size_t n_goals; /* in place of both: each with its own */
	const struct precision_goal *goals;
	enum profile_quantile quantile;
	double limit_s; /* simulated time after which the run is hopeless; 0: when it stands still
			 */
	double scheduler_delay_s; /* each way between users, scheduler and sites */
	double state_delay_s;     /* what policies see of instances is that old */
	uint64_t backlog;         /* requests in the line at time 0 */
	struct src_pos at;
};

struct scenario_spec {
	const char *name, *description;
	struct run_spec run;
	size_t n_sites, n_links, n_models, n_instances, n_groups, n_policies;
	const struct site_spec *sites;
	const struct link_spec *links;
	const struct model_spec *models;
	const struct instance_spec *instances;
	const struct group_spec *groups;
	const struct policy_spec *policies;
	struct record_spec record;
};

/** Requests that all instances serve at once, at most. */
static inline double scenario_places(const struct scenario_spec *s)
{
	double n = 0.0;

	for (size_t i = 0; i < s->n_instances; i++)
		n += instance_places(&s->instances[i]);
	return n;
}

/** On which side of the network an instance is; a pipeline with a stage in the cloud: there. */
static inline enum tier scenario_tier(const struct scenario_spec *s, const struct instance_spec *i)
{
	enum tier tier = s->sites[i->site.i].tier;

	for (size_t k = 0; k < i->n_stages; k++)
		if (s->sites[i->stages[k].site.i].tier == TIER_CLOUD)
			tier = TIER_CLOUD;
	return tier;
}

#endif
