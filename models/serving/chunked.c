/* Chunked prefill (Sarathi-Serve, OSDI 2024; vLLM V1): a step has a budget of rows. Those that
 * decode take one each, the rest goes to prompts in order, cut where it ends; so nobody who decodes
 * ever pauses. A prompt holds the blocks of all its tokens from its first chunk on. */

#include "models/serving/admission.h"
#include "models/serving/preempt.h"

static bool admits(const struct batch *b)
{
	const struct sequence *q;
	uint64_t want;

	if (waitline_count(&b->line) == 0 || batch_size(b) >= b->max_batch)
		return false;
	q = batch_sequence(b, (uint32_t)waitline_at(&b->line, 0));
	want = kvcache_blocks(&b->kv, batch_stored_tok(q) + 1) + b->decoder->need_next(b);
	return q->reserved_blocks > 0 || want <= kvcache_free(&b->kv);
}

/** As much of the prompt as the budget allows; returns what is left of that. */
static uint64_t cut(struct batch *b, uint32_t seq, uint64_t budget)
{
	struct sequence *q = batch_sequence(b, seq);
	uint64_t left = batch_stored_tok(q) - q->computed_tok;

	q->chunk_tok = (uint32_t)(left < budget ? left : budget);
	b->prefill_tok += q->chunk_tok;
	return budget - q->chunk_tok;
}

static void form(struct batch *b)
{
	uint64_t budget;

	preempt_for_next_step(b);
	budget = b->chunk_tok - b->running.n;
	b->prefill_tok = 0;
	for (size_t i = 0; i < b->n_prefill; i++)
		budget = cut(b, b->prefill[i], budget);
	while (budget > 0 && admits(b)) {
		uint64_t before = b->prefill_tok;

		admission_admit(b, 0);
		b->prefill_tok = before;
		budget = cut(b, b->prefill[b->n_prefill - 1], budget);
	}
	b->mixed = b->n_prefill > 0 && b->running.n > 0;
	if (b->mixed)
		b->decoder->take(b);
}

const struct batching_ops batching_chunked = {
	.name = "chunked",
	.form = form,
	.admits = admits,
};
