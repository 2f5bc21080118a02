#ifndef OFFING_MODELS_SERVING_DECODER_H
#define OFFING_MODELS_SERVING_DECODER_H

#include <stdbool.h>
#include <stdint.h>

struct batch;
struct sequence;

/** What a round gives a running sequence. */
struct decoder_ops {
	const char *name;
	bool jumps; /* the rounds of an unchanged batch may be one event */
	/** Rounds from now until @q, which joins, has its last token. */
	uint64_t (*rounds)(const struct batch *b, const struct sequence *q);
	/** Tokens @q has won since it joined. */
	uint64_t (*gained)(const struct batch *b, const struct sequence *q);
};

extern const struct decoder_ops decoder_autoregressive;

#endif
