#include "models/serving/causes.h"

void stall_count(struct batch *b)
{
	int64_t step_ns = batch_now_ns(b) - b->jump.from_ns, own_ns = 0;
	const struct running *r = &b->running;

	if (r->n == 0)
		return;
	if (b->mixed)
		own_ns = ns_of_s(b->decoder->round_s(b));
	if (own_ns < step_ns)
		b->stalled_ns += step_ns - own_ns;
}

void stall_mark(const struct batch *b, struct sequence *q)
{
	q->stall_mark_ns = b->stalled_ns;
}

void stall_charge(const struct batch *b, struct sequence *q)
{
	sequence_charge_part(q, CAUSE_STALLED, b->stalled_ns - q->stall_mark_ns, b->decoder->cause,
		batch_now_ns(b));
}
