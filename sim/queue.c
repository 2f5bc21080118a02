#include "sim/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/mem.h"

enum {
	LINE_BYTES = 64,
	PAD_KEYS = 3,    /* so that the last group of four can be read whole */
	FAR_KEYS = 2048, /* above it the lower levels and the payloads are not in the first cache */
	LEVEL_2 = 5,     /* first key two steps from the root */
	LEVEL_4 = 85,    /* first key four steps from it */
	SWEEP_KEYS = 64, /* fewer cancelled keys than this are not worth a sweep */
	HUGE_PAGE_BYTES = 2 << 20,
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

/**
 * Move least children up from the hole at @i until @k fits, or to the bottom when @k is NULL.
 * Returns the hole. In a long queue (@far) ask at once for what is needed later: the sixteen
 * keys two levels down, and the payload of the key that comes within three steps of the root. (In a
 * function of its own gcc 12 takes the prefetch for an empty body and drops it.)
 */
static inline __attribute__((always_inline)) size_t move_up(
	struct queue *q, size_t i, const struct queue_key *k, bool far)
{
	struct queue_key *const key = q->key;
	const size_t n = q->n;
	size_t c, m, g;

	for (c = 4 * i + 1; c < n; c = 4 * i + 1) {
		g = 16 * i + 5;
		if (far && g + 12 < n) {
			__builtin_prefetch(&key[g]);
			__builtin_prefetch(&key[g + 4]);
			__builtin_prefetch(&key[g + 8]);
			__builtin_prefetch(&key[g + 12]);
		}
		m = least_of_four(key, c);
		if (k && !less(key[m], *k))
			break;
		key[i] = key[m];
		if (far && i >= LEVEL_2 && i < LEVEL_4)
			__builtin_prefetch(&q->slot[key[i].order & SLOT_MASK]);
		i = m;
	}
	return i;
}

static void replace_root(struct queue *q, struct queue_key k)
{
	const bool far = q->n > FAR_KEYS;

	q->hole = false;
	q->key[far ? move_up(q, 0, &k, true) : move_up(q, 0, &k, false)] = k;
}

/** The last key goes into the hole; it belongs near the bottom, so straight down there and
 *  up again from it. */
static void close_hole(struct queue *q)
{
	const struct queue_key last = q->key[--q->n];
	const bool far = q->n > FAR_KEYS;

	q->hole = false;
	q->key[q->n] = key_last;
	if (q->n > 0)
		sift_up(q, far ? move_up(q, 0, NULL, true) : move_up(q, 0, NULL, false), last);
}

static bool is_stale(const struct queue *q, struct queue_key k)
{
	return q->slot[k.order & SLOT_MASK].order != k.order;
}

/** Drop the keys of cancelled events (and the hole) and make a heap of the rest. */
static void sweep(struct queue *q)
{
	size_t from, to = 0;
	struct queue_key k;

	for (from = q->hole; from < q->n; from++)
		if (!is_stale(q, q->key[from]))
			q->key[to++] = q->key[from];
	for (from = to; from < q->n; from++)
		q->key[from] = key_last;
	q->n = to;
	q->n_stale = 0;
	q->hole = false;
	for (from = (to + 2) / 4; from-- > 0;) { /* all that have children */
		k = q->key[from];
		q->key[move_up(q, from, &k, false)] = k;
	}
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

/**
 * @bytes at a multiple of a cache line, not cleared; free *@mem. Long arrays are walked at
 * random: on huge pages, where the system has them, they miss the TLB less.
 */
static char *array_alloc(size_t bytes, void **mem)
{
	const size_t align = bytes < HUGE_PAGE_BYTES ? LINE_BYTES : HUGE_PAGE_BYTES;
	char *at;

	*mem = mem_resize(NULL, bytes + align, 1);
	at = *mem;
	at += align - (uintptr_t)at % align;
	if (align == HUGE_PAGE_BYTES)
		(void)madvise(at, bytes, MADV_HUGEPAGE); /* advice: it may be refused */
	return at;
}

/** Keys 1 to 4, 5 to 8, ... each fill one cache line: key 0 is the last of the line before. */
static void grow_keys(struct queue *q)
{
	const size_t cap = q->cap ? 2 * q->cap : 64, before = LINE_BYTES - sizeof *q->key;
	void *mem;
	struct queue_key *key =
		(void *)(array_alloc(before + (cap + PAD_KEYS) * sizeof *key, &mem) + before);
	size_t i;

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
	const size_t cap = q->slot_cap ? 2 * q->slot_cap : 64;
	void *mem;
	struct queue_slot *slot = (void *)array_alloc(cap * sizeof *slot, &mem);

	if (q->n_slots > 0)
		memcpy(slot, q->slot, q->n_slots * sizeof *slot);
	free(q->slot_mem);
	q->slot_mem = mem;
	q->slot = slot;
	q->slot_cap = cap;
}

static void add_slot(struct queue *q)
{
	assert(q->n_slots <= SLOT_MASK);
	if (q->n_slots == q->slot_cap)
		grow_slots(q);
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
	free(q->slot_mem);
	*q = (struct queue){0};
}

struct event_id queue_post(
	struct queue *q, int64_t at_ns, uint32_t kind, uint32_t who, uint64_t what)
{
	struct queue_slot *s;
	struct queue_key k;
	uint64_t i;

	if (q->seq == SEQ_END)
		renumber(q);
	if (q->free_slot == q->n_slots)
		add_slot(q);
	i = q->free_slot;
	s = &q->slot[i];
	k = (struct queue_key){q->seq++ << QUEUE_SLOT_BITS | i, (uint64_t)at_ns};
	q->free_slot = s->what;
	s->what = what;
	s->order = k.order;
	s->kind = kind;
	s->who = who;
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
