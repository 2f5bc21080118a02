#include "models/serving/jump.h"

#include <math.h>

#include "models/serving/admission.h"
#include "models/serving/span.h"

static int64_t end_ns(const struct jump *j, uint64_t k)
{
	double n = (double)k;

	return k == 0 ? j->from_ns
		      : ns_after(j->from_ns,
				ns_of_s(j->lead_s +
					(n * j->first_s + j->more_s * (0.5 * n * (n - 1.0)))));
}

/** The step in flight at @now_ns, and its end: the first whose end is not before it. */
static uint64_t step_at(const struct jump *j, int64_t now_ns, int64_t *end)
{
	double t = fmax(s_of_ns(now_ns - j->from_ns) - j->lead_s, 0.0);
	double quad = 0.5 * j->more_s, lin = j->first_s - quad;
	double guess = lin > 0.0 ? 2.0 * t / (lin + sqrt(lin * lin + 4.0 * quad * t)) : 0.0;
	uint64_t k = guess < (double)j->k ? (uint64_t)guess : j->k;
	int64_t before;

	*end = end_ns(j, k);
	for (; k > 0 && (before = end_ns(j, k - 1)) >= now_ns; k--)
		*end = before;
	for (; k < j->k && *end < now_ns; k++)
		*end = end_ns(j, k + 1);
	return k;
}

/** Step by step: does the one in flight begin at this instant? */
static bool step_begins_now(const struct batch *b)
{
	return b->jump.step_from_ns == batch_now_ns(b);
}

static uint64_t steps_begun(const struct batch *b)
{
	int64_t end;

	if (b->activity != BATCH_DECODE)
		return 0;
	if (b->executor->begun)
		return b->executor->begun(b);
	if (b->step_by_step)
		return b->jump.stepped + (step_begins_now(b) ? 0 : 1);
	return step_at(&b->jump, batch_now_ns(b), &end);
}

/** Post its end, or that of its next step. */
static void post(struct batch *b)
{
	struct jump *j = &b->jump;
	int64_t at_ns;

	if (b->step_by_step) {
		double tok = b->running.context_tok + (double)j->stepped * (double)b->running.rows;

		j->stepped_s += cost_affine_s(b->executor->decode(b, b->running.rows, tok), tok);
		j->step_from_ns = batch_now_ns(b);
		at_ns = ns_after(j->from_ns, ns_of_s(j->stepped_s));
	} else {
		at_ns = end_ns(j, j->k);
	}
	j->end = b->executor->launch(b, at_ns, b->running.heap[0].seq);
}

/** End it after @k steps instead. */
static void repost(struct batch *b, uint64_t k)
{
	engine_cancel(b->i->engine, b->jump.end);
	b->jump.k = k;
	post(b);
}

/** Steps until the total context leaves the cell of the grid. */
static uint64_t steps_in_cell(const struct batch *b, const struct cost_affine *cell)
{
	double left = (double)cell->until_tok - b->running.context_tok;

	if (left <= 0.0)
		return 1;
	left = floor(left / (double)b->running.rows) + 1.0;
	return left < 1e15 ? (uint64_t)left : (uint64_t)1e15;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/** Can the one that was put back last come back after one step? Only where others hold blocks that
 *  it had copies of; what it needs was not there otherwise. */
static bool back_after_a_step(const struct batch *b)
{
	const struct sequence *q = batch_sequence(b, (uint32_t)waitline_at(&b->line, 0));

	return b->batching->admits(b) && admission_fits(b, q, true);
}

static void begin(struct batch *b)
{
	struct jump *j = &b->jump;
	struct cost_affine a = b->executor->decode(b, b->running.rows, b->running.context_tok);

	j->from_ns = batch_now_ns(b);
	j->first_s = cost_affine_s(a, b->running.context_tok);
	j->more_s = a.per_tok_s * (double)b->running.rows;
	j->lead_s = batch_swapping_s(b);
	if (b->executor->lead_s)
		j->lead_s += b->executor->lead_s(b, a);
	j->stepped = 0;
	j->stepped_s = j->lead_s;
	j->k = b->running.heap[0].last_step - b->kv.steps;
	j->k = least(j->k, steps_in_cell(b, &a));
	j->k = kvcache_steps_within(&b->kv, j->k, kvcache_free(&b->kv));
	if (b->n_preempted > 0 && back_after_a_step(b))
		j->k = 1;
	post(b);
}

void jump_tell_tokens(const struct batch *b, uint64_t made)
{
	const struct running *r = &b->running;

	for (size_t m = 0; m < r->n; m++)
		if (r->heap[m].last_step > b->kv.steps + made)
			b->i->host->token(b->i->world, b->i->id, r->heap[m].seq);
}

static bool advance(struct batch *b)
{
	struct jump *j = &b->jump;

	if (!b->step_by_step)
		return true;
	j->stepped++;
	if (b->tells)
		jump_tell_tokens(b, j->stepped);
	if (j->stepped < j->k && !b->batching->admits(b) &&
		kvcache_need(&b->kv, j->stepped + 1) <= kvcache_free(&b->kv)) {
		post(b);
		return false;
	}
	j->k = j->stepped;
	return true;
}

static void end(struct batch *b)
{
	if (b->executor->ended && b->jump.k > 0)
		b->executor->ended(b, b->jump.k);
	kvcache_step(&b->kv, b->jump.k);
	b->running.context_tok += (double)b->jump.k * (double)b->running.rows;
}

void jump_end_now(struct batch *b, uint64_t k)
{
	engine_cancel(b->i->engine, b->jump.end);
	if (k == 0) /* whatever comes now waits for the copies instead */
		b->swap.due_s += b->jump.lead_s;
	span_end(b, k);
	b->jump.k = k;
	jump_end(b);
}

static bool cut(struct batch *b)
{
	struct jump *j = &b->jump;
	int64_t now_ns = batch_now_ns(b), end;
	uint64_t k;

	if (b->step_by_step) { /* jump_advance() ends it otherwise */
		if (!step_begins_now(b))
			return false;
		jump_end_now(b, j->stepped);
		return true;
	}
	k = step_at(j, now_ns, &end);
	if (k >= j->k)
		return false;
	if (end == now_ns) {
		jump_end_now(b, k);
		return true;
	}
	repost(b, k);
	return false;
}

static uint64_t need_most(const struct batch *b)
{
	return b->running.n * (kvcache_full_blocks(&b->kv, b->jump.k) + 1);
}

static void shorten(struct batch *b)
{
	uint64_t begun, k;

	if (b->executor->shorten) {
		b->executor->shorten(b);
		return;
	}
	if (b->activity != BATCH_DECODE || b->step_by_step ||
		need_most(b) + b->kv.used + b->kv.reserved <= b->kv.total ||
		kvcache_need(&b->kv, b->jump.k) + b->kv.used + b->kv.reserved <= b->kv.total)
		return;
	begun = steps_begun(b);
	k = kvcache_steps_within(&b->kv, b->jump.k, kvcache_free(&b->kv));
	if (k < begun)
		k = begun;
	if (k < b->jump.k)
		repost(b, k);
}

static uint64_t need(const struct batch *b, uint64_t steps)
{
	return kvcache_need(&b->kv, steps);
}

static uint64_t tok(const struct batch *b, uint64_t steps)
{
	return steps * b->running.n;
}

const struct jump_ops jump_closed = {
	.begin = begin,
	.advance = advance,
	.end = end,
	.cut = cut,
	.shorten = shorten,
	.steps_begun = steps_begun,
	.need = need,
	.need_most = need_most,
	.tok = tok,
};
