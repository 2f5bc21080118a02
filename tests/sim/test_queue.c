/* The pending events against a list that is searched from end to end. */
#include "tests/support/check.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "sim/queue.h"
#include "sim/rng.h"

struct posted {
	int64_t at_ns;
	struct event_id id;
	bool pending;
};

struct list {
	struct posted *item; /* in order of posting: number = index = the event's @what */
	size_t n, cap, pending;
};

static size_t list_first(const struct list *l)
{
	size_t i, first = l->n;

	for (i = 0; i < l->n; i++)
		if (l->item[i].pending &&
			(first == l->n || l->item[i].at_ns < l->item[first].at_ns))
			first = i;
	return first;
}

static void post_both(struct queue *q, struct list *l, int64_t at_ns)
{
	const uint32_t n = (uint32_t)l->n;

	l->item = mem_grow(l->item, l->n, &l->cap, sizeof *l->item);
	l->item[l->n++] = (struct posted){at_ns, queue_post(q, at_ns, n % 7, n % 11, n), true};
	l->pending++;
}

static void take_both(struct queue *q, struct list *l, int64_t *now_ns, int64_t until_ns)
{
	const size_t first = list_first(l);
	struct event ev;

	if (first == l->n || l->item[first].at_ns > until_ns) {
		assert_false(queue_take(q, until_ns, &ev));
		return;
	}
	assert_true(queue_take(q, until_ns, &ev));
	assert_int_equal(ev.what, first);
	assert_int_equal(ev.at_ns, l->item[first].at_ns);
	assert_int_equal(ev.kind, first % 7);
	assert_int_equal(ev.who, first % 11);
	*now_ns = ev.at_ns;
	l->item[first].pending = false;
	l->pending--;
}

static void cancel_both(struct queue *q, struct list *l, size_t i)
{
	assert_int_equal(queue_cancel(q, l->item[i].id), l->item[i].pending);
	l->pending -= l->item[i].pending;
	l->item[i].pending = false;
}

/** 3000 random steps; the mix of steps decides whether the queue grows, stays or is mostly
 *  cancelled; few different times make ties, a low sequence number makes renumbering. */
static void play(uint64_t seed, uint64_t posts, uint64_t cancels, uint64_t times, uint64_t seq)
{
	struct list l = {0};
	struct queue q;
	struct rng r;
	int64_t now_ns = 0;
	uint64_t what;
	int step;

	rng_init(&r, seed, 0, "queue", "test");
	queue_init(&q);
	q.seq = seq;
	for (step = 0; step < 3000; step++) {
		what = rng_below(&r, 100);
		if (what < posts)
			post_both(&q, &l, now_ns + (int64_t)rng_below(&r, times));
		else if (what < posts + cancels && l.n > 0)
			cancel_both(&q, &l, rng_below(&r, l.n));
		else
			take_both(&q, &l, &now_ns, now_ns + (int64_t)rng_below(&r, times));
		assert_int_equal(queue_count(&q), l.pending);
	}
	while (l.pending > 0)
		take_both(&q, &l, &now_ns, INT64_MAX);
	take_both(&q, &l, &now_ns, INT64_MAX); /* both empty */
	queue_finish(&q);
	free(l.item);
}

static void leaves_in_order_of_time_and_posting(void **state)
{
	uint64_t seed;

	(void)state;
	for (seed = 1; seed <= 6; seed++) {
		play(seed, 50, 0, 1000, 0);
		play(seed, 40, 20, 5, 0);
		play(seed, 60, 10, 1000000, 0);
		play(seed, 48, 45, 50, 0); /* most are cancelled: sweeps */
		play(seed, 45, 10, 3, 0);
	}
}

static void survives_the_end_of_its_sequence(void **state)
{
	const uint64_t end = UINT64_C(1) << (64 - QUEUE_SLOT_BITS);

	(void)state;
	play(7, 55, 10, 4, end - 100);
	play(8, 60, 20, 100, end - 900);
}

static void holds(struct queue *q, struct rng *r, size_t n)
{
	struct event ev;

	while (n-- > 0) {
		assert_true(queue_take(q, INT64_MAX, &ev));
		queue_post(q, ev.at_ns + (int64_t)rng_below(r, 1000), 2, 3, ev.what);
	}
}

/* 20 000 pending is beyond the length at which the walks prefetch. */
static void a_long_queue_stays_in_order_and_allocates_nothing(void **state)
{
	struct event ev;
	struct queue q;
	struct rng r;
	const void *key, *slot;
	int64_t last_ns = 0;
	size_t i;

	(void)state;
	rng_init(&r, 3, 0, "queue", "long");
	queue_init(&q);
	for (i = 0; i < 20000; i++)
		queue_post(&q, (int64_t)rng_below(&r, 1000), 2, 3, i);
	key = q.key;
	slot = q.slot;
	holds(&q, &r, 100000);
	assert_ptr_equal(key, q.key);
	assert_ptr_equal(slot, q.slot);
	assert_int_equal(queue_count(&q), 20000);
	for (i = 0; i < 20000; i++) {
		assert_true(queue_take(&q, INT64_MAX, &ev));
		assert_true(ev.at_ns >= last_ns);
		last_ns = ev.at_ns;
	}
	queue_finish(&q);
}

/* A timer that is set and taken back a million times must not fill the memory: at most as many
 * dead keys as live ones, or 64, plus the one before the sweep. */
static void cancelled_events_do_not_pile_up(void **state)
{
	struct queue q;
	int i;

	(void)state;
	queue_init(&q);
	for (i = 0; i < 10; i++)
		queue_post(&q, 1000, 2, 3, 4);
	for (i = 0; i < 1000000; i++)
		assert_true(queue_cancel(&q, queue_post(&q, 1000, 2, 3, 4)));
	assert_int_equal(queue_count(&q), 10);
	assert_true(q.cap <= 128);
	assert_true(q.n_slots <= 11);
	queue_finish(&q);
}

static void no_event_has_the_id_none(void **state)
{
	const struct event_id none = {0, 0};
	struct event_id id;
	struct queue q;

	(void)state;
	queue_init(&q);
	assert_false(queue_cancel(&q, none));
	id = queue_post(&q, 5, 2, 3, 4);
	assert_false(queue_cancel(&q, none));
	q.slot[id.slot].stamp = UINT32_MAX; /* the stamp wraps: past 0, to 1 */
	id.stamp = UINT32_MAX;
	assert_true(queue_cancel(&q, id));
	id = queue_post(&q, 5, 2, 3, 4);
	assert_int_equal(id.stamp, 1);
	queue_finish(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_in_order_of_time_and_posting),
		cmocka_unit_test(survives_the_end_of_its_sequence),
		cmocka_unit_test(a_long_queue_stays_in_order_and_allocates_nothing),
		cmocka_unit_test(cancelled_events_do_not_pile_up),
		cmocka_unit_test(no_event_has_the_id_none),
	};
	return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
