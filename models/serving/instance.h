#ifndef OFFING_MODELS_SERVING_INSTANCE_H
#define OFFING_MODELS_SERVING_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "models/ids.h"
#include "models/serving/instance_ops.h"

/**
 * An instance, for those who use it: world/ and offload/. It is told what is assigned and what
 * has arrived, asked what it could take and how long that would be, and tells its owner by
 * instance_host what it is done with. What is known of every kind (places, who is assigned, the
 * context expected of them) is kept here; the rest is the kind's (instance_ops.h).
 *
 * A question is a few loads or one call through the table; none depends on the tokens in it.
 */

/** Make one on the caller's memory, as @b says; its host and engine and sequences outlive it.
 *  On false @err points into the scenario, and instance_finish() is to be called all the same. */
MUST_CHECK bool instance_init(struct instance *i, const struct instance_build *b, struct err *err);
void instance_finish(struct instance *i);

/* Questions */

/** How many more it takes while still called free. */
static inline uint32_t instance_room(const struct instance *i)
{
	if (i->held)
		return 0;
	if (i->places == UINT32_MAX)
		return UINT32_MAX; /* there are places for all */
	return i->assigned < i->places ? i->places - i->assigned : 0;
}

/** Some instances drop what overflows them; is this one of those, and full? */
static inline bool instance_drops(const struct instance *i)
{
	return i->capacity > 0;
}

static inline bool instance_overflows(const struct instance *i)
{
	return instance_drops(i) && i->assigned >= i->capacity;
}

/** Could it ever serve a request of this size for @model? */
static inline bool instance_can_serve(
	const struct instance *i, struct model_id model, const struct demand *d)
{
	return (i->model.i == NO_ID || i->model.i == model.i) && i->ops->can_hold(i, d);
}

/** The phases it serves of a request of which others may serve the rest. */
static inline unsigned instance_phases(const struct instance *i)
{
	static const unsigned of[] = {[ROLE_BOTH] = PHASES_BOTH,
		[ROLE_PREFILL] = PHASES_PREFILL,
		[ROLE_DECODE] = PHASES_DECODE};

	return of[i->spec->role];
}

/** Is there memory now for it to begin? */
static inline bool instance_has_memory(const struct instance *i, const struct demand *d)
{
	return i->ops->has_memory(i, d);
}

static inline struct load instance_load(const struct instance *i)
{
	return (struct load){.n = i->assigned, .context_tok = i->context_tok};
}

/** Expected seconds until it is served, beside the others of @l. */
static inline struct expectation instance_expect(
	const struct instance *i, const struct demand *d, struct load l)
{
	return i->ops->expect(i, d, l);
}

/** Expected seconds of its next step with one request more than @l: what RANK_STEP goes by. */
static inline double instance_step_s(const struct instance *i, struct load l)
{
	return i->ops->step_s(i, l);
}

/* What happens to it */

/** It is given @seq, of which @expected_tok of context are expected at a time: a place and,
 *  where it fits, memory are its own from now on. */
void instance_assign(struct instance *i, uint32_t seq, double expected_tok);

/** Seconds from the arrival of a prompt until it stands in line: the front end's, and where a step
 *  is made up while another runs, as long as that takes. */
double instance_front_s(const struct instance *i);

/** It stands in line. */
static inline void instance_enqueue(struct instance *i, uint32_t seq)
{
	i->ops->enqueue(i, seq);
}

/** The KV of @seq, whose prompt it computed, has left. True: instance_begin() is to follow. */
static inline bool instance_release(struct instance *i, uint32_t seq)
{
	return i->ops->release(i, seq);
}

/** @seq, whose prompt it computed and which was then assigned to it again, goes on. */
static inline void instance_resume(struct instance *i, uint32_t seq)
{
	i->ops->resume(i, seq);
}

/** An event of its own, whose subject is @seq. False: nothing ended that a scheduler need know.
 *  Otherwise it waits for instance_begin(), once the scheduler has looked. */
static inline bool instance_advance(struct instance *i, uint32_t seq)
{
	return i->ops->advance(i, seq);
}

/** The same at an event of a kind that only some have. */
static inline bool instance_moved(struct instance *i, const struct event *ev)
{
	return i->ops->moved(i, ev);
}

/** Drafts are here. */
static inline void instance_drafted(struct instance *i, const struct draft_letter *l)
{
	if (i->ops->drafted)
		i->ops->drafted(i, l);
}

static inline void instance_begin(struct instance *i)
{
	if (i->ops->begin)
		i->ops->begin(i);
}

/* What it has done */

/** Tell the host of each step, if it works in steps; and of the one in flight when the run is
 *  over. */
void instance_tell_steps(struct instance *i);
void instance_close(struct instance *i);

/** Before the network is asked what it has done by now: see to it that it knows all. */
static inline void instance_settle(struct instance *i)
{
	if (i->ops->settle)
		i->ops->settle(i);
}

/** Forget what was counted so far: the warm-up is over. */
void instance_measure(struct instance *i, int64_t now_ns);

/** Has it drawn from a random stream? */
bool instance_drew(const struct instance *i);

/** Since instance_measure(). False when there is nothing of the kind: it does not speculate. */
void speculation_add(struct speculation_counts *to, const struct speculation_counts *x);
bool instance_speculated(const struct instance *i, struct speculation_counts *out);

/** False when there is nothing of the kind: it runs no model. */
bool instance_gauge(const struct instance *i, struct gauge *out);

/** Of stage @k, from 0, of a pipeline. False when there is none. */
bool instance_stage(const struct instance *i, size_t k, struct stage_gauge *out);

#endif
