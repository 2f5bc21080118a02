/* Chunked prefill (Sarathi-Serve, OSDI 2024; vLLM V1): a step has a budget of rows. Those that
 * decode take one each, the rest goes to prompts in order, cut where it ends; so nobody who decodes
 * ever pauses. A prompt holds the blocks of all its tokens from its first chunk on. */

#include "models/serving/admission.h"
#include "models/serving/preempt.h"
#include "models/serving/prefix.h"

static bool admissible(const struct batch *b, size_t place)
{
	const struct sequence *q = batch_sequence(b, (uint32_t)waitline_at(&b->line, place));

	return batch_size(b) < b->max_batch && admission_fits(b, q, true);
}

static bool admits(const struct batch *b)
{
	return waitline_count(&b->line) > 0 && admissible(b, 0);
}

/** As much of the prompt as the budget allows; returns what is left of that. */
static uint64_t cut(struct batch *b, uint32_t seq, uint64_t budget)
{
	struct sequence *q = batch_sequence(b, seq);
	uint64_t left = batch_stored_tok(q) - q->computed_tok;

	q->chunk_tok = (uint32_t)(left < budget ? left : budget);
	b->prefill_tok += q->chunk_tok;
	prefix_computes(b, q);
	return budget - q->chunk_tok;
}

/** Who was swapped out, or comes with his KV, takes his rows, as he decodes. Returns what is left
 * of the budget. */
static uint64_t admit(struct batch *b, size_t place, uint64_t budget)
{
	uint64_t before = b->prefill_tok, rows = b->decoder->rows(b);
	size_t prompts = b->n_prefill;

	admission_admit(b, place);
	rows = b->decoder->rows(b) - rows;
	if (b->n_prefill == prompts)
		return budget > rows ? budget - rows : 0;
	b->prefill_tok = before;
	return cut(b, b->prefill[prompts], budget);
}

/** Those first in line whose KV is here decode before prompts are cut. */
static void admit_brought(struct batch *b)
{
	while (waitline_count(&b->line) > 0 && batch_size(b) < b->max_batch &&
		batch_sequence(b, (uint32_t)waitline_at(&b->line, 0))->brought)
		admission_admit(b, 0);
}

static void form(struct batch *b)
{
	uint64_t budget;

	preempt_for_next_step(b);
	admit_brought(b);
	budget = b->chunk_tok - b->decoder->rows(b);
	b->prefill_tok = 0;
	for (size_t i = 0; i < b->n_prefill; i++)
		budget = cut(b, b->prefill[i], budget);
	while (budget > 0 && admits(b))
		budget = admit(b, 0, budget);
	/* as in continuous.c: what the first waits for is set aside for others */
	for (size_t i = 1; batch_size(b) == 0 && i < waitline_count(&b->line); i++)
		if (admissible(b, i) && admission_may_pass(b, i))
			admit(b, i, budget);
	b->mixed = b->n_prefill > 0 && b->running.n > 0;
	if (b->mixed)
		b->decoder->take(b);
}

const struct batching_ops batching_chunked = {
	.name = "chunked",
	.sets_aside = true,
	.mixes = true,
	.form = form,
	.admits = admits,
};
