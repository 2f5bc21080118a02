#ifndef OFFING_PLAN_LEAST_H
#define OFFING_PLAN_LEAST_H

#include <stdint.h>

#include "base/err.h"
#include "models/scenario.h"

/**
 * The least that a request can need of an instance, whatever else is there and whatever a policy
 * does: what bounds are made of (docs/optimum.md has the proofs).
 *
 * Time of the instance: a step is shared out among the sequences in it, by one of two rules.
 * By context: of a step of t seconds with n sequences that decode, C tokens of context between
 * them, one with c tokens is charged a + b c, where n a + C b <= t for every n up to max_batch and
 * every C that the memory for keys and values holds; of the a and b that are so, those that charge
 * the requests most. By pace: it is charged t / n, and a request that has little time is never in
 * long steps, so not in full ones. A prompt is charged its part of the cheapest step that it fits
 * in. What a request needs of its own time is the same with the whole step charged to it.
 */
struct least;

/** The requests there are: others do not come. */
struct least_mix {
	double decode_tok, context_tok; /* rows of decode steps, and the tokens they look at */
	double prompt_tok;
	uint32_t least_prompt_tok, most_prompt_tok, most_tok;
	uint32_t shared_tok; /* of a prompt, at most, that lie in blocks which others have, too */
	/* of a drafted token: below 1 what is charged holds on average, not of every request */
	double acceptance;
	double room_more; /* the memory for keys and values is that of the instance times this */
};

struct least_need {
	/* of the instance's time, a stage's where it has several, by either rule: for all requests
	 * the same */
	double by_context_s, by_pace_s;
	double comp_s; /* from prompt to answer */
};

struct least_request {
	uint32_t prompt_tok, output_tok;
	uint32_t computed_tok; /* of the prompt: in no prefix cache, whatever was there before */
	struct group_id group; /* which the instance can serve */
	double room_s;         /* from prompt to answer, at most; HUGE_VAL: no limit */
};

/** Of instance @i; the caller owns *@out. */
MUST_CHECK bool least_create(struct least **out, const struct scenario_spec *s, uint32_t i,
	const struct least_mix *mix, struct err *err);
void least_destroy(struct least *l);

struct least_need least_of(const struct least *l, const struct least_request *r);

/** The same by context, of a prompt and of its answer apart; and seconds of own time times tokens
 *  of keys and values that it holds there meanwhile. */
struct least_parts {
	double prompt_s, decode_s;
	double prompt_tok_s, decode_tok_s;
};
struct least_parts least_parts_of(const struct least *l, const struct least_request *r);

/** The most tokens that a request may have there, prompt and answer. */
double least_room_tok(const struct least *l);

/** Tokens that its memory for keys and values holds; HUGE_VAL: there is no bound. */
double least_memory_tok(const struct least *l);

#endif
