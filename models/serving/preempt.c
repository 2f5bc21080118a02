#include "models/serving/preempt.h"

#include "models/serving/apart.h"
#include "models/serving/causes.h"
#include "models/serving/prefix.h"
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

static void copy(struct batch *b, uint64_t blocks)
{
	b->swap.due_s += (double)blocks * b->swap.s_per_block;
	b->i->swap_bytes += (double)blocks * b->block_bytes * instance_devices(b->i->spec);
}

/** The blocks that its tokens fill go to the host, if there is room; the last token, which no step
 *  has seen, fills none. */
static void swap_out(struct batch *b, struct sequence *q)
{
	uint64_t blocks = kvcache_blocks(&b->kv, batch_stored_tok(q) - 1);

	if (blocks > b->swap.room_blocks)
		return;
	b->swap.room_blocks -= blocks;
	q->swapped_blocks = (uint32_t)blocks;
	copy(b, blocks);
}

void preempt_swap_in(struct batch *b, uint32_t seq)
{
	struct sequence *q = batch_sequence(b, seq);

	copy(b, q->swapped_blocks);
	b->swap.room_blocks += q->swapped_blocks;
	q->swapped_blocks = 0;
	running_join(b, seq);
}

static void preempt_youngest(struct batch *b)
{
	size_t youngest = running_youngest(&b->running);
	uint32_t seq = b->running.heap[youngest].seq;
	struct sequence *q;

	if (!apart_put_back(b, b->running.heap[youngest].order, &seq))
		running_leave(b, youngest);
	q = batch_sequence(b, seq);
	q->emitted_tok += (uint32_t)b->decoder->gained(b, q);
	swap_out(b, q);
	wait_again(b, seq);
}

static void preempt_last(struct batch *b)
{
	struct sequence *q;
	uint32_t seq;

	if (b->n_prefill == 0) {
		preempt_youngest(b);
		return;
	}
	seq = b->prefill[--b->n_prefill];
	q = batch_sequence(b, seq);
	prefix_leaves(b, q, q->computed_tok);
	b->kv.used -= kvcache_blocks(&b->kv, batch_stored_tok(q) + 1);
	sequence_charge(q, CAUSE_PREEMPTED, batch_now_ns(b)); /* in vain */
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
