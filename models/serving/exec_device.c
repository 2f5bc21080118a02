/* One device, one step at a time. */

#include "models/ev.h"
#include "models/serving/batch_parts.h"

static double step_s(const struct batch *b)
{
	struct cost_work w = {
		.n_decode = b->mixed ? b->running.n : 0,
		.decode_context_tok = b->running.context_tok,
		.prompt_tok = b->prefill_tok,
	};
	double s;

	for (size_t i = 0; i < b->n_prefill; i++)
		w.n_ended += batch_ends(batch_sequence(b, b->prefill[i]));
	s = cost_step_s(b->cost, &w);
	for (size_t i = 0; i < b->n_prefill; i++) {
		const struct sequence *q = batch_sequence(b, b->prefill[i]);

		if (q->chunk_tok > 0)
			s += cost_prefill_attention_s(b->cost, q->chunk_tok, q->computed_tok);
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
	.step_s = step_s,
	.decode = decode,
	.launch = launch,
};
