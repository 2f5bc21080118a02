#ifndef OFFING_MODELS_SERVING_DECODER_H
#define OFFING_MODELS_SERVING_DECODER_H

#include <stdint.h>

#include "models/cause.h"
#include "models/cost/cost.h"

struct batch;
struct jump_ops;
struct sequence;

/** What a round gives a running sequence, and what memory it takes. */
struct decoder_ops {
	const char *name;
	const struct jump_ops *jump; /* how the rounds of an unchanged batch are one event */
	enum cause cause;            /* of the time in its rounds */
	/** Rounds from now until @q, which joins, has its last token, or its batch where all leave
	 * as one; more than any batch makes where that is not known. */
	uint64_t (*rounds)(const struct batch *b, const struct sequence *q);
	/** Tokens @q has won since it joined, beyond those it counts as emitted. */
	uint64_t (*gained)(const struct batch *b, const struct sequence *q);
	/** @q joins; its next round stores token number @tok, whose block it holds. */
	void (*join)(struct batch *b, struct sequence *q, uint64_t tok);
	/** It leaves and frees its blocks; its next round would have stored token number @tok. */
	void (*leave)(struct batch *b, struct sequence *q, uint64_t tok);
	/** Blocks beyond those in use that the next round of all that run takes. */
	uint64_t (*need_next)(const struct batch *b);
	/** Tokens that a sequence stores in a round, beyond the first. */
	uint32_t (*lookahead)(const struct batch *b);
	/** Seconds of the coming round of all that run, by itself. */
	double (*round_s)(const struct batch *b);
	/** Rows of that in the model's linear layers. */
	uint64_t (*rows)(const struct batch *b);
	/** A step with prompts in it: what those that run add to @w, which has the prompts, if they
	 * take part. Returns seconds beside the step. */
	double (*beside)(const struct batch *b, struct cost_work *w);
	/** A round in a step with prompts: it begins and takes its blocks; it is over. */
	void (*take)(struct batch *b);
	void (*emit)(struct batch *b);
};

extern const struct decoder_ops decoder_autoregressive, decoder_speculative;

#endif
