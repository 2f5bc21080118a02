#ifndef OFFING_MODELS_SERVING_PIPELINE_PARTS_H
#define OFFING_MODELS_SERVING_PIPELINE_PARTS_H

#include "models/net/route.h"
#include "models/serving/batch.h"

/**
 * The inside of a pipeline, between pipeline.c and the files it is made of: what a round of a
 * micro-batch takes at each stage (pipeline_lane.c), and the clock it runs by: rounds worked out
 * ahead, many as one event (pipeline_ahead.c), or an event for each stage and hop
 * (pipeline_events.c).
 *
 * A micro-batch is a batch of its own, a *lane*; a *round* is its step through all stages and the
 * way of its tokens back to the first. Micro-batches pass every stage in the order in which they
 * began their rounds at the first:
 *
 *	start(j, s) = max(end(j, s - 1) + hop(j, s), end(the one before j, s))
 */

/** How what a stage makes comes to the next. */
enum hop_kind {
	HOP_AT_ONCE, /* there is no network */
	HOP_BUS,     /* within a site: in order, a latency and a rate */
	HOP_ROUTE,   /* over links */
};

struct hop {
	enum hop_kind kind;
	const struct route *route;
	double bytes_per_s; /* of a bus */
	int64_t latency_ns;
	size_t first_link; /* its place in flow.link_ns */
};

struct stage {
	const struct cost *cost;
	double block_bytes;
	struct hop hop; /* to the next; of the last stage, of tokens to the first */
	int64_t busy_ns, busy_before_ns; /* since the start, and then when the window began */

	/* by events: who comes next, in order, and whether somebody is in it */
	bool busy;
	uint32_t *order, head, n;
};

/** Where the rounds of a lane stand. */
struct pulse {
	int64_t ready_ns; /* its last round ends, or it has waited for the first stage since */
	uint64_t begun;   /* rounds since its step was formed */
	double context_tok;
};

/** Where everything stands: what working ahead copies. */
struct flow {
	uint32_t head, n; /* of the ring */
	struct pulse *pulse;
	uint32_t *ring;   /* lanes that have something to do, by when they are ready */
	int64_t *free_ns; /* by stage: when it is through with all that has begun a round */
	int64_t *link_ns; /* by link of a hop: when what was sent has left */
	size_t bytes;     /* of all four, which lie behind one another at @pulse */
};

struct lane {
	struct batch batch;            /* first */
	uint32_t assigned;             /* sequences dealt to it and not served */
	bool active;                   /* has something to do */
	bool unformed;                 /* who is in its next round is seen when that begins */
	double row_bytes, token_bytes; /* of a round: to the next stage, and back to the first */
	double tokens;                 /* it makes */
	int64_t *send_ns;              /* by stage, of that: bytes over the rate of a bus */
	/* by stage: of its decode steps with a context in [from_tok, until_tok); of a step with
	   prompts */
	struct line {
		double base_s, per_tok_s;
	} * decode;
	double from_tok, until_tok;
	int64_t *prompt_ns;

	/* the round in flight, by stage; took_ns 0: it has not come so far */
	int64_t *end_ns, *took_ns;
	int64_t hop_ns; /* of its hand-overs together */
	bool counted;   /* it is over, and is in what was counted */

	/* by events: at or on its way to this stage */
	uint32_t stage;
	bool here;
	int64_t left_ns; /* it left the one before */
};

struct instance_state;

/** The clock a pipeline runs by. */
struct pace_ops {
	/** Bring what is known up to date: rounds that began before now have begun. */
	void (*sync)(struct instance_state *p);
	/** Begin what begins now, and see to it that what comes next is an event. */
	void (*go)(struct instance_state *p);
	/** An event of the instance's is here. True: the step of lane *@at is over. */
	bool (*advance)(struct instance_state *p, const struct event *ev, uint32_t *at);
};
extern const struct pace_ops pace_ahead, pace_events;

