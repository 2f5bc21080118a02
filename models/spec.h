#ifndef OFFING_MODELS_SPEC_H
#define OFFING_MODELS_SPEC_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/das.h"
#include "models/fair.h"
#include "models/ids.h"
#include "models/netem.h"
#include "models/qdisc.h"
#include "models/rate_curve.h"

/**
 * A scenario as plain data: what a run is built from. io/ fills it in from a
 * file, tests write it as literals. SI units throughout; every part keeps the
 * place it was written at, so that any complaint can point there.
 * Strings and arrays are borrowed from whoever filled it in.
 */

struct profile;      /* models/profile.h */
struct trace_opener; /* models/trace.h */

/* Distributions: one form for lengths, service times, think times. */

enum dist_kind {
	DIST_CONSTANT,         /* mean */
	DIST_EXPONENTIAL,      /* mean */
	DIST_UNIFORM,          /* min, max */
	DIST_ERLANG,           /* mean, k */
	DIST_GAMMA,            /* mean, cv */
	DIST_WEIBULL,          /* mean, shape */
	DIST_LOGNORMAL,        /* mean, cv */
	DIST_HYPEREXPONENTIAL, /* mean, cv > 1: two phases, balanced means */
	DIST_GEOMETRIC,        /* mean >= 1, on 1, 2, ... */
	DIST_EMPIRICAL,        /* quantiles at equal steps of probability from 0 to 1 */
};

/** @min and @max truncate by redraw; @mean is that of the untruncated law. */
struct dist_spec {
	enum dist_kind kind;
	double mean; /* s or tokens */
	double cv, shape;
	unsigned k;
	double min, max; /* -HUGE_VAL, HUGE_VAL when not given */
	const double *quantiles;
	size_t n_quantiles;
	struct src_pos at;
};

/* Machines */

/** A device. Peaks are data-sheet dense rates; 0 where the device has no such path. */
struct gpu_spec {
	const char *name;
	double fp32_flop_per_s;
	double fp16_flop_per_s; /* tensor cores, fp32 accumulate; 0: computed as fp32 */
	double int8_op_per_s;   /* tensor cores or dp4a; 0: none */
	double bytes_per_s;     /* device memory, data sheet */
	double mem_bytes;       /* usable */
	double pcie_bytes_per_s;
	double clock_hz;
	double tdp_w;
	double usd_per_h; /* 0: not known */
	double cc;        /* compute capability, 8.9; 0: not known */
	struct src_pos at;
};

struct site_spec {
	const char *name;
	enum tier tier;
	struct gpu_spec gpu;
	bool has_gpu; /* a site of synthetic instances needs none */
	unsigned n_gpus;
	struct src_pos at;
};

/* Links: one entry as written; the topology expands the globs. */

/** A class of an htb link and the kinds of transfer (enum transfer_kind) it carries. */
struct link_class_spec {
	const char *name;
	struct htb_class htb;
	unsigned carries; /* bit set */
	struct src_pos at;
};

enum link_sharing { SHARING_FIFO, SHARING_FAIR };

/** One direction. All but rate and delay may be 0, and then is not there. */
struct link_dir_spec {
	double bytes_per_s; /* > 0; HUGE_VAL: no limit */
	double delay_s;     /* propagation, >= 0 */
	/** Bucket and timer; its bytes_per_s is not used. QDISC_NONE: no bucket. */
	struct qdisc qdisc;
	struct netem netem;
	enum transport transport; /* anything but STREAM: MTU and connection below count */
	enum connection connection;
	enum link_sharing sharing;
	double rto_s;                   /* what is lost for good is sent again after this */
	const struct rate_curve *curve; /* in place of bytes_per_s, which is then its mean */
	size_t n_classes;
	const struct link_class_spec *classes;
	struct src_pos at;
};

struct link_spec {
	const char *name;
	const char *between[2]; /* site names or globs; "users" is every group */
	struct src_pos between_at[2];
	bool shared;                   /* one pipe for all pairs */
	struct link_dir_spec up, down; /* up: from between[0] to between[1] */
	struct src_pos at;
};

/* Models and instances */

enum precision { PRECISION_FP16, PRECISION_INT8, PRECISION_Q8_0, PRECISION_Q4_0 };

/** A decoder of the Llama family; sizes in elements. */
struct llm_shape {
	const char *name;
	unsigned hidden, ffn, layers, heads, kv_heads, head_dim, vocab, context;
	bool tied_embeddings; /* the head is the embedding: one matrix in memory */
	bool qkv_bias;        /* queries, keys and values have a bias each */
};

struct model_spec {
	const char *name;
	struct llm_shape shape;
	enum precision precision;
	struct src_pos at;
};

