#include "models/serving/handing.h"

#include "models/probe.h"
#include "models/serving/admission.h"
#include "models/serving/jump.h"
#include "models/serving/prefix.h"

void handing_begin(struct batch *b, double step_s)
{
	const struct instance *i = b->i;
	int64_t layer_ns = ns_after(batch_now_ns(b), ns_of_s(step_s / b->n_layers));
	int64_t end_ns = ns_after(batch_now_ns(b), ns_of_s(step_s));

	for (size_t k = 0; k < b->n_prefill; k++) {
		struct sequence *q = batch_sequence(b, b->prefill[k]);

		if (!q->part)
			continue;
		prefix_park(b, q); /* whoever goes on may hold blocks for it from now on */
		i->host->computing(i->world, i->id, b->prefill[k], layer_ns, end_ns);
	}
}

void handing_park(struct batch *b, uint32_t seq)
{
	struct sequence *q = batch_sequence(b, seq);

	q->parked_blocks = (uint32_t)kvcache_blocks(&b->kv, (uint64_t)q->prompt_tok + 1);
	if (!b->overlaps) /* else when it began: handing_begin() */
		prefix_park(b, q);
	b->n_parked++;
	instance_served(b->i, seq);
}

static void unpark(struct batch *b, struct sequence *q)
{
	b->kv.used -= q->parked_blocks;
	q->parked_blocks = 0;
	b->n_parked--;
}

bool handing_release(struct batch *b, uint32_t seq)
{
	prefix_unpark(b, batch_sequence(b, seq));
	unpark(b, batch_sequence(b, seq));
	handing_grant(b);
	if (b->activity == BATCH_IDLE) {
		b->activity = BATCH_BOUNDARY;
		return true;
	}
	if (b->activity != BATCH_DECODE || !b->batching->admits(b) || !jump_cut(b))
		return false;
	b->activity = BATCH_BOUNDARY;
	return true;
}

void handing_keep(struct batch *b, uint32_t seq)
{
	struct sequence *q = batch_sequence(b, seq);

	q->reserved_blocks = q->parked_blocks - prefix_keep(b, q);
	unpark(b, q);
	b->kv.reserved += q->reserved_blocks;
	q->brought = true;
}

/** Those that have no blocks yet take none. */
static bool has_place(const struct batch *b)
{
	return !b->i->held && b->i->assigned - b->n_bare < b->places;
}

void handing_grant(struct batch *b)
{
	while (waitline_count(&b->claims) > 0 && has_place(b)) {
		uint32_t seq = (uint32_t)waitline_at(&b->claims, 0);

		const struct sequence *q = batch_sequence(b, seq);

		if (!admission_has_blocks(
			    b, q->prompt_tok, prefix_shared_blocks(b, q, q->prompt_tok)))
			return;
		waitline_pop(&b->claims);
		b->n_bare--;
		admission_reserve(b, seq);
		b->i->host->granted(b->i->world, b->i->id, seq);
	}
}
