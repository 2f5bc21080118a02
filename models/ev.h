#ifndef OFFING_MODELS_EV_H
#define OFFING_MODELS_EV_H

#include <stdint.h>

#include "models/ids.h"
#include "sim/engine.h"

/** Kinds of events: rows of the table in dispatch.c, in the order of a request's life. */
enum ev_kind {
	EV_ARRIVE,    /* who: group; a request of an open process is created */
	EV_SEND,      /* who: group; a user of a closed or saturated group sends */
	EV_SUBMITTED, /* what: request; the scheduler hears of it */
	EV_DISPATCH,  /* what: request; its user hears of the assignment and uploads */
	EV_UPLOADED,  /* who: instance, what: request; the prompt is there */
	EV_STEP,      /* who: instance, what: first request in it; a prefill step or a run of decode
			 steps ended */
	EV_SERVED,    /* who: instance, what: request, or NO_ID under processor sharing */
	EV_DELIVERED, /* what: request; the last byte is with its user */
	EV_LATE,      /* what: request; its deadline can be met nowhere any more */
	EV_WAKE,      /* the policy asked to be asked again */
	EV_SLOT,      /* a slot of the queue record ends */
	EV_MEASURE,   /* the warm-up is over */
	EV_FLOW,      /* who: set of flows; one of them ends, or their rates change */
	EV_LINK,      /* who: link; its rate changes by the clock */
	/* where the phases are apart; what: request */
	EV_KV_LAYER,   /* the first layer of its prompt is computed */
	EV_KV_LEFT,    /* the last byte of its KV, or of all layers but the last, is on the way */
	EV_KV,         /* who: instance; its KV is there */
	EV_STAGE,      /* who: instance, what: micro-batch and stage, from 0, of a pipeline; the
			  stage has done its part of a step */
	EV_HIDDEN,     /* the same; what left a stage is at the next, or back at the first */
	EV_REPORT,     /* what an instance reported gets to the scheduler */
	EV_TURN,       /* who: group, what: session; its user sends the next prompt */
	EV_DRAFT_STEP, /* who: drafter; its step is over */
	EV_DRAFT,      /* who: instance, what: letter; drafts are here to be verified */
	EV_VERDICT,    /* who: drafter, what: letter; it hears of its drafts */
	EV_IN_LINE,    /* who: instance, what: request; the front end has its prompt ready */
	EV_KINDS,
};

static inline struct event_id post_arrive(struct engine *e, int64_t at_ns, struct group_id g)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_ARRIVE, .who = g.i});
}

static inline struct event_id post_send(struct engine *e, double in_s, struct group_id g)
{
	return engine_post(e, in_s, (struct event){.kind = EV_SEND, .who = g.i});
}

static inline struct event_id post_turn(
	struct engine *e, double in_s, struct group_id g, uint32_t session)
{
	return engine_post(e, in_s, (struct event){.kind = EV_TURN, .who = g.i, .what = session});
}

static inline struct event_id post_submitted(struct engine *e, double in_s, uint32_t request)
{
	return engine_post(e, in_s, (struct event){.kind = EV_SUBMITTED, .what = request});
}

static inline struct event_id post_dispatch(struct engine *e, double in_s, uint32_t request)
{
	return engine_post(e, in_s, (struct event){.kind = EV_DISPATCH, .what = request});
}

static inline struct event_id post_flow(struct engine *e, int64_t at_ns, uint32_t set)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_FLOW, .who = set});
}

static inline struct event_id post_link(struct engine *e, int64_t at_ns, uint32_t link)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_LINK, .who = link});
}

static inline struct event_id post_draft_step(struct engine *e, int64_t at_ns, uint32_t drafter)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_DRAFT_STEP, .who = drafter});
}

/** For net_send(), which posts them. */
static inline struct event ev_draft(struct instance_id at, uint32_t letter)
{
	return (struct event){.kind = EV_DRAFT, .who = at.i, .what = letter};
}

static inline struct event ev_verdict(uint32_t drafter, uint32_t letter)
{
	return (struct event){.kind = EV_VERDICT, .who = drafter, .what = letter};
}

/** For net_send(), which posts it. */
static inline struct event ev_uploaded(struct instance_id at, uint32_t request)
{
	return (struct event){.kind = EV_UPLOADED, .who = at.i, .what = request};
}

static inline struct event ev_delivered(uint32_t request)
{
	return (struct event){.kind = EV_DELIVERED, .what = request};
}

static inline struct event_id post_step(
	struct engine *e, int64_t at_ns, struct instance_id at, uint32_t first)
{
	return engine_post_at(
		e, at_ns, (struct event){.kind = EV_STEP, .who = at.i, .what = first});
}

static inline uint64_t ev_lane_stage(uint32_t lane, uint32_t stage)
{
	return (uint64_t)lane << 32 | stage;
}

static inline uint32_t ev_lane_of(const struct event *ev)
{
	return (uint32_t)(ev->what >> 32);
}

static inline uint32_t ev_stage_of(const struct event *ev)
{
	return (uint32_t)ev->what;
}

static inline struct event_id post_stage(
	struct engine *e, int64_t at_ns, struct instance_id at, uint32_t lane, uint32_t stage)
{
	return engine_post_at(e, at_ns,
		(struct event){.kind = EV_STAGE, .who = at.i, .what = ev_lane_stage(lane, stage)});
}

/** For net_send(), which posts it. */
static inline struct event ev_hidden(struct instance_id at, uint32_t lane, uint32_t stage)
{
	return (struct event){.kind = EV_HIDDEN, .who = at.i, .what = ev_lane_stage(lane, stage)};
}

static inline struct event_id post_in_line(
	struct engine *e, double in_s, struct instance_id at, uint32_t request)
{
	return engine_post(
		e, in_s, (struct event){.kind = EV_IN_LINE, .who = at.i, .what = request});
}

static inline struct event_id post_served(
	struct engine *e, double in_s, struct instance_id at, uint32_t request)
{
	return engine_post(
		e, in_s, (struct event){.kind = EV_SERVED, .who = at.i, .what = request});
}

static inline struct event_id post_kv_layer(struct engine *e, int64_t at_ns, uint32_t request)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_KV_LAYER, .what = request});
}

/** For net_send_off(), which posts it. */
static inline struct event ev_kv_left(uint32_t request)
{
	return (struct event){.kind = EV_KV_LEFT, .what = request};
}

static inline struct event_id post_kv(
	struct engine *e, double in_s, struct instance_id at, uint32_t request)
{
	return engine_post(e, in_s, (struct event){.kind = EV_KV, .who = at.i, .what = request});
}

static inline struct event_id post_late(struct engine *e, int64_t at_ns, uint32_t request)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_LATE, .what = request});
}

static inline struct event_id post_wake(struct engine *e, int64_t at_ns)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_WAKE});
}

static inline struct event_id post_report(struct engine *e, int64_t at_ns)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_REPORT});
}

static inline struct event_id post_slot(struct engine *e, int64_t at_ns)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_SLOT});
}

static inline struct event_id post_measure(struct engine *e, int64_t at_ns)
{
	return engine_post_at(e, at_ns, (struct event){.kind = EV_MEASURE});
}

#endif
