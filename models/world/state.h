#ifndef OFFING_MODELS_WORLD_STATE_H
#define OFFING_MODELS_WORLD_STATE_H

#include "models/ids.h"
#include "models/serving/drafter.h"
#include "models/serving/instance.h"
#include "models/measure/causes.h"
#include "models/measure/choices.h"
#include "models/measure/within.h"
#include "models/measure/drift_probe.h"
#include "models/measure/levels.h"
#include "models/measure/little.h"
#include "models/measure/lyapunov.h"
#include "models/measure/metrics.h"
#include "models/measure/stability.h"
#include "models/measure/warnings.h"
#include "models/offload/scheduler.h"
#include "models/probe.h"
#include "models/scenario.h"
#include "models/net/kv_routes.h"
#include "models/net/net.h"
#include "models/net/route.h"
#include "models/net/user_routes.h"
#include "models/workload/workload.h"
#include "models/world/world.h"
#include "sim/engine.h"
#include "sim/rng.h"
#include "sim/stat.h"

/** The inside of a world, for the files of this folder alone. */

/** KV on its way from phase to phase. */
struct kv_way {
	int64_t layer_ns; /* its first layer is computed, where it leaves by layers; or TIME_NONE */
	int64_t ready_ns; /* all are */
	uint32_t n_under_way;         /* messages with it */
	bool computed, told, granted; /* what it waits for: nobody sends before all three */
	bool ahead, sent;             /* all layers but the last; all */
	bool dropped;                 /* when it is computed, it is over */
};

/** A request in the system, but for what an instance keeps of it (struct sequence). Pooled: its
 * slot is what events carry. */
struct request {
	uint64_t n; /* number within the replication */
	uint32_t group, instance;
	uint32_t
		prefill; /* the instance that computes its prompt, and only that; NO_ID: none yet */
	uint32_t session; /* NO_ID: none */
	bool measured;    /* created in the window */
	bool sent;        /* its prompt is on the way, or was */
	uint32_t next_free;
	int64_t created_ns, assigned_ns, uploaded_ns, finished_ns;
	int64_t deadline_ns; /* NS_NEVER: none */
	struct kv_way kv;
};

struct request_pool {
	struct request *at;
	size_t n, cap;
	uint32_t free;              /* NO_ID: none */
	struct sequences sequences; /* the same slots */
	bool has_foreseen;          /* record.choices */
	struct foreseen *foreseen;  /* the same slots, then */
	size_t foreseen_cap;
};

/** A conversation that goes on. Pooled, as requests are. */
struct session {
	uint64_t n; /* number within its group */
	uint32_t group;
	uint32_t turn, turns; /* the present one, from 1; of how many */
	uint32_t tok;         /* prompt and answer of the last */
	uint32_t prefix_tok;  /* of that, what it shares with other sessions: the stream */
	uint64_t prefix;
	uint32_t next_free;
};

struct session_pool {
	struct session *at;
	size_t n, cap;
	uint32_t free; /* NO_ID: none */
};

/** Why a request can be served by nobody. */
enum refusal { REFUSED_CONTEXT, REFUSED_MEMORY, REFUSED_MODEL, REFUSALS };

/** Those of a group that were turned away. */
struct refusals {
	uint64_t n[REFUSALS];            /* of the cohort, rejected */
	uint32_t prompt_tok, output_tok; /* of the last */
	enum refusal why;                /* of the last */
	int64_t at_ns;                   /* how many at one instant, by rejection or overflow */
	uint64_t n_at;
};

struct group {
	const struct group_spec *spec;
	struct workload *source;
	double output_mean_tok, output_q90_tok; /* of its answers */
	struct request_draw next;               /* lengths of the arrival posted */
	int64_t next_ns, last_ns;   /* that, and the last arrival; NS_NEVER, TIME_NONE: none */
	uint64_t created, measured; /* requests */
	bool over;                  /* its trace, or its schedule, has ended, and all sessions */
	bool arrived;               /* the former */
	uint64_t sessions, going;   /* begun, and not over */
	uint64_t begun, cut;        /* in the window; those that the context ended */
	struct refusals refused;
};

/** What an instance costs, and whose that is: those alike share what the first of them owns. */
struct instance_cost {
	struct cost *cost;
	struct offload *offload; /* NULL: all layers are on the device */
	struct planned *planned; /* of drafts, where k is; NULL: it is not */
	bool owned;
};

/** The same of stages of pipelines, once for all that are alike. */
struct stage_costs {
	struct stage_cost {
		struct cost_spec of;
		struct cost *cost;
	} * at;
	size_t n, cap;
};

