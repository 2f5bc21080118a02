#include "models/serving/admission.h"

#include "models/probe.h"
#include "models/serving/causes.h"
#include "models/serving/jump.h"
#include "models/serving/preempt.h"
#include "models/serving/prefix.h"
#include "models/serving/running.h"

/** Blocks that stay free when somebody is admitted: as others will want some soon. Nobody else is
 *  there to want them when nothing is used. */
static uint64_t kept_free(const struct batch *b)
{
	return b->kv.used + b->kv.reserved > 0 ? b->watermark_blocks : 0;
}

bool admission_has_blocks(const struct batch *b, uint32_t prompt_tok, uint64_t shared)
{
	const struct kvcache *kv = &b->kv;
	uint64_t want = kvcache_blocks(kv, (uint64_t)prompt_tok + 1) - shared + kv->used +
			kv->reserved + kept_free(b);

	if (b->activity != BATCH_DECODE)
		return want <= kv->total;
	if (want + jump_need_most(b) <= kv->total)
		return true; /* even at the end of the jump */
	return want + jump_need(b, jump_steps_begun(b)) <= kv->total;
}

static void reserve(struct batch *b, struct sequence *q)
{
	q->reserved_blocks = (uint32_t)(kvcache_blocks(&b->kv, (uint64_t)q->prompt_tok + 1) -
					prefix_reserve(b, q));
	b->kv.reserved += q->reserved_blocks;
}

void admission_reserve(struct batch *b, uint32_t seq)
{
	reserve(b, batch_sequence(b, seq));
	jump_shorten(b);
}

void admission_assigned(struct batch *b, uint32_t seq, bool place)
{
	struct sequence *q = batch_sequence(b, seq);

	if (q->stays)
		return; /* it has what it needs */
	if (!place || b->n_bare > 0 ||
		!admission_has_blocks(
			b, q->prompt_tok, prefix_shared_blocks(b, q, q->prompt_tok))) {
		b->n_bare++;
		if (q->brought)
			waitline_push(&b->claims, seq);
		return;
	}
	admission_reserve(b, seq);
}

void admission_set_aside(struct batch *b)
{
	size_t size = batch_size(b), n = b->n_bare > 0 ? waitline_count(&b->line) : 0;

	for (size_t k = 0; k < n && size + k < b->places && b->n_preempted == 0; k++) {
		struct sequence *q = batch_sequence(b, (uint32_t)waitline_at(&b->line, k));

		if (q->reserved_blocks > 0)
			continue;
		if (!admission_fits(b, q, b->batching->mixes && !b->mixed))
			break;
		reserve(b, q);
		b->n_bare--;
	}
}

/** What it stores, and one token: its prefill gives one; one that was swapped out has it. */
static uint64_t wanted_tok(const struct sequence *q)
{
	return batch_stored_tok(q) + (q->swapped_blocks > 0 ? 0 : 1);
}

bool admission_fits(const struct batch *b, const struct sequence *q, bool beside)
{
	uint64_t tok = wanted_tok(q), want;

	if (q->reserved_blocks > 0)
		return true;
	if (waitline_count(&b->claims) > 0 && !q->again)
		return false;      /* KV that waits for blocks goes before prompts */
	if (q->swapped_blocks > 0) /* it would be put back at once without */
		tok += b->decoder->lookahead(b);
	want = kvcache_blocks(&b->kv, tok) + kept_free(b) -
	       prefix_shared_blocks(b, q, batch_stored_tok(q));
	return want + (beside ? b->decoder->need_next(b) : 0) <= kvcache_free(&b->kv);
}

bool admission_may_pass(const struct batch *b, size_t place)
{
	return b->n_parked == 0 ||
	       batch_sequence(b, (uint32_t)waitline_at(&b->line, place))->reserved_blocks > 0;
}

/** KV is here, in blocks of its own: its sequence decodes from the next step on. */
static void join(struct batch *b, uint32_t seq)
{
	struct sequence *q = batch_sequence(b, seq);

	b->kv.reserved -= q->reserved_blocks;
	q->reserved_blocks = 0;
	q->brought = false;
	kvcache_take(&b->kv, kvcache_blocks(&b->kv, batch_stored_tok(q)) - q->prefix_blocks);
	prefix_settle(b);
	q->joined_ns = batch_now_ns(b);
	sequence_charge(q, CAUSE_KV, q->joined_ns);
	running_join(b, seq);
}

void admission_admit(struct batch *b, size_t place)
{
	uint32_t seq = (uint32_t)waitline_remove(&b->line, place);
	struct sequence *q = batch_sequence(b, seq);

	if (q->brought) {
		join(b, seq);
		return;
	}
	if (q->reserved_blocks == 0 && !q->again)
		b->n_bare--;
	b->kv.reserved -= q->reserved_blocks;
	q->reserved_blocks = 0;
	kvcache_take(&b->kv, kvcache_blocks(&b->kv, wanted_tok(q)) - prefix_admit(b, q));
	prefix_settle(b);
	sequence_charge(q, q->again ? CAUSE_PREEMPTED : CAUSE_INSTANCE_WAIT, batch_now_ns(b));
	if (q->again)
		preempt_back(b);
	q->again = false;
	if (q->swapped_blocks > 0) {
		preempt_swap_in(b, seq);
		return;
	}
	q->chunk_tok = (uint32_t)batch_stored_tok(q) - q->computed_tok;
	b->prefill_tok += q->chunk_tok;
	if (b->batching == &batching_continuous) /* else its chunks do, one by one */
		prefix_computes(b, q);
	if (q->started_ns == TIME_NONE) {
		q->started_ns = batch_now_ns(b);
		b->n_begun++;
	}
	b->prefill[b->n_prefill++] = seq;
}
