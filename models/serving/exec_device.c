/* One device, one step at a time. */

#include "models/ev.h"
#include "models/serving/batch_parts.h"

/** Prompts that are computed together. */
static double pass_s(const struct batch *b, const struct cost *c)
{
	struct cost_work w = {.prompt_tok = b->prefill_tok, .n_begun = b->n_begun};
	double s;

	for (size_t i = 0; i < b->n_prefill; i++)
		w.n_ended += batch_ends(batch_sequence(b, b->prefill[i]));
	s = b->decoder->beside(b, &w);
	s += cost_step_s(c, &w);
	for (size_t i = 0; i < b->n_prefill; i++) {
		const struct sequence *q = batch_sequence(b, b->prefill[i]);

		if (q->chunk_tok > 0)
			s += cost_prefill_attention_s(c, q->chunk_tok, q->computed_tok);
	}
	return s;
}

/** Pass by pass; padded, all prompts have as many tokens. */
static double passes_s(const struct batch *b, const struct cost *c)
{
	uint64_t tok = b->prefill_tok / b->n_prefill;
	uint64_t fit = b->pass_tok > tok ? b->pass_tok / tok : 1;
	struct batch pass = *b;
	double s = 0.0;

	for (size_t done = 0; done < b->n_prefill; done += pass.n_prefill) {
		pass.prefill = b->prefill + done;
		pass.n_prefill = b->n_prefill - done < fit ? b->n_prefill - done : fit;
		pass.prefill_tok = pass.n_prefill * tok;
		pass.n_begun = pass.n_prefill;
		s += pass_s(&pass, c);
	}
	return s;
}

double executor_price_s(const struct batch *b, const struct cost *c)
{
	if (b->pass_tok > 0 && b->prefill_tok > b->pass_tok)
		return passes_s(b, c);
	return pass_s(b, c);
}

struct event_id executor_launch(struct batch *b, int64_t end_ns, uint32_t seq)
{
	return post_step(b->i->engine, end_ns, b->i->id, seq);
}

static double step_s(const struct batch *b)
{
	return executor_price_s(b, b->cost);
}

static struct cost_affine decode(const struct batch *b, size_t n, double context_tok)
{
	return cost_decode(b->cost, n, (uint64_t)context_tok);
}

static double prompt_s(const struct batch *b, uint32_t new_tok)
{
	return cost_prefill_s(b->cost, new_tok, 1) + cost_prefill_attention_s(b->cost, new_tok, 0);
}

const struct executor_ops executor_device = {
	.name = "device",
	.step_s = step_s,
	.decode = decode,
	.prompt_s = prompt_s,
	.launch = executor_launch,
};
