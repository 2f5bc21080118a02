/* One token a round, and as many rounds as tokens are left. */

#include "models/serving/batch_parts.h"

static uint64_t rounds(const struct batch *b, const struct sequence *q)
{
	(void)b;
	return q->output_tok - q->emitted_tok;
}

static uint64_t gained(const struct batch *b, const struct sequence *q)
{
	return b->kv.steps - q->joined_step;
}

const struct decoder_ops decoder_autoregressive = {
	.name = "autoregressive",
	.jumps = true,
	.rounds = rounds,
	.gained = gained,
};
