#ifndef OFFING_SIM_WAITLINE_H
#define OFFING_SIM_WAITLINE_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Lines of uint64_t items (request numbers, mostly). Both grow by doubling and
 * keep their memory: no allocation while the length stays below its peak. Popping or
 * peeking an empty line is the caller's fault (asserted).
 */

/** First in, first out; a ring, so both ends are O(1) and any place can be looked at. */
struct waitline {
	uint64_t *item;
	size_t head, n, cap; /* cap is a power of two, or 0 */
};

void waitline_init(struct waitline *l);
void waitline_finish(struct waitline *l);
void waitline_push(struct waitline *l, uint64_t item);

/** Put back at the head: it leaves next. */
void waitline_push_front(struct waitline *l, uint64_t item);
uint64_t waitline_pop(struct waitline *l);

/** Take the last one, the youngest. */
uint64_t waitline_pop_back(struct waitline *l);

/** Take out the item at place @i (0 = oldest); the others keep their order. O(min(i, n - i)). */
uint64_t waitline_remove(struct waitline *l, size_t i);

/** The item at place @i < n, 0 = oldest. */
static inline uint64_t waitline_at(const struct waitline *l, size_t i)
{
	assert(i < l->n);
	return l->item[(l->head + i) & (l->cap - 1)];
}

static inline size_t waitline_count(const struct waitline *l)
{
	return l->n;
}

/** Least rank first; equal ranks in the order in which they were pushed. O(log n). */
struct rankline {
	struct rankline_entry *entry; /* binary heap */
	size_t n, cap;
	uint64_t pushed; /* breaks ties */
};

void rankline_init(struct rankline *l);
void rankline_finish(struct rankline *l);

/** @rank must not be NaN. */
void rankline_push(struct rankline *l, double rank, uint64_t item);
uint64_t rankline_pop(struct rankline *l);
uint64_t rankline_first(const struct rankline *l);
double rankline_first_rank(const struct rankline *l);

static inline size_t rankline_count(const struct rankline *l)
{
	return l->n;
}

#endif
