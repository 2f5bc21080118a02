#ifndef OFFING_MODELS_POLICY_H
#define OFFING_MODELS_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/ids.h"
#include "models/offload/param_spec.h"

/**
 * What a policy sees and what it answers with. A policy is a table of
 * functions over its own state; it reads a view of the system and writes one
 * assignment at a time. It sees no queue of events, no clock but now_s, and
 * can be tested with a view made of array literals.
 */

/**
 * A request in the scheduler's queue; some instance can serve it, or it would not be there. One
 * whose prompt is computed by an instance that does only that waits twice: as PHASE_PREFILL, and
 * then as PHASE_DECODE for an instance that goes on, to which its KV is sent from @from. It keeps
 * its age, and so its place in the queue.
 */
struct waiting {
	struct request_id id;
	struct group_id group;
	enum phase phase;
	struct instance_id from; /* where its KV lies, or is computed; NO_ID: PHASE_PREFILL */
	double ready_s; /* from when it can go: ahead while its prompt is computed, which is
			   the case only where KV leaves layer by layer */
	double created_s;
	double deadline_s; /* absolute; HUGE_VAL: none */
	uint32_t prompt_tok;
	uint32_t output_tok; /* the true number; see group_view for what else may be assumed */
	struct instance_id home_instance; /* one at the home site that can serve it now, as its
					     phase is; NO_ID: none */
	uint32_t whose; /* how offing knows what its prompt is made of; 0: it does not */
};

/** What is known of a user group's requests without seeing them. */
struct group_view {
	const char *name;
	struct site_id home;
	double output_mean_tok;
	double output_q90_tok;
};

struct instance_view {
	const char *name;
	struct site_id site;
	struct class_id cls;
	enum tier tier;
	unsigned phases;     /* its role: PHASES_BOTH, _PREFILL or _DECODE */
	uint32_t assigned;   /* given to it and not finished there, uploads and KV included */
	uint32_t room;       /* how many more it takes while still called free */
	double idle_since_s; /* when it last became empty; HUGE_VAL while it has work */
};

/**
 * Instances alike in device, model, runtime, role and path. Members predict alike
 * but for their load, so a policy ranks classes, not ten thousand instances.
 */
struct class_view {
	enum tier tier;
	unsigned phases;
	size_t n_members;
	const struct instance_id *members; /* in file order */
	size_t n_free;                     /* members with room */
};

/** How members of a class are ranked; ties go to file order. */
enum rank {
	RANK_IDLE,  /* longest idle first, then those with work in file order */
	RANK_LOAD,  /* fewest assigned first, then longest idle */
	RANK_STEP,  /* shortest batch step with one request more first: the earliest to finish */
	RANK_QUEUE, /* as RANK_LOAD, but of all members, whether it fits there now or not */
	RANKS,
};

/**
 * Expected seconds; total_s is the sum, from now to the last byte received. They are of the phase
 * that waits: of PHASE_DECODE upload_s is the way of the KV and prefill_s 0; of a prompt at an
 * instance that goes no further decode_s and download_s are 0, and later_s is the least that the
 * rest takes on any instance that can follow, were it and the links idle.
 */
struct prediction {
	double upload_s, wait_s, prefill_s, decode_s, download_s, later_s, total_s;
};

/** The network between a group and an instance, or two instances, one way, as it is now. */
struct path {
	double delay_s;           /* of the links, together */
	double bytes_per_s;       /* of the slowest link now; HUGE_VAL: no link; 0: an outage */
	double share_bytes_per_s; /* of that, what a message sent now would get beside the others */
	double wait_s;            /* what it would wait for those sent before it */
};

/** What an instance takes, all its devices together; NaN: not known of one of them. */
struct upkeep {
	double power_w;   /* of their boards, while it works */
	double usd_per_s; /* that they are rented for */
};

struct rng;

/**
 * Read-only and valid until next() returns; not to be copied, since what the functions answer
 * from lies behind it. They answer on demand, so
 * that nothing is computed that no policy asks for:
 *
 *  can_serve: its role is that of the phase, model there, within its context and memory, and
 *             somebody can do what it leaves to do: true now, true for ever, and the same for all
 *             members of a class
 *  fits:      can_serve, a free place and KV blocks for the prompt and one token; always where its
 *             KV lies, if that instance serves both phases
 *  best:      the best member of @c that fits @w, by @r, the one where its KV lies before all
 *             others; false when there is none; O(log n). By RANK_QUEUE, for the eager: the best
 *             member that can serve @w
 *  predict:   with the present load of @i, for @output_tok tokens; it need not fit now
 *  predict_idle: the same as if @i and its links were idle (what 1e is judged by); the
 *             same for all members of a class, and over time while idle_version stays
 *  draw:      a random index below @n (> 0), uniform, from the policy's own stream
 *  uniform:   a random number in [0, 1), from the same stream
 *  kv_fill:   share of the KV cache of @i that is used or set aside, 0 to 1; 0 of an instance that
 *             runs no model
 *  path:      how prompts of @g get to @i, or, with @back, its answers to @g
 *  kv_path:   how KV gets from @a to @b; 0 bytes per s where it cannot
 *  upkeep:    what @i takes; the same for all members of a class, and over time
 *
 * A request, group, instance, class or rank that there is not, an answer of less than 0 or more
 * than UINT32_MAX tokens, a prediction for no prompt at an instance that runs a model, or draw()
 * from none, ends the run with the policy's name.
 */
