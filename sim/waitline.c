#include "sim/waitline.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void waitline_init(struct waitline *l)
{
	*l = (struct waitline){0};
}

void waitline_finish(struct waitline *l)
{
	free(l->item);
	waitline_init(l);
}

static uint64_t *place(const struct waitline *l, size_t i)
{
	return &l->item[(l->head + i) & (l->cap - 1)];
}

static void make_room(struct waitline *l)
{
	const size_t old = l->cap;

	if (l->n < old)
		return;
	l->item = mem_grow(l->item, l->n, &l->cap, sizeof *l->item);
	/* what had wrapped round now continues behind the old end */
	if (l->head > 0)
		memcpy(l->item + old, l->item, l->head * sizeof *l->item);
}

void waitline_push(struct waitline *l, uint64_t item)
{
	make_room(l);
	*place(l, l->n++) = item;
}

void waitline_push_front(struct waitline *l, uint64_t item)
{
	make_room(l);
	l->head = (l->head - 1) & (l->cap - 1);
	l->n++;
	*place(l, 0) = item;
}

uint64_t waitline_pop(struct waitline *l)
{
	uint64_t item;

	assert(l->n > 0);
	item = *place(l, 0);
	l->head = (l->head + 1) & (l->cap - 1);
	l->n--;
	return item;
}

uint64_t waitline_pop_back(struct waitline *l)
{
	assert(l->n > 0);
	return *place(l, --l->n);
}

uint64_t waitline_remove(struct waitline *l, size_t i)
{
	const uint64_t item = waitline_at(l, i);

	if (i < l->n / 2) {
		for (; i > 0; i--)
			*place(l, i) = *place(l, i - 1);
		waitline_pop(l);
	} else {
		for (; i + 1 < l->n; i++)
			*place(l, i) = *place(l, i + 1);
		waitline_pop_back(l);
	}
	return item;
}

struct rankline_entry {
	double rank;
	uint64_t order, item;
};

void rankline_init(struct rankline *l)
{
	*l = (struct rankline){0};
}

void rankline_finish(struct rankline *l)
{
	free(l->entry);
	rankline_init(l);
}

static bool before(const struct rankline_entry *a, const struct rankline_entry *b)
{
	return a->rank < b->rank || (a->rank == b->rank && a->order < b->order);
}

void rankline_push(struct rankline *l, double rank, uint64_t item)
{
	const struct rankline_entry e = {rank, l->pushed++, item};
	size_t i, up;

	assert(rank == rank);
	l->entry = mem_grow(l->entry, l->n, &l->cap, sizeof *l->entry);
	for (i = l->n++; i > 0; i = up) {
		up = (i - 1) / 2;
		if (!before(&e, &l->entry[up]))
			break;
		l->entry[i] = l->entry[up];
	}
	l->entry[i] = e;
}

uint64_t rankline_pop(struct rankline *l)
{
	const uint64_t first = rankline_first(l);
	const struct rankline_entry e = l->entry[--l->n];
	size_t i, c;

	for (i = 0; (c = 2 * i + 1) < l->n; i = c) {
		if (c + 1 < l->n && before(&l->entry[c + 1], &l->entry[c]))
			c++;
		if (!before(&l->entry[c], &e))
			break;
		l->entry[i] = l->entry[c];
	}
	l->entry[i] = e;
	return first;
}

uint64_t rankline_first(const struct rankline *l)
{
	assert(l->n > 0);
	return l->entry[0].item;
}

double rankline_first_rank(const struct rankline *l)
{
	assert(l->n > 0);
	return l->entry[0].rank;
}
