/* One device, one step at a time. */

#include "models/ev.h"
#include "models/serving/batch_parts.h"

static double prefill_s(const struct batch *b)
{
	double s = cost_prefill_s(b->cost, b->prefill_tok, b->n_prefill);

	for (size_t i = 0; i < b->n_prefill; i++) {
		const struct sequence *q = batch_sequence(b, b->prefill[i]);

		s += cost_prefill_attention_s(b->cost, q->prompt_tok + q->emitted_tok, 0);
	}
	return s;
}

static struct cost_affine decode(const struct batch *b, size_t n, double context_tok)
{
	return cost_decode(b->cost, n, (uint64_t)context_tok);
}

static struct event_id launch(struct batch *b, int64_t end_ns, uint32_t seq)
{
	return post_step(b->i->engine, end_ns, b->i->id, seq);
}

const struct executor_ops executor_device = {
	.name = "device",
	.prefill_s = prefill_s,
	.decode = decode,
	.launch = launch,
};
