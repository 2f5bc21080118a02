/* At each boundary those that wait are admitted in order, while the batch has a place and the
 * cache has blocks for the prompt and one token. */

#include "models/serving/admission.h"

static bool admissible(const struct batch *b, const struct sequence *q, uint64_t new_tok)
{
	if (batch_size(b) >= b->max_batch)
		return false;
	if (b->n_prefill > 0 && new_tok + q->prompt_tok + q->emitted_tok > b->prefill_cap_tok)
		return false;
	return admission_fits(b, q);
}

static bool admits(const struct batch *b)
{
	return waitline_count(&b->line) > 0 && admissible(b, batch_sequence(b, batch_first(b)), 0);
}

static uint64_t form(struct batch *b)
{
	uint64_t new_tok = 0;

	while (waitline_count(&b->line) > 0) {
		const struct sequence *q = batch_sequence(b, batch_first(b));

		if (!admissible(b, q, new_tok))
			break;
		new_tok += (uint64_t)q->prompt_tok + q->emitted_tok;
		admission_admit(b, 0);
	}
	/* The first in line cannot be admitted although nothing runs: what it waits for is
	 * set aside for others, so let one of those through. */
	for (size_t i = 1; batch_size(b) == 0 && i < waitline_count(&b->line); i++) {
		const struct sequence *q = batch_sequence(b, (uint32_t)waitline_at(&b->line, i));

		if (admissible(b, q, 0)) {
			new_tok = (uint64_t)q->prompt_tok + q->emitted_tok;
			admission_admit(b, i);
		}
	}
	return new_tok;
}

const struct batching_ops batching_continuous = {
	.name = "continuous",
	.form = form,
	.admits = admits,
};
