#ifndef OFFING_MODELS_OFFLOAD_SCHEDULER_PARTS_H
#define OFFING_MODELS_OFFLOAD_SCHEDULER_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "models/net/kv_routes.h"
#include "models/net/net.h"
#include "models/net/user_routes.h"
#include "models/offload/guard.h"
#include "models/offload/policy.h"
#include "models/offload/scheduler.h"
#include "models/offload/shortest.h"
#include "models/offload/stale.h"
#include "models/offload/waiting_line.h"
#include "models/serving/instance.h"
#include "sim/engine.h"
#include "sim/rng.h"

/** The inside of a scheduler, between the files that it is made of. */

/** What is kept of an instance beside what is shown. */
struct seat {
	struct scheduler_instance of;
	uint32_t member;     /* place in its class */
	uint64_t idle_order; /* of the instants at which instances became idle; IDLE_NEVER: busy */
};

struct queue_group {
	struct scheduler_group of;
	struct shortest waiting[PHASE_KINDS]; /* prompts of its requests in the queue, tokens */
	struct instance_id
		home[PHASE_KINDS]; /* the first at the home site with its model; NO_ID: none */
};

/** Who can go on where those of a class that compute prompts alone end: one of each kind. */
struct followers {
	size_t n;
	struct instance_id *at;
};

enum { MEMBER_BITS = 24 };
#define IDLE_NEVER ((UINT64_C(1) << (64 - MEMBER_BITS)) - 1)

/** A knock-out tournament of the members of a class. at[1] is the best, at[k] the better of
 *  at[2k] and at[2k + 1], at[seats + m] member m: a change replays log2(seats) games, always as
 *  many, and moves nobody else. A member with room is one number, the least the best: 64 bits of
 *  what the rank is about, 40 of idle_order, 24 of its place in the class, which is file order. */
struct tournament {
	unsigned __int128 *at;
	size_t seats; /* a power of two; 0 while no policy asks for this rank */
};

/** Whose memory was found to be short, of the members of a class: of each the shortest prompt that
 *  found none and finds none now, of each inner node the longest of those below. */
struct shortage {
	uint32_t *tok; /* as tournament.at; NULL: never yet. UINT32_MAX: not known to be short; 0:
			  it has no place */
	size_t seats;
};

struct ranking {
	struct tournament by[RANKS];
	struct shortage shortage;
};

struct scheduler {
	struct view view;            /* first: the view's functions find the rest behind it */
	struct arena memory, *arena; /* the latter: where const cannot follow */
	struct engine *engine;
	double delay_s;
	struct net *net;
	const struct user_routes *routes;
	const struct kv_routes *kv_routes;

	struct waiting_line line;
	struct queue_group *groups;
	struct seat *seats;

	/* what policies see */
	struct group_view *group_views;
	struct instance_view *instance_views;
	struct class_view *class_views;
	struct ranking *rankings; /* by class */
	bool *short_of_memory;    /* some class has a shortage */
	struct followers *followers;
	size_t n_staying;    /* that wait to go on and can where their KV lies */
	uint64_t idle_order; /* the last given */
	int64_t idle_at_ns;  /* when it was */

	struct stale *stale; /* NULL: policies see what is */
	struct aged *aged;   /* of what is shown where that is old: what is known; else NULL */

	const struct policy_ops *ops;
	struct guard *guard;
	bool begun;                 /* init() was called */
	bool broken;                /* it crashed or so: no further call */
	struct request_id learning; /* of the last finished() */
	struct policy_state *policy;
	struct policy_report report;
	struct rng rng;
	struct event_id alarm; /* EV_WAKE */
	unsigned hurried;      /* alarms in a row, at once and in vain */
	bool starves;          /* Definition 2 */
};

static inline const struct scheduler *scheduler_behind(const struct view *v)
{
	return (const struct scheduler *)v;
}

static inline const struct instance *instance_of(const struct scheduler *s, struct instance_id i)
{
	return s->seats[i.i].of.instance;
}

/** As far as @s knows. */
static inline struct load load_of(const struct scheduler *s, struct instance_id i)
{
	return s->aged ? s->aged[i.i].load : instance_load(instance_of(s, i));
}

static inline const struct route *route_of(
	const struct scheduler *s, struct group_id g, struct instance_id i, bool down)
{
	return user_route(s->routes, g, instance_of(s, i)->site, down);
}

/** What policies are shown: @s itself where nothing is old. */
static inline struct scheduler *scheduler_shown(struct scheduler *s)
{
	return s->stale ? stale_view(s) : s;
}

/* view.c: the arrays shown */
void view_create(struct scheduler *s, size_t n_sites);

/* show.c: one instance in them. Since @at_ns it has had that. */
void view_show(
	struct scheduler *s, struct instance_id i, uint32_t assigned, uint32_t room, int64_t at_ns);

/* asked.c: the functions of a view */
void asked_answer(struct view *v);

/* calls.c: the policy, within the guard */
bool policy_next(struct scheduler *s, struct assignment *out);
double policy_wake_s(struct scheduler *s);
MUST_CHECK bool policy_begin(struct scheduler *s, const struct policy_spec *spec, struct err *err);

/* classes.c: instances alike */
void classes_find(struct scheduler *s, size_t n_sites);

/* followers.c: who goes on where a prompt was computed */
void followers_find(struct scheduler *s);
const struct route *kv_route_of(
	const struct scheduler *s, struct instance_id a, struct instance_id b);

const struct kv_local *kv_local_of(
	const struct scheduler *s, struct instance_id a, struct instance_id b);

/* fit.c: who can serve whom */
/** What @i would do of @q. */
enum service fit_service(const struct scheduler *s, const struct waiting *q, struct instance_id i);
/** Does the KV of @q lie at @i, which can go on with it? */
bool fit_stays(const struct scheduler *s, const struct waiting *q, struct instance_id i);
bool fit_can_serve(const struct scheduler *s, const struct waiting *q, struct instance_id i);
bool fit_now(const struct scheduler *s, const struct waiting *q, struct instance_id i);
bool fit_has_memory(const struct scheduler *s, const struct waiting *q, struct instance_id i);

/* ranking.c: the best of a class */
bool ranking_best(const struct scheduler *s, const struct waiting *q, struct class_id c,
	enum rank by, struct instance_id *out);
void ranking_touch(struct scheduler *s, struct instance_id i);
/** Its memory may be less short. */
void ranking_eased(struct scheduler *s, struct instance_id i);

/* predict.c: expected times */
struct prediction predict_loaded(const struct scheduler *s, const struct waiting *q,
	struct instance_id i, double output_tok);
struct prediction predict_idle(const struct scheduler *s, const struct waiting *q,
	struct instance_id i, double output_tok);

/* conserving.c: Definition 2 */
/** The least time in which any instance would answer @q, as if all were idle. */
double conserving_least_s(const struct scheduler *s, const struct waiting *q);
/** Is there room now for a request that waits? */
bool conserving_starves(const struct scheduler *s);

#endif