struct instance_state {
	struct instance *i;
	struct net *net;
	const struct pace_ops *pace;
	uint32_t n_stages, n_lanes;
	struct stage *stages;
	struct lane *lanes;
	double hidden_bytes; /* of a row */
	double block_bytes;  /* over all stages */
	double most_tok;     /* that a lane can hold */
	bool deciding;       /* between advance() and begin(): only lining up */
	uint32_t ended;      /* the lane whose step ended last */
	struct flow at, ahead;
	struct event_id next; /* ahead: the event posted, and when it is */
	int64_t next_ns;

	/* counted since the window began, of rounds that ended */
	double hop_s, tokens; /* hand-over of each, times the tokens it made */
	uint64_t kv_peak;
};

/* pipeline_build.c */
bool pipeline_init(struct instance *i, const struct instance_build *b, struct err *err);
void pipeline_finish(struct instance *i);

/* pipeline_expect.c */

/** Expected seconds of a hop with nobody else on its way. */
double pipeline_hop_s(const struct instance_state *p, const struct hop *h, double bytes);
double pipeline_lag_s(const struct instance *i);
double pipeline_step_s(const struct instance *i, struct load others);
struct expectation pipeline_expect(
	const struct instance *i, const struct demand *d, struct load others);

/* pipeline_lane.c */

/** Form the next step of @l. False: nobody is there. */
bool lane_form(struct instance_state *p, uint32_t l);

/** The instance is held as long as somebody preempted waits in any of its lanes. */
void lane_hold(struct instance_state *p);

/** Rounds that its step makes. */
static inline uint64_t lane_rounds(const struct lane *l)
{
	return l->batch.activity == BATCH_DECODE ? l->batch.jump.k : 1;
}

/** Find what decode steps with a context of @context_tok take. */
void lane_price(struct instance_state *p, struct lane *l, double context_tok);

/** A round with that context is to begin. */
static inline void lane_ready(struct instance_state *p, struct lane *l, double context_tok)
{
	if (l->batch.activity == BATCH_DECODE &&
		!(context_tok >= l->from_tok && context_tok < l->until_tok))
		lane_price(p, l, context_tok);
}

/** What its round takes at stage @k. */
static inline int64_t lane_step_ns(const struct lane *l, size_t k, double context_tok)
{
	if (l->batch.activity != BATCH_DECODE)
		return l->prompt_ns[k];
	return ns_of_s(l->decode[k].base_s + l->decode[k].per_tok_s * context_tok);
}

/** When what comes to a bus at @at_ns is there; @free_ns: when it has sent what was before. */
static inline int64_t hop_bus_ns(
	const struct hop *h, int64_t *free_ns, int64_t at_ns, int64_t send_ns)
{
	*free_ns = ns_after(*free_ns > at_ns ? *free_ns : at_ns, send_ns);
	return ns_after(*free_ns, h->latency_ns);
}

/** Bytes that leave stage @k in its round. */
static inline double lane_bytes(const struct instance_state *p, const struct lane *l, size_t k)
{
	return k + 1 < p->n_stages ? l->row_bytes : l->token_bytes;
}

/** @l, which stands in the ring, has nothing to do. */
void lane_rests(struct instance_state *p, uint32_t l);

/** Some lane's first request, for who reads events. */
uint32_t lane_first(const struct lane *l);

/** Its last round is over: count and tell of it, once. */
void lane_round_over(struct instance_state *p, struct lane *l);
/** Tell, by stage, of what it has done of its round by @by_ns. */
void lane_tell(const struct instance_state *p, const struct lane *l, int64_t by_ns);

static inline struct lane *lane_of(const struct batch *b)
{
	return (struct lane *)b;
}

/* The ring of a flow, @n_lanes long */

static inline uint32_t *ring_at(const struct flow *f, uint32_t n_lanes, uint32_t k)
{
	uint32_t at = f->head + k;

	return &f->ring[at < n_lanes ? at : at - n_lanes];
}

static inline void ring_pop(struct flow *f, uint32_t n_lanes)
{
	f->head = f->head + 1 < n_lanes ? f->head + 1 : 0;
	f->n--;
}

/** Behind those that are ready before it or when it is. */
void ring_insert(struct flow *f, uint32_t n_lanes, uint32_t l);
void ring_remove(struct flow *f, uint32_t n_lanes, uint32_t l);

extern const struct executor_ops executor_pipeline;

#endif
