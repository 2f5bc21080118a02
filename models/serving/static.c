/* Static batches (Hugging Face's generate; what the paper's text describes): up to max_batch
 * requests that wait at most batch_wait after the first are one batch until its last answer is
 * done. Prompts are padded to the longest; padding is computed and its keys and values are held.
 * Those that have finished are still computed. A batch is as large as its memory at the end
 * allows, so nobody is ever preempted. */

#include "models/ev.h"
#include "models/serving/batch_parts.h"
#include "models/serving/causes.h"

/** How many of those in line, in order, and their longest prompt and answer. */
struct plan {
	size_t n;
	uint64_t prompt_tok, answer_tok;
};

static uint64_t longer(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static struct plan plan(const struct batch *b)
{
	uint64_t ahead = b->decoder->lookahead(b);
	struct plan p = {0};

	while (p.n < waitline_count(&b->line) && p.n < b->max_batch) {
		const struct sequence *q = batch_sequence(b, (uint32_t)waitline_at(&b->line, p.n));
		uint64_t prompt = longer(p.prompt_tok, q->prompt_tok);
		uint64_t answer = longer(p.answer_tok, q->output_tok);
		bool fits =
			(p.n + 1) * prompt <= b->prefill_cap_tok &&
			(p.n + 1) * kvcache_blocks(&b->kv, prompt + answer + ahead) <= b->kv.total;

		if (p.n > 0 && !fits)
			break;
		p = (struct plan){p.n + 1, prompt, answer};
	}
	return p;
}

static void take(struct batch *b)
{
	struct plan p = plan(b);

	b->together.longest_tok = p.answer_tok;
	while (b->n_prefill < p.n) {
		uint32_t seq = (uint32_t)waitline_pop(&b->line);
		struct sequence *q = batch_sequence(b, seq);

		q->pad_tok = (uint32_t)(p.prompt_tok - q->prompt_tok);
		q->chunk_tok = (uint32_t)p.prompt_tok;
		q->started_ns = batch_now_ns(b);
		sequence_charge(q, CAUSE_INSTANCE_WAIT, batch_now_ns(b));
		b->prefill[b->n_prefill++] = seq;
	}
	b->n_begun = p.n;
	b->prefill_tok = p.n * p.prompt_tok;
	kvcache_take(&b->kv, p.n * kvcache_blocks(&b->kv, p.prompt_tok + 1));
}

/** Wait for others to come? */
static bool waits(struct batch *b)
{
	struct static_batch *t = &b->together;
	uint32_t first = (uint32_t)waitline_at(&b->line, 0);
	int64_t until_ns = ns_after(batch_sequence(b, first)->arrived_ns, t->wait_ns);
	bool more = waitline_count(&b->line) < b->max_batch && batch_now_ns(b) < until_ns;

	if (more && !t->waits)
		t->until = post_step(b->i->engine, until_ns, b->i->id, first);
	if (!more && t->waits && batch_now_ns(b) < until_ns)
		engine_cancel(b->i->engine, t->until);
	t->waits = more;
	return more;
}

static void form(struct batch *b)
{
	if (b->running.rows == 0 && waitline_count(&b->line) > 0 && !waits(b))
		take(b);
}

/** Only an idle instance takes somebody, and that needs no jump to be cut. */
static bool admits(const struct batch *b)
{
	(void)b;
	return false;
}

/** A guess: the batch that runs is half done, and those of @n that it does not hold are as long. */
static double wait_s(const struct batch *b, uint32_t n, double service_s)
{
	double batches = n / b->max_batch + (n % b->max_batch > 0 ? 1.0 : 0.0);

	return n == 0 ? s_of_ns(b->together.wait_ns) : (batches - 0.5) * service_s;
}

const struct batching_ops batching_static = {
	.name = "static",
	.keeps_rows = true,
	.form = form,
	.admits = admits,
	.wait_s = wait_s,
};
