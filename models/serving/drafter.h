#ifndef OFFING_MODELS_SERVING_DRAFTER_H
#define OFFING_MODELS_SERVING_DRAFTER_H

#include <stdbool.h>
#include <stdint.h>

#include "models/cost/cost.h"
#include "models/ids.h"
#include "models/serving/draft_mail.h"
#include "models/serving/instance_ops.h"
#include "sim/engine.h"

/**
 * A device at a site that drafts for sequences whose tokens are verified elsewhere. It works in
 * steps: those whose prompts came are computed first, all together; else a token is drafted for
 * each of the first max_batch that want one. Who wants tokens joins between two steps. A draft that
 * is complete goes to the instance that verifies it, with those that the same step completed; what
 * that says of them comes back in one letter as well, and lets the next begin. Drafting ahead, the
 * next begins at once, on the bet that all are accepted and the instance's own token is the one
 * that the draft would make next: that one and k more are made, and are in vain if the bet is lost.
 *
 * Where a sequence stands is in its struct drafting; a letter names the turn that each belongs to,
 * so that one which was overtaken is known.
 */
struct drafter;
struct net;
struct route;

/** Turns of all drafters, so that none has the number of another. */
struct draft_turns {
	uint32_t last;
};

struct drafter_build {
	uint32_t id; /* of events */
	struct engine *engine;
	struct net *net;
	struct sequences *sequences;
	struct draft_mail *mail;
	const struct cost *cost;
	uint32_t max_batch;
	double room_tok; /* of keys and values */
};

/** Between a drafter and an instance that verifies. */
struct draft_line {
	struct drafter *drafter;
	const struct route *up, *down;          /* from the drafter, and to it */
	const struct interconnect_spec *within; /* instead, where both are at one site; or NULL */
	struct instance_id to;
	uint32_t k;
	bool ahead;
	double draft_bytes, verdict_bytes; /* of a sequence's draft, and of what is said of it */
	struct speculation_counts *counts; /* of the instance */
	struct draft_turns *turns;
	struct draft_mail *mail;
	struct draft_letters *open; /* that are being filled */
};

/** Of a line; NO_ID: none. */
struct draft_letters {
	uint32_t up, down;
};

struct drafter *drafter_create(const struct drafter_build *b);
void drafter_destroy(struct drafter *d); /* takes NULL */

/** The prompt of @seq is there. False: there is no room for its keys and values, so it is drafted
 * for by nobody. */
bool drafter_begin(const struct draft_line *l, uint32_t seq);

/** What the instance has verified, or its first token, is for the drafter to hear: @seq awaits a
 *  draft. It goes with all that are told until the letter is sent. */
void drafter_tell(const struct draft_line *l, uint32_t seq);
void drafter_post(const struct draft_line *l); /* nothing, if there is none */

/** Seconds that letters of @n drafts and of what is said of them take, if nothing else is sent. */
double draft_line_s(const struct draft_line *l, struct net *net, size_t n);

/** @seq is put back: whatever is drafted for it is in vain, until it is told again. */
void drafter_stop(const struct draft_line *l, uint32_t seq);

/** It has its last token. */
void drafter_end(const struct draft_line *l, uint32_t seq);

/** The step in flight, for who wants to tell of it: all but the site and the end. */
struct step_span drafter_step(const struct drafter *d);

/** Its events: a step is over; what was told is here, by a letter that this closes. */
void drafter_advance(struct drafter *d);
void drafter_hear(struct drafter *d, uint32_t letter);

#endif
