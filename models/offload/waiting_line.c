#include "models/offload/waiting_line.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void waiting_line_finish(struct waiting_line *l)
{
	free(l->waiting);
	free(l->ticket);
	*l = (struct waiting_line){0};
}

static void make_room(struct waiting_line *l)
{
	size_t cap = l->cap;

	if (l->head + l->n < l->cap)
		return;
	if (l->head > l->cap / 2) { /* slide back, amortised over what was taken */
		memmove(l->waiting, l->waiting + l->head, l->n * sizeof *l->waiting);
		memmove(l->ticket, l->ticket + l->head, l->n * sizeof *l->ticket);
		l->head = 0;
		return;
	}
	l->waiting = mem_grow(l->waiting, l->cap, &cap, sizeof *l->waiting);
	l->ticket = mem_grow(l->ticket, l->cap, &l->cap, sizeof *l->ticket);
}

void waiting_line_push(struct waiting_line *l, const struct waiting *w, uint32_t slot)
{
	make_room(l);
	l->waiting[l->head + l->n] = *w;
	l->ticket[l->head + l->n] = (struct ticket){.slot = slot};
	l->n++;
}

/** The first place whose id is larger. */
static size_t place_of(const struct waiting_line *l, struct request_id id)
{
	size_t from = 0, to = l->n;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (waiting_line_at(l, mid)->id.n < id.n)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/** Make room before the head, half as much as there are: paid for by as many that join there. */
static void make_front(struct waiting_line *l)
{
	size_t front = l->n / 2 + 1, cap = l->cap;

	while (l->n + front > l->cap) {
		cap = l->cap;
		l->waiting = mem_grow(l->waiting, l->cap, &cap, sizeof *l->waiting);
		l->ticket = mem_grow(l->ticket, l->cap, &l->cap, sizeof *l->ticket);
	}
	memmove(l->waiting + front, l->waiting, l->n * sizeof *l->waiting);
	memmove(l->ticket + front, l->ticket, l->n * sizeof *l->ticket);
	l->head = front;
}

size_t waiting_line_insert(struct waiting_line *l, const struct waiting *w, uint32_t slot)
{
	size_t place = place_of(l, w->id);

	if (place == l->n) {
		waiting_line_push(l, w, slot);
		return place;
	}
	if (l->head == 0)
		make_front(l);
	l->head--;
	memmove(l->waiting + l->head, l->waiting + l->head + 1, place * sizeof *l->waiting);
	memmove(l->ticket + l->head, l->ticket + l->head + 1, place * sizeof *l->ticket);
	l->waiting[l->head + place] = *w;
	l->ticket[l->head + place] = (struct ticket){.slot = slot};
	l->n++;
	return place;
}

bool waiting_line_find(const struct waiting_line *l, struct request_id id, size_t *place)
{
	for (*place = 0; *place < l->n; (*place)++)
		if (waiting_line_at(l, *place)->id.n == id.n)
			return true;
	return false;
}

struct ticket waiting_line_take(struct waiting_line *l, size_t place)
{
	struct ticket taken = *waiting_line_ticket(l, place);

	memmove(l->waiting + l->head + 1, l->waiting + l->head, place * sizeof *l->waiting);
	memmove(l->ticket + l->head + 1, l->ticket + l->head, place * sizeof *l->ticket);
	l->head++;
	l->n--;
	if (l->n == 0)
		l->head = 0;
	return taken;
}