enum batching { BATCHING_CONTINUOUS };
enum discipline { DISCIPLINE_FIFO, DISCIPLINE_PS };

struct instance_spec {
	const char *name;
	struct site_id site;
	bool synthetic;

	/* LLM */
	struct model_id model;
	const struct profile *profile;
	const char *runtime;
	enum batching batching;
	enum attention attention; /* of prompts; decoding is dense */
	unsigned max_batch;
	unsigned block_tok;   /* tokens in one KV block */
	double reserve_bytes; /* kept free of weights and KV */
	struct src_pos max_batch_at, reserve_at;

	/* synthetic: @model is NO_ID when it serves every group */
	unsigned slots;
	unsigned capacity; /* most in system, 0: no limit; the overflow is dropped */
	enum discipline discipline;
	struct dist_spec service;

	unsigned ahead; /* assigned beyond the batch (or the slots) while still called free */
	struct src_pos at;
};

/* Users */

enum arrival_process {
	ARRIVAL_POISSON,
	ARRIVAL_DETERMINISTIC,
	ARRIVAL_GAMMA,
	ARRIVAL_WEIBULL,
	ARRIVAL_MMPP,
	ARRIVAL_SCHEDULE,
	ARRIVAL_CLOSED,
	ARRIVAL_SATURATED,
	ARRIVAL_TRACE,
};

enum trace_format { TRACE_CSV, TRACE_AZURE, TRACE_MOONCAKE, TRACE_BURSTGPT };

struct trace_spec {
	const char *file; /* resolved against the scenario's folder */
	enum trace_format format;
	double rate_scale;  /* > 0: times divided by it */
	double window_s[2]; /* [from, to) of trace time, before scaling */
	const struct trace_opener *opener;
	struct src_pos at;
};

struct arrival_spec {
	enum arrival_process process;
	double rate_per_s; /* of the whole group */
	double cv;         /* gamma, weibull */
	size_t n_states;   /* mmpp: rates and mean sojourns */
	const double *rates_per_s, *sojourns_s;
	size_t n_steps; /* schedule: rate steps_per_s[i] from steps_s[i] on; steps_s[0] == 0 */
	const double *steps_s, *steps_per_s;
	double repeat_s;        /* schedule: period, 0: the last rate stays */
	struct dist_spec think; /* closed */
	unsigned outstanding;   /* saturated: created and unfinished */
	struct trace_spec trace;
	struct src_pos at;
};

enum workload_kind {
	WORKLOAD_NONE,    /* synthetic instances only: no tokens */
	WORKLOAD_DATASET, /* a built-in quantile table */
	WORKLOAD_DISTS,   /* two independent distributions */
	WORKLOAD_ROWS,    /* rows of a trace, drawn jointly */
	WORKLOAD_TRACE,   /* the lengths come with the arrivals */
};

struct dataset; /* models/dataset.h */

struct workload_spec {
	enum workload_kind kind;
	const struct dataset *dataset;
	struct dist_spec prompt_tok, output_tok;
	struct trace_spec rows;
	bool truncate; /* cut the prompt instead of rejecting what exceeds the context */
	struct src_pos at;
};

struct group_spec {
	const char *name;
	unsigned count;
	struct site_id home;   /* NO_ID: none */
	struct model_id model; /* NO_ID: any (synthetic instances) */
	struct arrival_spec arrivals;
	struct workload_spec workload;
	double deadline_s; /* from creation; HUGE_VAL: none */
	double bytes_per_tok;
	bool stream; /* delivery: each token on its own, else the whole answer at once */
	struct src_pos at;
};

/* Policy, recording, run */

/** One parameter of a policy as written. */
struct param_text {
	const char *key, *value;
	struct src_pos key_at, at;
};

struct policy_ops; /* models/policy.h */

struct policy_spec {
	const char *label; /* names the run: the key under policies:, else the policy's name */
	const struct policy_ops *ops;
	size_t n_params;
	const struct param_text *params;
	struct src_pos at;
};

struct record_spec {
	bool requests;
	double queues_s; /* slot length; 0: off */
};

enum profile_quantile { PROFILE_LOW, PROFILE_MEDIAN, PROFILE_HIGH };

struct run_spec {
	double horizon_s;  /* measured time after the warm-up; 0: @requests decides */
	uint64_t requests; /* measured per replication; 0: @horizon_s decides */
	bool warmup_auto;
	double warmup_s;
	uint64_t seed;
	uint32_t replications;
	double precision; /* relative half-width asked for, 0: the replications given */
	enum profile_quantile quantile;
	double limit_s; /* simulated time after which the run is hopeless; 0: 10x expected */
	double scheduler_delay_s; /* each way between users, scheduler and sites */
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

#endif
