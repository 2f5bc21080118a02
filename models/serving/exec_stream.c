/* A GPU that does not hold the whole model: the CPU has the first layers, and others are fetched
 * for every step. How long the first fetch of a step shows depends on the step before, so the
 * executor remembers when that ended, and how long before its last streamed layer had begun. */

#include "models/cost/offload.h"
#include "models/serving/batch_parts.h"

/** Since the fetch of the first layer began, if the next step begins now. */
static double hidden_s(const struct batch *b)
{
	const struct stream *s = &b->stream;

	return s->began ? s->tail_s + s_of_ns(batch_now_ns(b) - s->end_ns) : 0.0;
}

static double total_s(const struct offload *o, const struct offload_step *s, double hidden)
{
	double wait = offload_wait_s(o, s, hidden);

	return s->before_s + s->gpu_s + wait;
}

/** The step with prompts in it. */
static struct offload_step prompts(const struct batch *b)
{
	const struct offload *o = b->offload;
	double rows = (double)b->prefill_tok + (double)(b->mixed ? b->running.n : 0);
	struct offload_step s = {.gpu_s = executor_price_s(b, b->cost)};

	if (o->cpu)
		s.before_s = executor_price_s(b, o->cpu) + rows * o->handover_s_row;
	if (o->layer)
		s.layer_s = executor_price_s(b, o->layer);
	return s;
}

static struct offload_step decodes(const struct batch *b, size_t n, double context_tok)
{
	const struct offload *o = b->offload;
	struct offload_step s = {.gpu_s = cost_decode_s(b->cost, n, context_tok)};

	if (o->cpu)
		s.before_s = cost_decode_s(o->cpu, n, context_tok) + (double)n * o->handover_s_row;
	if (o->layer)
		s.layer_s = cost_decode_s(o->layer, n, context_tok);
	return s;
}

static double step_s(const struct batch *b)
{
	struct offload_step s = prompts(b);

	return total_s(b->offload, &s, hidden_s(b));
}

static struct cost_affine decode(const struct batch *b, size_t n, double context_tok)
{
	return offload_decode(b->offload, b->cost, n, context_tok);
}

/** What the first step of a run takes beyond its line, which takes the step before for its like. */
static double lead_s(const struct batch *b, struct cost_affine line)
{
	double tok = b->running.context_tok;
	struct offload_step s;

	if (b->offload->streamed == 0)
		return 0.0;
	s = decodes(b, b->running.rows, tok);
	return total_s(b->offload, &s, hidden_s(b)) - cost_affine_s(line, tok);
}

static void ended(struct batch *b, uint64_t steps)
{
	struct offload_step s;
	double tok;

	if (b->offload->streamed == 0)
		return;
	tok = b->running.context_tok + ((double)steps - 1.0) * (double)b->running.rows;
	s = steps > 0 ? decodes(b, b->running.rows, tok) : prompts(b);
	b->stream = (struct stream){
		.began = true,
		.end_ns = batch_now_ns(b),
		.tail_s = offload_tail_s(b->offload, &s),
	};
}

/** By itself, behind its like. */
static double prompt_s(const struct batch *b, uint32_t new_tok)
{
	const struct offload *o = b->offload;
	struct offload_step s = {.gpu_s = cost_prefill_s(b->cost, new_tok, 1) +
					  cost_prefill_attention_s(b->cost, new_tok, 0)};

	if (o->cpu)
		s.before_s = cost_prefill_s(o->cpu, new_tok, 1) +
			     cost_prefill_attention_s(o->cpu, new_tok, 0) +
			     new_tok * o->handover_s_row;
	if (o->layer)
		s.layer_s = cost_prefill_s(o->layer, new_tok, 1) +
			    cost_prefill_attention_s(o->layer, new_tok, 0);
	return total_s(o, &s, offload_tail_s(o, &s));
}

const struct executor_ops executor_stream = {
	.name = "stream",
	.step_s = step_s,
	.decode = decode,
	.lead_s = lead_s,
	.ended = ended,
	.prompt_s = prompt_s,
	.launch = executor_launch,
};
