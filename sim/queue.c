#include "sim/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

enum {
	LINE_BYTES = 64,
	PAD_KEYS = 3,          /* so that the last group of four can be read whole */
	PREFETCH_KEYS = 16384, /* above it the lower levels are not in the fast caches */
	SWEEP_KEYS = 64,
	HUGE_BYTES = 4 << 20,
};

#define SLOT_MASK ((UINT64_C(1) << QUEUE_SLOT_BITS) - 1)
#define SEQ_END (UINT64_C(1) << (64 - QUEUE_SLOT_BITS))
#define QUEUE_FREE UINT64_MAX

static const struct queue_key key_last = {UINT64_MAX, UINT64_MAX};

static inline bool less(struct queue_key a, struct queue_key b)
{
	const unsigned __int128 x = (unsigned __int128)a.at_ns << 64 | a.order;
	const unsigned __int128 y = (unsigned __int128)b.at_ns << 64 | b.order;

	return x < y;
}

/** Index of the least of the four keys from @c on, as arithmetic instead of branches. */
static inline size_t least_of_four(const struct queue_key *k, size_t c)
{
	const size_t a = c + less(k[c + 1], k[c]);
	const size_t b = c + 2 + less(k[c + 3], k[c + 2]);

	return a + (b - a) * less(k[b], k[a]);
}

/** Ask for the sixteen grandchildren of @i: they are needed two levels on. */
static inline void prefetch_grandchildren(const struct queue *q, size_t i)
{
	const size_t g = 16 * i + 5;

	if (g + 12 < q->n) {
		__builtin_prefetch(&q->key[g]);
		__builtin_prefetch(&q->key[g + 4]);
		__builtin_prefetch(&q->key[g + 8]);
		__builtin_prefetch(&q->key[g + 12]);
	}
}

static void sift_up(struct queue *q, size_t i, struct queue_key k)
{
	size_t up;

	for (; i > 0; i = up) {
		up = (i - 1) / 4;
		if (!less(k, q->key[up]))
			break;
		q->key[i] = q->key[up];
	}
	q->key[i] = k;
}

/** Put @k where @i is or below it. */
static inline void sift_down(struct queue *q, size_t i, struct queue_key k, bool prefetch)
{
	size_t c, m;

	for (c = 4 * i + 1; c < q->n; c = 4 * i + 1) {
		if (prefetch)
			prefetch_grandchildren(q, i);
		m = least_of_four(q->key, c);
		if (!less(q->key[m], k))
			break;
		q->key[i] = q->key[m];
		i = m;
	}
	q->key[i] = k;
}

/** Close the hole at the root by moving least children up, then put @k at its end: cheaper
 *  than sift_down() for a @k that belongs near the bottom, as the last key does. */
static inline void sink_to_bottom(struct queue *q, struct queue_key k, bool prefetch)
{
	size_t i = 0, c, m;

	for (c = 1; c < q->n; c = 4 * i + 1) {
		if (prefetch)
			prefetch_grandchildren(q, i);
		m = least_of_four(q->key, c);
		q->key[i] = q->key[m];
		i = m;
	}
	sift_up(q, i, k);
}

static void replace_root(struct queue *q, struct queue_key k)
{
	q->hole = false;
	if (q->n > PREFETCH_KEYS)
		sift_down(q, 0, k, true);
	else
		sift_down(q, 0, k, false);
}

static void close_hole(struct queue *q)
{
	struct queue_key last;

	q->hole = false;
	last = q->key[--q->n];
	q->key[q->n] = key_last;
	if (q->n == 0)
		return;
	if (q->n > PREFETCH_KEYS)
		sink_to_bottom(q, last, true);
	else
		sink_to_bottom(q, last, false);
}

static bool is_stale(const struct queue *q, struct queue_key k)
{
	return q->slot[k.order & SLOT_MASK].order != k.order;
}

/** Drop the keys of cancelled events (and the hole) and make a heap of the rest. */
static void sweep(struct queue *q)
{
	size_t from, to = 0;

	for (from = q->hole; from < q->n; from++)
		if (!is_stale(q, q->key[from]))
			q->key[to++] = q->key[from];
	for (from = to; from < q->n; from++)
		q->key[from] = key_last;
	q->n = to;
	q->n_stale = 0;
	q->hole = false;
	for (from = to / 4 + 1; from-- > 0;)
		if (from < to)
			sift_down(q, from, q->key[from], false);
}

static int compare_keys(const void *a, const void *b)
{
	const struct queue_key *x = a, *y = b;

	return less(*y, *x) - less(*x, *y);
}

