#ifndef OFFING_MODELS_WORLD_STATE_H
#define OFFING_MODELS_WORLD_STATE_H

#include "models/ids.h"
#include "models/serving/instance.h"
#include "models/measure/levels.h"
#include "models/measure/little.h"
#include "models/measure/lyapunov.h"
#include "models/measure/metrics.h"
#include "models/measure/warnings.h"
#include "models/offload/scheduler.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "models/net/net.h"
#include "models/net/route.h"
#include "models/net/user_routes.h"
#include "models/workload/workload.h"
#include "models/world/world.h"
#include "sim/engine.h"
#include "sim/rng.h"
#include "sim/stat.h"

/** The inside of a world, for the files of this folder alone. */

/** A request in the system, but for what an instance keeps of it (struct sequence). Pooled: its
 * slot is what events carry. */
struct request {
	uint64_t n; /* number within the replication */
	uint32_t group, instance;
	bool measured; /* created in the window */
	uint32_t next_free;
	int64_t created_ns, assigned_ns, uploaded_ns, finished_ns;
	int64_t deadline_ns; /* NS_NEVER: none */
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
};

/** What an instance costs, and whose that is: those alike share what the first of them owns. */
struct instance_cost {
	struct cost *cost;
	bool owned;
};

/** Those who are measured: created in the window, and no more than run.requests. */
struct cohort {
	bool open;   /* the window is */
	bool ending; /* all have ended */
	int64_t from_ns;
	uint64_t created, ended;
};

struct world {
	struct world_setup setup;
	const struct scenario_spec *spec;
	struct arena arena;
	struct engine *engine;
	struct err err; /* first thing that went wrong inside a handler */
	bool failed;

	struct net *net;
	struct user_routes routes;
	struct request_pool requests;
	struct group *groups;
	struct instance *instances;
	struct instance_cost *costs;
	struct scheduler *scheduler;

	/* life of the run */
	bool wanted;         /* a request came to the queue: the policy is to be asked */
	bool has_capacities; /* some station drops what overflows */
	uint64_t created, in_system;
	struct cohort cohort;
	struct warnings warnings; /* handed over at the end */

	struct probes probes; /* who is told; some of them are the world's own: */
	struct probe metrics, little, lyapunov, levels;
	bool starved;     /* was told last */
	uint32_t *queues; /* of the sample in the making */
};

static inline const struct route *world_route(
	const struct world *w, uint32_t group, struct instance_id i, bool down)
{
	return user_route(&w->routes, (struct group_id){group}, w->spec->instances[i.i].site, down);
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

void request_say(struct world *w, uint32_t slot, enum moment m, enum fate fate, int64_t now_ns);
/** Is this slot of the pool a request in the system? */
static inline bool request_held(const struct request *r)
{
	return r->created_ns != TIME_NONE;
}

/** Tell those who listen of @m, which is now. */
static inline void request_tell(
	struct world *w, uint32_t slot, enum moment m, enum fate fate, int64_t now_ns)
{
	if (probes_want(&w->probes, m))
		request_say(w, slot, m, fate, now_ns);
}

/* cohort.c: who is measured, and when it is over */
bool cohort_takes(struct world *w); /* a request that is created now */
void cohort_left(struct world *w);  /* one of it has ended */
void cohort_open(struct world *w);  /* the warm-up is over */
MUST_CHECK bool cohort_check(const struct world *w, struct err *err);
void probe_slot(struct world *w); /* a slot of the queue record ends */

/* result.c */
void result_fill(struct world *w, struct world_result *out);

/* decide.c */
void decide(struct world *w);
void decide_if_wanted(struct world *w);

/* scheduling.c: the scheduler of a world whose groups and instances are there */
MUST_CHECK bool world_schedule(struct world *w, struct err *err);

/* traffic.c */
void traffic_start(struct world *w);
struct request_draw traffic_arrive(struct world *w, struct group_id g);
struct request_draw traffic_send(struct world *w, struct group_id g);
void traffic_ended(struct world *w, struct group_id g); /* a request of @g left the system */

/* control.c */
void world_fail(struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
void world_stop_failed(struct world *w); /* w->err says why */

/* network.c: links, and the routes between users and instances */
MUST_CHECK bool network_create(struct world *w, struct err *err);

extern const struct event_handler world_handlers[]; /* dispatch.c: EV_KINDS rows */

#endif
