/* The best member of a class with room: tournaments, kept only for the ranks that a policy asks
 * for, since each costs something at every change. */

#include <string.h>

#include "models/offload/scheduler_parts.h"

static const unsigned __int128 no_room = ~(unsigned __int128)0;

/** The bits of a number >= 0 rise as it does. */
static uint64_t bits_of(double x)
{
	uint64_t bits;

	memcpy(&bits, &x, sizeof bits);
	return bits;
}

static uint64_t rank_key(const struct scheduler *s, enum rank by, struct instance_id i)
{
	if (by == RANK_IDLE)
		return 0; /* what breaks ties is all there is */
	return by == RANK_STEP ? bits_of(instance_step_s(instance_of(s, i), load_of(s, i)))
			       : s->instance_views[i.i].assigned;
}

/** Seat the member anew and let it play its way up: without branches, which nobody could
 *  predict, and the winner so far in registers. */
static void play(
	const struct scheduler *s, struct tournament *t, enum rank by, struct instance_id i)
{
	const struct seat *of = &s->seats[i.i];
	size_t seat = t->seats + of->member;
	unsigned __int128 won = no_room, other;

	if (s->instance_views[i.i].room > 0 || by == RANK_QUEUE)
		won = (unsigned __int128)rank_key(s, by, i) << 64 | of->idle_order << MEMBER_BITS |
		      of->member;
	t->at[seat] = won;
	for (; seat > 1; seat /= 2) {
		other = t->at[seat ^ 1];
		won = other < won ? other : won;
		t->at[seat / 2] = won;
	}
}

static const struct tournament *tournament_of(const struct scheduler *s, uint32_t c, enum rank by)
{
	struct tournament *t = &s->rankings[c].by[by];
	const struct class_view *cls = &s->class_views[c];

	if (t->seats > 0)
		return t;
	for (t->seats = 1; t->seats < cls->n_members; t->seats *= 2)
		;
	t->at = arena_alloc(s->arena, 2 * t->seats, sizeof *t->at);
	for (size_t k = 0; k < 2 * t->seats; k++)
		t->at[k] = no_room;
	for (size_t k = 0; k < cls->n_members; k++)
		play(s, t, by, cls->members[k]);
	return t;
}

static struct instance_id member_of(const struct class_view *c, unsigned __int128 rank)
{
	return c->members[(size_t)rank & ((1u << MEMBER_BITS) - 1)];
}

static void shortage_set(struct shortage *x, uint32_t member, uint32_t tok)
{
	size_t k = x->seats + member;

	x->tok[k] = tok;
	for (k /= 2; k > 0; k /= 2) {
		uint32_t a = x->tok[2 * k], b = x->tok[2 * k + 1];

		x->tok[k] = a > b ? a : b;
	}
}

/** Without room it is not to be looked at, as one that is short for all. */
static uint32_t unknown_of(const struct scheduler *s, struct instance_id i)
{
	return s->instance_views[i.i].room > 0 ? UINT32_MAX : 0;
}

static struct shortage *shortage_of(const struct scheduler *s, uint32_t c, size_t seats)
{
	struct shortage *x = &s->rankings[c].shortage;

	if (x->tok)
		return x;
	*s->short_of_memory = true;
	x->seats = seats;
	x->tok = arena_alloc(s->arena, 2 * seats, sizeof *x->tok);
	for (uint32_t m = 0; m < s->class_views[c].n_members; m++)
		shortage_set(x, m, unknown_of(s, s->class_views[c].members[m]));
	return x;
}

/** The best below @k that has memory, and is better than @found. Each that has none is looked at
 * once until it is touched, or a shorter prompt comes. */
static unsigned __int128 search(const struct scheduler *s, const struct waiting *q, uint32_t c,
	const struct tournament *t, struct shortage *x, size_t k, unsigned __int128 found)
{
	struct instance_id i;
	size_t first;

	if (t->at[k] >= found || x->tok[k] <= q->prompt_tok)
		return found;
	if (k < t->seats) {
		first = 2 * k + (t->at[2 * k + 1] < t->at[2 * k]);
		found = search(s, q, c, t, x, first, found);
		return search(s, q, c, t, x, first ^ 1, found);
	}
	i = member_of(&s->class_views[c], t->at[k]);
	if (fit_has_memory(s, q, i))
		return t->at[k];
	shortage_set(x, (uint32_t)(k - t->seats), q->prompt_tok);
	return found;
}

