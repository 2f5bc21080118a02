#ifndef OFFING_MODELS_OFFLOAD_WAITING_LINE_H
#define OFFING_MODELS_OFFLOAD_WAITING_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "models/offload/policy.h"
#include "sim/event.h"

/** Who waits, as the owner of the line knows it. */
struct ticket {
	uint32_t slot;        /* the request's, in the world's pool */
	struct event_id late; /* EV_LATE; {0, 0} while none is posted */
};

/**
 * The global queue, oldest first: parallel arrays, of which [head, head + n) is in use. O(1) to
 * join and to take the oldest, O(place) to take another: the older ones move up. Zeroed is empty.
 */
struct waiting_line {
	struct waiting *waiting;
	struct ticket *ticket;
	size_t head, n, cap;
};

void waiting_line_finish(struct waiting_line *l);

/** At the end of the line. */
void waiting_line_push(struct waiting_line *l, const struct waiting *w, uint32_t slot);

/** In a line in order of ids, at its place in it, which is returned. O(place + log n), and O(n)
 * once in a while: it moves who is older. */
size_t waiting_line_insert(struct waiting_line *l, const struct waiting *w, uint32_t slot);

/** The place of @id from the head on; false when it is not in the line. O(n). */
bool waiting_line_find(const struct waiting_line *l, struct request_id id, size_t *place);

/** Take the entry at @place out. */
struct ticket waiting_line_take(struct waiting_line *l, size_t place);

static inline struct waiting *waiting_line_at(const struct waiting_line *l, size_t place)
{
	return &l->waiting[l->head + place];
}

static inline struct ticket *waiting_line_ticket(const struct waiting_line *l, size_t place)
{
	return &l->ticket[l->head + place];
}

#endif
