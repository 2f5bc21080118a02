#ifndef OFFING_MODELS_OFFLOAD_SCHEDULER_H
#define OFFING_MODELS_OFFLOAD_SCHEDULER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "models/ids.h"
#include "models/offload/policy.h"
#include "models/offload/spec.h"
#include "models/probe.h"

/**
 * The global queue and the policy over it: an iterator over decisions. It says what should be
 * done and does none of it; it posts EV_LATE and EV_WAKE, at which it wants to be asked again.
 *
 * Memory: O(groups + instances + requests that wait). What policies see is described in
 * models/offload/policy.h, which also says what each question costs.
 */
struct scheduler;
struct engine;
struct guard;
struct instance;
struct kv_routes;
struct net;
struct user_routes;

/** A group of users, for the scheduler. */
struct scheduler_group {
	const char *name;
	struct site_id home;   /* NO_ID: none */
	struct model_id model; /* NO_ID: any */
	uint32_t context_tok;  /* no prompt is longer; 0 where there is no model */
	bool has_deadlines;
	bool stream;                            /* answers are sent token by token */
	double bytes_per_tok;                   /* on the network */
	double kv_bytes_per_tok, n_layers;      /* of its model; 0: none */
	double output_mean_tok, output_q90_tok; /* of its answers */
};

/** An instance, for the scheduler. */
struct scheduler_instance {
	enum tier tier;
	const struct gpu_spec *gpu;
	const struct instance *instance;
	const struct route *const *hops; /* of a pipeline, from each stage to the next */
};

/** A policy that takes longer for one call is taken to be in an endless loop. */
enum { SCHEDULER_PATIENCE_S = 10 };

/** What one is made from. Names, specs, instances and the network outlive it; the two arrays are
 *  copied. */
struct scheduler_build {
	struct engine *engine;
	const struct policy_spec *policy;
	uint64_t seed;
	uint32_t replication;
	double delay_s;          /* of the scheduler, part of what is predicted */
	double state_delay_s;    /* what policies see of instances is that old */
	double patience_s;       /* for one call of the policy; 0: SCHEDULER_PATIENCE_S */
	const atomic_bool *stop; /* NULL, or set by another thread to interrupt */
	size_t n_groups, n_instances;
	const struct scheduler_group *groups;
	const struct scheduler_instance *instances;
	size_t n_sites;
	struct net *net;                  /* whose transfers are predicted */
	const struct user_routes *routes; /* over it */
	const struct kv_routes *kv_routes;
};

/** What should happen now to the request in @slot: it goes to @instance, or, with @drop, away. */
struct decision {
	uint32_t slot;
	struct instance_id instance;
	bool drop;
	bool apart; /* of its prompt alone */
};

/** Reads the parameters of the policy and lets it look at the system. On false *@out is NULL and
 *  @err points into the scenario. Free with scheduler_destroy(), which takes NULL. */
MUST_CHECK bool scheduler_create(
	struct scheduler **out, const struct scheduler_build *b, struct err *err);
void scheduler_destroy(struct scheduler *s);

/**
 * What calls the policy (scheduler_next(), scheduler_learn()) is to be done within this guard.
 * When it no longer holds, scheduler_broke() puts into @err what the policy did, when, and who
 * waited; false when it was stopped from outside, which is no error.
 */
struct guard *scheduler_guard(struct scheduler *s);
bool scheduler_broke(struct scheduler *s, struct err *err);

/** The run is over: the policy frees what it made. False when that went wrong, as @err says.
 *  scheduler_destroy() does it where nobody asked. */
MUST_CHECK bool scheduler_finish(struct scheduler *s, struct err *err);

/** What the policy said of itself in scheduler_finish(). */
struct policy_report scheduler_report(const struct scheduler *s);

/** @w joins the queue, by its age; its home_instance is filled in here. Some instance can serve
 *  it. */
void scheduler_push(struct scheduler *s, uint32_t slot, const struct waiting *w);

/** 1: *@out; 0: nothing more now (deadlines are watched, Definition 2 is noted); -1: the policy
 *  broke a rule, @err says which. What was decided is carried out before the next call. */
int scheduler_next(struct scheduler *s, struct decision *out, struct err *err);

/** The room or the load of @i changed. O(log members) for each rank the policy asks for. */
void scheduler_touch(struct scheduler *s, struct instance_id i);

/** What is in the memory of @i has changed, if not its room or load. To be told only once *what
 *  scheduler_short() answers is true. */
const bool *scheduler_short(const struct scheduler *s);
void scheduler_eased(struct scheduler *s, struct instance_id i);

/** Links have other rates now: deadlines and decisions are looked at anew. */
void scheduler_rates_changed(struct scheduler *s);

/** What it will take at @chosen, and at the best of the others, by what policies can know now and
 * the length of its answer. O(instances). */
struct foreseen scheduler_foresee(
	struct scheduler *s, const struct waiting *w, struct instance_id chosen);

/** A request was answered. */
void scheduler_learn(struct scheduler *s, const struct outcome *o);

/** Has the policy drawn a random number? */
bool scheduler_drew(const struct scheduler *s);

/** How many wait. */
size_t scheduler_waiting(const struct scheduler *s);

/** Does room stand beside a request it could serve (Definition 2), as of the last 0 of
 *  scheduler_next()? */
bool scheduler_starves(const struct scheduler *s);

/** Of @w only the group and the lengths matter: could some instance ever serve it? */
bool scheduler_can_serve(const struct scheduler *s, const struct waiting *w);

/** Some instance goes on where one of those like @i, which computes prompts alone, ends. */
bool scheduler_follows(const struct scheduler *s, struct instance_id i);

/** Is every instance that could ever serve it full, and one of those that drop what overflows? */
bool scheduler_overflows(const struct scheduler *s, const struct waiting *w);

#endif
