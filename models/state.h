#ifndef OFFING_MODELS_STATE_H
#define OFFING_MODELS_STATE_H

#include "models/ids.h"
#include "models/serving/instance.h"
#include "models/measure/metrics.h"
#include "models/measure/warnings.h"
#include "models/offload/policy.h"
#include "models/record.h"
#include "models/offload/shortest.h"
#include "models/scenario.h"
#include "models/net/topology.h"
#include "models/net/transfer.h"
#include "models/workload/workload.h"
#include "models/world/world.h"
#include "sim/engine.h"
#include "sim/rng.h"
#include "sim/stat.h"

/** The inside of a world, for the files of models/ that make it move. */

/** A request in the system, but for what an instance keeps of it (struct sequence). Pooled: its
 * slot is what events carry. */
struct request {
	uint64_t n; /* number within the replication */
	uint32_t group, instance;
	bool measured; /* created in the window */
	uint32_t next_free;
	int64_t created_ns, assigned_ns, uploaded_ns, finished_ns;
	int64_t deadline_ns; /* NS_NEVER: none */
	struct event_id late;
};

struct request_pool {
	struct request *at;
	size_t n, cap;
	uint32_t free;              /* NO_ID: none */
	struct sequences sequences; /* the same slots */
};

struct group {
	const struct group_spec *spec;
	struct workload *source;
	double output_mean_tok, output_q90_tok; /* of its answers */
	struct request_draw next;               /* lengths of the arrival posted */
	struct group_metrics metrics;
	struct shortest waiting; /* prompts of its requests in the scheduler's queue, tokens */
	struct instance_id home; /* the first at the home site with its model; NO_ID: none */
};

/** What an instance costs, and whose that is: those alike share what the first of them owns. */
struct instance_cost {
	struct cost *cost;
	bool owned;
};

/** What an instance is ranked by among its like. */
struct standing {
	uint32_t member;     /* place in its class */
	uint64_t idle_order; /* of the instants at which instances became idle; IDLE_NEVER: busy */
};

/** The global queue: parallel arrays, [head, head + n). */
struct line {
	struct waiting *waiting;
	uint32_t *slot;
	size_t head, n, cap;
};

enum { MEMBER_BITS = 24 };
#define IDLE_NEVER ((UINT64_C(1) << (64 - MEMBER_BITS)) - 1)

/** A knock-out tournament of the members of a class. at[1] is the best, at[k] the better of
 *  at[2k] and at[2k + 1], at[seats + m] member m: a change replays log2(seats) games, always as
 *  many, and moves nobody else. A member with room is one number, the least the best: 64 bits of
 *  what the rank is about, 40 of idle_order, 24 of its place in the class, which is file order. */
struct ready {
	unsigned __int128 *at;
	size_t seats; /* a power of two; 0 while no policy asks for this rank */
};

struct ready_class {
	struct instance_id *members;
	struct ready by[RANKS];
};

struct world {
	struct world_setup setup;
	const struct scenario_spec *spec;
	struct arena arena;
	struct engine *engine;
	struct err err; /* first thing that went wrong inside a handler */
	bool failed;

	struct topology topology;
	struct transfers transfers;
	struct request_pool requests;
	struct group *groups;
	struct instance *instances;
	struct instance_cost *costs;
	struct line line;

	/* what policies see */
	struct view view;
	struct group_view *group_views;
	struct instance_view *instance_views;
	struct class_view *class_views;
	struct ready_class *ready;
	struct standing *standings; /* of the instances */
	uint64_t idle_order;        /* the last given */
	int64_t idle_at_ns;         /* when it was */
	struct policy_state *policy;
	struct rng policy_rng;
	bool wanted;           /* a request came to the queue: the policy is to be asked */
	struct event_id alarm; /* EV_WAKE */

	/* life of the run */
	bool has_capacities; /* some station drops what overflows */
	bool has_tokens;     /* some group's requests have lengths */
	bool measuring, ending;
	int64_t measure_from_ns;
	uint64_t created;
	uint64_t cohort_created, cohort_ended;
	struct world_metrics metrics;
	struct warnings warnings; /* handed over at the end */
};

static inline const struct route *world_route(
	const struct world *w, uint32_t group, struct instance_id i, bool down)
{
	size_t at = group * w->spec->n_sites + w->spec->instances[i.i].site.i;

	return down ? &w->topology.down[at] : &w->topology.up[at];
}

static inline struct sequence *world_sequence(const struct world *w, uint32_t slot)
{
	return &w->requests.sequences.at[slot];
}

/* request.c: the life of a request */
uint32_t request_create(struct world *w, struct group_id g, struct request_draw d);
void request_submitted(struct world *w, uint32_t slot);
void request_assign(struct world *w, uint32_t slot, struct instance_id i);
void request_dispatch(struct world *w, uint32_t slot);
void request_uploaded(struct world *w, uint32_t slot);
void request_delivered(struct world *w, uint32_t slot);
extern const struct instance_host request_host; /* what instances tell */
void request_end(struct world *w, uint32_t slot, enum fate fate);

/* scheduler.c: what the policy wants, one thing at a time; carries nothing out */
struct decision {
	uint32_t slot;
	struct instance_id instance;
	bool drop;
};
void scheduler_push(struct world *w, uint32_t slot);
/** Is there anything to ask about? Then scheduler_next() while 1, then scheduler_rests(). */
bool scheduler_wakes(struct world *w);
/** 1: *@out; 0: nothing more now; -1: the policy broke a rule. */
int scheduler_next(struct world *w, struct decision *out, struct err *err);
void scheduler_rests(struct world *w);
/** Links have other rates now: deadlines and decisions are looked at anew. */
void scheduler_rates_changed(struct world *w);

/* decide.c */
void decide(struct world *w);
void decide_if_wanted(struct world *w);

/* view.c */
MUST_CHECK bool view_create(struct world *w, struct err *err);
void view_destroy(struct world *w);
/** Call after the load of @i changed. */
void view_touch(struct world *w, struct instance_id i);
bool view_can_serve(const struct world *w, uint32_t slot, struct instance_id i);
struct instance_id view_home(const struct world *w, uint32_t slot);

/* traffic.c */
void traffic_start(struct world *w);
struct request_draw traffic_arrive(struct world *w, struct group_id g);
struct request_draw traffic_send(struct world *w, struct group_id g);
void traffic_ended(struct world *w, struct group_id g); /* a request of @g left the system */

/* world.c */
void world_fail(struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
void world_stop_failed(struct world *w); /* w->err says why */

extern const struct event_handler world_handlers[]; /* dispatch.c: EV_KINDS rows */

#endif