/** Those who are measured: created in the window, and no more than run.requests. */
struct cohort {
	bool open;              /* the window is */
	bool ending;            /* all have ended */
	bool complete;          /* no more will join it */
	int64_t from_ns, to_ns; /* the window, when the run is over */
	uint64_t created, ended;
	uint64_t before, held;   /* requests created, and in the system, when the window opened */
	uint64_t seen, progress; /* joined or ended, and the events there had been by then */
};

/** Who makes drafts for instances elsewhere: one for all that ask alike. */
struct draft_maker {
	struct site_id site;
	const struct profile *profile;
	const struct model_spec *model;
	uint32_t max_batch;
	struct cost *cost;
	struct drafter *drafter;
};

struct drafters {
	struct draft_maker *at;
	size_t n, cap;
	struct draft_turns turns;
	struct draft_mail mail;
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
	struct kv_routes kv_routes;
	const struct route ***hops; /* of each instance, if it is a pipeline: of each stage */
	struct request_pool requests;
	struct session_pool sessions;
	uint64_t request_scope; /* of the streams that are of one request */
	struct group *groups;
	struct instance *instances;
	struct instance_cost *costs, *draft_costs;
	struct drafters drafters;
	struct draft_line **draft_lines; /* by instance, of the sites where it has them made */
	struct stage_costs stage_costs;
	struct scheduler *scheduler;
	const bool *short_of_memory; /* of the scheduler */

	/* life of the run */
	bool wanted;         /* a request came to the queue: the policy is to be asked */
	bool has_capacities; /* some station drops what overflows */
	uint64_t created, in_system;
	struct cohort cohort;
	size_t n_coming, n_traces; /* groups from which more may come; of these with a trace */
	bool circles;              /* why it failed: others would too, and take as long to */
	struct warnings warnings;  /* handed over at the end */

	struct probes probes; /* who is told; some of them are the world's own: */
	struct probe metrics, little, causes, choices, lyapunov, drift, stability, levels;
	struct probe within;     /* where there is but one replication */
	struct backlog *backlog; /* NULL: none */
	uint64_t mix_left;       /* to be done before its phases are mixed; 0: they are */
	bool starved;            /* was told last */
	uint32_t *queues;        /* of the sample in the making */
};

static inline const struct route *world_route(
	const struct world *w, uint32_t group, struct instance_id i, bool down)
{
	return user_route(&w->routes, (struct group_id){group}, w->instances[i.i].site, down);
}

static inline struct sequence *world_sequence(const struct world *w, uint32_t slot)
{
	return &w->requests.sequences.at[slot];
}

/** The memory of @i may be less short: who ranks by that hears of it where it ever was. */
static inline void world_eased(struct world *w, struct instance_id i)
{
	if (*w->short_of_memory)
		scheduler_eased(w->scheduler, i);
}

/** What is in the batch of @i has changed, if not how many are there: where reports are old,
 * another of them sets out. */
static inline void world_report(struct world *w, struct instance_id i)
{
	if (w->spec->run.state_delay_s > 0.0)
		scheduler_touch(w->scheduler, i);
	else
		world_eased(w, i);
}

/* request.c: the life of a request */
uint32_t request_create(
	struct world *w, struct group_id g, const struct request_draw *d, uint32_t session);
void request_submitted(struct world *w, uint32_t slot);
void request_assign(struct world *w, uint32_t slot, struct instance_id i, bool apart);
void request_dispatch(struct world *w, uint32_t slot);
void request_uploaded(struct world *w, uint32_t slot);
void request_in_line(struct world *w, uint32_t slot);
void request_delivered(struct world *w, uint32_t slot);
/** An instance is done with it: its place is free, the answer goes home. */
void request_served(struct world *w, struct instance_id i, uint32_t slot);
/** Another token: where answers are streamed it is a message of its own, which nobody waits for. */
void request_token(struct world *w, struct instance_id i, uint32_t slot);
void request_end(struct world *w, uint32_t slot, enum fate fate);

/** What it will add to the mean context of the decode steps of its instance. */
double request_expected_tok(const struct world *w, uint32_t slot);

void request_say(struct world *w, uint32_t slot, enum moment m, enum fate fate, int64_t now_ns);
/* account.c: where its time goes. It is sent off now, and would be there in @alone_s if nobody else
 * sent anything; its prompt is there; it has ended. */
void account_sent(struct world *w, uint32_t slot, double alone_s);
void account_uploaded(struct world *w, uint32_t slot);
void account_ended(struct world *w, uint32_t slot);

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

extern const struct instance_host world_host; /* host.c: what instances tell */

/* backlog.c: who stands in the line when the run begins */
MUST_CHECK bool backlog_create(struct world *w, struct err *err);
void backlog_finish(struct world *w);
void backlog_put(struct world *w);

/* level.c: one more is in the system, one less */
void level_up(struct world *w);
void level_down(struct world *w);

/* handover.c: from phase to phase */
void handover_computing(
	struct world *w, struct instance_id i, uint32_t slot, int64_t layer_ns, int64_t end_ns);
