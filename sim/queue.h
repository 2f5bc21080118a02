#ifndef OFFING_SIM_QUEUE_H
#define OFFING_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/event.h"

/**
 * The pending events: a 4-ary implicit heap of 16-byte keys held by value, the
 * payloads in slots that do not move. The key is (time, sequence | slot), a
 * total order, so equal times leave in the order of posting. The four children
 * of a node share one cache line, and the least of them is found without a
 * branch: a mispredicted branch a level costs as much as the level itself.
 *
 * queue_take() leaves a hole at the root. The post that usually follows from the
 * handler fills it: one walk down instead of a walk down and one up.
 *
 * Cancelling frees the slot and leaves its key behind; such keys are skipped when
 * they reach the root and swept out when they outnumber the live ones.
 *
 * Memory: 48 bytes an event at the peak. Internal to sim/; users see sim/engine.h.
 */

enum { QUEUE_SLOT_BITS = 28 }; /* 2.7e8 pending events; the other 36 bits are the sequence */

struct queue_key {
	uint64_t order; /* sequence << QUEUE_SLOT_BITS | slot */
	uint64_t at_ns;
};

struct queue_slot {
	uint64_t what;  /* of a free slot: the next free one */
	uint64_t order; /* that of its key; QUEUE_FREE when free */
	uint32_t kind, who;
	uint32_t stamp; /* counts the events this slot has held, from 1, never 0 */
};

struct queue {
	struct queue_key *key; /* [0, n) is the heap, the three after it compare above all */
	size_t n, cap;
	size_t n_stale; /* keys of cancelled events */
	bool hole;      /* key[0] was taken and not yet replaced */
	struct queue_slot *slot;
	size_t n_slots, slot_cap;
	uint64_t free_slot;       /* index of the first free slot; n_slots when there is none */
	uint64_t seq;             /* of the next post */
	void *key_mem, *slot_mem; /* what to free: @key and @slot are aligned inside */
};

void queue_init(struct queue *q);
void queue_finish(struct queue *q);

/** Add an event at @at_ns >= 0. Fields, not a struct: they travel in registers. */
struct event_id queue_post(
	struct queue *q, int64_t at_ns, uint32_t kind, uint32_t who, uint64_t what);

/** Remove the first event into *@ev if its time is <= @until_ns; false when there is none. */
bool queue_take(struct queue *q, int64_t until_ns, struct event *ev);

/** False when @id is not pending. */
bool queue_cancel(struct queue *q, struct event_id id);

/** Live events. */
static inline size_t queue_count(const struct queue *q)
{
	return q->n - q->n_stale - q->hole;
}

#endif
