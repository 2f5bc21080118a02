#include "models/serving/apart.h"

#include <string.h>

#include "models/serving/causes.h"
#include "models/serving/drafter.h"
#include "models/serving/running.h"
#include "models/serving/speculative.h"

void apart_arrives(struct batch *b, uint32_t seq)
{
	struct drafting *d = &batch_sequence(b, seq)->drafting;

	if (!drafter_begin(d->line, seq))
		d->line = NULL;
}

void apart_send_off(struct batch *b, bool verified)
{
	struct speculation *s = b->speculation;
	struct member *gone;
	size_t n;

	if (s->cost)
		return;
	gone = s->away + b->n_away;
	n = running_part(b, gone, verified);
	b->n_away += n;
	for (size_t i = 0; i < n; i++)
		drafter_tell(batch_sequence(b, gone[i].seq)->drafting.line, gone[i].seq);
	for (size_t i = 0; i < n; i++)
		drafter_post(batch_sequence(b, gone[i].seq)->drafting.line);
}

static bool is_here(struct batch *b, struct draft_item what)
{
	struct drafting *d;

	if (what.seq >= b->i->sequences->n)
		return false;
	d = &batch_sequence(b, what.seq)->drafting;
	if (d->turn != what.turn || d->where != DRAFT_AWAITED)
		return false;
	d->where = DRAFT_HERE;
	return true;
}

bool apart_drafted(struct batch *b, const struct draft_letter *l)
{
	bool any = false;

	for (size_t i = 0; i < l->n; i++)
		any = is_here(b, l->at[i]) || any;
	return any;
}

static void take_out(struct batch *b, size_t place)
{
	struct member *away = b->speculation->away;

	memmove(away + place, away + place + 1, (--b->n_away - place) * sizeof *away);
}

void apart_gather(struct batch *b)
{
	const struct member *away = b->speculation->away;

	for (size_t i = 0; i < b->n_away;) {
		struct drafting *d = &batch_sequence(b, away[i].seq)->drafting;

		if (d->where != DRAFT_HERE) {
			i++;
			continue;
		}
		d->where = DRAFT_JOINED;
		running_back(b, &away[i]);
		take_out(b, i);
	}
}

void apart_leaves(struct batch *b, struct sequence *q)
{
	uint32_t seq = (uint32_t)(q - b->i->sequences->at);

	if (!q->drafting.line)
		return;
	if (q->emitted_tok == q->output_tok)
		drafter_end(q->drafting.line, seq);
	else
		drafter_stop(q->drafting.line, seq);
}

bool apart_put_back(struct batch *b, uint64_t order, uint32_t *seq)
{
	const struct member *away = b->n_away > 0 ? b->speculation->away : NULL;
	size_t place = b->n_away;
	struct sequence *q;

	for (size_t i = 0; i < b->n_away; i++)
		if (away[i].order > order) {
			order = away[i].order;
			place = i;
		}
	if (place == b->n_away)
		return false;
	*seq = away[place].seq;
	q = batch_sequence(b, *seq);
	take_out(b, place);
	b->kv.used -= q->held_blocks;
	sequence_charge(q, CAUSE_SPECULATION, batch_now_ns(b));
	apart_leaves(b, q);
	return true;
}
