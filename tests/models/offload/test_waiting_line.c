/* The global queue against the plainest one there is: an array from which what leaves is moved
 * over. */
#include "tests/support/check.h"

#include <string.h>

#include "models/offload/waiting_line.h"

enum { MOST = 400 };

struct plain {
	size_t n;
	uint64_t id[MOST];
	uint32_t slot[MOST];
};

static void plain_take(struct plain *p, size_t place)
{
	p->n--;
	memmove(&p->id[place], &p->id[place + 1], (p->n - place) * sizeof p->id[0]);
	memmove(&p->slot[place], &p->slot[place + 1], (p->n - place) * sizeof p->slot[0]);
}

static void same(const struct waiting_line *l, const struct plain *p)
{
	assert_int_equal(l->n, p->n);
	for (size_t k = 0; k < p->n; k++) {
		assert_int_equal(waiting_line_at(l, k)->id.n, p->id[k]);
		assert_int_equal(waiting_line_ticket(l, k)->slot, p->slot[k]);
	}
}

static uint32_t below(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((*seed >> 33) % n);
}

static void push(struct waiting_line *l, struct plain *p, uint64_t id, uint32_t slot)
{
	struct waiting w = {.id = {id}, .prompt_tok = (uint32_t)id + 3};

	waiting_line_push(l, &w, slot);
	p->id[p->n] = id;
	p->slot[p->n++] = slot;
}

/** Find and take a random one, or mostly one near the head, as policies do. */
static void take(struct waiting_line *l, struct plain *p, uint64_t *seed)
{
	size_t at = below(seed, 3) ? below(seed, p->n < 8 ? (uint32_t)p->n : 8)
				   : below(seed, (uint32_t)p->n);
	size_t place;
	struct ticket t;

	assert_true(waiting_line_find(l, (struct request_id){p->id[at]}, &place));
	assert_int_equal(place, at);
	assert_int_equal(waiting_line_at(l, place)->prompt_tok, p->id[at] + 3);
	t = waiting_line_take(l, place);
	assert_int_equal(t.slot, p->slot[at]);
	plain_take(p, at);
}

/* Long and short by turns, so that it grows, empties, and slides back to its beginning. */
static void any_order_of_coming_and_going_leaves_the_same_line(void **state)
{
	struct waiting_line l = {0};
	struct plain p = {0};
	uint64_t seed = 11, id = 100;

	(void)state;
	for (size_t step = 0; step < 20000; step++) {
		bool grows = step / 500 % 2 == 0;

		if (p.n > 0 && (p.n == MOST || below(&seed, 10) < (grows ? 4u : 7u)))
			take(&l, &p, &seed);
		else
			push(&l, &p, id += 1 + below(&seed, 5), below(&seed, 1000));
		same(&l, &p);
	}
	waiting_line_finish(&l);
}

/** One that left, back at the place of its age. */
static void put_back(struct waiting_line *l, struct plain *p, uint64_t id, uint32_t slot)
{
	struct waiting w = {.id = {id}, .prompt_tok = (uint32_t)id + 3};
	size_t at = 0;

	while (at < p->n && p->id[at] < id)
		at++;
	memmove(&p->id[at + 1], &p->id[at], (p->n - at) * sizeof p->id[0]);
	memmove(&p->slot[at + 1], &p->slot[at], (p->n - at) * sizeof p->slot[0]);
	p->id[at] = id;
	p->slot[at] = slot;
	p->n++;
	assert_int_equal(waiting_line_insert(l, &w, slot), at);
}

/* As where phases are apart: those that leave come back a while later, each to its age. */
static void those_who_wait_again_stand_by_age(void **state)
{
	struct waiting_line l = {0};
	struct plain p = {0};
	uint64_t seed = 12, id = 100, gone[MOST];
	size_t n_gone = 0;

	(void)state;
	for (size_t step = 0; step < 20000; step++) {
		uint32_t what = below(&seed, step / 500 % 2 == 0 ? 10 : 7);

		if (p.n > 0 && n_gone < MOST && (what < 4 || p.n == MOST - 1)) {
			size_t at = below(&seed, p.n < 8 ? (uint32_t)p.n : 8);

			gone[n_gone++] = p.id[at];
			waiting_line_take(&l, at);
			plain_take(&p, at);
		} else if (n_gone > 0 && p.n < MOST - 1 && what < 6) {
			size_t k = below(&seed, (uint32_t)n_gone);

			put_back(&l, &p, gone[k], below(&seed, 1000));
			gone[k] = gone[--n_gone];
		} else if (p.n < MOST - 1) {
			push(&l, &p, id += 1 + below(&seed, 5), below(&seed, 1000));
		} else if (n_gone == MOST) {
			n_gone = 0;
		}
		same(&l, &p);
	}
	waiting_line_finish(&l);
}

static void who_left_is_not_found(void **state)
{
	struct waiting_line l = {0};
	struct plain p = {0};
	size_t place;

	(void)state;
	push(&l, &p, 7, 2);
	push(&l, &p, 9, 4);
	assert_true(waiting_line_find(&l, (struct request_id){7}, &place));
	waiting_line_take(&l, place);
	assert_false(waiting_line_find(&l, (struct request_id){7}, &place));
	assert_true(waiting_line_find(&l, (struct request_id){9}, &place));
	assert_int_equal(place, 0);
	waiting_line_finish(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order_of_coming_and_going_leaves_the_same_line),
		cmocka_unit_test(those_who_wait_again_stand_by_age),
		cmocka_unit_test(who_left_is_not_found),
	};
	return cmocka_run_group_tests_name("waiting_line", tests, NULL, NULL);
}
