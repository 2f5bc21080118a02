#include "models/serving/preempt.h"

#include "models/serving/running.h"

void preempt_youngest(struct batch *b)
{
	size_t youngest = running_youngest(&b->running);
	uint32_t seq = b->running.heap[youngest].seq;
	struct sequence *q = batch_sequence(b, seq);

	running_leave(b, youngest);
	q->emitted_tok += (uint32_t)b->decoder->gained(b, q);
	q->preemptions++;
	b->i->preemptions++;
	b->n_preempted++;
	waitline_push_front(&b->line, seq);
	instance_hold(b->i, true);
}

void preempt_back(struct batch *b)
{
	if (--b->n_preempted == 0)
		instance_hold(b->i, false);
}
