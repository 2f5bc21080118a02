#ifndef OFFING_PLAN_TOKEN_TIME_H
#define OFFING_PLAN_TOKEN_TIME_H

#include "plan/devices.h"

/** The request whose tokens are timed. */
struct token_request {
	uint32_t prompt_tok, output_tok;
	double acceptance; /* of drafts, where the instance has a draft beside it */
};

/**
 * Expected seconds from one token of an answer to the next, while nobody else is there and
 * nothing else on the links: the mean over the tokens behind the first, by the prices that the
 * steps of @i pay in runs. Of streamed layers as in a long run of steps. Drafts that are made
 * at several sites are not foretold: ERR_INPUT.
 */
MUST_CHECK bool token_time(double *out_s, const struct devices *d, const struct instance_spec *i,
	const struct token_request *r, struct err *err);

#endif
