/* One token a round, and as many rounds as tokens are left. */

#include "models/serving/batch_parts.h"
#include "models/serving/jump.h"

static uint64_t rounds(const struct batch *b, const struct sequence *q)
{
	return (b->together.as_one ? b->together.longest_tok : q->output_tok) - q->emitted_tok;
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

static uint32_t lookahead(const struct batch *b)
{
	(void)b;
	return 0;
}

static double round_s(const struct batch *b)
{
	double tok = b->running.context_tok;

	return cost_affine_s(b->executor->decode(b, b->running.n, tok), tok);
}

static uint64_t rows(const struct batch *b)
{
	return b->running.n;
}

static double beside(const struct batch *b, struct cost_work *w)
{
	w->n_decode = b->mixed ? b->running.n : 0;
	w->decode_context_tok = b->running.context_tok;
	return 0.0;
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
	.cause = CAUSE_DECODE,
	.rounds = rounds,
	.gained = gained,
	.join = join,
	.leave = leave,
	.need_next = need_next,
	.lookahead = lookahead,
	.round_s = round_s,
	.rows = rows,
	.beside = beside,
	.take = take,
	.emit = emit,
};
