#ifndef OFFING_PLAN_SUBJECT_H
#define OFFING_PLAN_SUBJECT_H

#include "models/placing.h"
#include "models/scenario.h"

/**
 * What is to be placed: one instance of a model, and the request whose tokens it is timed by.
 */
struct subject {
	const struct scenario_spec *s; /* its sites, links, models and users */
	const struct instance_spec *like;
	const struct profile *const *profiles;
	size_t n_profiles;
	uint32_t prompt_tok, output_tok; /* of that request */
	uint32_t room_tok;               /* keys and values that there is to be room for */
	enum drafting drafting;          /* never where @acceptance is not known */
	double acceptance;               /* of the draft */
	uint32_t k;                      /* tokens that it drafts a round */
};

/** How long the requests of a model are. */
struct lengths {
	const struct group_spec *of;     /* the first users who ask for it; NULL: nobody does */
	uint32_t prompt_tok, output_tok; /* means, rounded; 0: not known, as of a trace */
	uint32_t most_tok; /* prompt and answer of the longest that can come and be served */
};

/**
 * @limit_tok: that an instance serves at most, its max_len or the context. Without users, and for
 * lengths from a trace, means are 0 and the most is the limit.
 */
MUST_CHECK bool lengths_of(struct lengths *out, const struct scenario_spec *s,
	struct model_id model, uint32_t limit_tok, struct err *err);

/** The whole subject, by the lengths of its users: a prompt of 512 and an answer of 128 tokens
 *  where none are known, cut to the context. */
MUST_CHECK bool subject_init(struct subject *out, const struct scenario_spec *s,
	const struct placing_like *like, struct err *err);

static inline const struct model_spec *subject_model(const struct subject *u)
{
	return &u->s->models[u->like->model.i];
}

/** False where runs refuse a pipeline of it. */
bool subject_may_pipeline(const struct subject *u);

/** Tokens that a request may have at most: max_len, or the model's context. */
uint32_t subject_limit_tok(const struct subject *u);

/** Tokens of context in the middle of an answer. */
static inline double subject_context_tok(const struct subject *u)
{
	return u->prompt_tok + 0.5 * u->output_tok;
}

/** Tokens that a round of speculation gives while such an answer is made. */
double subject_round_tok(const struct subject *u);

#endif
