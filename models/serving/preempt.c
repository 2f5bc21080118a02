#include "models/serving/preempt.h"

#include "models/serving/causes.h"
#include "models/serving/running.h"

/** @seq is out of the batch and its blocks are free: first in line, to be computed again. */
static void wait_again(struct batch *b, uint32_t seq)
{
	struct sequence *q = batch_sequence(b, seq);

	q->again = true;
	q->preemptions++;
	b->i->preemptions++;
	b->n_preempted++;
	waitline_push_front(&b->line, seq);
	instance_hold(b->i, true);
}

static void preempt_youngest(struct batch *b)
{
	size_t youngest = running_youngest(&b->running);
	uint32_t seq = b->running.heap[youngest].seq;
	struct sequence *q = batch_sequence(b, seq);

	running_leave(b, youngest);
	q->emitted_tok += (uint32_t)b->decoder->gained(b, q);
	wait_again(b, seq);
}

static void preempt_last(struct batch *b)
{
	uint32_t seq;

	if (b->n_prefill == 0) {
		preempt_youngest(b);
		return;
	}
	seq = b->prefill[--b->n_prefill];
	b->kv.used -= kvcache_blocks(&b->kv, batch_stored_tok(batch_sequence(b, seq)) + 1);
	sequence_charge(batch_sequence(b, seq), CAUSE_PREEMPTED, batch_now_ns(b)); /* in vain */
	wait_again(b, seq);
}

void preempt_for_next_step(struct batch *b)
{
	while (b->running.n > 0 && b->decoder->need_next(b) > kvcache_free(&b->kv))
		preempt_last(b);
}

void preempt_back(struct batch *b)
{
	if (--b->n_preempted == 0)
		instance_hold(b->i, false);
}