/** The sequence is used up: number the pending events anew, in the same order. */
static void renumber(struct queue *q)
{
	size_t i, slot;

	sweep(q);
	qsort(q->key, q->n, sizeof *q->key, compare_keys);
	for (i = 0; i < q->n; i++) {
		slot = q->key[i].order & SLOT_MASK;
		q->key[i].order = (uint64_t)i << QUEUE_SLOT_BITS | slot;
		q->slot[slot].order = q->key[i].order;
	}
	q->seq = q->n;
}

/** Large arrays are walked at random: huge pages, where the system has them, halve the misses. */
static void advise_huge(void *p, size_t bytes)
{
	const uintptr_t page = 4096, at = ((uintptr_t)p + page - 1) & ~(page - 1);

	if (bytes >= HUGE_BYTES)
		(void)madvise((void *)at, bytes - (at - (uintptr_t)p), MADV_HUGEPAGE);
}

/** Keys 1 to 4, 5 to 8, ... must each fill one cache line, so key 0 ends one. */
static void grow_keys(struct queue *q)
{
	const size_t cap = q->cap ? 2 * q->cap : 64;
	const size_t bytes = (cap + PAD_KEYS) * sizeof *q->key + 2 * LINE_BYTES;
	char *mem = mem_zalloc(bytes, 1);
	const size_t skip = LINE_BYTES - (uintptr_t)mem % LINE_BYTES;
	struct queue_key *key = (void *)(mem + skip + LINE_BYTES - sizeof *key);
	size_t i;

	advise_huge(mem, bytes);
	if (q->n > 0)
		memcpy(key, q->key, q->n * sizeof *key);
	for (i = q->n; i < cap + PAD_KEYS; i++)
		key[i] = key_last;
	free(q->key_mem);
	q->key_mem = mem;
	q->key = key;
	q->cap = cap;
}

static void grow_slots(struct queue *q)
{
	assert(q->n_slots <= SLOT_MASK);
	if (q->n_slots == q->slot_cap) {
		q->slot = mem_grow(q->slot, q->n_slots, &q->slot_cap, sizeof *q->slot);
		advise_huge(q->slot, q->slot_cap * sizeof *q->slot);
	}
	q->slot[q->n_slots] =
		(struct queue_slot){.what = q->n_slots + 1, .order = QUEUE_FREE, .stamp = 1};
	q->n_slots++;
}

static void release_slot(struct queue *q, uint64_t i)
{
	struct queue_slot *s = &q->slot[i];

	s->order = QUEUE_FREE;
	s->stamp += 1 + (s->stamp == UINT32_MAX);
	s->what = q->free_slot;
	q->free_slot = i;
}

void queue_init(struct queue *q)
{
	*q = (struct queue){0};
	grow_keys(q);
}

void queue_finish(struct queue *q)
{
	free(q->key_mem);
	free(q->slot);
	*q = (struct queue){0};
}

struct event_id queue_post(struct queue *q, const struct event *ev)
{
	struct queue_slot *s;
	struct queue_key k;
	uint64_t i;

	if (q->seq == SEQ_END)
		renumber(q);
	if (q->free_slot == q->n_slots)
		grow_slots(q);
	i = q->free_slot;
	s = &q->slot[i];
	k = (struct queue_key){q->seq++ << QUEUE_SLOT_BITS | i, (uint64_t)ev->at_ns};
	q->free_slot = s->what;
	s->what = ev->what;
	s->order = k.order;
	s->kind = ev->kind;
	s->who = ev->who;
	if (q->hole) {
		replace_root(q, k);
	} else {
		if (q->n == q->cap)
			grow_keys(q);
		sift_up(q, q->n++, k);
	}
	return (struct event_id){(uint32_t)i, s->stamp};
}

bool queue_take(struct queue *q, int64_t until_ns, struct event *ev)
{
	const struct queue_slot *s;
	struct queue_key k;

	for (;;) {
		if (q->hole)
			close_hole(q);
		if (q->n == 0)
			return false;
		k = q->key[0];
		if (k.at_ns > (uint64_t)until_ns)
			return false;
		q->hole = true;
		s = &q->slot[k.order & SLOT_MASK];
		if (s->order == k.order)
			break;
		q->n_stale--;
	}
	*ev = (struct event){(int64_t)k.at_ns, s->kind, s->who, s->what};
	release_slot(q, k.order & SLOT_MASK);
	return true;
}

bool queue_cancel(struct queue *q, struct event_id id)
{
	if (id.slot >= q->n_slots || q->slot[id.slot].stamp != id.stamp ||
		q->slot[id.slot].order == QUEUE_FREE)
		return false;
	release_slot(q, id.slot);
	q->n_stale++;
	if (q->n_stale > SWEEP_KEYS && q->n_stale > queue_count(q))
		sweep(q);
	return true;
}