void handover_computed(struct world *w, struct instance_id i, uint32_t slot);
void handover_assign(struct world *w, uint32_t slot, struct instance_id i);
void handover_told(struct world *w, uint32_t slot);
void handover_granted(struct world *w, struct instance_id i, uint32_t slot);
void handover_layer(struct world *w, uint32_t slot);
void handover_left(struct world *w, uint32_t slot);
void handover_arrived(struct world *w, uint32_t slot);
void handover_drop(struct world *w, uint32_t slot);
/** At the end: is the KV that lies somewhere that of requests, and memory free where nobody is? */
MUST_CHECK bool handover_check(const struct world *w, struct err *err);

/* roles.c: each has somebody before or behind it */
MUST_CHECK bool roles_check(const struct world *w, struct err *err);

/* spec_check.c: what a scenario alone shows to be wrong */
MUST_CHECK bool check_spec(const struct scenario_spec *s, struct err *err);

/* cohort.c: who is measured, and when it is over */
bool cohort_takes(struct world *w); /* a request that is created now */
void cohort_left(struct world *w);  /* one of it has ended */
void cohort_open(struct world *w);  /* the warm-up is over */
void cohort_over(struct world *w);  /* some group sends no more */
/** Nothing more will come of waiting for it; then the world has failed. */
bool cohort_hopeless(struct world *w);
MUST_CHECK bool cohort_check(const struct world *w, struct err *err);
void probe_slot(struct world *w); /* a slot of the queue record ends */

/* refusal.c: who is turned away, and why */
void refusal_note(struct world *w, uint32_t slot, enum refusal why);
/** A user of @g was turned away and is about to send again: fails when that goes in circles. */
void refusal_again(struct world *w, struct group_id g, enum fate fate);

/** If all of @g that are measured were. */
void refusal_remark(struct world *w, struct group_id g, const char *scope);

/* remark.c: what the user of the result should know */
void remarks_make(struct world *w);

/* result.c */
void result_fill(struct world *w, struct world_result *out);

/* drafts.c: @what is what its model costs */
struct cost_spec draft_cost_of(const struct world *w, uint32_t i, const struct cost_spec *what);
double draft_acceptance(const struct world *w, struct instance_id i, uint32_t g);
MUST_CHECK bool draft_routes_find(struct world *w, struct err *err);
/** Of instance @i, with those who draft. */
MUST_CHECK bool draft_lines_make(struct world *w, uint32_t i, struct err *err);
/** NULL: nobody drafts for users @g there. */
const struct draft_line *draft_line_of(const struct world *w, struct instance_id i, uint32_t g);
struct draft_outlook draft_outlook_of(const struct world *w, uint32_t i);
void drafters_finish(struct world *w);
MUST_CHECK bool drafts_check(const struct world *w, uint32_t i, struct err *err);

/* decide.c */
void decide(struct world *w);
void decide_if_wanted(struct world *w);

/* stages.c: the routes between the stages of pipelines, w->hops; the stages of pipeline @i, in the
 * arena */
MUST_CHECK bool hops_find(struct world *w, struct err *err);
MUST_CHECK bool stages_build(
	struct world *w, uint32_t i, struct pipeline_build *out, struct err *err);
void stages_finish(struct world *w);

/* scheduling.c: the scheduler of a world whose groups and instances are there */
MUST_CHECK bool world_schedule(struct world *w, struct err *err);

/* session.c: who talks on */
/** A draw is the first turn of a new one. */
uint32_t session_begin(struct world *w, struct group_id g, const struct request_draw *d);
/** A turn has ended; false: so has the session. */
bool session_goes_on(struct world *w, uint32_t session, uint32_t slot, enum fate fate);
/** Its next turn, now; false: the context of the model ends it. */
bool session_turn(struct world *w, uint32_t session, struct request_draw *d);
/** The stream that it is, behind what it shares with others. */
uint64_t session_stream(const struct world *w, uint32_t session);

/* traffic.c */
void traffic_start(struct world *w);
struct request_draw traffic_arrive(struct world *w, struct group_id g, uint32_t *session);
struct request_draw traffic_send(struct world *w, struct group_id g, uint32_t *session);
/** The next turn of a session; false: there is none, it is over. */
bool traffic_turn(struct world *w, struct group_id g, uint32_t session, struct request_draw *d);
void traffic_ended(struct world *w, uint32_t slot, enum fate fate); /* it has left */

/* control.c */
void world_fail(struct world *w, const char *fmt, ...) PRINTF_LIKE(2, 3);
void world_stop_failed(struct world *w); /* w->err says why */

/* network.c: links, and the routes between users and instances */
MUST_CHECK bool network_create(struct world *w, struct err *err);

extern const struct event_handler world_handlers[]; /* dispatch.c: EV_KINDS rows */

#endif
