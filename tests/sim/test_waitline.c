#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "sim/rng.h"
#include "sim/waitline.h"
#include "tests/support/aborts.h"

enum { MOST = 300 };

/** The line as an array that is shifted by hand. */
struct plain {
	uint64_t item[MOST];
	size_t n;
};

static uint64_t plain_remove(struct plain *p, size_t i)
{
	const uint64_t item = p->item[i];

	p->n--;
	memmove(p->item + i, p->item + i + 1, (p->n - i) * sizeof *p->item);
	return item;
}

static void plain_insert(struct plain *p, size_t i, uint64_t item)
{
	memmove(p->item + i + 1, p->item + i, (p->n - i) * sizeof *p->item);
	p->item[i] = item;
	p->n++;
}

static void assert_same(const struct waitline *l, const struct plain *p)
{
	size_t i;

	assert_int_equal(waitline_count(l), p->n);
	for (i = 0; i < p->n; i++)
		assert_int_equal(waitline_at(l, i), p->item[i]);
}

/** One random step on both; a full line is only shortened, an empty one only lengthened. */
static void step(struct waitline *l, struct plain *p, struct rng *r, uint64_t item)
{
	uint64_t what = rng_below(r, 6);
	size_t i;

	if (p->n == MOST)
		what = 2;
	if (p->n == 0)
		what = 0;
	switch (what) {
	case 0:
	case 1:
		waitline_push(l, item);
		plain_insert(p, p->n, item);
		break;
	case 2:
		assert_int_equal(waitline_pop(l), plain_remove(p, 0));
		break;
	case 3:
		waitline_push_front(l, item);
		plain_insert(p, 0, item);
		break;
	case 4:
		assert_int_equal(waitline_pop_back(l), plain_remove(p, p->n - 1));
		break;
	default:
		i = rng_below(r, p->n);
		assert_int_equal(waitline_remove(l, i), plain_remove(p, i));
	}
}

static void a_line_keeps_its_order(void **state)
{
	struct waitline l;
	struct plain p = {0};
	struct rng r;
	uint64_t item;

	(void)state;
	rng_init(&r, 1, 0, "waitline", "test");
	waitline_init(&l);
	for (item = 0; item < 20000; item++) {
		step(&l, &p, &r, item);
		assert_same(&l, &p);
	}
	waitline_finish(&l);
}

static void a_full_ring_that_wraps_grows_in_order(void **state)
{
	struct waitline l;
	uint64_t i;

	(void)state;
	waitline_init(&l);
	for (i = 0; i < 16; i++)
		waitline_push(&l, i);
	for (i = 0; i < 11; i++)
		waitline_pop(&l);
	for (i = 16; i < 40; i++) /* wraps at 16, grows at 27 */
		waitline_push(&l, i);
	for (i = 11; i < 40; i++)
		assert_int_equal(waitline_pop(&l), i);
	waitline_finish(&l);
}

struct ranked {
	double rank;
	uint64_t item;
};

/* Ranks are multiples of a half, so many tie; the item is the number of the push. */
static void least_rank_leaves_first_and_ties_in_order(void **state)
{
	struct ranked list[2000];
	struct rankline l;
	struct rng r;
	size_t n = 0, i, least;
	uint64_t item = 0;

	(void)state;
	rng_init(&r, 2, 0, "rankline", "test");
	rankline_init(&l);
	while (item < 2000 || n > 0) {
		if (item < 2000 && rng_below(&r, 5) < 3) {
			list[n] = (struct ranked){(double)rng_below(&r, 9) / 2 - 2.0, item};
			rankline_push(&l, list[n].rank, item++);
			n++;
		} else if (n > 0) {
			for (i = 1, least = 0; i < n; i++)
				if (list[i].rank < list[least].rank)
					least = i;
			assert_int_equal(rankline_count(&l), n);
			assert_true(rankline_first_rank(&l) == list[least].rank);
			assert_int_equal(rankline_first(&l), list[least].item);
			assert_int_equal(rankline_pop(&l), list[least].item);
			n--;
			memmove(list + least, list + least + 1, (n - least) * sizeof *list);
		}
	}
	rankline_finish(&l);
}

static void pop_of_nothing(void)
{
	struct waitline l;

	waitline_init(&l);
	waitline_pop(&l);
}

static void rank_without_order(void)
{
	struct rankline l;

	rankline_init(&l);
	rankline_push(&l, (double)NAN, 3);
}

static void misuse_aborts(void **state)
{
	(void)state;
	assert_true(aborts(pop_of_nothing));
	assert_true(aborts(rank_without_order));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_keeps_its_order),
		cmocka_unit_test(a_full_ring_that_wraps_grows_in_order),
		cmocka_unit_test(least_rank_leaves_first_and_ties_in_order),
		cmocka_unit_test(misuse_aborts),
	};
	return cmocka_run_group_tests_name("waitline", tests, NULL, NULL);
}
