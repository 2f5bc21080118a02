#include "models/serving/full.h"

#include "models/serving/admission.h"

static bool has_no_blocks(const struct batch *b)
{
	double tok = b->i->assigned > 0 ? b->i->context_tok / b->i->assigned : 0.0;

	return !admission_has_blocks(
		b, tok < b->most_tok ? (uint32_t)tok : (uint32_t)b->most_tok, 0);
}

bool batch_is_full(struct batch *b)
{
	size_t n = batch_size(b);
	bool goes_on = b->batching == &batching_static && n > 0 && b->n_prefill == 0;

	if (!goes_on)
		b->full = n > 0 &&
			  (n >= b->max_batch || waitline_count(&b->line) > 0 || has_no_blocks(b));
	return b->full;
}
