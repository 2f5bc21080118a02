#include "models/serving/running.h"

#include "models/serving/causes.h"
#include "models/serving/prefix.h"

static bool before(const struct member *x, const struct member *y)
{
	return x->last_step != y->last_step ? x->last_step < y->last_step : x->order < y->order;
}

static void heap_up(struct running *r, size_t i, struct member m)
{
	while (i > 0 && before(&m, &r->heap[(i - 1) / 2])) {
		r->heap[i] = r->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	r->heap[i] = m;
}

static void heap_down(struct running *r, size_t i, struct member m)
{
	for (;;) {
		size_t c = 2 * i + 1;

		if (c >= r->n)
			break;
		if (c + 1 < r->n && before(&r->heap[c + 1], &r->heap[c]))
			c++;
		if (!before(&r->heap[c], &m))
			break;
		r->heap[i] = r->heap[c];
		i = c;
	}
	r->heap[i] = m;
}

static void heap_remove(struct running *r, size_t i)
{
	struct member last = r->heap[--r->n];

	if (i == r->n)
		return;
	if (i > 0 && before(&last, &r->heap[(i - 1) / 2]))
		heap_up(r, i, last);
	else
		heap_down(r, i, last);
}

static uint64_t stored_tok(const struct batch *b, const struct sequence *q)
{
	return batch_stored_tok(q) + b->decoder->gained(b, q);
}

void running_join(struct batch *b, uint32_t seq)
{
	struct running *r = &b->running;
	struct sequence *q = batch_sequence(b, seq);
	uint64_t rounds = b->decoder->rounds(b, q), tok;

	q->joined_step = b->kv.steps;
	stall_mark(b, q);
	tok = stored_tok(b, q);
	r->context_tok += (double)tok;
	b->decoder->join(b, q, tok);
	r->rows++;
	heap_up(r, r->n++,
		(struct member){
			.last_step = b->kv.steps + rounds,
			.order = r->joined++,
			.seq = seq,
		});
}

void running_leave(struct batch *b, size_t place)
{
	struct sequence *q = batch_sequence(b, b->running.heap[place].seq);
	uint64_t tok = stored_tok(b, q);

	stall_charge(b, q);
	heap_remove(&b->running, place);
	if (b->batching->keeps_rows)
		return;
	b->running.rows--;
	b->running.context_tok -= (double)tok;
	prefix_leaves(b, q, tok - 1);
	b->decoder->leave(b, q, tok);
}

size_t running_part(struct batch *b, struct member *away, bool verified)
{
	struct running *r = &b->running;
	size_t all = r->n, n = 0, at;

	r->n = 0;
	for (size_t i = 0; i < all; i++) {
		struct member m = r->heap[i];
		struct sequence *q = batch_sequence(b, m.seq);

		if (!q->drafting.line || (q->drafting.where == DRAFT_JOINED && !verified)) {
			heap_up(r, r->n++, m);
			continue;
		}
		stall_charge(b, q);
		r->rows--;
		r->context_tok -= (double)stored_tok(b, q);
		for (at = n++; at > 0 && away[at - 1].order > m.order; at--)
			away[at] = away[at - 1];
		away[at] = m;
	}
	return n;
}

void running_back(struct batch *b, const struct member *m)
{
	struct running *r = &b->running;
	struct sequence *q = batch_sequence(b, m->seq);

	sequence_charge(q, CAUSE_SPECULATION, batch_now_ns(b));
	stall_mark(b, q);
	r->rows++;
	r->context_tok += (double)stored_tok(b, q);
	heap_up(r, r->n++, *m);
}

void running_hasten(struct batch *b, size_t place)
{
	struct member m = b->running.heap[place];

	m.last_step = b->kv.steps;
	heap_up(&b->running, place, m);
}

void running_end(struct batch *b)
{
	b->running.rows = 0;
	b->running.context_tok = 0.0;
	kvcache_empty(&b->kv);
}

size_t running_youngest(const struct running *r)
{
	size_t youngest = 0;

	for (size_t i = 1; i < r->n; i++)
		if (r->heap[i].order > r->heap[youngest].order)
			youngest = i;
	return youngest;
}
