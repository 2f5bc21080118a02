#include "models/serving/span.h"

#include "models/serving/jump.h"

/** Tokens of members that have theirs before the batch ends. */
static uint64_t made_together(const struct batch *b, uint64_t steps)
{
	const struct running *r = &b->running;
	uint64_t tok = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct sequence *q = batch_sequence(b, r->heap[i].seq);
		uint64_t has = q->emitted_tok + b->decoder->gained(b, q);
		uint64_t left = q->output_tok > has ? q->output_tok - has : 0;

		tok += left < steps ? left : steps;
	}
	return tok;
}

static struct step_span decode(const struct batch *b, uint64_t steps)
{
	return (struct step_span){
		.kind = b->speculation ? STEP_VERIFY : STEP_DECODE,
		.batch = (uint32_t)b->running.rows,
		.tok = b->together.as_one && !b->speculation ? made_together(b, steps)
							     : jump_tok(b, steps),
		.kv_blocks = b->kv.used + jump_need(b, steps),
	};
}

static struct step_span prompts(const struct batch *b)
{
	struct step_span s = {
		.kind = b->batching == &batching_chunked ? STEP_CHUNK : STEP_PREFILL,
		.batch = (uint32_t)(b->n_prefill + (b->mixed ? b->running.n : 0)),
		.prompt_tok = b->prefill_tok,
		.tok = b->mixed ? jump_tok(b, 1) : 0,
		.kv_blocks = b->kv.used,
	};

	for (size_t i = 0; i < b->n_prefill; i++)
		s.tok += batch_ends(batch_sequence(b, b->prefill[i]));
	return s;
}

struct step_span span_of(const struct batch *b, uint64_t steps)
{
	struct step_span s = b->activity == BATCH_DECODE ? decode(b, steps) : prompts(b);

	s.instance = b->i->id;
	s.steps = steps;
	s.waiting = waitline_count(&b->line);
	return s;
}

void span_tell(const struct batch *b, uint64_t steps)
{
	struct step_span s = span_of(b, steps);

	s.from_ns = b->jump.from_ns;
	s.to_ns = batch_now_ns(b);
	if (steps > 0 && !b->executor->tells)
		b->i->host->stepped(b->i->world, &s);
}