struct view {
	double now_s;
	size_t n_waiting;
	const struct waiting *waiting; /* oldest first */
	size_t n_groups;
	const struct group_view *groups;
	size_t n_instances;
	const struct instance_view *instances;
	size_t n_classes;
	const struct class_view *classes;
	size_t n_free;         /* instances with room */
	uint64_t idle_version; /* moves when predict_idle may answer anew: a link's rate changed */
	struct rng *rng;       /* what draw() draws from */
	bool (*can_serve)(const struct view *v, const struct waiting *w, struct instance_id i);
	bool (*fits)(const struct view *v, const struct waiting *w, struct instance_id i);
	bool (*best)(const struct view *v, const struct waiting *w, struct class_id c, enum rank r,
		struct instance_id *out);
	struct prediction (*predict)(const struct view *v, const struct waiting *w,
		struct instance_id i, double output_tok);
	struct prediction (*predict_idle)(const struct view *v, const struct waiting *w,
		struct instance_id i, double output_tok);
	size_t (*draw)(const struct view *v, size_t n);
	double (*uniform)(const struct view *v);
	double (*kv_fill)(const struct view *v, struct instance_id i);
	struct path (*path)(
		const struct view *v, struct group_id g, struct instance_id i, bool back);
	struct path (*kv_path)(const struct view *v, struct instance_id a, struct instance_id b);
	struct upkeep (*upkeep)(const struct view *v, struct instance_id i);
};

/**
 * Give @request to @instance, or, with @drop, give it up. With @apart an instance of both roles
 * computes the prompt alone, and the request waits again for its decode; to stay there is one of
 * the choices then. It may be asked where can_serve() says of the request, as PHASE_DECODE with
 * its KV there, that somebody could go on. KV that lies at an instance of both roles is given to
 * another only where it fits, by the eager too: instances that hold memory never wait for each
 * other's.
 */
struct assignment {
	struct request_id request;
	struct instance_id instance;
	bool drop, apart;
};

/** A request that ended at an instance. */
struct outcome {
	struct request_id request;
	struct group_id group;
	struct instance_id instance;
	struct instance_id prefilled_at; /* @instance, unless the phases were apart */
	uint32_t prompt_tok, output_tok;
	double created_s, delivered_s, deadline_s;
};

/** What a policy that learns says of itself; NaN: it does not. */
struct policy_report {
	double regret;      /* what it paid beyond the best fixed choice, as a share of that */
	double late_beyond; /* share of requests that were late beyond what it allows */
};

struct policy_state; /* each policy's own .c file defines it: no cast */

struct policy_ops {
	const char *name;                /* the word used in scenarios */
	const char *summary;             /* one line, for `offing list policies` */
	size_t state_size;               /* 0 if it keeps nothing */
	const struct param_spec *params; /* ends with {0}; NULL if none */
	/** May assign to an instance that can serve but has no room now: the request then
	 *  waits there. The others may assign only where it fits. */
	bool eager;
	/** Required. Write the next assignment to *@out and return true, or return false
	 *  when nothing should be assigned now. Called again until false; *@v is
	 *  brought up to date in between and lives until the call returns. */
	bool (*next)(struct policy_state *st, const struct view *v, struct assignment *out);
	/** Optional. Learn from a request that finished. */
	void (*finished)(struct policy_state *st, const struct outcome *o);
	/** Optional. When to be asked again although nothing else happens: the earliest
	 *  time_s >= now_s after which, strictly, next() may answer differently; HUGE_VAL: never.
	 *  Asked once next() has returned false. Whoever calls rounds to the nanosecond and then
	 *  up to the next one, so that now_s means 1 ns from now. NaN, a time that is past, or
	 *  "now" 10 000 times in a row with nothing to assign end the run. */
	double (*wake_s)(struct policy_state *st, const struct view *v);
	/** Optional. Before a run, with nothing waiting: refuse a system this policy makes no
	 *  sense in. On false, *@why (of @size bytes) holds a message that follows the
	 *  policy's name: "needs an instance in the cloud". */
	bool (*check)(const struct policy_state *st, const struct view *v, char *why, size_t size);
	/** Optional. Before a run, after check(): make what a zeroed state cannot hold. On false
	 *  *@why is as for check(). */
	bool (*init)(struct policy_state *st, const struct view *v, char *why, size_t size);
	/** Optional. After a run, whatever became of it: free what init() made, which was called
	 *  before, with whatever result. Not called of a policy that crashed or did not return. */
	void (*finish)(struct policy_state *st);
	/** Optional. After a run, before finish(): *@out holds NaN. */
	void (*report)(const struct policy_state *st, struct policy_report *out);
};

/**
 * A policy in a shared object: it exports one of these under the name
 * offing_policy_v2. The number and the size come first, so that a program can
 * tell whether it understands the rest: what a later version adds at the end,
 * an object built against an earlier one simply lacks.
 */
#define POLICY_ABI 2

struct policy_plugin {
	uint32_t abi;  /* POLICY_ABI */
	uint32_t size; /* sizeof(struct policy_plugin) */
	struct policy_ops ops;
};

extern const struct policy_plugin offing_policy_v2 __attribute__((visibility("default")));

/** The policies a scenario may name. */
struct policy_registry {
	size_t n;
	const struct policy_ops *const *all;
};

#endif