/** What is short for a prompt is so for longer ones, and until something happens there. Where
 * blocks may be there already, or KV comes from elsewhere, that is not said. */
static bool is_plain(const struct scheduler *s, const struct waiting *q, struct instance_id i)
{
	return q->phase == PHASE_PREFILL && !instance_of(s, i)->spec->prefix_cache;
}

/** Memory is short: the best of those that have it. */
static unsigned __int128 with_memory(
	const struct scheduler *s, const struct waiting *q, uint32_t c, const struct tournament *t)
{
	const struct class_view *cls = &s->class_views[c];
	unsigned __int128 found = no_room;

	if (is_plain(s, q, cls->members[0]))
		return search(s, q, c, t, shortage_of(s, c, t->seats), 1, no_room);
	for (size_t k = t->seats; k < 2 * t->seats; k++)
		if (t->at[k] < found && fit_has_memory(s, q, member_of(cls, t->at[k])))
			found = t->at[k];
	return found;
}

/** Room and memory aside. */
static bool shortest_queue(const struct scheduler *s, const struct waiting *q, struct class_id c,
	struct instance_id *out)
{
	const struct class_view *cls = &s->class_views[c.i];

	if (!fit_can_serve(s, q, cls->members[0]))
		return false;
	*out = member_of(cls, tournament_of(s, c.i, RANK_QUEUE)->at[1]);
	return true;
}

bool ranking_best(const struct scheduler *s, const struct waiting *q, struct class_id c,
	enum rank by, struct instance_id *out)
{
	const struct class_view *cls = &s->class_views[c.i];
	const struct tournament *t;
	unsigned __int128 found;

	if (by == RANK_QUEUE)
		return shortest_queue(s, q, c, out);
	if (q->phase == PHASE_DECODE && q->from.i != NO_ID &&
		s->instance_views[q->from.i].cls.i == c.i && fit_stays(s, q, q->from)) {
		*out = q->from;
		return true;
	}
	if (cls->n_free == 0 || !fit_can_serve(s, q, cls->members[0]))
		return false;
	t = tournament_of(s, c.i, by);
	*out = member_of(cls, t->at[1]);
	if (fit_has_memory(s, q, *out))
		return true;
	found = with_memory(s, q, c.i, t);
	if (found != no_room)
		*out = member_of(cls, found);
	return found != no_room;
}

/** Is there memory at @i for a prompt of @tok, whoever's? Asked of members that are plain. */
static bool has_memory_for(const struct scheduler *s, struct instance_id i, uint32_t tok)
{
	const struct waiting q = {.phase = PHASE_PREFILL, .prompt_tok = tok, .output_tok = 1};

	return fit_has_memory(s, &q, i);
}

/* Asked here, where what it needs was just touched: in a search of thousands each would be far
 * away, and most are as short as they were. */
void ranking_eased(struct scheduler *s, struct instance_id i)
{
	struct shortage *x = &s->rankings[s->instance_views[i.i].cls.i].shortage;
	uint32_t member = s->seats[i.i].member, was, now;

	if (!x->tok)
		return;
	was = x->tok[x->seats + member];
	now = unknown_of(s, i);
	if (now != 0 && was != 0 && was != UINT32_MAX && !has_memory_for(s, i, was))
		now = was;
	if (now != was)
		shortage_set(x, member, now);
}

void ranking_touch(struct scheduler *s, struct instance_id i)
{
	struct ranking *r = &s->rankings[s->instance_views[i.i].cls.i];

	for (enum rank by = 0; by < RANKS; by++)
		if (r->by[by].seats > 0)
			play(s, &r->by[by], by, i);
	if (*s->short_of_memory)
		ranking_eased(s, i);
}
