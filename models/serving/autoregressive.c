/* One token a round, and as many rounds as tokens are left. */

#include "models/serving/batch_parts.h"
#include "models/serving/jump.h"

static uint64_t rounds(const struct batch *b, const struct sequence *q)
{
	(void)b;
	return q->output_tok - q->emitted_tok;
}

static uint64_t gained(const struct batch *b, const struct sequence *q)
{
	return b->kv.steps - q->joined_step;
}

static void join(struct batch *b, struct sequence *q, uint64_t tok)
{
	(void)q;
	kvcache_join(&b->kv, tok);
}

static void leave(struct batch *b, struct sequence *q, uint64_t tok)
{
	kvcache_leave(&b->kv, q->joined_step, tok);
}

static uint64_t need_next(const struct batch *b)
{
	return kvcache_need_next(&b->kv);
}

static void take(struct batch *b)
{
	kvcache_step(&b->kv, 1);
}

static void emit(struct batch *b)
{
	b->running.context_tok += (double)b->running.n;
}

const struct decoder_ops decoder_autoregressive = {
	.name = "autoregressive",
	.jump = &jump_closed,
	.rounds = rounds,
	.gained = gained,
	.join = join,
	.leave = leave,
	.need_next = need_next,
	.take = take,
	.emit = emit,
};
